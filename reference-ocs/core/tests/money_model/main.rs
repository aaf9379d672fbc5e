//! Random commands against a second ledger that counts money, quotas and budgets by itself, second by second.
//!
//! Every way for money to move is among the commands, with several sessions of each account at once, locks, expiry of
//! grants, and plans that begin anew with the day. After every command, what the ledgers hold is compared.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod acts;
#[path = "../common/mod.rs"]
mod common;
mod ledger;

use std::collections::BTreeMap;

use acts::{Act, VOUCHERS};
use common::{World, amount, at, cad, report, request, settings};
use ledger::{ACCOUNTS, Call, Ledger, VOUCHER, is_debit};
use proptest::prelude::{ProptestConfig, proptest};
use tollgate_ocs_core::plans::{BudgetSpec, DiscountSpec, Measure, Period, PlanSpec, StepPrice, StepSpec};
use tollgate_ocs_core::{
    AccessRequest, AccountSpec, Admin, Amount, Answer, CatalogueBuilder, Command, CustomerSpec, Denial,
    Effect, Grant, Lock, Ocs, ProductSpec, RateSpec, RatingEntrySpec, Recharge, Service, Settings, Stage,
    TariffSpec, UsageReport, VoucherSpec,
};

const CALLED: &str = "16045550193";
const SHOP: &str = "Shop";

fn discount(period: Period, steps: &[(u64, StepPrice)]) -> DiscountSpec {
    let steps = steps.iter().map(|&(up_to, price)| StepSpec { up_to: Some(up_to), price, policy: None });
    DiscountSpec {
        service: Service::Voice,
        destinations: Vec::new(),
        level: None,
        measure: Measure::Units,
        period,
        offset: 0,
        rollover_max: 0,
        steps: steps.collect(),
    }
}

/// The accounts, limits and plans that `ledger.rs` describes.
fn world() -> World {
    // Nothing is forgotten, so that every call is known.
    let kept = std::time::Duration::from_secs(u64::MAX / 4);
    let kept = Settings { closed_kept: kept, xdrs_kept_max: 0, ..settings() };
    let mut build = CatalogueBuilder::new(kept).unwrap();
    let spec = TariffSpec { name: "Voice".to_owned(), currency: cad(), service: Service::Voice };
    let tariff = build.tariff(spec).unwrap();
    build.rate(tariff, RateSpec::simple("1", "0.06".parse().unwrap())).unwrap();
    let product =
        ProductSpec { name: "Line".to_owned(), currency: cad(), breakage: Amount::ZERO, language: None };
    let product = build.product(product).unwrap();
    let entry = RatingEntrySpec { access_code: None, service: Service::Voice, leg: None, tariff };
    build.rating_entry(product, entry).unwrap();
    let users = build.customer(CustomerSpec::new("Users", cad())).unwrap();
    let limit = Some(Amount::from_units(ledger::CUSTOMER_LIMIT));
    let shop = CustomerSpec { credit_limit: limit, ..CustomerSpec::new(SHOP, cad()) };
    let shop = build.customer(shop).unwrap();
    let opening = Amount::from_units(ledger::OPENING);
    let ids: Vec<_> = (0..ACCOUNTS.len())
        .map(|account| {
            let own = (account == 3).then(|| Amount::from_units(ledger::OWN_LIMIT));
            let customer = if account == 5 { users } else { shop };
            let spec = match is_debit(account) {
                true => AccountSpec::debit(ACCOUNTS[account], cad(), opening, product, users),
                false => AccountSpec::credit(ACCOUNTS[account], cad(), own, product, customer),
            };
            build.account(spec).unwrap()
        })
        .collect();
    let once = discount(Period::Never, &[(500, StepPrice::Free)]);
    let daily = discount(Period::Daily, &[(120, StepPrice::Free), (240, StepPrice::Off(5_000))]);
    // 200 s for 0.20, and 200 s for 0.10 more.
    let spent = discount(Period::Never, &[(20_000, StepPrice::Full), (30_000, StepPrice::Off(5_000))]);
    let spent = DiscountSpec { measure: Measure::Money, ..spent };
    let plans = [("once", once, &[0, 5][..]), ("daily", daily, &[1]), ("spent", spent, &[6])];
    for (name, discount, accounts) in plans {
        let plan = build.plans().add(PlanSpec { name: name.to_owned(), discounts: vec![discount] }).unwrap();
        for &account in accounts {
            build.plans().give_account(ids[account], plan);
        }
    }
    let budget = BudgetSpec { limit: Amount::from_units(ledger::BUDGET), period: Period::Daily, offset: 0 };
    build.plans().set_budget(ids[2], budget);
    for voucher in 0..VOUCHERS {
        let (id, amount) = (format!("v{voucher}"), Amount::from_units(VOUCHER));
        build.voucher(VoucherSpec { id, amount, currency: cad(), expires_at: None }).unwrap();
    }
    World { ocs: Ocs::new(build.finish().unwrap()), effects: Vec::new() }
}

