//! Two systems with random use, random moves between them, and orders that come twice or late, against a ledger that
//! knows only what calls and payments there were: money is there once, no xDR is lost or doubled, no account is in two
//! systems.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on is a test that fails")]

mod common;

use std::collections::{BTreeMap, BTreeSet};

use common::{ACCESS, CALLED, World, amount, dictionary, request, settings, start};
use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop_oneof, proptest};
use tollgate_ocs_core::ids::{CustomerId, EnvId, Numbering, XdrId};
use tollgate_ocs_core::migration::{Bundle, Late, Migrate, Migrated, Whereabouts, XdrScope};
use tollgate_ocs_core::xdr::Note;
use tollgate_ocs_core::{
    AccessRequest, AccountSpec, Admin, Amount, Answer, Command, CustomerSpec, Effect, Ocs, Proof, Settings,
    Stage, UsageReport,
};

/// Accounts by number: a customer with a debit and a credit account, and one with a debit account.
const ACCOUNTS: [&str; 3] = ["card", "line", "other"];
const CUSTOMERS: [&str; 2] = ["Both", "One"];
const CALLS: usize = 4;
/// How long each call lasts, whoever reports it and however often: at 0.02 a minute by the second.
const LENGTHS: [u64; CALLS] = [61, 90, 7, 300];

#[derive(Clone, Debug)]
enum Act {
    Authorize {
        system: usize,
        account: usize,
        call: usize,
    },
    /// Of so many seconds in a hundred of its length; a Stop tells all of it.
    Report {
        system: usize,
        account: usize,
        call: usize,
        stage: Stage,
        part: u64,
    },
    TopUp {
        system: usize,
        account: usize,
        units: i64,
    },
    Export {
        system: usize,
        customer: usize,
    },
    /// Any bundle that ever travelled.
    Import {
        bundle: usize,
        retakes: bool,
        settles: bool,
    },
    /// A move is given up: by the one that it goes to, then by the one that it comes from.
    GiveUp {
        bundle: usize,
    },
    Collect {
        system: usize,
        customer: usize,
    },
    Deliver {
        batch: usize,
        confirms: bool,
    },
    Remove {
        system: usize,
        customer: usize,
    },
    Pass,
}

fn acts() -> impl Strategy<Value = Vec<(u64, Act)>> {
    let system = || 0..2_usize;
    let who = || (0..2_usize, 0..ACCOUNTS.len(), 0..CALLS);
    let stage = prop_oneof![1 => Just(Stage::Start), 1 => Just(Stage::Interim), 2 => Just(Stage::Stop)];
    let act = prop_oneof![
        4 => who().prop_map(|(system, account, call)| Act::Authorize { system, account, call }),
        8 => (who(), stage, 0..100_u64).prop_map(|((system, account, call), stage, part)| {
            Act::Report { system, account, call, stage, part }
        }),
        1 => (system(), 0..ACCOUNTS.len(), 1..300_000_i64)
            .prop_map(|(system, account, units)| Act::TopUp { system, account, units }),
        3 => (system(), 0..2_usize).prop_map(|(system, customer)| Act::Export { system, customer }),
        4 => (any::<usize>(), prop_oneof![3 => Just(false), 1 => Just(true)], any::<bool>()).prop_map(|(bundle, retakes, settles)| Act::Import { bundle, retakes, settles }),
        1 => any::<usize>().prop_map(|bundle| Act::GiveUp { bundle }),
        2 => (system(), 0..2_usize).prop_map(|(system, customer)| Act::Collect { system, customer }),
        2 => (any::<usize>(), any::<bool>()).prop_map(|(batch, confirms)| Act::Deliver { batch, confirms }),
        1 => (system(), 0..2_usize).prop_map(|(system, customer)| Act::Remove { system, customer }),
        1 => Just(Act::Pass),
    ];
    proptest::collection::vec((0..40_u64, act), 1..70)
}

