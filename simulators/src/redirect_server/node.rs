//! The node of a redirect server.

use tollgate_network::{Action, ActionError, Input, Node, Output, Peer, Setup, SetupError};
use tollgate_sip::transaction::TransactionId;
use tollgate_sip::{Method, Uri, response};
use tollgate_time::Instant;
use tollgate_wire::{Fields, Value};

use crate::sip::{self, Happening, Received, Station};

/// Targets that one server may have.
const TARGETS_MAX: usize = 64;

/// A redirect server.
#[derive(Debug)]
pub struct RedirectServer {
    station: Station,
    targets: Vec<String>,
    all: bool,
    code: u16,
    /// The target of the next call.
    next: usize,
}

impl RedirectServer {
    /// A server with these settings.
    ///
    /// # Errors
    /// A setting is not as it must be.
    pub fn new(setup: &Setup) -> Result<Self, SetupError> {
        let code = setup.settings.get("code").and_then(Value::as_integer).unwrap_or(302);
        Ok(Self {
            station: Station::new(sip::settings::station(setup, &[])?, setup.seed, setup.observe),
            targets: targets(&setup.settings).map_err(SetupError)?,
            all: setup.settings.get("distribution").and_then(Value::as_text) == Some("all"),
            code: u16::try_from(code).unwrap_or(302),
            next: 0,
        })
    }

    fn settle(&mut self, now: Instant) {
        while let Some(happening) = self.station.poll() {
            match happening {
                Happening::Request(id, request) => self.request(now, id, &request),
                Happening::Cancel(invite, request) => {
                    self.station.reply(now, invite, &request, 487);
                }
                _ => {}
            }
        }
    }

    fn request(&mut self, now: Instant, id: TransactionId, request: &Received) {
        let Some(message) = request.message() else { return };
        match message.method() {
            Some(Method::INVITE) => self.redirect(now, id, request),
            Some(Method::OPTIONS) => drop(self.station.reply(now, id, request, 200)),
            _ => drop(self.station.reply(now, id, request, 405)),
        }
    }

    fn redirect(&mut self, now: Instant, id: TransactionId, request: &Received) {
        let Some(message) = request.message() else { return };
        let user = message.uri().ok().and_then(|uri| uri.user).unwrap_or_default();
        let count = if self.all { self.targets.len() } else { 1 };
        let chosen: Vec<&String> = self.targets.iter().cycle().skip(self.next).take(count).collect();
        if chosen.is_empty() {
            self.station.reply(now, id, request, 480);
            return;
        }
        let tag = self.station.chance.tag();
        let Ok(mut answer) = response(&message, self.code, None, &tag) else { return };
        let several = chosen.len() > 1;
        for (place, target) in chosen.into_iter().enumerate() {
            let uri = if target.contains('@') || user.is_empty() {
                format!("sip:{target}")
            } else {
                format!("sip:{user}@{target}")
            };
            // Thousandths, from 1 downwards: the first is the best.
            let q =
                if several { format!(";q=0.{:03}", 999_usize.saturating_sub(place)) } else { String::new() };
            // What a setting names reads as a URI.
            let _checked = answer.header("Contact", format_args!("<{uri}>{q}"));
        }
        // Where the INVITE is over, nobody waits for it.
        let _over = self.station.respond(now, id, &answer);
        if !self.all {
            self.next = (self.next + 1) % self.targets.len().max(1);
        }
    }
}

fn targets(fields: &Fields) -> Result<Vec<String>, String> {
    let words = crate::settings::words(fields.get("targets"));
    if words.len() > TARGETS_MAX {
        return Err(format!("more than {TARGETS_MAX} targets"));
    }
    let read = |text: &str| match Uri::parse(&format!("sip:{text}")) {
        Ok(_) => Ok(text.to_owned()),
        Err(_) => Err(format!("'{text}' is no target; write it as 192.0.2.1 or 100@192.0.2.1:5060")),
    };
    words.iter().filter_map(Value::as_text).map(read).collect()
}

impl Node for RedirectServer {
    fn handle_input(&mut self, now: Instant, input: Input<'_>) {
        self.station.take(now, input);
        self.settle(now);
    }

    fn poll_output(&mut self) -> Output {
        self.station.poll_output(&[])
    }

    fn restart(&mut self, _now: Instant) {
        self.station.restart();
        self.next = 0;
    }
}

impl Peer for RedirectServer {
    fn perform(&mut self, _now: Instant, action: &Action) -> Result<(), ActionError> {
        if action.verb.as_str() == "point-to" {
            self.targets = targets(&action.args).map_err(ActionError::Impossible)?;
            self.next = 0;
            return Ok(());
        }
        sip::spelt::perform(&mut self.station, action, "", None)
            .unwrap_or_else(|| Err(ActionError::UnknownVerb(action.verb.to_string())))
    }
}
