//! Vouchers: paid in once, by one account, in its currency, in time.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use common::{at, cad, settings};
use tollgate_ocs_core::{
    AccessRequest, AccountSpec, Admin, Amount, Answer, CatalogueBuilder, CatalogueError, Command, Currency,
    CustomerSpec, Denial, Effect, Ocs, ProductSpec, Proof, RatingEntrySpec, Recharge, Service, TariffSpec,
    VoucherSpec,
};

fn amount(text: &str) -> Amount {
    text.parse().unwrap()
}

fn voucher(id: &str, worth: &str) -> VoucherSpec {
    VoucherSpec { id: id.to_owned(), amount: amount(worth), currency: cad(), expires_at: None }
}

fn euro() -> Currency {
    "EUR".parse().unwrap()
}

fn builder() -> CatalogueBuilder {
    let mut build = CatalogueBuilder::new(settings()).unwrap();
    build.voucher(voucher("50", "50.00")).unwrap();
    build.voucher(VoucherSpec { expires_at: Some(at(1_000)), ..voucher("late", "5.00") }).unwrap();
    build.voucher(VoucherSpec { currency: euro(), ..voucher("euros", "5.00") }).unwrap();
    build
}

fn ocs() -> Ocs {
    let mut build = builder();
    let spec =
        ProductSpec { name: "Cards".to_owned(), currency: cad(), breakage: Amount::ZERO, language: None };
    let product = build.product(spec).unwrap();
    let tariff = TariffSpec { name: "Calls".to_owned(), currency: cad(), service: Service::Voice };
    let tariff = build.tariff(tariff).unwrap();
    let entry = RatingEntrySpec { access_code: None, service: Service::Voice, leg: None, tariff };
    build.rating_entry(product, entry).unwrap();
    let customer = build.customer(CustomerSpec::new("Owners", cad())).unwrap();
    let limited = CustomerSpec { credit_limit: Some(amount("100.00")), ..CustomerSpec::new("Shop", cad()) };
    let limited = build.customer(limited).unwrap();
    let debit = |id: &str, balance| AccountSpec::debit(id, cad(), amount(balance), product, customer);
    build.account(debit("card", "10.00")).unwrap();
    build.account(debit("empty", "0")).unwrap();
    build.account(AccountSpec { blocked: true, ..debit("blocked", "1.00") }).unwrap();
    build.account(AccountSpec { password: Some("4711".to_owned()), ..debit("locked", "1.00") }).unwrap();
    let owing = AccountSpec {
        balance: amount("20.00"),
        ..AccountSpec::credit("shop", cad(), None, product, limited)
    };
    build.account(owing).unwrap();
    Ocs::new(build.finish().unwrap())
}

fn command(account: &str, session: &str, voucher: &str) -> Command {
    let access =
        AccessRequest { session: session.into(), account: account.to_owned(), ..AccessRequest::default() };
    Command::Recharge(Box::new(Recharge { access, voucher: voucher.to_owned() }))
}

/// What was paid in, and what the account may spend then.
fn recharge(
    ocs: &mut Ocs,
    secs: u64,
    account: &str,
    session: &str,
    voucher: &str,
) -> Result<(Amount, Amount), Denial> {
    match ocs.apply(at(secs), command(account, session, voucher)).pop() {
        Some(Effect::Answer(Answer::Recharged(it))) => Ok((it.amount, it.accepted.funds.unwrap())),
        Some(Effect::Answer(Answer::Denied(denied))) => Err(denied.denial),
        other => panic!("{other:?}"),
    }
}

fn balance(ocs: &Ocs, account: &str) -> Amount {
    ocs.account(account).unwrap().balance()
}

/// ESI, voucher recharge session: 10.00 and 50.00 make 60.00.
#[test]
fn a_voucher_is_paid_in_with_an_event_and_a_record() {
    let mut ocs = ocs();
    let effects = ocs.apply(at(10), command("card", "c1", "50"));
    assert_eq!(balance(&ocs, "card"), amount("60.00"));
    let names: Vec<&str> = effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Event(event) => Some(event.name()),
            _ => None,
        })
        .collect();
    assert_eq!(names, ["Account/BalanceChanged"]);
    let xdrs: Vec<_> = ocs.xdrs().collect();
    assert_eq!(xdrs.len(), 1);
    assert_eq!((xdrs[0].charged_amount, xdrs[0].used_quantity), (amount("-50.00"), 0));
    assert_eq!(xdrs[0].cld.as_deref(), Some("50"));
}

#[test]
fn the_same_request_again_gets_the_first_answer_and_moves_nothing() {
    let mut ocs = ocs();
    let first = recharge(&mut ocs, 10, "card", "c1", "50");
    assert_eq!(first, Ok((amount("50.00"), amount("60.00"))));
    assert_eq!(recharge(&mut ocs, 11, "card", "c1", "50"), first);
    assert_eq!((balance(&ocs, "card"), ocs.xdrs().len()), (amount("60.00"), 1));
}