struct Play {
    systems: [World; 2],
    commands: [Vec<(u64, Command)>; 2],
    now: u64,
    bundles: Vec<Bundle>,
    batches: Vec<(usize, CustomerId, Vec<Late>)>,
    customers: [CustomerId; 2],
    /// The most seconds of each call that any system has heard of, and whether it heard of its end.
    heard: BTreeMap<(usize, usize), u64>,
    paid: [Amount; 3],
    made: BTreeMap<XdrId, String>,
}

fn catalogue(env: u32, numbering: Numbering, with_customers: bool) -> tollgate_ocs_core::Catalogue {
    let settings = Settings { env: EnvId::from_number(env), numbering, ..settings() };
    let mut build = dictionary(settings);
    if with_customers {
        let cards = build.product_named("Prepaid Card").unwrap();
        let [both, one] =
            CUSTOMERS.map(|name| build.customer(CustomerSpec::new(name, common::cad())).unwrap());
        let debit = |id: &str, customer| AccountSpec::debit(id, common::cad(), amount("1"), cards, customer);
        build.account(debit(ACCOUNTS[0], both)).unwrap();
        let line = AccountSpec::credit(ACCOUNTS[1], common::cad(), Some(amount("0.50")), cards, both);
        build.account(line).unwrap();
        build.account(debit(ACCOUNTS[2], one)).unwrap();
    }
    build.finish().unwrap()
}

fn catalogues() -> [tollgate_ocs_core::Catalogue; 2] {
    [catalogue(1, Numbering::Odd, true), catalogue(2, Numbering::Even, false)]
}

impl Play {
    fn new() -> Self {
        let systems = catalogues().map(|own| World { ocs: Ocs::new(own), effects: Vec::new() });
        let customers = CUSTOMERS.map(|name| systems[0].ocs.customer(name).unwrap().number());
        Self {
            systems,
            commands: [Vec::new(), Vec::new()],
            now: 0,
            bundles: Vec::new(),
            batches: Vec::new(),
            customers,
            heard: BTreeMap::new(),
            paid: [Amount::ZERO; 3],
            made: BTreeMap::new(),
        }
    }

    fn apply(&mut self, system: usize, command: Command) -> Answer {
        self.commands[system].push((self.now, command.clone()));
        let answer = self.systems[system].apply(self.now, command);
        self.note_made(system);
        answer
    }

    fn note_made(&mut self, system: usize) {
        for effect in &self.systems[system].effects {
            if let Effect::Xdr(xdr) = effect
                && !xdr.notes.contains(&Note::Unresolved)
            {
                let before = self.made.insert(xdr.id, xdr.account_id.to_string());
                assert_eq!(before, None, "xDR {} was made twice", xdr.id);
            }
        }
    }

    fn migrate(&mut self, system: usize, order: Migrate) -> Option<Migrated> {
        match self.apply(system, Command::Migrate(Box::new(order))) {
            Answer::Migrated(done) => Some(*done),
            _ => None,
        }
    }

    /// Whether a system knows the account, be it served there or not.
    fn knows(&self, system: usize, account: usize) -> bool {
        self.systems[system].ocs.account(ACCOUNTS[account]).is_some()
    }

    fn place(&self, env: EnvId) -> usize {
        usize::from(env.number() == 2)
    }

    fn session(account: usize, call: usize) -> String {
        format!("{}-{call}", ACCOUNTS[account])
    }

