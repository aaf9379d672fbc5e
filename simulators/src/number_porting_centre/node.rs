//! The node of a number porting centre.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::{Value as Json, json};
use tollgate_http::StatusCode;
use tollgate_network::{Action, ActionError, Input, Node, Output, Peer, Setup, SetupError};
use tollgate_time::Instant;
use tollgate_wire::{Fields, Text, Value};

use crate::http::{Called, Caller};
use crate::outbox::Outbox;
use crate::settings::{Reader, wrong};

/// What waits for a session at most.
const WAITING_MAX: usize = 1_000;

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Login,
    Out { number: Text },
    OutConfirmed { number: Text, account: u32 },
    InConfirmed { number: Text, account: u32 },
}

impl Step {
    fn number(&self) -> Text {
        match self {
            Self::Login => Text::default(),
            Self::Out { number } | Self::OutConfirmed { number, .. } | Self::InConfirmed { number, .. } => {
                number.clone()
            }
        }
    }
}

/// The centre.
#[derive(Debug)]
pub struct NumberPortingCentre {
    dispatcher: SocketAddr,
    login: Text,
    password: Text,
    within: Duration,
    caller: Caller<Step>,
    session: Option<String>,
    waiting: Vec<Step>,
    out: Outbox,
}

impl NumberPortingCentre {
    /// A centre with these settings.
    ///
    /// # Errors
    /// A setting is not as it must be.
    pub fn new(setup: &Setup) -> Result<Self, SetupError> {
        let reader = Reader { setup };
        let Some(Value::Address(address)) = reader.value("dispatcher") else {
            return Err(wrong("dispatcher"));
        };
        let port = u16::try_from(reader.u32("port")?).map_err(|_| wrong("port"))?;
        Ok(Self {
            dispatcher: SocketAddr::new(*address, port),
            login: reader.text("login")?.into(),
            password: reader.text("password")?.into(),
            within: reader.span("answer-within")?,
            caller: Caller::new(setup.address),
            session: None,
            waiting: Vec::new(),
            out: Outbox::new(setup.observe),
        })
    }

    fn ask(&mut self, now: Instant, step: Step) {
        let Some(session) = self.session.clone() else {
            if self.waiting.is_empty() {
                let params = json!({ "params": { "login": &*self.login, "password": &*self.password } });
                self.post(now, "Session/login", &params, Step::Login);
            }
            if self.waiting.len() < WAITING_MAX {
                self.waiting.push(step);
            }
            return;
        };
        let (method, params) = match &step {
            Step::Login => return,
            Step::Out { number } => ("NumberPorting/port_out", json!({ "id": &**number })),
            Step::OutConfirmed { number, account } => {
                ("NumberPorting/port_out_confirmed", json!({ "id": &**number, "i_account": account }))
            }
            Step::InConfirmed { number, account } => {
                ("NumberPorting/port_in_confirmed", json!({ "number": &**number, "i_account": account }))
            }
        };
        let body = json!({ "auth_info": { "session_id": session }, "params": params });
        self.post(now, method, &body, step);
    }

    fn post(&mut self, now: Instant, method: &str, body: &Json, step: Step) {
        let path = format!("/rest/{method}");
        self.caller.post((now, self.within), self.dispatcher, &path, body, step, &mut self.out);
    }

    fn settle(&mut self, now: Instant) {
        while let Some(Called { what, answer }) = self.caller.poll() {
            let (status, body) = match answer {
                Ok(answer) => {
                    (Some(answer.status()), serde_json::from_slice::<Json>(answer.body()).unwrap_or_default())
                }
                Err(error) => (None, json!({ "faultstring": error.to_string() })),
            };
            match (status, what) {
                (Some(StatusCode::OK), step) => self.done(now, step, &body),
                (status, Step::Login) => {
                    for step in std::mem::take(&mut self.waiting) {
                        self.refused(&step, status, &body);
                    }
                }
                (status, step) => self.refused(&step, status, &body),
            }
        }
    }

    fn done(&mut self, now: Instant, step: Step, body: &Json) {
        let seen = |number: &Text| {
            Fields::new()
                .with("number", number.clone())
                .with("i-account", body["i_account"].as_u64().unwrap_or_default())
                .with("status", body["status"].as_str().unwrap_or_default())
        };
        match step {
            Step::Login => {
                self.session = body["session_id"].as_str().map(str::to_owned);
                for step in std::mem::take(&mut self.waiting) {
                    self.ask(now, step);
                }
            }
            Step::Out { number } => {
                self.out.observe("available", || seen(&number));
                let account = body["i_account"].as_u64().and_then(|own| u32::try_from(own).ok());
                self.ask(now, Step::OutConfirmed { number, account: account.unwrap_or_default() });
            }
            Step::OutConfirmed { number, .. } => self.out.observe("ported-out", || seen(&number)),
            Step::InConfirmed { number, .. } => self.out.observe("ported-in", || seen(&number)),
        }
    }

    fn refused(&mut self, step: &Step, status: Option<StatusCode>, why: &Json) {
        if status == Some(StatusCode::UNAUTHORIZED) {
            // The next request logs in again.
            self.session = None;
        }
        self.out.observe("refused", || {
            let mut fields = Fields::new().with("number", step.number());
            if let Some(status) = status {
                fields.push("status", u32::from(status.as_u16()));
            }
            for name in ["faultcode", "faultstring"] {
                if let Some(text) = why[name].as_str() {
                    fields.push(name, text);
                }
            }
            fields
        });
    }
}

impl Node for NumberPortingCentre {
    fn handle_input(&mut self, now: Instant, input: Input<'_>) {
        match input {
            Input::Receive(_) => {}
            Input::Stream(id, event) => drop(self.caller.take(id, event, &mut self.out)),
            Input::Timeout => self.caller.expire(now, &mut self.out),
        }
        self.settle(now);
    }

    fn poll_output(&mut self) -> Output {
        self.out.poll_or_wait(&[self.caller.next_deadline()])
    }

    fn restart(&mut self, _: Instant) {
        self.caller.restart();
        self.waiting.clear();
        self.session = None;
        self.out.clear();
    }
}

impl Peer for NumberPortingCentre {
    fn perform(&mut self, now: Instant, action: &Action) -> Result<(), ActionError> {
        let number: Text = action.text("number")?.into();
        let account = || {
            let own = action.opt_integer("i-account").and_then(|own| u32::try_from(own).ok());
            own.ok_or_else(|| ActionError::BadArgument("i-account".to_owned()))
        };
        let step = match action.verb.as_str() {
            "port-out" => Step::Out { number },
            "confirm-port-in" => Step::InConfirmed { number, account: account()? },
            _ => return Err(ActionError::UnknownVerb(action.verb.to_string())),
        };
        self.ask(now, step);
        self.settle(now);
        Ok(())
    }
}
