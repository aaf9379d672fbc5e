//! The user agent that phones, gateways and whoever has two sides of a call are built around: calls with their dialogs,
//! retransmissions and races, and requests with digest authentication, on a [`Station`]. When to ring, answer or hang up is
//! its owner's business.
//!
//! The owner gives it every input ([`Agent::take`]), and asks what came of it ([`Agent::poll`]) until nothing is left. What
//! it does with a call it says by the call's [`CallId`]; a call that is over may be named still, and nothing happens.

mod body;
mod call;
mod draft;
mod incoming;
mod outgoing;
mod within;

use std::collections::{BTreeMap, VecDeque};

use tollgate_network::{Input, Output};
use tollgate_sip::dialog::DialogId;
use tollgate_sip::transaction::{Due, TransactionId};
use tollgate_sip::{Message, Method};
use tollgate_time::Instant;

pub use body::{Flow, SDP, sdp};
use call::Call;
pub use call::{CallId, CallState};
pub use draft::{Credentials, Draft, uri_to};

use super::station::{Happening, Station};
use super::transport::Received;
use crate::timers::Timers;

/// Calls that an agent has at once; further ones are answered 486.
pub const CALLS_MAX: usize = 1 << 17;

/// What came of what happened, for the owner.
#[derive(Debug)]
pub enum Event {
    /// Somebody calls: [`Agent::ring`], [`Agent::answer`] or [`Agent::refuse`].
    Offered(CallId, Received),
    /// A provisional answer other than 100 has come.
    Progress(CallId, u16, Received),
    /// The other side has answered; the ACK has gone out.
    Answered(CallId, Received),
    /// The ACK of our answer has come.
    Acknowledged(CallId),
    /// A call of ours has failed, with this status: 408 where nobody answered. It is over, unless [`Agent::retarget`] takes
    /// it elsewhere at once.
    Failed(CallId, u16, Option<Received>),
    /// The caller has taken the call back; 487 has gone out, and it is over.
    Cancelled(CallId),
    /// The other side has hung up; it is over.
    HungUp(CallId, Received),
    /// It is over for another reason: our answer was never acknowledged (408), or the other side knows it no more (481).
    Lost(CallId, u16),
    /// The other side has changed the session, and it was answered; which way its audio goes.
    Changed(CallId, Flow, Received),
    /// Our own change was answered with this status.
    ChangeAnswered(CallId, u16),
    /// The other side wants us to call somebody; 202 has gone out. The owner tells how it goes with [`Agent::notify`].
    Referred(CallId, String, Received),
    /// Our REFER was answered with this status.
    ReferAnswered(CallId, u16),
    /// How the call goes that we asked the other side to make.
    Notified(CallId, u16),
    /// A request outside of calls, to be answered by the owner.
    Request(TransactionId, Received),
    /// The answer to a request of [`Agent::ask`]; `None` where none came. The draft is as it was sent last.
    Answer(AskId, Box<Draft>, Option<Received>),
}

/// Names a request outside of calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct AskId(u64);

/// What a transaction of ours is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Purpose {
    Invite,
    Change,
    Refer,
    /// BYE, NOTIFY: nothing follows from its answer but that the other side may know nothing of the call.
    Other,
}

#[derive(Debug, Clone, Copy)]
enum Alarm {
    /// A 2xx is to be sent again.
    Again(CallId),
    /// A call that is over is forgotten.
    Forget(CallId),
}

/// A user agent.
#[derive(Debug)]
pub struct Agent {
    /// Its station.
    pub station: Station,
    calls: BTreeMap<CallId, Call>,
    clients: BTreeMap<TransactionId, (CallId, Purpose)>,
    /// INVITEs of others that have no final answer.
    servers: BTreeMap<TransactionId, CallId>,
    /// By Call-ID and the tag of this side.
    dialogs: BTreeMap<(String, String), CallId>,
    asked: BTreeMap<TransactionId, (AskId, Box<Draft>)>,
    alarms: Timers<Alarm>,
    events: VecDeque<Event>,
    next: u64,
}