    fn act(&mut self, act: &Act) {
        match *act {
            Act::Authorize { system, account, call } => {
                let session = Self::session(account, call);
                let asked = AccessRequest {
                    cld: Some(CALLED.to_owned()),
                    proof: Proof::Ignored,
                    ..request(ACCOUNTS[account], &session)
                };
                self.apply(system, Command::Authorize(asked));
            }
            Act::Report { system, account, call, stage, part } => {
                let secs = match stage {
                    Stage::Start => 0,
                    Stage::Interim => LENGTHS[call] * part / 100,
                    Stage::Stop => LENGTHS[call],
                };
                if self.knows(system, account) {
                    let heard = self.heard.entry((account, call)).or_default();
                    *heard = (*heard).max(secs);
                }
                let session = Self::session(account, call);
                let told = UsageReport {
                    cld: Some(CALLED.to_owned()),
                    access_code: Some(ACCESS.to_owned()),
                    duration: (stage != Stage::Start).then_some(secs),
                    stage,
                    ..start(ACCOUNTS[account], &session, 0)
                };
                self.apply(system, Command::Account(told));
            }
            Act::TopUp { system, account, units } => {
                let (account_id, paid) = (ACCOUNTS[account].to_owned(), Amount::from_units(units));
                let top_up = Admin::TopUp { account: account_id, amount: paid };
                if self.apply(system, Command::Admin(top_up)) == Answer::Recorded {
                    self.paid[account] = self.paid[account].checked_add(paid).unwrap();
                }
            }
            Act::Export { system, customer } => {
                let to = EnvId::from_number(u32::from(system == 0) + 1);
                let order = Migrate::Export { customer: self.customers[customer], to, xdrs: XdrScope::All };
                if let Some(Migrated::Exported { bundle, .. }) = self.migrate(system, order) {
                    self.bundles.push(*bundle);
                }
            }
            Act::Import { bundle, retakes, settles } => {
                let Some(bundle) = self.any_bundle(bundle) else { return };
                let (system, bundle) = (self.place(bundle.to()), Box::new(bundle));
                let (from, customer, hop) = (self.place(bundle.from()), bundle.customer(), bundle.hop());
                let order = if retakes { Migrate::Return(bundle) } else { Migrate::Import(bundle) };
                if self.migrate(system, order).is_some() && settles {
                    self.migrate(from, Migrate::Settle { customer, hop });
                }
            }
            Act::GiveUp { bundle } => {
                let Some(bundle) = self.any_bundle(bundle) else { return };
                let (customer, hop) = (bundle.customer(), bundle.hop());
                let abandoned = self.migrate(self.place(bundle.to()), Migrate::Abandon { customer, hop });
                if abandoned == Some(Migrated::Abandoned) {
                    self.migrate(self.place(bundle.from()), Migrate::Lift { customer, hop });
                }
            }
            Act::Collect { system, customer } => {
                let customer = self.customers[customer];
                let late = self.systems[system].ocs.late_reports(customer, 3);
                if !late.is_empty() {
                    self.batches.push((system, customer, late));
                }
            }
            Act::Deliver { batch, confirms } => {
                if self.batches.is_empty() {
                    return;
                }
                let (system, customer, late) = self.batches[batch % self.batches.len()].clone();
                let from = self.systems[system].ocs.env();
                let taken = self.migrate(1 - system, Migrate::Deliver { customer, from, late });
                if let (Some(Migrated::Taken { up_to }), true) = (taken, confirms) {
                    self.migrate(system, Migrate::Delivered { customer, up_to });
                }
            }
            Act::Remove { system, customer } => {
                self.migrate(system, Migrate::Remove { customer: self.customers[customer] });
            }
            Act::Pass => {
                for system in 0..2 {
                    self.systems[system].expire(self.now);
                    self.note_made(system);
                }
            }
        }
    }

    fn any_bundle(&self, number: usize) -> Option<Bundle> {
        (!self.bundles.is_empty()).then(|| self.bundles[number % self.bundles.len()].clone())
    }

    /// The systems in which a customer is served.
    fn serving(&self, customer: CustomerId) -> Vec<usize> {
        let here =
            |system: &usize| self.systems[*system].ocs.whereabouts(customer) == Some(Whereabouts::Here);
        [0, 1].into_iter().filter(here).collect()
    }

