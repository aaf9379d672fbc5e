//! One day of the documents' 10 MMM pattern (ARCH, disk space requirements): ten million minutes a month are 70,000 answered calls
//! of five minutes a day; at a success rate of 50 % as many fail; 10,000 telephones register every five minutes. All of it
//! goes through a dispatcher and a SIP server to the reference OCS, in virtual time, in one process and one thread.
//!
//! It prints how long that took and how much memory, and judges the money: what every account has paid is compared with
//! what was worked out beside it, call by call.
//!
//! `cargo run --release -p tollgate-micro --example sip_day [calls answered] [telephones] [hours]`
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a program that reports how long it took, and fails where it cannot"
)]

mod bank;
mod plan;
mod world;

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use tollgate_network::{Action, ActionError, Driver, Input, Node, Output, Peer, SimDriver};
use tollgate_ocs_core::Amount;
use tollgate_ocs_gateway::RadiusGateway;
use tollgate_time::Instant;

use bank::Bank;
use plan::Plan;

/// The allocator of the tool.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// 2020-03-02 00:00:00 UTC.
const START: Instant = Instant::from_unix_secs(1_583_107_200);

/// A node that somebody else looks into as well.
struct Shared<N>(Rc<RefCell<N>>);

impl<N: Node> Node for Shared<N> {
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

impl<N: Node> Peer for Shared<N> {
    fn perform(&mut self, _now: Instant, action: &Action) -> Result<(), ActionError> {
        Err(ActionError::UnknownVerb(action.verb.to_string()))
    }
}

fn main() {
    let mut arguments = std::env::args().skip(1).map(|text| text.parse::<u32>().unwrap());
    let answered = arguments.next().unwrap_or(70_000);
    let telephones = arguments.next().unwrap_or(10_000);
    let hours = arguments.next().unwrap_or(24);
    let length = Duration::from_secs(u64::from(hours) * 3_600);
    let plan = Rc::new(Plan::new(START, length, answered, telephones, 4_711));

    let gateway: Rc<RefCell<RadiusGateway>> = Rc::new(RefCell::new(world::gateway(telephones)));
    let banks = [world::PHONES, world::CARRIER]
        .map(|own| Rc::new(RefCell::new(Bank::new(own, Rc::clone(&plan), telephones))));
    let mut driver = SimDriver::new(START, 4_711);
    driver.add_node(&[world::OCS], Box::new(Shared(Rc::clone(&gateway)))).unwrap();
    driver.add_node(&[world::SERVER], world::server()).unwrap();
    driver.add_node(&[world::DISPATCHER], world::dispatcher(telephones)).unwrap();
    for (at, bank) in [world::PHONES, world::CARRIER].into_iter().zip(&banks) {
        driver.add_node(&[at.ip()], Box::new(Shared(Rc::clone(bank)))).unwrap();
    }

    let began = std::time::Instant::now();
    // Nobody observes, so that nothing is returned before the end. Calls of the last minutes end after the day.
    let end = START + length + Duration::from_secs(1_200);
    assert!(driver.advance(end).is_none());
    let took = began.elapsed();

    let sums = banks.each_ref().map(|bank| bank.borrow().sums());
    let tally = driver.tally();
    println!(
        "{} telephones for {hours} h: {} registrations; {} calls, of which {} were answered and {} failed",
        telephones,
        sums[0].registered,
        plan.calls.len(),
        sums.iter().map(|own| own.answered).sum::<u32>(),
        sums.iter().map(|own| own.failed).sum::<u32>(),
    );
    println!(
        "{} frames carried, {} delivered, in {:.1} s",
        tally.carried,
        tally.delivered,
        took.as_secs_f64()
    );
    println!("peak memory {} MiB", world::peak_memory() / 1_024);
    judge(&plan, &gateway.borrow(), answered, &sums);
}

/// Compares what every account has paid, and what the carrier is owed, with what was worked out beside it.
fn judge(plan: &Plan, gateway: &RadiusGateway, answered: u32, sums: &[bank::Sums; 2]) {
    let expected = plan.money();
    let ocs = gateway.ocs();
    let mut total = Amount::ZERO;
    for (number, paid) in expected.accounts.iter().enumerate() {
        let number = u32::try_from(number).unwrap();
        let account = ocs.account(&world::account(number)).unwrap();
        let charged = world::BALANCE.saturating_sub(account.balance());
        assert_eq!(charged, Amount::from_units(*paid), "account {number}");
        assert_eq!(account.reserved(), Amount::ZERO, "account {number}");
        total = total.saturating_add(charged);
    }
    let owed = ocs.vendor(world::VENDOR).unwrap().balance;
    assert_eq!(owed, Amount::from_units(expected.vendor));
    let connected: u32 = sums.iter().map(|own| own.answered).sum();
    assert_eq!(connected, answered, "every call that was to be answered was");
    println!(
        "money: {total} USD of subscribers, {owed} USD owed to the carrier, as worked out for each account by itself"
    );
}
