//! A callback engine: it calls a subscriber (first leg), then whom he wants to be connected with (second leg), again if
//! that fails, and reports every leg; the first one's report tells how far it came (ESI, callback session).

use tollgate_network::{Action, ActionError};
use tollgate_radius::Packet;
use tollgate_time::Instant;
use tollgate_wire::{Fields, Text, Value};

use super::errand::{Desk, Next, Step, given, ivr_out};
use super::office::Office;

/// Where a callback stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// The charging system looks at the first leg.
    AskingFirst,
    /// The subscriber's telephone rings.
    RingingFirst,
    /// The charging system looks at the second leg.
    AskingSecond,
    /// The other one's telephone rings.
    RingingSecond,
    /// They talk.
    Talking,
    /// Nothing is left but accounting.
    Over,
}

/// A leg that was begun.
#[derive(Debug, Clone)]
struct Leg {
    conf_id: Text,
    session_id: Text,
    setup: Instant,
    connected: Option<Instant>,
}

/// One callback.
#[derive(Debug)]
pub(super) struct Callback {
    name: Text,
    account: Text,
    password: Text,
    to: Text,
    /// The access codes of the two legs.
    access: Text,
    out: Text,
    seed: Text,
    attempts_left: u32,
    stage: Stage,
    first: Leg,
    second: Option<Leg>,
    history: Vec<Value>,
    reports_open: u32,
}

impl Callback {
    /// Reads the verb `callback`.
    pub(super) fn read(action: &Action, office: &mut Office) -> Result<Self, ActionError> {
        let attempts = action.opt_integer("attempts").and_then(|number| u32::try_from(number).ok());
        let first = Leg {
            conf_id: given(action, "conf-id", || office.draw_conf_id()),
            session_id: office.next_session_id(),
            setup: Instant::EPOCH,
            connected: None,
        };
        Ok(Self {
            name: Text::default(),
            account: action.text("account")?.into(),
            password: action.text("password")?.into(),
            to: action.text("to")?.into(),
            access: action.text("access")?.into(),
            out: action.text("out")?.into(),
            seed: office.draw_seed(),
            attempts_left: attempts.ok_or_else(|| ActionError::BadArgument("attempts".to_owned()))?,
            stage: Stage::AskingFirst,
            first,
            second: None,
            history: Vec::new(),
            reports_open: 0,
        })
    }

    pub(super) fn named(self, name: Text) -> Self {
        Self { name, ..self }
    }

    pub(super) fn is_over(&self) -> bool {
        self.stage == Stage::Over
    }

    pub(super) fn begin(&mut self, desk: &mut Desk<'_>) -> Next {
        self.ask(desk, None)
    }

    fn ask(&mut self, desk: &mut Desk<'_>, second: Option<&Leg>) -> Next {
        let called = if second.is_some() { &self.to } else { &self.account };
        let mut fields = Fields::new()
            .with("User-Name", self.account.clone())
            .with("User-Password", self.password.clone())
            .with("Called-Station-Id", called.clone())
            .with("Calling-Station-Id", self.account.clone())
            .with("h323-conf-id", second.unwrap_or(&self.first).conf_id.clone());
        if second.is_some() {
            fields.push("h323-incoming-conf-id", self.first.conf_id.clone());
        }
        fields.push(
            "h323-ivr-out",
            ivr_out(&[
                ("PortaBilling_OriginalCLD", if second.is_some() { &self.out } else { &self.access }),
                ("PortaBilling_RestoreCacheLevel", if second.is_some() { "-1" } else { "" }),
                ("PortaBilling_AuthMethod", "INVITE"),
                ("PortaBilling_Seed", &self.seed),
            ]),
        );
        desk.send(&self.name, Step::Ask, fields)
    }

    pub(super) fn answered(&mut self, desk: &mut Desk<'_>, step: Step, packet: &Packet<'_>) -> Next {
        if step == Step::Report {
            self.reports_open = self.reports_open.saturating_sub(1);
            return self.rest();
        }
        let granted = desk.granted(&self.name, packet).is_some();
        match (self.stage, granted) {
            (Stage::AskingFirst, true) => {
                self.stage = Stage::RingingFirst;
                self.first.setup = desk.now;
                ringing(desk, &self.name, &self.account, &self.first.conf_id);
                Next::Waits
            }
            (Stage::AskingFirst, false) => Next::Done,
            (_, true) => {
                self.stage = Stage::RingingSecond;
                if let Some(leg) = &mut self.second {
                    leg.setup = desk.now;
                    ringing(desk, &self.name, &self.to, &leg.conf_id);
                }
                Next::Waits
            }
            (_, false) => self.end_first(desk),
        }
    }

    /// No server has answered. The conversation, if there is one, goes on.
    pub(super) fn given_up(&mut self, desk: &mut Desk<'_>, step: Step) -> Next {
        let next = desk.unanswered(&self.name, step);
        match (step, self.stage) {
            (Step::Report, _) => {
                self.reports_open = self.reports_open.saturating_sub(1);
                self.rest()
            }
            (_, Stage::AskingFirst) => next,
            _ => self.end_first(desk),
        }
    }

