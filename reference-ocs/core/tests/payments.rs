//! What an administrator gives or takes leaves a record, of which the change of the balance can be read.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use common::{CARD, World, amount, at};
use tollgate_ocs_core::{Admin, Answer, Entity, Service};

fn card() -> String {
    CARD.to_owned()
}

#[test]
fn a_payment_a_refund_and_corrections_leave_a_record_each() {
    let mut world = World::new();
    let changes = [
        // 10.00 + 5.00, + 0.25, + 1.00, - 2.50.
        (Admin::TopUp { account: card(), amount: amount("5") }, Service::Payments, "-5", "15"),
        (Admin::Refund { account: card(), amount: amount("0.25") }, Service::Credits, "-0.25", "15.25"),
        (Admin::Adjust { account: card(), amount: amount("1") }, Service::Credits, "-1", "16.25"),
        (Admin::Adjust { account: card(), amount: amount("-2.50") }, Service::Credits, "2.50", "13.75"),
    ];
    for (secs, (change, service, charged, left)) in (5..).zip(changes) {
        assert_eq!(world.admin(secs, change), Answer::Recorded);
        let xdr = world.the_xdr();
        assert_eq!((xdr.service, xdr.charged_amount), (service, amount(charged)));
        assert_eq!((&*xdr.account_id, xdr.entity, xdr.storage()), (CARD, Entity::Account, "Account"));
        assert_eq!((xdr.bill_time, xdr.billing_model, xdr.used_quantity), (at(secs), Some(-1), 0));
        assert!(xdr.history.ends_with("by an administrator"), "{}", xdr.history);
        assert_eq!(world.balance(CARD), amount(left));
    }
}

#[test]
fn the_records_of_an_account_add_up_to_what_became_of_its_balance() {
    let mut world = World::new();
    let mut sum = amount("0");
    let mut add = |world: &World| {
        sum = world.made().iter().fold(sum, |sum, xdr| sum.checked_add(xdr.charged_amount).unwrap());
    };
    let change = Admin::TopUp { account: "two-dollars".to_owned(), amount: amount("3.00") };
    world.admin(1, change);
    add(&world);
    world.grant(2, "two-dollars", "s", "16045551234").unwrap();
    // 61 s are two minutes at 0.10.
    world.report(70, common::stop("two-dollars", "s", 3, 61));
    add(&world);
    let change = Admin::Adjust { account: "two-dollars".to_owned(), amount: amount("-1.00") };
    world.admin(71, change);
    add(&world);
    // 2.00 + 3.00 - 0.20 - 1.00 = 3.80, and the records say the same: -3.00 + 0.20 + 1.00 = -1.80.
    assert_eq!((world.balance("two-dollars"), sum), (amount("3.80"), amount("-1.80")));
}

#[test]
fn what_a_customer_pays_is_recorded_as_the_customers() {
    let mut world = World::new();
    let customer = || "Shop".to_owned();
    let owes = |world: &World| world.ocs.customer("Shop").unwrap().balance();
    world.admin(1, Admin::AdjustCustomer { customer: customer(), amount: amount("-2.00") });
    let xdr = world.the_xdr();
    assert_eq!((xdr.service, xdr.charged_amount), (Service::Credits, amount("2.00")));
    assert_eq!(owes(&world), amount("2.00"));
    world.admin(2, Admin::PayCustomer { customer: customer(), amount: amount("1.50") });
    let xdr = world.the_xdr();
    assert_eq!((xdr.service, xdr.charged_amount), (Service::Payments, amount("-1.50")));
    assert_eq!((xdr.entity, xdr.storage(), xdr.account), (Entity::Customer, "Customer", None));
    assert_eq!((&*xdr.account_id, xdr.billing_model), ("Shop", Some(1)));
    assert_eq!(owes(&world), amount("0.50"));
    let unknown = Admin::AdjustCustomer { customer: "nobody".to_owned(), amount: amount("1") };
    assert!(matches!(world.admin(3, unknown), Answer::Refused(_)));
    assert_eq!(world.made().len(), 0);
}

#[test]
fn money_is_no_service_that_can_be_asked_for() {
    for service in Service::OF_MONEY {
        assert_eq!(Service::from_name(service.name()), None);
        assert!(!Service::ALL.contains(&service));
    }
}