impl Agent {
    /// An agent on this station.
    #[must_use]
    pub fn new(station: Station) -> Self {
        Self {
            station,
            calls: BTreeMap::new(),
            clients: BTreeMap::new(),
            servers: BTreeMap::new(),
            dialogs: BTreeMap::new(),
            asked: BTreeMap::new(),
            alarms: Timers::default(),
            events: VecDeque::new(),
            next: 0,
        }
    }

    /// The power came back: every call is forgotten, and nobody is told.
    pub fn restart(&mut self) {
        self.station.restart();
        self.calls.clear();
        self.clients.clear();
        self.servers.clear();
        self.dialogs.clear();
        self.asked.clear();
        self.alarms.clear();
        self.events.clear();
    }

    /// The oldest output, else to be woken when there is something to do, or at the first of these.
    pub fn poll_output(&mut self, deadlines: &[Option<Instant>]) -> Output {
        let first = deadlines.iter().flatten().min().copied();
        self.station.poll_output(&[self.alarms.next_deadline(), first])
    }

    /// Takes an input; [`Self::poll`] says what came of it.
    pub fn take(&mut self, now: Instant, input: Input<'_>) {
        self.station.take(now, input);
        self.settle(now);
        while let Some((_, alarm)) = self.alarms.pop_due(now) {
            match alarm {
                Alarm::Again(call) => self.accept_again(now, call),
                Alarm::Forget(call) => self.forget(call),
            }
        }
    }