#[test]
fn a_used_voucher_is_worth_nothing_to_anybody_else_or_later() {
    let mut ocs = ocs();
    recharge(&mut ocs, 10, "card", "c1", "50").unwrap();
    assert_eq!(recharge(&mut ocs, 11, "card", "c2", "50"), Err(Denial::ZeroBalance));
    assert_eq!(recharge(&mut ocs, 11, "empty", "c1", "50"), Err(Denial::ZeroBalance));
    assert_eq!((balance(&ocs, "card"), balance(&ocs, "empty")), (amount("60.00"), amount("0")));
}

#[test]
fn an_account_without_money_may_recharge() {
    let mut ocs = ocs();
    assert_eq!(recharge(&mut ocs, 10, "empty", "c1", "50"), Ok((amount("50.00"), amount("50.00"))));
}

#[test]
fn a_credit_account_owes_less() {
    let mut ocs = ocs();
    // 20.00 - 50.00: 30.00 more than it owed.
    recharge(&mut ocs, 10, "shop", "c1", "50").unwrap();
    assert_eq!(balance(&ocs, "shop"), amount("-30.00"));
}

#[test]
fn a_voucher_expires_on_the_second() {
    let mut ocs = ocs();
    assert_eq!(recharge(&mut ocs, 1_000, "card", "c1", "late"), Err(Denial::CardExpired));
    let mut ocs = self::ocs();
    assert!(recharge(&mut ocs, 999, "card", "c1", "late").is_ok());
}

#[test]
fn an_unknown_voucher_and_another_currency_are_refused() {
    let mut ocs = ocs();
    assert_eq!(recharge(&mut ocs, 10, "card", "c1", "7"), Err(Denial::InvalidVoucher));
    assert_eq!(recharge(&mut ocs, 10, "card", "c1", "euros"), Err(Denial::NotAvailable));
    assert_eq!((balance(&ocs, "card"), ocs.xdrs().len()), (amount("10.00"), 0));
}

#[test]
fn whoever_may_not_use_the_account_may_not_recharge_it() {
    let mut ocs = ocs();
    assert_eq!(recharge(&mut ocs, 10, "nobody", "c1", "50"), Err(Denial::InvalidAccount));
    assert_eq!(recharge(&mut ocs, 10, "blocked", "c1", "50"), Err(Denial::UserDenied));
    assert_eq!(recharge(&mut ocs, 10, "locked", "c1", "50"), Err(Denial::InvalidPassword));
    // Nothing of this has used the voucher.
    assert!(recharge(&mut ocs, 10, "card", "c1", "50").is_ok());
}

#[test]
fn a_trusted_node_need_not_bring_a_password() {
    let mut ocs = ocs();
    let Command::Recharge(mut ask) = command("locked", "c1", "50") else { panic!("a recharge") };
    ask.access.proof = Proof::Ignored;
    let answer = ocs.apply(at(10), Command::Recharge(ask)).pop();
    assert!(matches!(answer, Some(Effect::Answer(Answer::Recharged(_)))), "{answer:?}");
}

#[test]
fn what_became_of_vouchers_is_part_of_the_state() {
    let commands = [command("card", "c1", "50"), command("empty", "c2", "50"), command("card", "c1", "late")];
    let play = || {
        let mut ocs = ocs();
        for command in &commands {
            ocs.apply(at(10), command.clone());
        }
        ocs.dump()
    };
    let dump = play();
    assert_eq!(dump, play());
    assert!(dump.contains("voucher 50") && dump.contains("voucher late"), "{dump}");
}

#[test]
fn a_recharge_and_a_payment_add_up() {
    let mut ocs = ocs();
    recharge(&mut ocs, 10, "card", "c1", "50").unwrap();
    ocs.apply(at(11), Command::Admin(Admin::TopUp { account: "card".to_owned(), amount: amount("1.00") }));
    // 10.00 + 50.00 + 1.00.
    assert_eq!(balance(&ocs, "card"), amount("61.00"));
}

#[test]
fn a_voucher_without_number_worth_or_uniqueness_is_refused() {
    let mut build = builder();
    assert!(matches!(build.voucher(voucher("", "1")), Err(CatalogueError::NoName { .. })));
    assert!(matches!(build.voucher(voucher("50", "1")), Err(CatalogueError::Twice { .. })));
    assert!(matches!(build.voucher(voucher("x", "0")), Err(CatalogueError::AmountField { .. })));
    assert!(matches!(build.voucher(voucher("x", "-1")), Err(CatalogueError::AmountField { .. })));
}
