//! A client of credit control that gives nothing up: what is not answered is sent again, until it is.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;
use std::time::Duration;

use tollgate_diameter::peer::{
    Action as Doing, Applications, ConnectionId, Endpoint, Identity, PeerSettings, RequestId, Route, Routes,
    Sending, Settings,
};
use tollgate_diameter::{Builder, CommandFlags, Header, Message, avp, raw};
use tollgate_network::{
    Action, ActionError, Input, Node, Output, Peer, StreamEvent, StreamId, StreamOrder, Transport,
};
use tollgate_time::Instant;

use crate::Chance;

pub(crate) const REALM: &str = "portaone.com";
pub(crate) const PORT: u16 = 3868;
pub(crate) const MIB: u64 = 1 << 20;
/// The two addresses of the one server.
pub(crate) const SERVERS: [(&str, [u8; 4]); 2] =
    [("ocs-1.portaone.com", [10, 0, 0, 1]), ("ocs-2.portaone.com", [10, 0, 0, 2])];

pub(crate) fn account(number: u8) -> String {
    format!("38063000000{number}")
}

pub(crate) fn address(number: u8) -> IpAddr {
    [10, 0, 1, number].into()
}

/// A node that the test can look into.
pub(crate) struct Shared<N>(pub(crate) Rc<RefCell<N>>);

impl<N: Peer> Node for Shared<N> {
    fn handle_input(&mut self, now: Instant, input: Input<'_>) {
        self.0.borrow_mut().handle_input(now, input);
    }

    fn poll_output(&mut self) -> Output {
        self.0.borrow_mut().poll_output()
    }

    fn restart(&mut self, now: Instant) {
        self.0.borrow_mut().restart(now);
    }
}

impl<N: Peer> Peer for Shared<N> {
    fn perform(&mut self, now: Instant, action: &Action) -> Result<(), ActionError> {
        self.0.borrow_mut().perform(now, action)
    }
}

/// One session: what it reports with each request, and how far it is.
struct Session {
    name: String,
    /// Octets by request, of two rating groups each; nothing in the first.
    reports: Vec<[u64; 2]>,
    answered: usize,
    /// When the next request is to go out; nothing while one waits.
    next: Option<Instant>,
    /// The request that waits, or the last one, with its End-to-End Identifier.
    last: u32,
    /// It was sent before.
    again: bool,
}

/// A client with its connections and sessions.
pub(crate) struct Client {
    number: u8,
    endpoint: Endpoint,
    started: bool,
    sessions: Vec<Session>,
    waiting: BTreeMap<RequestId, usize>,
    end_to_end: u32,
    copies: u32,
    chance: Chance,
    out: VecDeque<Output>,
    refused: Option<String>,
}

impl Client {
    pub(crate) fn new(number: u8, seed: u64, sessions: u8, copies: u32) -> Self {
        let mut chance = Chance(seed ^ u64::from(number) << 32);
        let host = format!("pgw-{number}.{REALM}");
        let mut settings =
            Settings::new(Identity::new(&host, REALM, address(number)), Applications::credit_control());
        settings.watchdog = Duration::from_secs(6);
        settings.answer_within = Duration::from_secs(3);
        let hosts = SERVERS.map(|(host, _)| host);
        let routes = Routes::new(vec![Route::new(None, None, &hosts)]);
        let mut endpoint = Endpoint::new(settings, routes, seed, crate::START);
        for host in hosts {
            endpoint.add_peer(&PeerSettings::to(host));
        }
        let session = |place: u8| {
            let reports = 2 + usize::try_from(chance.below(7)).unwrap();
            let mut all: Vec<[u64; 2]> =
                (0..reports).map(|_| [0, 0].map(|_: u64| chance.below(20) * MIB)).collect();
            all[0] = [0, 0];
            let next = Some(crate::START + Duration::from_millis(chance.below(15_000)));
            let name = format!("{host};{seed};{place}");
            Session { name, reports: all, answered: 0, next, last: 0, again: false }
        };
        let sessions = (0..sessions).map(session).collect();
        Self {
            number,
            endpoint,
            started: false,
            sessions,
            waiting: BTreeMap::new(),
            end_to_end: 0,
            copies,
            chance,
            out: VecDeque::new(),
            refused: None,
        }
    }

