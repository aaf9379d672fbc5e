//! HSS, MMEs and an agent on the virtual network: whatever happens to their connections, every attach ends, and nobody is in two
//! places at once.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod common;

use std::collections::BTreeSet;
use std::net::IpAddr;

use common::{kind_named, secs};
use proptest::prelude::*;
use tollgate_network::{
    Action, ArgKind, Driver, Impairment, Need, NodeId, Observation, Ratio, Setup, SimDriver, Verb,
};
use tollgate_time::Instant;
use tollgate_wire::{Fields, Value};

const HSS: [u8; 4] = [192, 0, 2, 1];
const AGENT: [u8; 4] = [192, 0, 2, 2];

fn setup(kind: &str, name: &str, address: [u8; 4], seed: u64, given: &[(&'static str, Value)]) -> Setup {
    let mut settings = Fields::new();
    for arg in kind_named(kind).settings {
        let own = given.iter().find(|(name, _)| *name == arg.name).map(|(_, value)| value.clone());
        if let Some(value) = own.or_else(|| default(&arg.kind, arg.need)) {
            settings.push(arg.name, value);
        }
    }
    Setup {
        name: name.into(),
        address: IpAddr::from(address),
        servers: Vec::new(),
        diameter: Vec::new(),
        systems: Vec::new(),
        settings,
        seed,
        observe: true,
    }
}

fn default(kind: &ArgKind, need: Need) -> Option<Value> {
    let Need::Default(text) = need else { return None };
    Some(match kind {
        ArgKind::Integer { .. } => Value::Integer(text.parse().unwrap()),
        ArgKind::Flag => Value::Flag(text == "true"),
        ArgKind::Span => Value::Span(secs(text.strip_suffix('s').unwrap().parse().unwrap())),
        _ => Value::text(text),
    })
}

fn list(texts: &[&str]) -> Value {
    Value::List(texts.iter().map(|text| Value::from(*text)).collect())
}

/// An action with the defaults of its verb.
fn action(kind: &str, verb: &str, given: &[(&'static str, &str)]) -> Action {
    let verb: &Verb = kind_named(kind).verb(verb).unwrap();
    let mut action = Action::new(verb.name);
    for arg in verb.args {
        let own = given.iter().find(|(name, _)| *name == arg.name).map(|(_, text)| Value::from(*text));
        if let Some(value) = own.or_else(|| default(&arg.kind, arg.need)) {
            action.args.push(arg.name, value);
        }
    }
    action
}

struct Core {
    driver: SimDriver,
    hss: NodeId,
    near: NodeId,
    /// Behind the agent.
    far: NodeId,
    journal: Vec<(NodeId, Observation)>,
}

const ACTIVE: [&str; 3] = ["255060000000001", "255060000000002", "255060000000003"];
const BARRED: &str = "255060000000008";
const UNKNOWN: &str = "255060000000009";

impl Core {
    fn new(seed: u64, impairment: Impairment) -> Self {
        let mut driver =
            SimDriver::new(Instant::from_unix_secs(1_600_000_000), seed).with_usual_link(impairment);
        let mut add = |kind: &str, name: &str, address: [u8; 4], given: &[(&'static str, Value)]| {
            let setup = setup(kind, name, address, seed.wrapping_add(u64::from(address[3])), given);
            driver.add_node(&[address.into()], (kind_named(kind).build)(setup).unwrap()).unwrap()
        };
        let subscribers = list(&[
            "255060000000001 380630000001",
            "255060000000002 380630000002 apn=internet,ims",
            "255060000000003 380630000003",
            "255060000000008 380630000008 barred",
        ]);
        let hss = add("hss", "hss", HSS, &[("realm", "net.test".into()), ("subscribers", subscribers)]);
        let direct = list(&["hss.net.test@192.0.2.1"]);
        let through = list(&["agent.net.test@192.0.2.2"]);
        add("diameter-agent", "agent", AGENT, &[("servers", direct.clone())]);
        let near = add("mme", "near", [192, 0, 2, 3], &[("servers", direct)]);
        let far = add("mme", "far", [192, 0, 2, 4], &[("servers", through)]);
        Self { driver, hss, near, far, journal: Vec::new() }
    }

    fn pass(&mut self, secs: u64) {
        let end = self.driver.now() + common::secs(secs);
        while let Some(seen) = self.driver.advance(end) {
            self.journal.push((seen.node, seen.observation));
        }
    }

    fn seen(&self, node: NodeId, kind: &str, imsi: &str) -> usize {
        let about =
            |own: &Observation| own.kind == kind && own.fields().get("imsi") == Some(&Value::from(imsi));
        self.journal.iter().filter(|(by, own)| *by == node && about(own)).count()
    }
}

fn rough() -> Impairment {
    Impairment {
        loss: Ratio::from_percent(5),
        duplication: Ratio::from_percent(5),
        reordering: Ratio::from_percent(5),
        resets: Ratio::from_percent(2),
        ..Impairment::default()
    }
}

#[test]
fn every_attach_ends_once_and_nobody_comes_in_who_may_not() {
    let (mut attached, mut unreachable) = (0, 0);
    for seed in 0..150 {
        let mut core = Core::new(seed, rough());
        core.pass(20);
        for mme in [core.near, core.far] {
            for imsi in ACTIVE.into_iter().chain([BARRED, UNKNOWN]) {
                core.driver.perform(mme, &action("mme", "attach", &[("imsi", imsi)])).unwrap();
            }
            core.pass(3);
        }
        // An answer is waited for 30 s at most.
        core.pass(120);
        for mme in [core.near, core.far] {
            for imsi in ACTIVE {
                let (ins, outs) = (core.seen(mme, "attached", imsi), core.seen(mme, "refused", imsi));
                assert_eq!(ins + outs, 1, "seed {seed}, {imsi}: {ins} times in, {outs} times refused");
                attached += ins;
                unreachable += outs;
            }
            for imsi in [BARRED, UNKNOWN] {
                assert_eq!(core.seen(mme, "attached", imsi), 0, "seed {seed}, {imsi}");
                assert_eq!(core.seen(mme, "refused", imsi), 1, "seed {seed}, {imsi}");
            }
        }
    }
    // The network is rough enough to matter and good enough to be used.
    assert!(attached > unreachable && unreachable > 0, "{attached} in, {unreachable} out");
}

#[derive(Debug, Clone, Copy)]
enum Move {
    Attach(bool, usize),
    Detach(bool, usize),
    Cancel(usize),
    Bar(usize),
    Unbar(usize),
    Pass(u64),
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let who = 0..ACTIVE.len();
    let any_move = prop_oneof![
        6 => (any::<bool>(), who.clone()).prop_map(|(far, who)| Move::Attach(far, who)),
        2 => (any::<bool>(), who.clone()).prop_map(|(far, who)| Move::Detach(far, who)),
        1 => who.clone().prop_map(Move::Cancel),
        1 => who.clone().prop_map(Move::Bar),
        2 => who.prop_map(Move::Unbar),
        4 => (0_u64..2).prop_map(Move::Pass),
    ];
    prop::collection::vec(any_move, 0..60)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn nobody_is_in_two_places(moves in moves(), seed in any::<u64>()) {
        let mut core = Core::new(seed, Impairment::default());
        core.pass(20);
        let mut barred = BTreeSet::new();
        for step in moves {
            let mme = |far: bool| if far { core.far } else { core.near };
            let (node, own) = match step {
                Move::Attach(far, who) => (mme(far), action("mme", "attach", &[("imsi", ACTIVE[who])])),
                Move::Detach(far, who) => (mme(far), action("mme", "detach", &[("imsi", ACTIVE[who])])),
                Move::Cancel(who) => (core.hss, action("hss", "cancel-location", &[("imsi", ACTIVE[who])])),
                Move::Bar(who) => {
                    barred.insert(who);
                    (core.hss, action("hss", "bar", &[("imsi", ACTIVE[who])]))
                }
                Move::Unbar(who) => {
                    barred.remove(&who);
                    (core.hss, action("hss", "unbar", &[("imsi", ACTIVE[who])]))
                }
                Move::Pass(secs) => {
                    core.pass(secs);
                    continue;
                }
            };
            // What makes no sense in the state is refused.
            let _ = core.driver.perform(node, &own);
        }
        core.pass(5);
        for (who, imsi) in ACTIVE.into_iter().enumerate() {
            // Whoever is attached can be detached; at most one MME can.
            let detach = action("mme", "detach", &[("imsi", imsi)]);
            let places = [core.near, core.far].into_iter().filter(|mme| core.driver.perform(*mme, &detach).is_ok());
            let places = places.count();
            prop_assert!(places <= 1, "{imsi} is in {places} places");
            prop_assert!(!barred.contains(&who) || places == 0, "{imsi} is barred and in");
        }
    }

    #[test]
    fn any_octets_on_one_connection_leave_the_others_alone(octets in prop::collection::vec(any::<u8>(), 1..200)) {
        let mut core = Core::new(7, Impairment::default());
        let address = [192, 0, 2, 9];
        let servers = list(&["hss.net.test@192.0.2.1"]);
        let known = Value::List(vec![Value::Integer(16_777_251)]);
        let setup = setup("diameter-client", "noisy", address, 9, &[("servers", servers), ("applications", known)]);
        let noisy = (kind_named("diameter-client").build)(setup).unwrap();
        let noisy = core.driver.add_node(&[address.into()], noisy).unwrap();
        core.pass(20);
        let digits: String = octets.iter().map(|octet| format!("{octet:02x}")).collect();
        let octets = action("diameter-client", "send-octets", &[("octets", &format!("0x{digits}"))]);
        core.driver.perform(noisy, &octets).unwrap();
        core.driver.perform(core.near, &action("mme", "attach", &[("imsi", ACTIVE[0])])).unwrap();
        core.pass(5);
        prop_assert_eq!(core.seen(core.near, "attached", ACTIVE[0]), 1);
    }
}

#[test]
fn wrong_settings_name_themselves() {
    let refused = |kind: &str, given: &[(&'static str, Value)]| {
        let setup = setup(kind, "one", [192, 0, 2, 1], 1, given);
        (kind_named(kind).build)(setup).err().unwrap().0
    };
    assert!(refused("mme", &[]).contains("servers"));
    let servers = || ("servers", list(&["hss.net.test@192.0.2.1"]));
    assert!(refused("mme", &[servers(), ("plmn", "2550".into())]).contains("plmn"));
    assert!(refused("mme", &[("servers", list(&["hss.net.test"]))]).contains("hss.net.test"));
    assert!(refused("diameter-agent", &[]).contains("servers"));
    let routes = |line: &str| refused("diameter-agent", &[servers(), ("routes", list(&[line]))]);
    assert!(routes("net.test").contains("names no servers"));
    assert!(routes("net.test =").contains("is not complete"));
    assert!(routes("net.test = ocs.net.test").contains("'ocs.net.test'"));
    let twice = list(&["255060000000001 1", "255060000000001 2"]);
    assert!(refused("hss", &[("subscribers", twice)]).contains("255060000000001"));
    assert!(refused("hss", &[("subscribers", list(&["255060000000001"]))]).contains("MSISDN"));
    assert!(refused("diameter-client", &[]).contains("servers"));
}
