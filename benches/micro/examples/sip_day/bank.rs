//! Ten thousand telephones, or a carrier's gateway, in one node: they register, call, answer, refuse and hang up as the plan says. What they
//! send is written as plainly as it can be, so that the day measures the elements in between.

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use tollgate_network::{Frame, Input, Node, Output};
use tollgate_sip::dialog::Dialog;
use tollgate_sip::digest::{self, Login, Protected};
use tollgate_sip::{Auth, Message, Method, response};
use tollgate_time::Instant;

use crate::plan::{Outcome, Party, Plan};
use crate::world::{self, account};

/// How often a telephone registers, and for how long.
const EVERY: Duration = Duration::from_secs(300);
const EXPIRES: u32 = 360;
/// A description of a session, of the usual length.
const SDP: &str = "v=0\r\no=- 1 1 IN IP4 10.9.0.1\r\ns=-\r\nc=IN IP4 10.9.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0 8 101\r\n\
                   a=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\na=sendrecv\r\n";

/// What is due.
#[derive(Debug, Clone, Copy)]
enum Due {
    Register(u32),
    Call(u32),
    Answer(u32),
    HangUp(u32),
}

/// What came about.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Sums {
    pub(crate) registered: u32,
    pub(crate) answered: u32,
    pub(crate) failed: u32,
}

/// A call that this bank has begun.
#[derive(Debug, Default)]
struct Begun {
    cseq: u32,
    invite: Vec<u8>,
    dialog: Option<Dialog>,
}

/// The node.
#[derive(Debug)]
pub(crate) struct Bank {
    own: SocketAddr,
    plan: Rc<Plan>,
    out: VecDeque<Output>,
    agenda: BTreeMap<(Instant, u64), Due>,
    order: u64,
    /// The place of the next call among those of the plan.
    next: usize,
    begun: BTreeMap<u32, Begun>,
    /// INVITEs that ring here.
    ringing: BTreeMap<u32, (Vec<u8>, SocketAddr)>,
    cseqs: Vec<u32>,
    sums: Sums,
    branches: u64,
}

impl Bank {
    pub(crate) fn new(own: SocketAddr, plan: Rc<Plan>, telephones: u32) -> Self {
        let mut bank = Self {
            own,
            plan,
            out: VecDeque::new(),
            agenda: BTreeMap::new(),
            order: 0,
            next: 0,
            begun: BTreeMap::new(),
            ringing: BTreeMap::new(),
            cseqs: Vec::new(),
            sums: Sums::default(),
            branches: 0,
        };
        if own == world::PHONES {
            bank.cseqs = vec![0; telephones as usize];
            // Spread evenly over the time between two registrations.
            let step = EVERY / telephones.max(1);
            for number in 0..telephones {
                bank.set(crate::START + step * number, Due::Register(number));
            }
        }
        bank.plan_next();
        bank
    }

    pub(crate) const fn sums(&self) -> Sums {
        self.sums
    }

    fn set(&mut self, at: Instant, due: Due) {
        self.order += 1;
        self.agenda.insert((at, self.order), due);
    }

    /// Has the next call of this bank's begin at its time.
    fn plan_next(&mut self) {
        let phones = self.own == world::PHONES;
        while let Some(call) = self.plan.calls.get(self.next) {
            let number = u32::try_from(self.next).unwrap();
            self.next += 1;
            if matches!(call.from, Party::Phone(_)) == phones {
                let at = call.at;
                return self.set(at, Due::Call(number));
            }
        }
    }

    fn send(&mut self, to: SocketAddr, octets: impl Into<bytes::Bytes>) {
        self.out.push_back(Output::Transmit(Frame { from: self.own, to, payload: octets.into() }));
    }

    fn send_to_dispatcher(&mut self, octets: impl Into<bytes::Bytes>) {
        self.send(SocketAddr::new(world::DISPATCHER, 5_060), octets);
    }

    fn branch(&mut self) -> u64 {
        self.branches += 1;
        self.branches
    }