    /// What came of what happened, in order.
    pub fn poll(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// Where a call stands; one that is not known is over.
    #[must_use]
    pub fn state(&self, call: CallId) -> CallState {
        self.calls.get(&call).map_or(CallState::Over, |own| own.state)
    }

    /// Where a call of ours goes: its Request-URI.
    #[must_use]
    pub fn target(&self, call: CallId) -> Option<String> {
        self.calls.get(&call)?.draft.as_ref().map(|draft| draft.uri.clone())
    }

    /// Which way our audio of a call goes.
    #[must_use]
    pub fn flow(&self, call: CallId) -> Flow {
        self.calls.get(&call).map_or(Flow::Both, |own| own.flow)
    }

    /// Has our audio of a call that is offered go this way when it is answered.
    pub fn set_flow(&mut self, call: CallId, flow: Flow) {
        if let Some(own) = self.calls.get_mut(&call) {
            own.flow = flow;
        }
    }

    /// The transaction of the INVITE that began a call, while the call is known.
    #[must_use]
    pub fn invite_of(&self, call: CallId) -> Option<TransactionId> {
        self.calls.get(&call).map(|own| own.invite)
    }

    /// Sends a request outside of calls, and answers its challenges; [`Event::Answer`] tells what came.
    ///
    /// # Errors
    /// It could not be written or sent.
    pub fn ask(&mut self, now: Instant, draft: Draft) -> Result<AskId, super::SendError> {
        let id = AskId(self.draw());
        self.send_asked(now, id, Box::new(draft)).map(|()| id)
    }

    fn send_asked(&mut self, now: Instant, id: AskId, mut draft: Box<Draft>) -> Result<(), super::SendError> {
        let request = draft.build(&mut self.station.chance)?;
        let transaction = self.station.request(now, request, &draft.hop)?;
        self.asked.insert(transaction, (id, draft));
        Ok(())
    }

    fn draw(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    fn settle(&mut self, now: Instant) {
        while let Some(happening) = self.station.poll() {
            match happening {
                Happening::Request(id, request) => self.handle_request(now, id, request),
                Happening::Cancel(invite, _) => self.handle_cancel(now, invite),
                Happening::Ack(_, ack) => self.handle_ack(&ack),
                Happening::Response(id, response) => self.handle_response(now, id, Some(response)),
                Happening::Stray(response) => self.handle_stray(&response),
                Happening::TimedOut(id) => self.handle_response(now, id, None),
                Happening::Ended(id) => {
                    self.clients.remove(&id);
                    self.servers.remove(&id);
                    self.asked.remove(&id);
                }
                // Its station remembers transactions.
                Happening::Passing(_) => {}
            }
        }
    }

    fn handle_request(&mut self, now: Instant, id: TransactionId, request: Received) {
        let Some(message) = request.message() else { return };
        if let Some(wanted) = message.value("Require").map(str::to_owned) {
            self.refuse_extension(now, id, &message, &wanted);
            return;
        }
        let within = message.to().is_ok_and(|to| to.tag().is_some());
        match message.method() {
            _ if within => self.handle_within(now, id, request),
            Some(Method::INVITE) => self.handle_invite(now, id, request),
            Some(Method::BYE | Method::NOTIFY | Method::UPDATE | Method::INFO | Method::PRACK) => {
                self.station.reply(now, id, &request, 481);
            }
            _ => self.events.push_back(Event::Request(id, request)),
        }
    }

    /// No extension is known here (RFC 3261 section 8.2.2.3).
    fn refuse_extension(&mut self, now: Instant, id: TransactionId, message: &Message<'_>, wanted: &str) {
        let tag = self.station.chance.tag();
        if let Ok(mut answer) = tollgate_sip::response(message, 420, None, &tag)
            && answer.header("Unsupported", wanted).is_ok()
        {
            // A transaction that is over has nobody who waits.
            let _over = self.station.respond(now, id, &answer);
        }
    }

    fn handle_response(&mut self, now: Instant, id: TransactionId, response: Option<Received>) {
        if let Some((ask, draft)) = self.asked.remove(&id) {
            return self.handle_answer(now, id, ask, draft, response);
        }
        match self.clients.get(&id).copied() {
            Some((call, Purpose::Invite)) => self.invite_answered(now, call, id, response),
            Some((call, Purpose::Change)) => self.change_answered(now, call, response),
            Some((call, Purpose::Refer)) => self.refer_answered(now, call, response.as_ref()),
            Some((call, Purpose::Other)) => self.other_answered(now, call, response.as_ref()),
            // The final answer of a server transaction was never acknowledged: there is nobody left to tell.
            None => {}
        }
    }

    fn handle_answer(
        &mut self,
        now: Instant,
        id: TransactionId,
        ask: AskId,
        mut draft: Box<Draft>,
        response: Option<Received>,
    ) {
        let message = response.as_ref().and_then(Received::message);
        if message.as_ref().is_some_and(|own| own.code().is_some_and(|code| code < 200)) {
            self.asked.insert(id, (ask, draft));
            return;
        }
        if message.as_ref().is_some_and(|own| draft.challenged(own))
            && self.send_asked(now, ask, draft.clone()).is_ok()
        {
            return;
        }
        self.events.push_back(Event::Answer(ask, draft, response));
    }

    fn find(&self, message: &Message<'_>) -> Option<CallId> {
        let id = DialogId::of_received(message).ok()?;
        self.dialogs.get(&(id.call_id, id.local_tag)).copied()
    }

    /// A call is over: its dialog is known a while longer, since what was sent may come again.
    fn over(&mut self, now: Instant, call: CallId) {
        let give_up = self.station.settings().timers.give_up();
        if let Some(own) = self.calls.get_mut(&call)
            && own.state != CallState::Over
        {
            own.state = CallState::Over;
            if let Some(accepted) = own.accepted.take() {
                self.alarms.cancel(accepted.alarm);
            }
            self.alarms.set(now + give_up, Alarm::Forget(call));
        }
    }

    fn forget(&mut self, call: CallId) {
        if let Some(own) = self.calls.remove(&call)
            && let Some(id) = own.id()
        {
            self.dialogs.remove(&id);
        }
    }

    fn accept_again(&mut self, now: Instant, call: CallId) {
        let Some(own) = self.calls.get_mut(&call) else { return };
        let Some(accepted) = own.accepted.as_mut() else { return };
        match accepted.again.handle_timeout(now) {
            Due::GivenUp => {
                self.hang_up(now, call);
                self.events.push_back(Event::Lost(call, 408));
            }
            due => {
                accepted.alarm = self.alarms.set(accepted.again.deadline(), Alarm::Again(call));
                if due == Due::Again {
                    let (id, octets) = (accepted.transaction, accepted.octets.clone());
                    // Its transaction lives as long as this goes on.
                    let _over = self.station.respond_octets(now, id, octets);
                }
            }
        }
    }
}
