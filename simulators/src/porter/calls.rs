//! How the two systems are asked: with a session at each, which is begun when there is none and begun anew when it has
//! ended.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use serde_json::{Value as Json, json};
use tollgate_http::{Bytes, Response, StatusCode};
use tollgate_network::{StreamEvent, StreamId};
use tollgate_time::Instant;
use tollgate_wire::Text;

use super::job::Side;
use crate::http::{CallError, Called, Caller};
use crate::outbox::Outbox;

/// What a call is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum For {
    Login(Side),
    Job(u64),
}

/// What came of what was asked for a job.
#[derive(Debug)]
pub(super) enum Reply {
    /// It was answered.
    Answered(Response<Bytes>),
    /// It has to be asked again.
    Unanswered(String),
}

/// One of the systems.
#[derive(Debug)]
struct System {
    at: SocketAddr,
    session: Option<String>,
    logging_in: bool,
    /// What waits for a session: the job, the path, and the parameters as JSON.
    waiting: Vec<(u64, String, Bytes)>,
}

/// The systems, as they are asked.
#[derive(Debug)]
pub(super) struct Calls {
    caller: Caller<For>,
    systems: [System; 2],
    login: Text,
    password: Text,
    within: Duration,
    replies: Vec<(u64, Reply)>,
}

impl Calls {
    pub(super) fn new(
        address: IpAddr,
        systems: [SocketAddr; 2],
        (login, password): (Text, Text),
        within: Duration,
    ) -> Self {
        let system = |at| System { at, session: None, logging_in: false, waiting: Vec::new() };
        Self {
            caller: Caller::new(address),
            systems: systems.map(system),
            login,
            password,
            within,
            replies: Vec::new(),
        }
    }

    fn system(&mut self, side: Side) -> &mut System {
        &mut self.systems[usize::from(side == Side::Target)]
    }

    /// Asks a system for a job; `params` is JSON.
    pub(super) fn ask(
        &mut self,
        now: Instant,
        side: Side,
        (job, method): (u64, &str),
        params: Bytes,
        out: &mut Outbox,
    ) {
        let path = format!("/rest/{method}");
        match self.system(side).session.clone() {
            Some(session) => self.send(now, side, &session, (job, path, params), out),
            None => {
                self.system(side).waiting.push((job, path, params));
                self.log_in(now, side, out);
            }
        }
    }

    /// Tells a dispatcher something for a job.
    pub(super) fn tell(
        &mut self,
        now: Instant,
        to: SocketAddr,
        (job, path): (u64, &str),
        body: &Json,
        out: &mut Outbox,
    ) {
        self.caller.post((now, self.within), to, path, body, For::Job(job), out);
    }

    fn send(
        &mut self,
        now: Instant,
        side: Side,
        session: &str,
        (job, path, params): (u64, String, Bytes),
        out: &mut Outbox,
    ) {
        let head = format!("{{\"auth_info\":{{\"session_id\":\"{session}\"}},\"params\":");
        let body = Bytes::from([head.as_bytes(), &params, b"}"].concat());
        let to = self.system(side).at;
        self.caller.call((now, self.within), to, &path, body, For::Job(job), out);
    }

    fn log_in(&mut self, now: Instant, side: Side, out: &mut Outbox) {
        if std::mem::replace(&mut self.system(side).logging_in, true) {
            return;
        }
        let params = json!({ "params": { "login": &*self.login, "password": &*self.password } });
        let to = self.system(side).at;
        self.caller.post((now, self.within), to, "/rest/Session/login", &params, For::Login(side), out);
    }

    /// A session has ended, as an answer tells: it is begun anew by whoever asks next.
    pub(super) fn forget_session(&mut self, side: Side) {
        self.system(side).session = None;
    }

    pub(super) fn take(&mut self, now: Instant, id: StreamId, event: &StreamEvent, out: &mut Outbox) -> bool {
        let own = self.caller.take(id, event, out);
        self.settle(now, out);
        own
    }

    pub(super) fn expire(&mut self, now: Instant, out: &mut Outbox) {
        self.caller.expire(now, out);
        self.settle(now, out);
    }

    pub(super) fn next_deadline(&self) -> Option<Instant> {
        self.caller.next_deadline()
    }

    /// What came of what was asked for jobs.
    pub(super) fn poll(&mut self, now: Instant, out: &mut Outbox) -> Vec<(u64, Reply)> {
        self.settle(now, out);
        std::mem::take(&mut self.replies)
    }

    pub(super) fn restart(&mut self) {
        self.caller.restart();
        self.replies.clear();
        for system in &mut self.systems {
            (system.session, system.logging_in) = (None, false);
            system.waiting.clear();
        }
    }

    fn settle(&mut self, now: Instant, out: &mut Outbox) {
        while let Some(Called { what, answer }) = self.caller.poll() {
            match what {
                For::Job(job) => {
                    let reply =
                        answer.map_or_else(|error| Reply::Unanswered(error.to_string()), Reply::Answered);
                    self.replies.push((job, reply));
                }
                For::Login(side) => self.logged_in(now, side, answer, out),
            }
        }
    }

    fn logged_in(
        &mut self,
        now: Instant,
        side: Side,
        answer: Result<Response<Bytes>, CallError>,
        out: &mut Outbox,
    ) {
        let system = self.system(side);
        system.logging_in = false;
        let waiting = std::mem::take(&mut system.waiting);
        match answer {
            Ok(answer) if answer.status() == StatusCode::OK => {
                let body: Option<Json> = serde_json::from_slice(answer.body()).ok();
                let session = body.as_ref().and_then(|body| body["session_id"].as_str()).map(str::to_owned);
                self.system(side).session.clone_from(&session);
                for asked in waiting {
                    match &session {
                        Some(session) => self.send(now, side, session, asked, out),
                        None => {
                            let why = "the answer to a login has no session_id".to_owned();
                            self.replies.push((asked.0, Reply::Unanswered(why)));
                        }
                    }
                }
            }
            // Refused for good: whoever asked hears what the login was told.
            Ok(answer) => {
                for (job, ..) in waiting {
                    self.replies.push((job, Reply::Answered(answer.clone())));
                }
            }
            Err(error) => {
                for (job, ..) in waiting {
                    self.replies.push((job, Reply::Unanswered(error.to_string())));
                }
            }
        }
    }
}