/// Both ledgers, and the time.
struct Play {
    world: World,
    ledger: Ledger,
    now: u64,
    /// What records say was charged for calls and otherwise, by account.
    on_record: BTreeMap<String, (i64, i64)>,
}

fn session(call: usize) -> String {
    format!("c{call}")
}

impl Play {
    fn day(&self) -> u64 {
        at(self.now).unix_secs() / 86_400
    }

    /// Takes over what has expired or was closed, and what is on record.
    fn note(&mut self) {
        for effect in &self.world.effects {
            match effect {
                Effect::Closed(closed) if closed.usage.is_some() => {
                    let number = closed.session.as_str().trim_start_matches('c').parse().unwrap();
                    self.ledger.close(number);
                }
                Effect::Xdr(xdr) => {
                    let sums = self.on_record.entry(xdr.account_id.to_string()).or_default();
                    let sum = if xdr.service == Service::Voice { &mut sums.0 } else { &mut sums.1 };
                    *sum += xdr.charged_amount.units();
                }
                _ => {}
            }
        }
    }

    fn apply(&mut self, command: Command) -> Answer {
        let answer = self.world.apply(self.now, command);
        self.note();
        answer
    }

    /// Whether a denial is one that has nothing to do with money.
    fn is_barred(&self, number: usize, lock: Lock, denial: Denial) -> bool {
        let account = self.ledger.calls[number].account;
        match denial {
            Denial::AccountInUse => {
                let checks = matches!(lock, Lock::Default | Lock::NoLock);
                let others = self.ledger.lockers[account].iter().any(|&other| other != number);
                assert!(checks && others, "nobody can hold the lock of {}", ACCOUNTS[account]);
                true
            }
            Denial::UserDenied | Denial::CardExpired => {
                assert!(self.ledger.barred[account]);
                true
            }
            _ => false,
        }
    }

    fn take_lock(&mut self, number: usize, lock: Lock, default: bool) {
        let lockers = &mut self.ledger.lockers[self.ledger.calls[number].account];
        match lock {
            Lock::Lock => {
                lockers.insert(number);
            }
            Lock::Default if default => {
                lockers.insert(number);
            }
            Lock::Unlock => lockers.clear(),
            _ => {}
        }
    }

    fn ask(&mut self, number: usize, lock: Lock) {
        let (account, day) = (self.ledger.calls[number].account, self.day());
        let access = request(ACCOUNTS[account], &session(number));
        let cld = Some(CALLED.to_owned());
        let answer = self.apply(Command::Authorize(AccessRequest { cld, lock, ..access }));
        let expected = self.ledger.offer(number, day);
        let seconds = expected.map(|claim| claim.iter().sum::<u64>());
        match common::decided(answer) {
            Ok(accepted) => {
                let granted = seconds.map_or(Grant::Unlimited, Grant::Units);
                assert_eq!(accepted.grant, Some(granted), "call {number}");
                assert!(!self.ledger.is_broke(account, day) && !self.ledger.barred[account]);
                self.ledger.grant(number, expected.unwrap_or_default(), day);
                self.take_lock(number, lock, false);
            }
            Err(denial) => {
                let broke = seconds == Some(0) || self.ledger.is_broke(account, day);
                let barred = self.is_barred(number, lock, denial);
                assert!(barred || broke, "call {number} is denied: {denial}");
            }
        }
    }