    /// Whoever is rung answers.
    pub(super) fn answer(&mut self, desk: &mut Desk<'_>) -> Result<Next, ActionError> {
        match self.stage {
            Stage::RingingFirst => {
                self.first.connected = Some(desk.now);
                self.history.push(Value::from("START"));
                Ok(self.attempt(desk))
            }
            Stage::RingingSecond => {
                self.stage = Stage::Talking;
                if let Some(leg) = &mut self.second {
                    leg.connected = Some(desk.now);
                }
                self.history.push(Value::from("OK"));
                let (name, called) = (self.name.clone(), self.to.clone());
                desk.office
                    .out
                    .observe("connected", || Fields::new().with("call", name).with("called", called));
                Ok(Next::Waits)
            }
            _ => Err(ActionError::Impossible("nobody is rung".to_owned())),
        }
    }

    /// Whoever is rung cannot be connected.
    pub(super) fn fail(&mut self, desk: &mut Desk<'_>, cause: &str) -> Result<Next, ActionError> {
        match self.stage {
            Stage::RingingFirst => {
                self.stage = Stage::Over;
                self.report(desk, false, cause);
                Ok(self.rest())
            }
            Stage::RingingSecond => {
                self.report(desk, true, cause);
                Ok(if self.attempts_left > 0 { self.attempt(desk) } else { self.end_first(desk) })
            }
            _ => Err(ActionError::Impossible("nobody is rung".to_owned())),
        }
    }

    /// The conversation ends, or the subscriber hangs up before there is one.
    pub(super) fn hang_up(&mut self, desk: &mut Desk<'_>) -> Result<Next, ActionError> {
        match self.stage {
            Stage::Talking => self.report(desk, true, "10"),
            Stage::RingingSecond => self.report(desk, true, "1F"),
            Stage::RingingFirst => {}
            _ => return Err(ActionError::Impossible("there is no leg to hang up".to_owned())),
        }
        Ok(self.end_first(desk))
    }

    /// Tries to reach the other one: each attempt is a leg of its own.
    fn attempt(&mut self, desk: &mut Desk<'_>) -> Next {
        self.attempts_left = self.attempts_left.saturating_sub(1);
        self.history.push(Value::from("ATTEMPT"));
        self.stage = Stage::AskingSecond;
        let leg = Leg {
            conf_id: desk.office.draw_next_conf_id(&self.first.conf_id),
            session_id: desk.office.next_session_id(),
            setup: desk.now,
            connected: None,
        };
        let next = self.ask(desk, Some(&leg));
        self.second = Some(leg);
        next
    }

    fn end_first(&mut self, desk: &mut Desk<'_>) -> Next {
        self.stage = Stage::Over;
        self.report(desk, false, "10");
        self.rest()
    }

    fn rest(&self) -> Next {
        if self.stage == Stage::Over && self.reports_open == 0 { Next::Done } else { Next::Waits }
    }

    /// Reports the end of a leg.
    fn report(&mut self, desk: &mut Desk<'_>, second: bool, cause: &str) {
        let leg = match &self.second {
            Some(leg) if second => leg.clone(),
            _ => self.first.clone(),
        };
        let lasted = leg.connected.map_or(0, |at| (desk.now - at).as_millis().div_ceil(1_000));
        let called = if second { &self.to } else { &self.account };
        let now = desk.time(desk.now);
        let mut fields = Fields::new()
            .with("h323-call-origin", "originate")
            .with("h323-call-type", "VoIP")
            .with("h323-setup-time", desk.time(leg.setup))
            .with("User-Name", self.account.clone())
            .with("Calling-Station-Id", self.account.clone())
            .with("Called-Station-Id", called.clone())
            .with("h323-conf-id", leg.conf_id.clone());
        if second {
            fields.push("h323-incoming-conf-id", self.first.conf_id.clone());
        }
        fields.push("Acct-Session-Id", leg.session_id);
        if let Some(connected) = leg.connected {
            fields.push("h323-connect-time", desk.time(connected));
        }
        fields.push("h323-disconnect-time", now);
        let mut pairs = Fields::new();
        if !second && !self.history.is_empty() {
            pairs.push("PortaBilling_CallbackHistory", Value::List(self.history.clone()));
        }
        pairs.push("PortaBilling_Seed", self.seed.clone());
        pairs.push("PortaBilling_OriginalCLD", if second { self.out.clone() } else { self.access.clone() });
        fields.push("h323-ivr-out", Value::Group(pairs));
        fields.push("h323-remote-address", desk.office.settings.remote_address.clone());
        fields.push("Acct-Session-Time", Value::from(u32::try_from(lasted).unwrap_or(u32::MAX)));
        fields.push("h323-disconnect-cause", cause);
        fields.push("Acct-Status-Type", "Stop");
        if desk.send(&self.name, Step::Report, fields) == Next::Waits {
            self.reports_open += 1;
        }
    }
}

fn ringing(desk: &mut Desk<'_>, name: &Text, called: &Text, conf_id: &Text) {
    let (name, called, conf_id) = (name.clone(), called.clone(), conf_id.clone());
    desk.office.out.observe("ringing", || {
        Fields::new().with("call", name).with("called", called).with("conf-id", conf_id)
    });
}
