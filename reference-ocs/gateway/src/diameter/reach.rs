//! What happens to accounts, told to the clients of their Diameter sessions: ask again (RAR), or end it (ASR).
//!
//! - Money that was paid in, or a quota that is there again, has the clients of sessions ask again that were told of their
//!   last units or of none. Whoever has a quota asks by himself when it is used.
//! - Another product has all of an account's sessions asked about. A block does the same or ends them, as the
//!   settings say. What an administrator ends is ended.
//! - A client that does not know its session any more has it closed here.
//!
//! Source: RFC 8506 section 5.5, RFC 6733 sections 8.3 and 8.5; ESI, Diameter messages.

use std::sync::Arc;

use tollgate_diameter::{Builder, CommandFlags, Header, Message, ResultCode, avp};
use tollgate_network::Observation;
use tollgate_ocs_core::event::{Fact, Subject};
use tollgate_ocs_core::{AccountView, Admin, ClosedBy, Command, Effect, Ocs, Why};
use tollgate_time::Instant;
use tollgate_wire::Fields;

use super::CREDIT_CONTROL;
use super::config::OnBlock;
use super::sessions::SessionKey;
use crate::node::RadiusGateway;

/// Re-Auth (RFC 6733 section 8.3) and Abort-Session (8.5).
const RE_AUTH: u32 = 258;
const ABORT_SESSION: u32 = 274;
/// Re-Auth-Request-Type AUTHORIZE_ONLY.
const AUTHORIZE_ONLY: u32 = 0;

/// What a client is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Errand {
    /// Ask for credit again.
    ReAuthorize,
    /// End the session.
    Abort,
}

