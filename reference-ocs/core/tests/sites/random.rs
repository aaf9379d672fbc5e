//! Calls at two sites with outages, cuts, crashes and repetitions in any order, against a ledger of its own: each call is
//! charged once, what was reserved is free again, and both sites end in the same state.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use tollgate_ocs_core::{Role, UsageReport};

use crate::common::{interim, start, stop};
use crate::pair::{ABC, At, Pair, Primary, Secondary};

/// At 0.10 a minute by the minute; 0.02 a minute by the second.
const NUMBERS: [&str; 2] = ["16045550100", "82623634515"];
/// One of debit and two of credit.
const ACCOUNTS: [&str; 3] = ["two-dollars", ABC, "shop-1"];

#[derive(Clone, Debug)]
enum Act {
    /// A call is asked for, and answered if it is granted.
    Call {
        account: usize,
        number: usize,
        site: At,
    },
    /// A call that goes on is reported.
    Interim {
        call: usize,
        site: At,
    },
    /// It ends, and the site is told; or both are.
    Stop {
        call: usize,
        site: At,
        both: bool,
    },
    /// A Stop comes again.
    StopAgain {
        call: usize,
        site: At,
    },
    Replicate(usize),
    StandAlone,
    Return,
    Lock,
    /// The next record, or an earlier one again.
    Transfer {
        back: u64,
    },
    /// A site loses its power and comes back with what its record says.
    Crash(At),
}

fn act() -> impl Strategy<Value = Act> {
    let site = || prop_oneof![Just(Primary), Just(Secondary)];
    prop_oneof![
        4 => (0..3_usize, 0..2_usize, site())
            .prop_map(|(account, number, site)| Act::Call { account, number, site }),
        2 => (any::<usize>(), site()).prop_map(|(call, site)| Act::Interim { call, site }),
        4 => (any::<usize>(), site(), prop::bool::weighted(0.2))
            .prop_map(|(call, site, both)| Act::Stop { call, site, both }),
        1 => (any::<usize>(), site()).prop_map(|(call, site)| Act::StopAgain { call, site }),
        3 => (1..8_usize).prop_map(Act::Replicate),
        2 => Just(Act::StandAlone),
        1 => Just(Act::Return),
        1 => Just(Act::Lock),
        3 => (0..2_u64).prop_map(|back| Act::Transfer { back }),
        1 => site().prop_map(Act::Crash),
    ]
}

/// A call as its client knows it.
#[derive(Clone, Debug)]
struct Call {
    account: &'static str,
    number: usize,
    from: u64,
    granted: u64,
    /// How long it lasted, once it has ended.
    lasted: Option<u64>,
}

impl Call {
    /// What it costs, in hundred-thousandths, worked out by the tariff: 0.10 for each minute begun, or 0.02 a minute by the
    /// second, rounded half up.
    fn cost(&self) -> i64 {
        let secs = i64::try_from(self.lasted.unwrap()).unwrap();
        match self.number {
            0 => (secs + 59) / 60 * 10_000,
            // 0.02 / 60 s = 33.333… hundred-thousandths: 100 for three seconds.
            _ => (secs * 200 + 3) / 6,
        }
    }
}

/// A report names the called number, so that whoever hears of the call for the first time can charge it.
fn named(report: UsageReport, number: usize) -> UsageReport {
    UsageReport { cld: Some(NUMBERS[number].to_owned()), ..report }
}

#[derive(Default)]
struct Bill {
    /// By session: what its xDRs charge.
    charged: BTreeMap<String, i64>,
    /// What they say.
    said: BTreeMap<String, Vec<String>>,
}

struct Run {
    pair: Pair,
    calls: Vec<Call>,
    bill: Bill,
    /// Both sites have served since they were last one, or a call was charged after nobody waited for it any more.
    may_overdraw: bool,
}

impl Run {
    fn new() -> Self {
        Self { pair: Pair::new(), calls: Vec::new(), bill: Bill::default(), may_overdraw: false }
    }

    fn serves(&self, site: At) -> bool {
        site == Primary || self.pair.secondary.site().role() == Role::StandAlone
    }

    /// Notes what the primary has on record.
    fn note(&mut self, site: At) {
        let made = self.pair.xdrs();
        self.pair.effects.clear();
        if site == Primary {
            for xdr in made {
                let said = format!("{} {} {:?}", xdr.history, xdr.charged_amount, xdr.notes);
                self.bill.said.entry(xdr.session_id.to_string()).or_default().push(said);
                *self.bill.charged.entry(xdr.session_id.to_string()).or_default() +=
                    xdr.charged_amount.units();
            }
        }
    }

    fn pick(&self, call: usize, ended: bool) -> Option<usize> {
        let fitting: Vec<usize> =
            (0..self.calls.len()).filter(|&place| self.calls[place].lasted.is_some() == ended).collect();
        (!fitting.is_empty()).then(|| fitting[call % fitting.len()])
    }

    fn told(&mut self, site: At) {
        if site == Primary && self.pair.secondary.site().role() == Role::StandAlone {
            self.may_overdraw = true;
        }
        self.note(site);
    }

