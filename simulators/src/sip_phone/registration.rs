//! The registration of a phone: it is renewed before it ends, and goes to the next server when one is silent (RFC 3261
//! section 10, RFC 3263 section 4.3).

use std::time::Duration;

use tollgate_sip::{Message, Method};
use tollgate_time::Instant;
use tollgate_wire::{Fields, Value};

use super::node::{Alarm, SipPhone};
use super::settings::shown;
use crate::sip::Received;
use crate::sip::agent::{AskId, Draft};
use crate::timers::TimerId;

/// Where a phone stands with its servers.
#[derive(Debug)]
pub(super) struct Registration {
    /// The server that it uses, by its place in the list.
    pub(super) server: usize,
    /// The last REGISTER, for the next one: its Call-ID, number and nonce go on.
    draft: Option<Box<Draft>>,
    /// The REGISTER that waits for its answer, and for how long it asks.
    asked: Option<(AskId, Duration)>,
    /// Servers that have not answered in a row.
    silent: usize,
    expires: Duration,
    alarm: TimerId,
    pub(super) stands: bool,
}

impl Registration {
    pub(super) const fn new(expires: Duration) -> Self {
        Self { server: 0, draft: None, asked: None, silent: 0, expires, alarm: TimerId::NEVER, stands: false }
    }
}

impl SipPhone {
    /// Registers for so long, or takes the registration back with zero.
    pub(super) fn register(&mut self, now: Instant, expires: Duration) -> Result<(), String> {
        let Some(hop) = self.settings.servers.get(self.registration.server).copied() else {
            return Err("the phone has no servers".to_owned());
        };
        let own = &mut self.registration;
        self.alarms.cancel(own.alarm);
        if !expires.is_zero() {
            own.expires = expires;
        }
        let known = own.draft.take().filter(|draft| draft.hop.to == hop.to && draft.hop.over == hop.over);
        let mut draft = match known {
            Some(mut draft) => {
                draft.renew();
                *draft
            }
            None => {
                let identity = self.settings.identity(None);
                let uri = format!("sip:{}", self.settings.domain);
                let chance = &mut self.agent.station.chance;
                let mut draft = Draft::new(Method::REGISTER, &uri, &identity, &identity, hop, chance);
                draft.login = self.settings.login.clone();
                draft
            }
        };
        let contact = self.agent.station.uri(&self.settings.user, hop.from, hop.over);
        draft.more = vec![
            ("Contact".to_owned(), format!("<{contact}>")),
            ("Expires".to_owned(), expires.as_secs().to_string()),
        ];
        draft.more.extend(self.headers.iter().cloned());
        let asked = self.agent.ask(now, draft).map_err(|error| error.to_string())?;
        self.registration.asked = Some((asked, expires));
        Ok(())
    }

    /// Takes the answer to a REGISTER; says whether it was one.
    pub(super) fn registered(
        &mut self,
        now: Instant,
        ask: AskId,
        draft: &Draft,
        response: Option<&Received>,
    ) -> bool {
        let Some((_, expires)) = self.registration.asked.filter(|(own, _)| *own == ask) else { return false };
        self.registration.asked = None;
        let message = response.and_then(Received::message);
        let code = message.as_ref().and_then(Message::code).unwrap_or(408);
        let server = shown(draft.hop.to);
        let too_brief = message.as_ref().filter(|_| code == 423).and_then(min_expires);
        let granted = message.as_ref().and_then(|own| granted(own, draft)).unwrap_or(expires);
        self.registration.draft = Some(Box::new(draft.clone()));
        match code {
            200..300 if expires.is_zero() => {
                self.registration.stands = false;
                self.see("unregistered", || Fields::new().with("server", server.as_str()));
            }
            200..300 => {
                self.registration.silent = 0;
                self.registration.stands = true;
                let margin = self.settings.refresh.min(granted / 2);
                self.registration.alarm = self.alarms.set(now + (granted - margin), Alarm::Register);
                self.see("registered", || {
                    Fields::new().with("server", server.as_str()).with("expires", Value::Span(granted))
                });
            }
            // Asked for once more at most: what comes then is asked for no longer than that.
            423 if too_brief.is_some_and(|wanted| wanted > expires) => {
                let _unsent = self.register(now, too_brief.unwrap_or(expires));
            }
            _ => {
                self.registration.stands = false;
                self.see("registration-failed", || {
                    Fields::new().with("server", server.as_str()).with("code", u32::from(code))
                });
                if code == 408 || code >= 500 {
                    self.next_server(now);
                }
            }
        }
        true
    }

    /// A server is silent: the next one is tried at once, and after a whole round there is a rest.
    pub(super) fn next_server(&mut self, now: Instant) {
        let count = self.settings.servers.len().max(1);
        let own = &mut self.registration;
        own.server = (own.server + 1) % count;
        own.silent += 1;
        let expires = own.expires;
        if own.silent.is_multiple_of(count) {
            self.alarms.cancel(own.alarm);
            own.alarm = self.alarms.set(now + self.settings.retry, Alarm::Register);
        } else {
            // Every server of the list can be written to.
            let _unsent = self.register(now, expires);
        }
    }

    pub(super) fn register_again(&mut self, now: Instant) {
        let expires = self.registration.expires;
        let _unsent = self.register(now, expires);
    }
}

fn min_expires(message: &Message<'_>) -> Option<Duration> {
    message.value("Min-Expires")?.trim().parse().ok().map(Duration::from_secs)
}

/// For how long a registrar has taken this contact (RFC 3261 section 10.2.4).
fn granted(message: &Message<'_>, draft: &Draft) -> Option<Duration> {
    let own = draft.more.iter().find(|(name, _)| name == "Contact").map(|(_, value)| value.as_str())?;
    let own = tollgate_sip::NameAddr::parse(own).ok()?;
    let mut contacts = message.contacts().filter_map(Result::ok);
    let bound = contacts.find(|contact| contact.uri.matches(&own.uri));
    let by_contact = bound.and_then(|contact| contact.params.get("expires")?.parse().ok());
    let secs = by_contact.or_else(|| message.expires_secs().ok().flatten().map(u64::from))?;
    Some(Duration::from_secs(secs))
}