/// What an effect asks of sessions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DiameterOrder {
    whose: Whose,
    what: What,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Whose {
    Account(String),
    Customer(String),
    /// Account and the session's key in the core, which begins with the Session-Id.
    Session(String, String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    /// There may be more for those who were told that there is no more.
    More,
    /// Everything is to be asked about again.
    All,
    /// The account may use nothing any more.
    Block,
    /// It ends.
    End,
}

fn order_of(effect: &Effect, ocs: &Ocs) -> Option<DiameterOrder> {
    match effect {
        Effect::Event(event) => {
            let what = match &event.fact {
                Fact::Blocked | Fact::Suspend => What::Block,
                Fact::ProductChanged { .. } => What::All,
                Fact::AvailableFundsAppear | Fact::QuotaAvailable { .. } => What::More,
                _ => return None,
            };
            let whose = match &event.subject {
                Subject::Account { name, .. } => Whose::Account(ocs.qualified(event.env, name)),
                Subject::Customer { name, .. } => Whose::Customer(ocs.qualified(event.env, name)),
                Subject::Vendor { .. } => return None,
            };
            Some(DiameterOrder { whose, what })
        }
        Effect::Balance(change) if matches!(change.why, Why::TopUp | Why::Adjustment | Why::Refund) => {
            let whose = match &change.subject {
                Subject::Account { name, .. } => Whose::Account(ocs.qualified(change.env, name)),
                Subject::Customer { name, .. } => Whose::Customer(ocs.qualified(change.env, name)),
                Subject::Vendor { .. } => return None,
            };
            Some(DiameterOrder { whose, what: What::More })
        }
        Effect::Closed(closed) if closed.by == ClosedBy::Administrator && closed.usage.is_some() => {
            let account = ocs.qualified(closed.env, &closed.account);
            let whose = Whose::Session(account, closed.session.as_str().to_owned());
            Some(DiameterOrder { whose, what: What::End })
        }
        _ => None,
    }
}

impl RadiusGateway {
    /// Keeps what an effect asks of Diameter sessions until all effects are shown.
    pub(crate) fn note_diameter_order(&mut self, effect: &Effect) {
        let idle = self.diameter.as_ref().is_none_or(|face| face.sessions.len() == 0);
        if !idle
            && let Some(order) = order_of(effect, self.core.ocs())
            && !self.diameter_orders.contains(&order)
        {
            self.diameter_orders.push(order);
        }
    }

    /// Sends what was kept.
    pub(crate) fn send_diameter_orders(&mut self, now: Instant) {
        for order in std::mem::take(&mut self.diameter_orders) {
            for key in self.concerned(&order.whose) {
                self.order(now, &key, order.what);
            }
        }
    }

    fn concerned(&self, whose: &Whose) -> Vec<SessionKey> {
        let Some(face) = &self.diameter else { return Vec::new() };
        let ocs = self.core.ocs();
        match whose {
            Whose::Account(account) => face.sessions.of_account(account),
            Whose::Session(account, session) => {
                let own = face.sessions.of_account(account).into_iter();
                own.filter(|(_, id)| {
                    session.strip_prefix(&**id).is_some_and(|rest| rest.is_empty() || rest.starts_with(';'))
                })
                .collect()
            }
            Whose::Customer(customer) => {
                let owner = |view: AccountView<'_>| ocs.qualified(view.env(), view.customer());
                let mut all = face.sessions.all();
                all.retain(|key| ocs.account(&key.0).is_some_and(|account| owner(account) == *customer));
                all
            }
        }
    }

    fn order(&mut self, now: Instant, key: &SessionKey, what: What) {
        let Some(face) = &mut self.diameter else { return };
        let on_block = face.config.on_block;
        let Some(route) = face.sessions.get_mut((&key.0, &key.1)) else { return };
        let errand = match what {
            What::More if !route.limited => return,
            What::More | What::All => Errand::ReAuthorize,
            What::Block if on_block == OnBlock::Reauthorize => Errand::ReAuthorize,
            What::Block | What::End => Errand::Abort,
        };
        // A client that was asked asks once, whatever else happened meanwhile.
        if errand == Errand::ReAuthorize && route.asked {
            return;
        }
        let (through, realm, client) =
            (Arc::clone(&route.through), Arc::clone(&route.realm), Arc::clone(&route.host));
        // A client that is not connected now asks when it is again, with its next report.
        let Some((place, host)) = face.reaching(&through) else { return };
        if let Some(route) = face.sessions.get_mut((&key.0, &key.1)) {
            route.asked = true;
        }
        let config = Arc::clone(&face.config);
        let command = match errand {
            Errand::ReAuthorize => RE_AUTH,
            Errand::Abort => ABORT_SESSION,
        };
        let header = Header::request(command, CREDIT_CONTROL)
            .flagged(CommandFlags::REQUEST.with(CommandFlags::PROXIABLE));
        let mut builder = Builder::new(header);
        builder.text(avp::SESSION_ID, &key.1);
        builder.text(avp::ORIGIN_HOST, &host);
        builder.text(avp::ORIGIN_REALM, &config.realm);
        builder.text(avp::DESTINATION_REALM, &realm);
        builder.text(avp::DESTINATION_HOST, &client);
        builder.u32(avp::AUTH_APPLICATION_ID, CREDIT_CONTROL);
        if errand == Errand::ReAuthorize {
            builder.u32(avp::RE_AUTH_REQUEST_TYPE, AUTHORIZE_ONLY);
        }
        if let Ok(octets) = builder.finish() {
            face.request((now, place), &through, octets, (key.clone(), errand));
        }
    }

    /// Takes the answer to a RAR or ASR; `None` where none came.
    pub(super) fn heard(&mut self, now: Instant, key: &SessionKey, errand: Errand, answer: Option<&[u8]>) {
        let result = answer.and_then(|octets| Message::parse(octets).ok()?.result_code());
        let Some(face) = &mut self.diameter else { return };
        if let Some(route) = face.sessions.get_mut((&key.0, &key.1)) {
            route.asked = false;
        }
        let Some(result) = result else {
            let session = Arc::clone(&key.1);
            return face.observe(|| {
                let errand = match errand {
                    Errand::ReAuthorize => "RAR",
                    Errand::Abort => "ASR",
                };
                let fields = Fields::new().with("message", errand).with("session", &*session);
                Observation::new("unheard", fields)
            });
        };
        if result == ResultCode::UNKNOWN_SESSION_ID {
            face.sessions.forget((&key.0, &key.1));
            self.close_lost(now, key);
        }
    }

    /// Closes what a client does not know any more, with what it reported.
    fn close_lost(&mut self, now: Instant, key: &SessionKey) {
        let (ocs, account) = self.core.ocs().locate(&key.0);
        let (env, account) = (ocs.env(), account.to_owned());
        let begins = |own: &str| own.strip_prefix(&*key.1).is_some_and(|rest| rest.starts_with(';'));
        let open: Vec<String> = ocs
            .sessions()
            .filter(|usage| *usage.account == *account && begins(usage.session.as_str()))
            .map(|usage| usage.session.as_str().to_owned())
            .collect();
        let first = self.core.ocs().env();
        for session in open {
            let change = Admin::CloseSession { account: account.clone(), session: session.as_str().into() };
            // Where nothing can be stored, nothing is closed either, and it expires by itself.
            let _ = self.apply(now, Command::Admin(change).within(env, first));
        }
    }
}