    /// Brings each customer to an end: somewhere, with all that was reported.
    fn settle(&mut self) {
        for customer in self.customers {
            if self.serving(customer).is_empty() {
                // The last bundle that travelled is the one that nobody has taken in yet.
                let of = self.bundles.iter().filter(|own| own.customer() == customer);
                let last = of.max_by_key(|own| own.hop()).cloned().unwrap();
                let (system, hop) = (self.place(last.to()), last.hop());
                let source = self.place(last.from());
                if self.migrate(system, Migrate::Import(Box::new(last))).is_none() {
                    assert_eq!(
                        self.migrate(system, Migrate::Abandon { customer, hop }),
                        Some(Migrated::Abandoned)
                    );
                    assert!(self.migrate(source, Migrate::Lift { customer, hop }).is_some());
                }
            }
            let [serving] = self.serving(customer)[..] else { panic!("served nowhere") };
            let other = 1 - serving;
            let late = self.systems[other].ocs.late_reports(customer, usize::MAX);
            let from = self.systems[other].ocs.env();
            self.migrate(serving, Migrate::Deliver { customer, from, late });
        }
        // Whatever nobody reports any more is given up after a day.
        self.now += 100_000;
        for system in 0..2 {
            self.systems[system].expire(self.now);
            self.note_made(system);
        }
    }

    fn judge(&self) {
        for (number, account) in ACCOUNTS.iter().enumerate() {
            let customer = self.customers[usize::from(number == 2)];
            let [serving] = self.serving(customer)[..] else { panic!("served nowhere") };
            let ocs = &self.systems[serving].ocs;
            let view = ocs.account(account).unwrap();
            assert_eq!(view.reserved(), Amount::ZERO, "{account}");
            // Each second costs a third of 0.001, each call is rounded once to 0.00001.
            let calls = self.heard.iter().filter(|((own, _), _)| *own == number);
            let spent: i64 = calls.map(|(_, secs)| i64::try_from((secs * 100 + 1) / 3).unwrap()).sum();
            let paid = self.paid[number].units();
            let expected = if *account == "line" { spent - paid } else { 100_000 + paid - spent };
            assert_eq!(view.balance().units(), expected, "{account}: {:?}", self.heard);
            // Its records explain its balance, and none is missing or there twice.
            let own: Vec<_> = ocs.xdrs().filter(|xdr| *xdr.account_id == **account).collect();
            let own: Vec<_> = own.into_iter().filter(|xdr| !xdr.notes.contains(&Note::Unresolved)).collect();
            let sum: i64 = own.iter().map(|xdr| xdr.charged_amount.units()).sum();
            assert_eq!(sum, spent - paid, "{account}");
            let there: BTreeSet<XdrId> = own.iter().map(|xdr| xdr.id).collect();
            assert_eq!(there.len(), own.len(), "{account}");
            let made = self.made.iter().filter(|(_, of)| of == account).map(|(id, _)| *id).collect();
            assert_eq!(there, made, "{account}");
        }
    }
}

fn play(acts: &[(u64, Act)]) {
    let mut play = Play::new();
    for (pause, act) in acts {
        play.now += pause;
        play.act(act);
        for customer in play.customers {
            assert!(play.serving(customer).len() <= 1, "in both systems after {act:?}");
        }
    }
    play.settle();
    play.judge();
    // The records of both lead to the same states again.
    for (system, catalogue) in catalogues().into_iter().enumerate() {
        let mut again = World { ocs: Ocs::new(catalogue), effects: Vec::new() };
        for (secs, command) in &play.commands[system] {
            again.apply(*secs, command.clone());
        }
        again.expire(play.now);
        assert_eq!(again.ocs.dump(), play.systems[system].ocs.dump());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn money_and_records_are_there_once_however_customers_move(acts in acts()) {
        play(&acts);
    }
}

#[test]
#[ignore = "a million commands; run with --profile model"]
fn a_million_commands() {
    common::a_million(&acts(), play);
}