    fn login(&mut self, number: usize, lock: Lock) {
        let account = self.ledger.calls[number].account;
        let access = AccessRequest { lock, ..request(ACCOUNTS[account], &session(number)) };
        let answer = self.apply(Command::Authenticate(access));
        match common::decided(answer) {
            Ok(_) => self.take_lock(number, lock, is_debit(account)),
            Err(denial) => {
                let broke = self.ledger.is_broke(account, self.day());
                let barred = self.is_barred(number, lock, denial);
                assert!(barred || broke, "login {number} is denied: {denial}");
            }
        }
    }

    fn report(&mut self, number: usize, more: u64, stage: Stage) {
        let call = self.ledger.calls[number].clone();
        // A repetition after the Stop changes nothing, whatever it says.
        if !call.stopped {
            self.ledger.report(number, more, self.day());
        }
        let told = UsageReport {
            cld: Some(CALLED.to_owned()),
            connected_at: Some(at(0)),
            duration: Some(call.used + more),
            disconnect_cause: Some(16),
            ..report(ACCOUNTS[call.account], &session(number), stage)
        };
        self.apply(Command::Account(told));
        if stage == Stage::Stop {
            self.ledger.close(number);
            self.ledger.calls[number].stopped = true;
        } else if !call.stopped {
            self.ledger.calls[number].open = true;
        }
    }

    fn adjust(&mut self, account: usize, units: i64) {
        let change =
            Admin::Adjust { account: ACCOUNTS[account].to_owned(), amount: Amount::from_units(units) };
        // A correction takes only money that no session has reserved.
        let available = self.ledger.balance(account) - self.ledger.reserved(account);
        let refused = is_debit(account) && units < 0 && available + units < 0;
        let answer = self.apply(Command::Admin(change));
        assert_eq!(matches!(answer, Answer::Refused(_)), refused, "{answer:?}");
        if !refused {
            self.ledger.paid_in[account] += units;
        }
    }

    fn redeem(&mut self, account: usize, voucher: usize, session: usize) {
        let access = request(ACCOUNTS[account], &format!("r{session}"));
        let access = AccessRequest { lock: Lock::Ignore, ..access };
        let answer =
            self.apply(Command::Recharge(Box::new(Recharge { access, voucher: format!("v{voucher}") })));
        let known = self.ledger.vouchers.get(&voucher).copied();
        let mine = known.is_none_or(|known| known == (account, session));
        let accepted = mine && !self.ledger.barred[account];
        assert_eq!(matches!(answer, Answer::Recharged(_)), accepted, "{answer:?}");
        if accepted && known.is_none() {
            self.ledger.paid_in[account] += VOUCHER;
            self.ledger.vouchers.insert(voucher, (account, session));
        }
    }

    fn bar(&mut self, account: usize, barred: bool) {
        let name = ACCOUNTS[account].to_owned();
        let change = match (account % 2, barred) {
            (0, true) => Admin::Block { account: name },
            (0, false) => Admin::Unblock { account: name },
            _ => Admin::SetExpiry { account: name, expires_at: barred.then(|| at(self.now)) },
        };
        self.apply(Command::Admin(change));
        self.ledger.barred[account] = barred;
    }

