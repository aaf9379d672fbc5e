//! CoA-Requests and Disconnect-Requests: applied to every session that they name, or to none (RFC 5176 section 2.3).

use std::time::Duration;

use tollgate_network::Frame;
use tollgate_radius::Packet;
use tollgate_time::Instant;
use tollgate_wire::{Fields, Text};

use super::grant::INTERIM_SECS_MIN;
use super::node::Bng;
use super::online::{ADMIN_RESET, Online};
use super::policy::{Change, Held};
use super::session::{By, SessionKey};
use crate::dynamic_authorization::{Cause, Request};
use crate::radius_client::discard;

impl Bng {
    /// Takes a frame for the port of dynamic authorization.
    pub(super) fn authorize_anew(&mut self, now: Instant, frame: &Frame) {
        let Self { office, receiver, .. } = self;
        if !office.settings.dynamic_authorization {
            let packet = Packet::parse(&frame.payload).ok();
            discard(&mut office.out, frame, packet.as_ref(), || {
                Text::const_new("nobody listens on this port")
            });
            return;
        }
        let Some(request) = receiver.receive(now, frame, &mut office.out) else { return };
        let port_id = &office.settings.port_id;
        let named: Vec<SessionKey> = self
            .sessions
            .values()
            .filter(|session| session.is_named(&request.identity, port_id))
            .map(|session| session.key)
            .collect();
        if request.is_disconnect() {
            self.disconnect_all(now, &request, &named);
        } else {
            self.change_all(now, &request, &named);
        }
    }

    fn disconnect_all(&mut self, now: Instant, request: &Request<'_>, named: &[SessionKey]) {
        let outcome = request.carries_only_identity().and_then(|()| some(named));
        self.tell_outcome(now, "disconnect-request", request, named, outcome);
        if outcome.is_ok() {
            for key in named {
                self.with_online(now, *key, |online| online.end(now, ADMIN_RESET, By::Server));
            }
        }
    }

    fn change_all(&mut self, now: Instant, request: &Request<'_>, named: &[SessionKey]) {
        let prepared = some(named).and_then(|()| self.prepare(request, named));
        let outcome = prepared.as_ref().map(|_| ()).map_err(|cause| *cause);
        self.tell_outcome(now, "coa", request, named, outcome);
        let Ok((changes, held)) = prepared else { return };
        for (key, held) in named.iter().zip(held) {
            self.with_online(now, *key, |online| online.change(held, &changes));
        }
    }

    /// What every session will hold; nothing has changed yet.
    fn prepare(
        &self,
        request: &Request<'_>,
        named: &[SessionKey],
    ) -> Result<(Vec<Change>, Vec<Held>), Cause> {
        let changes = self.office.settings.policies.change(&request.packet)?;
        let sessions = named.iter().filter_map(|key| self.sessions.get(key));
        let held = sessions.map(|session| {
            let mut held = session.held.clone();
            held.apply(&changes).map(|()| held)
        });
        let held = held.collect::<Result<Vec<_>, _>>()?;
        Ok((changes, held))
    }

    /// Answers, and says how.
    fn tell_outcome(
        &mut self,
        now: Instant,
        kind: &'static str,
        request: &Request<'_>,
        named: &[SessionKey],
        outcome: Result<(), Cause>,
    ) {
        let Self { office, receiver, sessions, .. } = self;
        let answer = receiver.answer(now, &mut office.out, request, outcome);
        office.out.observe(kind, || {
            let mut fields = Fields::with_capacity(4)
                .with("outcome", answer)
                .with("sessions", u64::try_from(named.len()).unwrap_or(u64::MAX));
            if let Some(session) = named.first().and_then(|key| sessions.get(key)) {
                fields.push("session", session.name.clone());
            }
            if let Err(cause) = outcome {
                fields.push("error-cause", cause.number());
            }
            fields
        });
    }
}

impl Online<'_> {
    fn change(&mut self, held: Held, changes: &[Change]) {
        let before = self.session.held.deed().0;
        self.session.held = held;
        self.session.traffic.limit(self.now, self.session.held.deed().0.caps());
        for change in changes {
            match change {
                Change::Set { .. } | Change::Clear { .. } => {}
                Change::SessionTimeout(secs) => {
                    self.session.session_timeout = Some(*secs);
                    // It counts from the start of the session (RFC 2865 section 5.27); 0 is no timeout.
                    self.session.time_quota = (*secs > 0).then(|| Duration::from_secs(u64::from(*secs)));
                    self.arm_timeout();
                }
                Change::IdleTimeout(secs) => self.session.idle_timeout = Some(*secs),
                Change::Interim(secs) => {
                    if self.office.settings.interim.is_none() && *secs >= INTERIM_SECS_MIN {
                        self.session.interim = Some(Duration::from_secs(u64::from(*secs)));
                        self.arm_interim(self.now);
                    }
                }
            }
        }
        self.arm_quota();
        self.tell_deed(before);
    }
}

fn some(named: &[SessionKey]) -> Result<(), Cause> {
    if named.is_empty() { Err(Cause::SessionContextNotFound) } else { Ok(()) }
}
