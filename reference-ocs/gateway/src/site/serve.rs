//! What a site does with what it hears of the others, and with the time.

use std::sync::Arc;

use bytes::Bytes;
use tollgate_diameter::peer::ConnectionId;
use tollgate_diameter::{Builder, Message as DiameterMessage, avp};
use tollgate_network::{Frame, Output, StreamEvent, StreamId};
use tollgate_ocs_core::site::{Delta, PeriodId, SiteCommand};
use tollgate_ocs_core::{Answer, Command, Role};
use tollgate_radius::Packet;
use tollgate_time::Instant;

use super::face::{Inbound, Look, SiteFace};
use super::message::{Message, Sent, Standing};
use super::proxy::{self, Passed};
use crate::counters::Discard;
use crate::node::RadiusGateway;

/// Commands in one message, and commands that may be on their way.
const COMMANDS_AT_ONCE: usize = 256;
const COMMANDS_AHEAD_MAX: u64 = 4_096;
/// Records in one message.
const RECORDS_AT_ONCE: u64 = 64;

/// What a site does with a client's request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Duty {
    /// It answers.
    Serve,
    /// It passes it on to the primary.
    Proxy,
    /// It says nothing: the client asks again, or asks somebody else.
    Silent,
}

impl RadiusGateway {
    /// What this site does with requests now.
    pub(crate) fn duty(&self) -> Duty {
        let Some(face) = &self.site else { return Duty::Serve };
        match self.ocs().site().role() {
            Role::Primary if face.holds_until.is_some() => Duty::Silent,
            Role::Primary | Role::StandAlone => Duty::Serve,
            Role::Fenced => Duty::Silent,
            Role::StandBy => {
                let linked = face.primary().is_some_and(|own| own.role == Role::Primary);
                let locked =
                    self.ocs().site().outstanding().all(|own| face.known.contains_key(&own.period()));
                if linked && locked { Duty::Proxy } else { Duty::Silent }
            }
        }
    }

    /// A site that has served nobody yet becomes what it is to begin as.
    pub(crate) fn begin_as_site(&mut self) {
        let Some(number) = self.site.as_ref().map(|face| face.config.number) else { return };
        let fresh = self.ocs().site().role() == Role::Primary && self.ocs().site().epoch() == 0;
        if number > 0 && fresh {
            let command = Command::Site(Box::new(SiteCommand::StandBy { site: number }));
            // A record that is full from the beginning shows itself with the first request.
            let _ = self.core.apply(Instant::EPOCH, command, &mut Vec::new());
        }
        let role = self.ocs().site().role().name();
        if let Some(face) = &mut self.site {
            face.shown = role;
        }
    }

    pub(super) fn tell_site(&mut self, now: Instant, command: SiteCommand) -> Result<(), String> {
        match self.apply(now, Command::Site(Box::new(command))) {
            Ok(Some(Answer::Refused(refusal))) => Err(refusal.to_string()),
            Ok(_) => Ok(()),
            Err(error) => Err(error.to_string()),
        }
    }

    fn standing(&self) -> Standing {
        let site = self.ocs().site();
        let number = self.site.as_ref().map_or(0, |face| face.config.number);
        let outstanding = u32::try_from(site.outstanding().count()).unwrap_or(u32::MAX);
        Standing {
            site: number,
            epoch: site.epoch(),
            role: site.role(),
            release: site.software(),
            position: site.position(),
            outstanding,
        }
    }

    /// Takes what happened to a connection of the link; false where it is none of it.
    pub(crate) fn take_site_stream(&mut self, now: Instant, id: StreamId, event: &StreamEvent) -> bool {
        let standing = self.standing();
        let Some(face) = self.site.as_mut().filter(|face| face.owns(id, event)) else { return false };
        if face.take(now, id, event) {
            if matches!(event, StreamEvent::Opened { .. }) {
                face.send(id, &Message::Standing(standing));
            }
            self.read_site(now, id);
        }
        true
    }

    fn read_site(&mut self, now: Instant, id: StreamId) {
        loop {
            let Some(face) = &mut self.site else { return };
            match face.next_message(id) {
                Ok(Some(message)) => {
                    let taken = if id.is_incoming() {
                        self.hear_follower(now, id, message)
                    } else {
                        self.hear_primary(now, id, message)
                    };
                    if let Err(why) = taken {
                        return self.give_up_link(now, id, &why);
                    }
                }
                Ok(None) => return,
                Err(garbage) => return self.give_up_link(now, id, &garbage.to_string()),
            }
        }
    }

    fn give_up_link(&mut self, now: Instant, id: StreamId, why: &str) {
        if let Some(face) = &mut self.site {
            face.reset(now, id);
        }
        self.show_link_broken(why);
    }

