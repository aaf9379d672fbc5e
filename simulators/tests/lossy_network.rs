//! The NAS on the virtual network, with a server that remembers what it answered: what is lost, doubled or
//! overtaken on the way leaves no trace in the records.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod common;

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;

use bytes::Bytes;
use common::{CARD_ACCEPTED, DESTINATION_ACCEPTED, SECRET, answer, attribute, kind, secs, setup};
use tollgate_network::{
    Action, ActionError, Driver, Frame, Impairment, Input, Node, NodeId, Observation, Output, Peer, Ratio,
    SimDriver,
};
use tollgate_radius::Code;
use tollgate_time::Instant;
use tollgate_wire::{Fields, Value};

/// Answers every request as the worked example does, and notes each record once.
#[derive(Default)]
struct Server {
    out: VecDeque<Output>,
    /// The octets of a request with its sender stand for one request, however often they arrive.
    answered: BTreeMap<(SocketAddr, Bytes), Frame>,
}

impl Node for Server {
    fn handle_input(&mut self, _now: Instant, input: Input<'_>) {
        let Input::Receive(request) = input else { return };
        let key = (request.from, request.payload.clone());
        if !self.answered.contains_key(&key) {
            let (code, fields) =
                match (attribute(request, "Acct-Status-Type"), attribute(request, "Called-Station-Id")) {
                    (Some(status), _) => {
                        let leg =
                            attribute(request, "h323-call-origin").unwrap_or_else(|| "answer".to_owned());
                        let record = Fields::new().with("status", status.as_str()).with("leg", leg.as_str());
                        self.out.push_back(Output::Observe(Observation::new("record", record)));
                        (Code::ACCOUNTING_RESPONSE, &[][..])
                    }
                    (None, Some(_)) => (Code::ACCESS_ACCEPT, DESTINATION_ACCEPTED),
                    (None, None) => (Code::ACCESS_ACCEPT, CARD_ACCEPTED),
                };
            self.answered.insert(key.clone(), answer(request, code, fields, SECRET));
        }
        self.out.push_back(Output::Transmit(self.answered[&key].clone()));
    }

    fn poll_output(&mut self) -> Output {
        self.out.pop_front().unwrap_or(Output::Wait(None))
    }

    fn restart(&mut self, _now: Instant) {}
}

impl Peer for Server {
    fn perform(&mut self, _now: Instant, action: &Action) -> Result<(), ActionError> {
        Err(ActionError::UnknownVerb(action.verb.to_string()))
    }
}

/// Lets things happen until the NAS observes this; what else is observed is kept.
fn until(driver: &mut SimDriver, kind: &str, is: Option<&str>, journal: &mut Vec<(NodeId, Observation)>) {
    let end = driver.now() + secs(200);
    while let Some(seen) = driver.advance(end) {
        let found = seen.observation.kind == kind
            && is.is_none_or(|is| seen.observation.fields().get("is") == Some(&Value::from(is)));
        journal.push((seen.node, seen.observation));
        if found {
            return;
        }
    }
    panic!("'{kind}' was never observed");
}

#[test]
fn loss_duplication_and_reordering_change_no_record() {
    let impairment = Impairment {
        loss: Ratio::from_percent(5),
        duplication: Ratio::from_percent(5),
        reordering: Ratio::from_percent(5),
        ..Impairment::default()
    };
    let mut retransmissions = 0;
    for seed in 0..300 {
        let start = Instant::parse_rfc3339(common::START).unwrap();
        let mut driver = SimDriver::new(start, seed).with_usual_link(impairment);
        let mut told = setup(1, &[("accounting", "start-stop".into())]);
        told.seed = seed;
        let addresses = ([164, 9, 9, 100].into(), [192, 0, 2, 1].into());
        let nas = driver.add_node(&[addresses.0], (kind().build)(told).unwrap()).unwrap();
        let server = driver.add_node(&[addresses.1], Box::new(Server::default())).unwrap();
        let mut journal = Vec::new();
        let call = Action::new("call").with("from", "6045550193").with("to", "6045551600");
        driver.perform(nas, &call).unwrap();
        driver.perform(nas, &Action::new("dial").with("digits", "10086610975#")).unwrap();
        until(&mut driver, "prompt", Some("enter-destination"), &mut journal);
        driver.perform(nas, &Action::new("dial").with("digits", "01182623634515#")).unwrap();
        until(&mut driver, "ringing", None, &mut journal);
        driver.perform(nas, &Action::new("answer")).unwrap();
        let hangup = Action::new("hangup").with("cause", "10").with("by", "caller");
        driver.perform(nas, &hangup).unwrap();
        let end = driver.now() + secs(1_000);
        while let Some(seen) = driver.advance(end) {
            journal.push((seen.node, seen.observation));
        }
        let mut records: Vec<String> = journal
            .iter()
            .filter(|(node, own)| *node == server && own.kind == "record")
            .map(|(_, own)| {
                format!("{} {}", common::shown(own.fields(), "leg"), common::shown(own.fields(), "status"))
            })
            .collect();
        records.sort();
        assert_eq!(
            records,
            ["answer Start", "answer Stop", "originate Start", "originate Stop"],
            "seed {seed}"
        );
        assert!(!journal.iter().any(|(_, own)| own.kind == "accounting-lost"), "seed {seed}");
        retransmissions += journal.iter().filter(|(_, own)| own.kind == "retransmission").count();
    }
    // About a tenth of 1,800 exchanges lose one of their two frames.
    assert!((90..360).contains(&retransmissions), "{retransmissions}");
}