    fn register(&mut self, number: u32, auth: Option<&str>) {
        let (own, user, branch) = (self.own, account(number), self.branch());
        let cseq = &mut self.cseqs[number as usize];
        *cseq += 1;
        let auth = auth.map(|value| format!("Authorization: {value}\r\n")).unwrap_or_default();
        let text = format!(
            "REGISTER sip:{0} SIP/2.0\r\nVia: SIP/2.0/UDP {own};branch=z9hG4bKr{branch}\r\nMax-Forwards: 70\r\n\
             From: <sip:{user}@{0}>;tag=t{number}\r\nTo: <sip:{user}@{0}>\r\nCall-ID: r{number}@bank\r\nCSeq: {cseq} REGISTER\r\n\
             Contact: <sip:{user}@{own}>;expires={EXPIRES}\r\nUser-Agent: telephone\r\n{auth}Content-Length: 0\r\n\r\n",
            world::REALM
        );
        self.send_to_dispatcher(text);
    }

    fn invite(&mut self, number: u32, auth: Option<&str>) {
        let call = self.plan.calls[number as usize];
        let (from, to, own, branch) = (name(call.from), name(call.to), self.own, self.branch());
        let begun = self.begun.entry(number).or_default();
        begun.cseq += 1;
        let cseq = begun.cseq;
        let auth = auth.map(|value| format!("Authorization: {value}\r\n")).unwrap_or_default();
        let text = format!(
            "INVITE sip:{to}@{0} SIP/2.0\r\nVia: SIP/2.0/UDP {own};branch=z9hG4bKi{branch}\r\nMax-Forwards: 70\r\n\
             From: <sip:{from}@{0}>;tag=f{number}\r\nTo: <sip:{to}@{0}>\r\nCall-ID: o{number}@bank\r\nCSeq: {cseq} INVITE\r\n\
             Contact: <sip:{from}@{own}>\r\n{auth}Content-Type: application/sdp\r\nContent-Length: {1}\r\n\r\n{SDP}",
            world::REALM,
            SDP.len()
        );
        begun.invite = text.clone().into_bytes();
        self.send_to_dispatcher(text);
    }

    fn due(&mut self, now: Instant, due: Due) {
        match due {
            Due::Register(number) => {
                self.register(number, None);
                if now + EVERY < crate::START + Duration::from_secs(86_400 * 30) {
                    self.set(now + EVERY, Due::Register(number));
                }
            }
            Due::Call(number) => {
                self.invite(number, None);
                self.plan_next();
            }
            Due::Answer(number) => {
                if let Some((invite, to)) = self.ringing.get(&number).cloned() {
                    self.respond(&invite, to, 200, number);
                }
            }
            Due::HangUp(number) => self.hang_up(number),
        }
    }

    fn hang_up(&mut self, number: u32) {
        let branch = self.branch();
        let own = self.own;
        let dialog = self.begun.get_mut(&number).and_then(|own| own.dialog.as_mut());
        let Some(Ok(mut bye)) = dialog.map(|dialog| dialog.request(Method::BYE)) else { return };
        bye.push_front("Via", format_args!("SIP/2.0/UDP {own};branch=z9hG4bKb{branch}")).unwrap();
        self.send_to_dispatcher(bye.finish());
    }

    /// A response to one of ours, or a request.
    fn receive(&mut self, now: Instant, frame: &Frame) {
        // Most messages are of registrations, and are not read further than they have to be.
        if let Some(number) = registration(&frame.payload) {
            if frame.payload.starts_with(b"SIP/2.0 200") {
                self.sums.registered += 1;
            } else {
                let message = Message::parse(&frame.payload).unwrap();
                assert_eq!(message.code(), Some(401), "{}", String::from_utf8_lossy(&frame.payload));
                let value = answer(&message, &account(number), "REGISTER", &format!("sip:{}", world::REALM));
                self.register(number, Some(&value));
            }
            return;
        }
        let message = Message::parse(&frame.payload).unwrap();
        let call_id = message.value("Call-ID").unwrap();
        let number: u32 = call_id[1..].split('@').next().unwrap().parse().unwrap();
        match message.code() {
            Some(code) => self.answered(now, number, code, &message),
            None => self.asked(now, number, frame, &message),
        }
    }