    fn act(&mut self, act: &Act) {
        let calls = self.ledger.calls.len();
        let chosen = |call: usize| calls.checked_sub(1).map(|last| last - call.min(last));
        let name = |account: usize| ACCOUNTS[account].to_owned();
        match *act {
            Act::Begin { account, lock } => {
                self.ledger.calls.push(Call { account, ..Call::default() });
                self.ask(calls, lock);
            }
            Act::Login { call, lock } => {
                if let Some(number) = chosen(call) {
                    self.login(number, lock);
                }
            }
            Act::Extend { call } => {
                if let Some(number) = chosen(call).filter(|&number| self.ledger.calls[number].open) {
                    self.ask(number, Lock::Ignore);
                }
            }
            Act::Report { call, more, stage } => {
                if let Some(number) = chosen(call) {
                    self.report(number, more, stage);
                }
            }
            Act::TopUp { account, units } => {
                let amount = Amount::from_units(units);
                self.apply(Command::Admin(Admin::TopUp { account: name(account), amount }));
                self.ledger.paid_in[account] += units;
            }
            Act::Refund { account, units } => {
                let amount = Amount::from_units(units);
                self.apply(Command::Admin(Admin::Refund { account: name(account), amount }));
                self.ledger.paid_in[account] += units;
            }
            Act::Adjust { account, units } => self.adjust(account, units),
            Act::Voucher { account, voucher, session } => self.redeem(account, voucher, session),
            Act::PayCustomer { units } => {
                let amount = Amount::from_units(units);
                self.apply(Command::Admin(Admin::PayCustomer { customer: SHOP.to_owned(), amount }));
                self.ledger.customer_paid += units;
            }
            Act::SetLimit { units } => {
                let limit = Some(Amount::from_units(units));
                self.apply(Command::Admin(Admin::SetCreditLimit { account: name(3), limit }));
                self.ledger.own_limit = units;
            }
            Act::Bar { account, barred } => self.bar(account, barred),
            Act::Close { call } => {
                if let Some(number) = chosen(call) {
                    let account = name(self.ledger.calls[number].account);
                    let session = session(number).as_str().into();
                    self.apply(Command::Admin(Admin::CloseSession { account, session }));
                }
            }
            Act::Wait => {}
        }
    }

    fn check(&mut self) {
        for (number, name) in ACCOUNTS.into_iter().enumerate() {
            let account = self.world.ocs.account(name).unwrap();
            assert_eq!(account.balance().units(), self.ledger.balance(number), "balance of {name}");
            assert_eq!(account.reserved().units(), self.ledger.reserved(number), "reserved by {name}");
        }
        let customer = self.world.ocs.customer(SHOP).unwrap();
        assert_eq!(customer.balance().units(), self.ledger.owed_by_customer());
        assert_eq!(customer.reserved().units(), self.ledger.reserved_of_customer());
        self.ledger.check();
    }
}

fn play(steps: &[(u64, Act)]) {
    let mut play = Play { world: world(), ledger: Ledger::new(), now: 0, on_record: BTreeMap::new() };
    for (pause, act) in steps {
        play.now += pause;
        play.world.expire(play.now);
        play.note();
        play.act(act);
        play.check();
    }
    // In the end all is given up: nothing stays reserved, and the records add up to what moved.
    play.now += 10_000_000;
    play.world.expire(play.now);
    play.note();
    play.check();
    assert_eq!(play.world.ocs.sessions().count(), 0);
    for (number, name) in ACCOUNTS.into_iter().enumerate() {
        assert_eq!(play.world.reserved(name), Amount::ZERO);
        let (calls, money) = play.on_record.get(name).copied().unwrap_or_default();
        assert_eq!(calls, play.ledger.charged[number], "records of the calls of {name}");
        assert_eq!(money, -play.ledger.paid_in[number], "records of the payments of {name}");
    }
}

/// As many as `PROPTEST_CASES` says, else a few hundred; one is about forty commands.
fn cases() -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(400)
}

#[test]
#[ignore = "takes long: cargo test --profile model -p tollgate-ocs-core a_million -- --ignored"]
fn a_million_commands_leave_the_ledgers_equal() {
    common::a_million(&acts::steps(), play);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn money_is_that_of_a_second_count_whatever_happens(steps in acts::steps()) {
        play(&steps);
    }
}

#[test]
fn the_second_count_is_in_the_tariffs_price() {
    // 0.06 a minute is 0.001 a second.
    assert_eq!(amount("0.06").units(), 60 * ledger::SECOND);
}