    /// A message of a site that has connected to this one.
    fn hear_follower(&mut self, now: Instant, id: StreamId, message: Message) -> Result<(), String> {
        match message {
            Message::Standing(other) => self.hear_standing(now, id, other)?,
            Message::Got { position } => {
                if let Some(own) = self.inbound(id) {
                    own.got = position.clamp(own.got, own.sent.max(own.got));
                }
            }
            Message::Lock(lock) => {
                let period = lock.period();
                self.tell_site(now, SiteCommand::Lock(lock))?;
                self.lock_came();
                self.answer_known(id, period);
            }
            Message::Records(records) => {
                let Some(period) = records.first().map(|own| own.period()) else { return Ok(()) };
                for record in records {
                    self.tell_site(now, SiteCommand::Transfer(Box::new(record)))?;
                }
                self.answer_known(id, period);
            }
            Message::Ping => self.send_site(id, &Message::Pong),
            Message::Diameter { number, peer, octets } => {
                let answer = self.answer_relayed(now, &peer, &octets);
                if let Some(octets) = answer {
                    self.send_site(id, &Message::DiameterAnswer { number, octets });
                }
            }
            Message::Pong
            | Message::Known { .. }
            | Message::Commands { .. }
            | Message::DiameterAnswer { .. } => {
                return Err("it says what only a primary says".to_owned());
            }
        }
        Ok(())
    }

    fn inbound(&mut self, id: StreamId) -> Option<&mut Inbound> {
        self.site.as_mut()?.inbound.get_mut(&id)
    }

    fn send_site(&mut self, id: StreamId, message: &Message) {
        if let Some(face) = &mut self.site {
            face.send(id, message);
        }
    }

    fn answer_known(&mut self, id: StreamId, period: PeriodId) {
        if let Some(next) = self.ocs().site().next_of(period) {
            self.send_site(id, &Message::Known { period, next });
        }
    }

    fn hear_standing(&mut self, now: Instant, id: StreamId, other: Standing) -> Result<(), String> {
        let own = self.standing();
        if other.role == Role::Primary && other.epoch > own.epoch {
            self.tell_site(now, SiteCommand::Fence { epoch: other.epoch })?;
            self.show_role("another site is the primary under a later rule");
        }
        if let Some(known) = self.inbound(id) {
            // It begins where it says; what was on its way is sent again.
            (known.sent, known.got) = (other.position, other.position);
            known.standing = Some(other);
        }
        let own = self.standing();
        self.send_site(id, &Message::Standing(own));
        if own.role == Role::Primary && other.role == Role::StandBy && other.epoch == own.epoch {
            match other.outstanding {
                0 => self.stop_holding("the other site has nothing to hand over"),
                due => {
                    if let Some(face) = self.site.as_mut().filter(|face| face.holds_until.is_some()) {
                        face.locks_due = due;
                    }
                }
            }
        }
        Ok(())
    }

    fn lock_came(&mut self) {
        let Some(face) = self.site.as_mut().filter(|face| face.holds_until.is_some()) else { return };
        face.locks_due = face.locks_due.saturating_sub(1);
        if face.locks_due == 0 {
            self.stop_holding("all that was spent elsewhere is locked");
        }
    }

    fn stop_holding(&mut self, why: &str) {
        if let Some(face) = self.site.as_mut().filter(|face| face.holds_until.is_some()) {
            face.holds_until = None;
            face.locks_due = 0;
            self.show_role(why);
        }
    }

    /// A message of the site that this one has connected to.
    fn hear_primary(&mut self, now: Instant, id: StreamId, message: Message) -> Result<(), String> {
        match message {
            Message::Standing(other) => {
                if let Some(own) = self.site.as_mut().and_then(|face| face.outbound.as_mut()) {
                    own.standing = Some(other);
                }
                self.meet_primary(now, other)?;
            }
            Message::Commands { from, commands } => self.follow_primary(now, from, &commands)?,
            Message::Known { period, next } => {
                if let Some(face) = &mut self.site {
                    let known = face.known.entry(period).or_default();
                    *known = next.max(*known);
                }
                self.hand_over();
            }
            Message::Ping => self.send_site(id, &Message::Pong),
            Message::Pong => {}
            Message::DiameterAnswer { number, octets } => {
                if let Some(connection) = self.site.as_mut().and_then(|face| face.relayed(number)) {
                    self.say_relayed(connection, octets);
                }
            }
            Message::Got { .. } | Message::Lock(_) | Message::Records(_) | Message::Diameter { .. } => {
                return Err("it says what only a follower says".to_owned());
            }
        }
        Ok(())
    }

