//! Credit accounts: money owed, up to the limit of the account and of its customer.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use common::{World, amount, request, stop};
use tollgate_ocs_core::{Admin, Amount, Answer, BillingModel, Denial, Effect, Grant, ReturnCode, Subject};

/// Dialled, at 0.10 a minute by the minute.
const LOCAL: &str = "5550193";

#[test]
fn the_accounts_own_limit_binds_where_it_is_lower() {
    let mut world = World::new();
    // 2.00 of its own, 3.00 of its customer: 2.00 pay for 20 minutes.
    let accepted = world.login(0, request("shop-1", "c1")).unwrap();
    assert_eq!((accepted.balance, accepted.funds), (Amount::ZERO, Some(amount("2.00"))));
    assert_eq!(accepted.context.billing_model, BillingModel::Credit);
    assert_eq!(world.grant(0, "shop-1", "c1", LOCAL), Ok(Grant::Units(1_200)));
}

#[test]
fn the_customers_limit_binds_where_the_account_has_none() {
    let mut world = World::new();
    assert_eq!(world.grant(0, "shop-2", "c1", LOCAL), Ok(Grant::Units(1_800)));
}

#[test]
fn accounts_of_one_customer_share_its_limit() {
    let mut world = World::new();
    // shop-1 reserves 2.00 of the 3.00; 1.00 is left for shop-2: 10 minutes.
    world.grant(0, "shop-1", "c1", LOCAL).unwrap();
    assert_eq!(world.grant(0, "shop-2", "c2", LOCAL), Ok(Grant::Units(600)));
    assert_eq!(world.ocs.customer("Shop").unwrap().reserved(), amount("3.00"));
}

#[test]
fn a_charge_is_owed_by_account_and_customer() {
    let mut world = World::new();
    world.grant(0, "shop-1", "c1", LOCAL).unwrap();
    world.report(100, stop("shop-1", "c1", 5, 61));
    // Two minutes: 0.20.
    assert_eq!(world.balance("shop-1"), amount("0.20"));
    assert_eq!(world.ocs.customer("Shop").unwrap().balance(), amount("0.20"));
    assert_eq!(world.ocs.customer("Shop").unwrap().reserved(), Amount::ZERO);
    assert_eq!(world.the_xdr().billing_model, Some(1));
    assert_eq!(world.events(), ["Account/BalanceChanged", "Customer/BalanceChanged"]);
    let subjects: Vec<_> = world
        .effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Balance(change) => Some((&change.subject, change.before, change.after)),
            _ => None,
        })
        .collect();
    assert!(matches!(subjects[0], (Subject::Account { .. }, before, after)
        if before == Amount::ZERO && after == amount("0.20")));
    assert!(matches!(subjects[1], (Subject::Customer { .. }, _, after) if after == amount("0.20")));
}

#[test]
fn at_the_limit_nothing_more_is_given() {
    let mut world = World::new();
    world.grant(0, "shop-1", "c1", LOCAL).unwrap();
    world.report(1_300, stop("shop-1", "c1", 5, 1_200));
    assert_eq!(
        world.events(),
        ["Account/BalanceChanged", "Account/ZeroAvailableFunds", "Customer/BalanceChanged"]
    );
    assert_eq!(world.login(1_400, request("shop-1", "c2")).unwrap_err(), Denial::CreditLimit);
    // The customer has 1.00 left, which the other account may spend.
    assert_eq!(world.grant(1_400, "shop-2", "c3", LOCAL), Ok(Grant::Units(600)));
}

#[test]
fn what_is_reserved_by_others_is_not_granted() {
    let mut world = World::new();
    world.grant(0, "shop-2", "c1", LOCAL).unwrap();
    // All of the customer's 3.00 is reserved, none is spent: there are funds, but none available.
    assert_eq!(world.login(0, request("shop-1", "c2")).unwrap().funds, Some(amount("2.00")));
    assert_eq!(world.grant(0, "shop-1", "c2", LOCAL), Err(Denial::FundsLocked));
}

#[test]
fn without_any_limit_there_is_no_end_and_nothing_is_reserved() {
    let mut world = World::new();
    let accepted = world.login(0, request("office", "c1")).unwrap();
    assert_eq!((accepted.funds, accepted.return_code), (None, ReturnCode::Success));
    let call = tollgate_ocs_core::AccessRequest { cld: Some(LOCAL.to_owned()), ..request("office", "c1") };
    let accepted = world.authorize(0, call).unwrap();
    assert_eq!((accepted.grant, accepted.return_code), (Some(Grant::Unlimited), ReturnCode::TollFree));
    assert_eq!(world.reserved("office"), Amount::ZERO);
    world.report(70, stop("office", "c1", 5, 60));
    assert_eq!(world.balance("office"), amount("0.10"));
    assert!(world.the_xdr().notes.is_empty());
}

#[test]
fn a_payment_lowers_what_is_owed() {
    let mut world = World::new();
    world.grant(0, "shop-1", "c1", LOCAL).unwrap();
    world.report(1_300, stop("shop-1", "c1", 5, 1_200));
    let pay = Admin::TopUp { account: "shop-1".to_owned(), amount: amount("0.50") };
    assert_eq!(world.admin(1_400, pay), Answer::Recorded);
    assert_eq!(world.balance("shop-1"), amount("1.50"));
    assert_eq!(world.ocs.customer("Shop").unwrap().balance(), amount("1.50"));
    assert!(world.events().contains(&"Account/AvailableFundsAppear"));
    assert_eq!(world.grant(1_500, "shop-1", "c2", LOCAL), Ok(Grant::Units(300)));
}

#[test]
fn a_customers_payment_leaves_its_accounts_alone() {
    let mut world = World::new();
    world.grant(0, "shop-1", "c1", LOCAL).unwrap();
    world.report(1_300, stop("shop-1", "c1", 5, 1_200));
    let pay = Admin::PayCustomer { customer: "Shop".to_owned(), amount: amount("2.00") };
    assert_eq!(world.admin(1_400, pay), Answer::Recorded);
    assert_eq!(world.ocs.customer("Shop").unwrap().balance(), Amount::ZERO);
    assert_eq!(world.balance("shop-1"), amount("2.00"));
    assert_eq!(world.events(), ["Customer/BalanceChanged"]);
}

#[test]
fn a_limit_can_be_raised_for_credit_accounts_only() {
    let mut world = World::new();
    let limit =
        |account: &str| Admin::SetCreditLimit { account: account.to_owned(), limit: Some(amount("2.50")) };
    assert_eq!(world.admin(0, limit("shop-1")), Answer::Recorded);
    assert_eq!(world.grant(0, "shop-1", "c1", LOCAL), Ok(Grant::Units(1_500)));
    assert!(matches!(world.admin(0, limit("two-dollars")), Answer::Refused(_)));
}