    fn act(&mut self, secs: u64, act: &Act) {
        match *act {
            Act::Call { account, number, site } => {
                if !self.serves(site) {
                    return;
                }
                let key = format!("call-{}", self.calls.len());
                let account = ACCOUNTS[account];
                let granted = self.pair.grant(secs, site, account, &key, NUMBERS[number]);
                self.told(site);
                if let Ok(granted) = granted {
                    self.pair.report(secs, site, named(start(account, &key, secs), number));
                    self.told(site);
                    self.calls.push(Call { account, number, from: secs, granted, lasted: None });
                }
            }
            Act::Interim { call, site } => {
                let Some(place) = self.pick(call, false).filter(|_| self.serves(site)) else { return };
                let call = self.calls[place].clone();
                let lasted = (secs - call.from).min(call.granted);
                self.pair.report(
                    secs,
                    site,
                    named(interim(call.account, &format!("call-{place}"), call.from, lasted), call.number),
                );
                self.told(site);
            }
            Act::Stop { call, site, both } => {
                let Some(place) = self.pick(call, false).filter(|_| self.serves(site)) else { return };
                let call = &mut self.calls[place];
                call.lasted = Some((secs - call.from).min(call.granted));
                // A client stops in time; this one may have waited so long that its money went to another call.
                self.may_overdraw |= secs - call.from > call.granted;
                self.say_stop(secs, place, site);
                let other = if site == Primary { Secondary } else { Primary };
                if both && self.serves(other) {
                    self.say_stop(secs, place, other);
                }
            }
            Act::StopAgain { call, site } => {
                let Some(place) = self.pick(call, true).filter(|_| self.serves(site)) else { return };
                // It is remembered for an hour; a client that comes later than that is charged again, as ever.
                let call = &self.calls[place];
                if secs < call.from + call.lasted.unwrap() + 1_800 {
                    self.say_stop(secs, place, site);
                }
            }
            Act::Replicate(most) => {
                if self.pair.secondary.site().role() == Role::StandBy {
                    self.pair.replicate(secs, most);
                }
            }
            Act::StandAlone => {
                if self.pair.secondary.site().role() == Role::StandBy {
                    // What has not come over was spent there, and may be spent here again.
                    self.may_overdraw |= !self.pair.is_copied();
                    self.pair.stand_alone(secs);
                }
            }
            Act::Return => {
                if self.pair.secondary.site().role() == Role::StandAlone {
                    self.pair.go_back(secs);
                }
            }
            Act::Lock => {
                if self.pair.secondary.site().role() == Role::StandBy {
                    self.pair.lock(secs);
                    self.note(Primary);
                }
            }
            Act::Transfer { back } => {
                if self.pair.secondary.site().role() == Role::StandBy && self.pair.transfer(secs, back) {
                    self.note(Primary);
                }
            }
            Act::Crash(site) => {
                self.pair.crash(secs, site);
                self.note(site);
            }
        }
        // What is spent at the primary while a period is not locked there was spent twice.
        if matches!(act, Act::Call { site: Primary, .. }) && !self.pair.is_locked() {
            self.may_overdraw = true;
        }
    }

    fn say_stop(&mut self, secs: u64, place: usize, site: At) {
        let call = self.calls[place].clone();
        let report = stop(call.account, &format!("call-{place}"), call.from, call.lasted.unwrap());
        self.pair.report(secs, site, named(report, call.number));
        self.told(site);
    }

    fn finish(mut self, secs: u64) {
        if self.pair.secondary.site().role() == Role::StandAlone {
            self.pair.go_back(secs);
        }
        while self.pair.lock(secs) {
            self.note(Primary);
        }
        while self.pair.transfer(secs, 0) {
            self.note(Primary);
        }
        self.pair.replicate(secs, usize::MAX);
        assert!(self.pair.outstanding().is_empty());
        // Whoever talks still hangs up, and whoever has hung up says so once more.
        for place in 0..self.calls.len() {
            let call = &mut self.calls[place];
            self.may_overdraw |= call.lasted.is_none() && secs - call.from > call.granted;
            call.lasted.get_or_insert((secs - call.from).min(call.granted));
            self.say_stop(secs, place, Primary);
        }
        self.pair.replicate(secs, usize::MAX);
        self.pair.check(secs);
        let mut sums: BTreeMap<&str, i64> = BTreeMap::new();
        for (place, call) in self.calls.iter().enumerate() {
            let key = format!("call-{place}");
            assert_eq!(
                self.bill.charged.get(&key).copied().unwrap_or(0),
                call.cost(),
                "{key}: {call:?}: {:?}",
                self.bill.said.get(&key)
            );
            *sums.entry(call.account).or_default() += call.cost();
        }
        // 2.00 are left on the one; 98.00 and nothing are owed on the others.
        for (account, opening, sign) in [(ACCOUNTS[0], 200_000, -1), (ABC, 9_800_000, 1), (ACCOUNTS[2], 0, 1)]
        {
            let spent = sums.get(account).copied().unwrap_or(0);
            assert_eq!(self.pair.balance(Primary, account).units(), opening + sign * spent, "{account}");
            assert_eq!(self.pair.reserved(Primary, account).units(), 0, "{account}");
        }
        if !self.may_overdraw {
            assert!(!self.pair.balance(Primary, ACCOUNTS[0]).is_negative());
            assert!(self.pair.balance(Primary, ABC).units() <= 10_000_000);
            assert!(self.pair.balance(Primary, ACCOUNTS[2]).units() <= 200_000);
        }
    }
}

#[test]
fn every_call_is_charged_once_whatever_becomes_of_the_sites() {
    let config = Config { cases: 1_500, failure_persistence: None, ..Config::default() };
    let acts = prop::collection::vec((0..90_u64, act()), 1..60);
    let overdrawable = std::cell::Cell::new((0_u32, 0_u32));
    let played = TestRunner::new(config).run(&acts, |acts| {
        let mut run = Run::new();
        let mut secs = 10;
        for (later, act) in &acts {
            secs += later;
            run.act(secs, act);
        }
        let (all, bound) = overdrawable.get();
        overdrawable.set((all + 1, bound + u32::from(!run.may_overdraw)));
        run.finish(secs + 1);
        Ok(())
    });
    assert!(played.is_ok(), "{}", played.unwrap_err());
    // The limits were judged in some of them.
    assert!(overdrawable.get().1 > 100, "{:?}", overdrawable.get());
}