    /// The site at the other end has said what it is.
    fn meet_primary(&mut self, now: Instant, other: Standing) -> Result<(), String> {
        let own = self.standing();
        if other.role != Role::Primary || other.epoch != own.epoch {
            return Ok(());
        }
        let goes_back = self.site.as_ref().is_some_and(|face| face.goes_back);
        if own.role == Role::StandAlone && (goes_back || !self.ocs().site().is_ordered()) {
            self.tell_site(now, SiteCommand::Return)?;
            let standing = self.standing();
            if let Some(face) = &mut self.site {
                face.goes_back = false;
                face.say(&Message::Standing(standing));
            }
            self.show_role(if goes_back {
                "ordered by an administrator"
            } else {
                "the primary is there again"
            });
        }
        if self.ocs().site().role() == Role::StandBy {
            self.hand_over_locks();
        }
        Ok(())
    }

    /// Goes back at once if the primary is there.
    pub(super) fn go_back_if_met(&mut self, now: Instant) -> Result<(), String> {
        let met = self.site.as_ref().and_then(|face| face.primary().copied());
        met.map_or(Ok(()), |other| self.meet_primary(now, other))
    }

    /// Tells the primary what has become of this site.
    pub(super) fn tell_standing(&mut self) {
        let standing = self.standing();
        if let Some(face) = &mut self.site {
            face.say(&Message::Standing(standing));
        }
    }

    /// The first step: what was spent alone is locked.
    fn hand_over_locks(&mut self) {
        let locks: Vec<Message> =
            self.ocs().site().outstanding().map(|own| Message::Lock(Box::new(own.lock().clone()))).collect();
        if let Some(face) = &mut self.site {
            face.known.clear();
            for lock in locks {
                face.say(&lock);
            }
        }
    }

    /// The second: record by record, the oldest period first, once all locks are there.
    fn hand_over(&mut self) {
        let Some(face) = &self.site else { return };
        let next = |delta: &Delta| face.known.get(&delta.period()).copied();
        let all: Vec<&Delta> = self.ocs().site().outstanding().collect();
        if !all.iter().all(|delta| next(delta).is_some()) {
            return;
        }
        let open = all.into_iter().find_map(|delta| {
            let next = next(delta)?;
            (next < delta.records()).then_some((delta, next))
        });
        let Some((delta, next)) = open else { return };
        let last = delta.records().min(next.saturating_add(RECORDS_AT_ONCE));
        let records = (next..last).filter_map(|sequence| delta.transfer(sequence)).collect();
        let message = Message::Records(records);
        if let Some(face) = &mut self.site {
            face.say(&message);
        }
    }

    fn follow_primary(&mut self, now: Instant, from: u64, commands: &[Sent]) -> Result<(), String> {
        if self.ocs().site().role() != Role::StandBy {
            return Ok(());
        }
        for (position, sent) in (from..).zip(commands) {
            let own = self.ocs().site().position();
            if position < own {
                continue;
            }
            if position > own {
                return Err(format!("its commands begin at {position}, and {own} are here"));
            }
            let (at, command) = sent.read().ok_or("a command of it cannot be read")?;
            self.tell_site(now, SiteCommand::Replicated { at, command: Box::new(command) })?;
        }
        let position = self.ocs().site().position();
        if let Some(face) = &mut self.site {
            face.say(&Message::Got { position });
        }
        self.show_role("all is handed over");
        Ok(())
    }

    /// The primary tells its followers what it was told since.
    pub(crate) fn tell_followers(&mut self) {
        let Self { site: Some(face), core, .. } = self else { return };
        let site = core.ocs().site();
        if site.role() != Role::Primary || face.inbound.is_empty() {
            return;
        }
        let (epoch, release) = (site.epoch(), site.release());
        let commands = core.commands();
        let mut messages = Vec::new();
        for (id, own) in &mut face.inbound {
            // A promoted site's record begins before its rule: nobody can follow it from the beginning.
            if epoch > 0 || !SiteFace::follows(own, epoch, release) {
                continue;
            }
            while own.sent < commands.len() as u64 && own.sent < own.got.saturating_add(COMMANDS_AHEAD_MAX) {
                let begin = usize::try_from(own.sent).unwrap_or(usize::MAX);
                let some = commands.get(begin..).unwrap_or_default().iter().take(COMMANDS_AT_ONCE);
                let some: Vec<Sent> = some.map_while(|(at, command)| Sent::new(*at, command)).collect();
                if some.is_empty() {
                    break;
                }
                let from = own.sent;
                own.sent = own.sent.saturating_add(some.len() as u64);
                messages.push((*id, Message::Commands { from, commands: some }));
            }
        }
        for (id, message) in messages {
            face.send(id, &message);
        }
    }