    /// Whether every session came to its end.
    pub(crate) fn finished(&self) -> Result<(), String> {
        if let Some(refused) = &self.refused {
            return Err(refused.clone());
        }
        match self.sessions.iter().find(|own| own.answered < own.reports.len()) {
            Some(own) => Err(format!("{} is at {} of {}", own.name, own.answered, own.reports.len())),
            None => Ok(()),
        }
    }

    /// Octets that were used in all sessions.
    pub(crate) fn reported(&self) -> u64 {
        self.sessions.iter().flat_map(|own| own.reports.iter().flatten()).sum()
    }

    fn request(&self, place: usize, number: usize, end_to_end: u32, again: bool) -> Vec<u8> {
        let own = &self.sessions[place];
        let kind = match number {
            0 => 1,
            _ if number + 1 == own.reports.len() => 3,
            _ => 2,
        };
        let mut header = Header::request(272, 4).identified(0, end_to_end);
        if again {
            header.flags = header.flags.with(CommandFlags::RETRANSMITTED);
        }
        let mut builder = Builder::new(header);
        builder.text(avp::SESSION_ID, &own.name);
        builder.text(avp::ORIGIN_HOST, &format!("pgw-{}.{REALM}", self.number));
        builder.text(avp::ORIGIN_REALM, REALM);
        builder.text(avp::DESTINATION_REALM, REALM);
        builder.u32(avp::AUTH_APPLICATION_ID, 4);
        builder.text(avp::SERVICE_CONTEXT_ID, "32251@3gpp.org");
        builder.u32(avp::CC_REQUEST_TYPE, kind);
        builder.u32(avp::CC_REQUEST_NUMBER, u32::try_from(number).unwrap());
        builder.group(avp::SUBSCRIPTION_ID, |inside| {
            inside.u32(avp::SUBSCRIPTION_ID_TYPE, 0);
            inside.text(avp::SUBSCRIPTION_ID_DATA, &account(self.number));
        });
        for (rating, used) in [100, 200].into_iter().zip(own.reports[number]) {
            builder.group(avp::MULTIPLE_SERVICES_CREDIT_CONTROL, |service| {
                if kind != 3 {
                    service.group(avp::REQUESTED_SERVICE_UNIT, |asked| {
                        asked.u64(avp::CC_TOTAL_OCTETS, 20 * MIB);
                    });
                }
                if kind != 1 {
                    service.group(avp::USED_SERVICE_UNIT, |inside| inside.u64(avp::CC_TOTAL_OCTETS, used));
                }
                service.u32(avp::RATING_GROUP, rating);
            });
        }
        builder.finish().unwrap()
    }

    /// Sends what is due.
    fn send(&mut self, now: Instant) {
        for place in 0..self.sessions.len() {
            let due = self.sessions[place].next.is_some_and(|at| at <= now);
            if !due {
                continue;
            }
            let number = self.sessions[place].answered;
            if !self.sessions[place].again {
                self.end_to_end += 1;
                self.sessions[place].last = self.end_to_end;
            }
            let (end_to_end, again) = (self.sessions[place].last, self.sessions[place].again);
            let octets = self.request(place, number, end_to_end, again);
            let waits = self.endpoint.request(now, octets, Sending::default());
            self.waiting.insert(waits, place);
            self.sessions[place].next = None;
            if self.chance.below(100) < self.copies.into() {
                self.copy(now, place, number, end_to_end);
            }
        }
    }

    /// Sends a copy of a request by another way: the one that waits, as a relay would that believes it lost, or one from long
    /// ago that was held up.
    fn copy(&mut self, now: Instant, place: usize, number: usize, end_to_end: u32) {
        let late = number > 0 && self.chance.below(2) == 0;
        let octets = if late {
            let earlier = usize::try_from(self.chance.below(u64::try_from(number).unwrap())).unwrap();
            self.end_to_end += 1;
            self.request(place, earlier, self.end_to_end, true)
        } else {
            let mut octets = self.request(place, number, end_to_end, true);
            raw::set_end_to_end(&mut octets, end_to_end);
            octets
        };
        let via = SERVERS[usize::try_from(self.chance.below(2)).unwrap()].0;
        // Nobody waits for its answer.
        let _unheard = self.endpoint.request(
            now,
            octets,
            Sending { via: Some(via), pinned: true, ..Sending::default() },
        );
    }