    fn answered(&mut self, now: Instant, number: u32, code: u16, message: &Message<'_>) {
        if code < 200 || message.cseq().unwrap().method != Method::INVITE {
            if code >= 200 {
                self.begun.remove(&number);
            }
            return;
        }
        let begun = self.begun.get_mut(&number).unwrap();
        let invite = Message::parse(&begun.invite).unwrap();
        if code < 300 {
            let dialog = Dialog::caller(&invite, message).unwrap();
            let mut ack = dialog.ack().unwrap();
            begun.dialog = Some(dialog);
            let (own, branch) = (self.own, self.branch());
            ack.push_front("Via", format_args!("SIP/2.0/UDP {own};branch=z9hG4bKa{branch}")).unwrap();
            self.send_to_dispatcher(ack.finish());
            self.sums.answered += 1;
            let Outcome::Answered { talk, .. } = self.plan.calls[number as usize].outcome else {
                panic!("call {number} was not to be answered");
            };
            // A begun second counts: it is well before the end of the last one.
            return self
                .set(now + (Duration::from_secs(talk) - Duration::from_millis(500)), Due::HangUp(number));
        }
        let ack = tollgate_sip::ack_of_failure(&invite, message).unwrap().finish();
        let uri = invite.uri_text().unwrap().to_owned();
        self.send_to_dispatcher(ack);
        if code == 401 {
            let Party::Phone(caller) = self.plan.calls[number as usize].from else {
                panic!("a carrier is not challenged")
            };
            let value = answer(message, &account(caller), "INVITE", &uri);
            return self.invite(number, Some(&value));
        }
        assert!(
            matches!(self.plan.calls[number as usize].outcome, Outcome::Fails(_)),
            "call {number}: {code}"
        );
        self.sums.failed += 1;
        self.begun.remove(&number);
    }

    fn asked(&mut self, now: Instant, number: u32, frame: &Frame, message: &Message<'_>) {
        match message.method() {
            Some(Method::INVITE) => match self.plan.calls[number as usize].outcome {
                Outcome::Answered { ring, .. } => {
                    self.respond(&frame.payload, frame.from, 180, number);
                    self.ringing.insert(number, (frame.payload.to_vec(), frame.from));
                    self.set(now + Duration::from_secs(ring), Due::Answer(number));
                }
                Outcome::Fails(code) => self.respond(&frame.payload, frame.from, code, number),
            },
            Some(Method::BYE) => {
                self.ringing.remove(&number);
                self.respond(&frame.payload, frame.from, 200, number);
            }
            _ => {}
        }
    }

    fn respond(&mut self, request: &[u8], to: SocketAddr, code: u16, number: u32) {
        let message = Message::parse(request).unwrap();
        let invite = message.is(Method::INVITE);
        let mut own = response(&message, code, None, &format!("a{number}")).unwrap();
        if invite && code < 300 {
            own.header("Contact", format_args!("<sip:{}>", self.own)).unwrap();
            if code == 200 {
                own.body("application/sdp", SDP.as_bytes()).unwrap();
            }
        }
        self.send(to, own.finish());
    }
}

/// The number of the telephone whose registration an answer is of.
fn registration(octets: &[u8]) -> Option<u32> {
    const MARK: &[u8] = b"\r\nCall-ID: r";
    let at = octets.windows(MARK.len()).position(|own| own == MARK)? + MARK.len();
    let digits = octets[at..].iter().take_while(|octet| octet.is_ascii_digit());
    Some(digits.fold(0, |number, digit| number * 10 + u32::from(digit - b'0')))
}

fn answer(message: &Message<'_>, user: &str, method: &str, uri: &str) -> String {
    let challenges: Vec<Auth<'_>> = message.auths("WWW-Authenticate").map(Result::unwrap).collect();
    let login = Login { username: user, password: world::PASSWORD };
    digest::answer(&challenges, login, Protected { method, uri, body: b"" }, "0a4f113b", 1).unwrap()
}

fn name(party: Party) -> String {
    match party {
        Party::Phone(number) => account(number),
        Party::Abroad(number) => format!("4420{number:08}"),
    }
}

impl Node for Bank {
    fn handle_input(&mut self, now: Instant, input: Input<'_>) {
        match input {
            Input::Receive(frame) => self.receive(now, frame),
            Input::Timeout => {
                while let Some(next) = self.agenda.first_entry().filter(|next| next.key().0 <= now) {
                    let due = next.remove();
                    self.due(now, due);
                }
            }
            Input::Stream(..) => {}
        }
    }

    fn poll_output(&mut self) -> Output {
        let next = self.agenda.first_key_value().map(|((at, _), _)| *at);
        self.out.pop_front().unwrap_or(Output::Wait(next))
    }

    fn restart(&mut self, _now: Instant) {}
}