    /// Does what is due by now.
    pub(crate) fn expire_site(&mut self, now: Instant) {
        let role = self.ocs().site().role();
        let Some(face) = &mut self.site else { return };
        if face.holds_until.is_some_and(|until| until <= now) {
            face.holds_until = None;
            self.show_role("no other site was heard of");
        }
        let Some(face) = &mut self.site else { return };
        let connects = face.config.number > 0 && role != Role::Fenced;
        if face.look(now, connects) == Look::Lost && role == Role::StandBy {
            let misses = face.config.misses;
            face.forgive();
            if self.tell_site(now, SiteCommand::StandAlone { ordered: false }).is_ok() {
                self.show_role(&format!("the primary was not heard of {misses} times in a row"));
            }
        }
    }

    /// The power came back.
    pub(crate) fn restart_site(&mut self, now: Instant) {
        let role = self.ocs().site().role();
        let Some(face) = &mut self.site else { return };
        face.restart();
        if role == Role::Primary && !face.config.others.is_empty() {
            face.holds_until = Some(now + face.patience());
        }
        self.show_role("restarted");
    }

    pub(crate) fn flush_site(&mut self) {
        if let Some(face) = &mut self.site {
            face.flush(&mut self.outputs);
        }
    }

    /// Passes a client's request on to the primary.
    pub(crate) fn pass_on(&mut self, frame: &Frame, packet: &Packet<'_>, place: usize) {
        let config = Arc::clone(&self.config);
        let Some(client) = config.clients.get(place) else { return };
        let primary = self.site.as_ref().and_then(|face| {
            let number = face.primary()?.site;
            face.config.others.iter().find(|own| own.number == number).map(|own| own.address)
        });
        let (Some(primary), Ok(octets)) = (primary, proxy::forwarded(packet, frame.from, client)) else {
            return self.discard(frame, Some(place), (Discard::NotServing, &String::new));
        };
        let signed = Packet::parse(&octets).map(|own| *own.authenticator());
        if let (Some(face), Ok(signed)) = (&mut self.site, signed) {
            face.pass(frame.from, packet.identifier(), signed);
        }
        let to = std::net::SocketAddr::new(primary, frame.to.port());
        let payload = Bytes::from(octets);
        self.outputs.push_back(Output::Transmit(Frame { from: frame.to, to, payload }));
    }

    /// Gives an answer of the primary to the client that it is for; false of a packet that is no such answer.
    pub(crate) fn pass_back(&mut self, frame: &Frame, packet: &Packet<'_>) -> bool {
        let Some(face) = self.site.as_ref().filter(|face| face.config.at(frame.from.ip()).is_some()) else {
            return false;
        };
        if !proxy::is_answer(packet.code()) {
            return false;
        }
        let config = Arc::clone(&self.config);
        let back = Passed::of(packet).and_then(|passed| {
            let client = config.clients.get(config.clients.place(passed.client.ip())?)?;
            let signed = face.passed(passed.client, packet.identifier())?;
            Some((passed.client, proxy::returned(packet, &passed, signed, client)?))
        });
        match back {
            Some((client, octets)) => {
                let payload = Bytes::from(octets);
                self.outputs.push_back(Output::Transmit(Frame { from: frame.to, to: client, payload }));
            }
            None => self.discard(frame, None, (Discard::AstrayAnswer, &String::new)),
        }
        true
    }

    /// The place of the client whose request this is: by its address, or by what the site says that passed it on.
    pub(crate) fn client_of(&self, frame: &Frame) -> Option<usize> {
        let direct = self.config.clients.place(frame.from.ip());
        direct.or_else(|| {
            self.site.as_ref()?.config.at(frame.from.ip())?;
            let packet = Packet::parse(&frame.payload).ok()?;
            self.config.clients.place(Passed::of(&packet)?.client.ip())
        })
    }

    /// Passes a Diameter request on to the primary, with a Route-Record of the client (RFC 6733 section 6.1.9).
    pub(crate) fn relay_diameter(&mut self, peer: &str, connection: ConnectionId, octets: &[u8]) {
        let Ok(message) = DiameterMessage::parse(octets) else { return };
        let mut builder = Builder::new(message.header);
        for own in message.avps() {
            builder.avp(own.code, own.flags, own.data);
        }
        builder.text(avp::ROUTE_RECORD, peer);
        let Ok(octets) = builder.finish() else { return };
        if let Some(face) = &mut self.site {
            let number = face.relay(connection);
            face.say(&Message::Diameter { number, peer: peer.to_owned(), octets });
        }
    }
}