    fn answered(&mut self, now: Instant, place: usize, octets: &[u8]) {
        let message = Message::parse(octets).unwrap();
        let own = &mut self.sessions[place];
        // An answer to a request that was given up in between, and sent again.
        if message.header.end_to_end != own.last {
            return;
        }
        let granted = message
            .all(avp::MULTIPLE_SERVICES_CREDIT_CONTROL)
            .all(|service| service.members().get(avp::RESULT_CODE).and_then(|own| own.u32()) == Some(2001));
        if message.result_code().map(|code| code.0) != Some(2001) || !granted {
            let told = message.fields();
            self.refused = Some(format!("{} number {}: {told}", own.name, own.answered));
            return;
        }
        own.answered += 1;
        own.again = false;
        if own.answered < own.reports.len() {
            own.next = Some(now + Duration::from_millis(100 + self.chance.below(5_000)));
        }
    }

    fn work(&mut self, now: Instant) {
        self.send(now);
        while let Some(doing) = self.endpoint.poll_action() {
            match doing {
                Doing::Connect { connection, peer } => {
                    let known = SERVERS.iter().find(|(host, _)| *host == &*peer);
                    let (_, to) = known.unwrap();
                    let order = StreamOrder::Connect {
                        from: SocketAddr::new(address(self.number), 0),
                        to: (*to, PORT).into(),
                        over: Transport::Tcp,
                    };
                    self.order(connection, order);
                }
                Doing::Send { connection, octets } => {
                    self.order(connection, StreamOrder::Send(octets.into()));
                }
                Doing::Close { connection } => self.order(connection, StreamOrder::Close),
                Doing::Answer { request, octets, .. } => {
                    if let Some(place) = self.waiting.remove(&request) {
                        self.answered(now, place, &octets);
                    }
                }
                Doing::Failed { request, .. } => {
                    if let Some(place) = self.waiting.remove(&request) {
                        let own = &mut self.sessions[place];
                        own.again = true;
                        own.next = Some(now + Duration::from_millis(200 + self.chance.below(2_000)));
                    }
                }
                _ => {}
            }
        }
    }

    fn order(&mut self, connection: ConnectionId, order: StreamOrder) {
        self.out.push_back(Output::Stream(StreamId::outgoing(connection.number()), order));
    }
}

impl Node for Client {
    fn handle_input(&mut self, now: Instant, input: Input<'_>) {
        match input {
            Input::Stream(id, event) => {
                let connection = ConnectionId::outgoing(id.number());
                match event {
                    StreamEvent::Opened { .. } => self.endpoint.opened(now, connection),
                    StreamEvent::Received(octets) => self.endpoint.received(now, connection, octets),
                    StreamEvent::Refused(_) | StreamEvent::Closed(_) => self.endpoint.closed(now, connection),
                    _ => {}
                }
            }
            Input::Timeout if !self.started => {
                self.started = true;
                self.endpoint.start(now);
            }
            Input::Timeout => self.endpoint.expire(now),
            Input::Receive(_) => {}
        }
        self.work(now);
    }

    fn poll_output(&mut self) -> Output {
        self.out.pop_front().unwrap_or_else(|| {
            let next = self.sessions.iter().filter_map(|own| own.next).min();
            let start = (!self.started).then_some(crate::START);
            Output::Wait([start, next, self.endpoint.next_deadline()].into_iter().flatten().min())
        })
    }

    fn restart(&mut self, _now: Instant) {}
}

impl Peer for Client {
    fn perform(&mut self, _now: Instant, action: &Action) -> Result<(), ActionError> {
        Err(ActionError::UnknownVerb(action.verb.to_string()))
    }
}
