//! What a phone does with calls that come, and with other requests.

use tollgate_sip::transaction::TransactionId;
use tollgate_sip::{Message, Method, response};
use tollgate_time::Instant;
use tollgate_wire::{Fields, Value};

use super::calls::{Line, peer_of};
use super::node::{Alarm, SipPhone};
use super::settings::Manner;
use crate::sip::Received;
use crate::sip::agent::{CallId, CallState, uri_to};

/// What a phone takes.
const ALLOW: &str = "INVITE, ACK, BYE, CANCEL, OPTIONS, MESSAGE, REFER, NOTIFY, UPDATE, INFO";

impl SipPhone {
    pub(super) fn offered(&mut self, now: Instant, call: CallId, request: &Received) {
        let Some(message) = request.message() else { return };
        let peer = message.from().map(|from| peer_of(from.uri.text)).unwrap_or_default();
        let busy = self.lines.len() >= self.settings.lines;
        self.count += 1;
        self.lines.insert(call, Line::new(format!("call-{}", self.count), peer, false));
        if busy {
            self.refuse(now, call, 486);
            return;
        }
        match self.settings.manner {
            Manner::Ring => drop(self.ring(now, call)),
            Manner::Answer => {
                let after = self.settings.answer_after;
                if after.is_zero() {
                    self.pick_up(now, call);
                } else {
                    self.ring(now, call);
                    self.alarms.set(now + after, Alarm::Answer(call));
                }
            }
            Manner::Busy => drop(self.refuse(now, call, 486)),
            Manner::Decline => drop(self.refuse(now, call, 603)),
            Manner::Silent => {}
            Manner::Redirect => {
                let target = self.settings.redirect_to.clone().unwrap_or_default();
                self.redirect(now, call, &[Value::text(target)]);
            }
        }
    }

    pub(super) fn ring(&mut self, now: Instant, call: CallId) -> bool {
        let done = self.agent.ring(now, call, 180);
        if done {
            self.see_line("ringing", call);
        }
        done
    }

    pub(super) fn pick_up(&mut self, now: Instant, call: CallId) -> bool {
        let done = self.agent.state(call) == CallState::Offered && self.agent.answer(now, call);
        if done {
            self.connected(now, call);
        }
        done
    }

    pub(super) fn refuse(&mut self, now: Instant, call: CallId, code: u16) -> bool {
        let done = self.agent.refuse(now, call, code, &[]);
        if done {
            self.end(now, call, "refused", Some(code));
        }
        done
    }

    pub(super) fn redirect(&mut self, now: Instant, call: CallId, targets: &[Value]) -> bool {
        let words = targets.iter().filter_map(Value::as_text);
        let contacts: Vec<(&str, String)> = words
            .enumerate()
            .map(|(place, target)| {
                let uri = uri_to(target, &self.settings.domain);
                // Thousandths, from 1 downwards: the first is the best.
                ("Contact", format!("<{uri}>;q=0.{:03}", 999_usize.saturating_sub(place)))
            })
            .collect();
        let done = self.agent.refuse(now, call, 302, &contacts);
        if done {
            self.end(now, call, "redirected", Some(302));
        }
        done
    }

    /// A request outside of calls.
    pub(super) fn request(&mut self, now: Instant, id: TransactionId, request: &Received) {
        let Some(message) = request.message() else { return };
        match message.method() {
            Some(Method::MESSAGE) => {
                self.agent.station.reply(now, id, request, 200);
                let from = message.from().map(|from| peer_of(from.uri.text)).unwrap_or_default();
                let text = String::from_utf8_lossy(message.body()).into_owned();
                self.see("message", || Fields::new().with("text", text.as_str()).with("from", from.as_str()));
            }
            Some(Method::OPTIONS) => self.reply_allowing(now, id, &message, 200),
            _ => self.reply_allowing(now, id, &message, 405),
        }
    }

    fn reply_allowing(&mut self, now: Instant, id: TransactionId, message: &Message<'_>, code: u16) {
        let tag = self.agent.station.chance.tag();
        if let Ok(mut answer) = response(message, code, None, &tag)
            && answer.header("Allow", ALLOW).is_ok()
            && answer.header("Accept", "application/sdp, text/plain").is_ok()
        {
            // Where the request is over, nobody waits.
            let _over = self.agent.station.respond(now, id, &answer);
        }
    }
}
