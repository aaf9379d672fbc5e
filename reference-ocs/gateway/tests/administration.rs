//! What an administrator does during a run, and what the system shows of itself.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod support;

use std::time::Duration;

use support::{CARD, CONF_ID, IVR, Stage, call, login};
use tollgate_network::{Action, ActionError, ArgKind, Need, Setup};
use tollgate_ocs_gateway::OCS;
use tollgate_time::Instant;
use tollgate_wire::{Decimal, Fields, Value};

fn on_card(verb: &str) -> Action {
    Action::new(verb).with("account", CARD)
}

fn money(text: &str, currency: &str) -> Value {
    Value::Money(text.parse::<Decimal>().unwrap(), currency.into())
}

#[test]
fn a_top_up_is_there_at_once() {
    let mut stage = Stage::new();
    let seen = stage.perform(&on_card("top-up").with("amount", money("5.50", "CAD"))).unwrap();
    assert_eq!(seen.shown("balance-changed", "why").as_deref(), Some("top-up"));
    assert_eq!(seen.shown("balance-changed", "after").as_deref(), Some("15.50000 CAD"));
    assert_eq!(stage.balance(CARD), "15.50000");
}

#[test]
fn an_amount_that_cannot_be_booked_is_refused() {
    let mut stage = Stage::new();
    for (text, currency) in [("5", "USD"), ("0.000001", "CAD"), ("0", "CAD"), ("-1", "CAD")] {
        let action = on_card("top-up").with("amount", money(text, currency));
        assert!(matches!(stage.perform(&action), Err(ActionError::Impossible(_))), "{text} {currency}");
    }
    let nobody = Action::new("top-up").with("account", "nobody").with("amount", money("1", "CAD"));
    assert_eq!(
        stage.perform(&nobody).unwrap_err(),
        ActionError::Impossible("there is no account 'nobody'".to_owned())
    );
    assert_eq!(stage.balance(CARD), "10.00000");
}

#[test]
fn a_blocked_account_is_denied_until_it_is_unblocked() {
    let mut stage = Stage::new();
    stage.perform(&on_card("block")).unwrap();
    assert_eq!(stage.access(IVR, login).field("h323-return-code").as_deref(), Some("7"));
    stage.perform(&on_card("unblock")).unwrap();
    assert_eq!(stage.access(IVR, login).field("h323-return-code").as_deref(), Some("0"));
}

#[test]
fn an_account_expires_at_the_moment_that_is_set() {
    let mut stage = Stage::new();
    let at: Instant = stage.now + Duration::from_secs(60);
    stage.perform(&on_card("expire").with("at", at)).unwrap();
    assert_eq!(stage.access(IVR, login).field("h323-return-code").as_deref(), Some("0"));
    stage.wait(Duration::from_secs(60));
    assert_eq!(stage.access(IVR, login).field("h323-return-code").as_deref(), Some("5"));
}

#[test]
fn a_suspended_customer_has_its_accounts_denied() {
    let mut stage = Stage::new();
    stage.perform(&Action::new("suspend").with("customer", "Cards")).unwrap();
    let seen = stage.access(IVR, login);
    assert_eq!(seen.field("h323-ivr-in.ErrorExplanation").as_deref(), Some("user_suspended"));
    stage.perform(&Action::new("unsuspend").with("customer", "Cards")).unwrap();
    assert_eq!(stage.access(IVR, login).field("h323-return-code").as_deref(), Some("0"));
}

#[test]
fn a_closed_session_returns_its_reservation() {
    let mut stage = Stage::new();
    stage.access(IVR, login);
    stage.access(IVR, call);
    assert_eq!(stage.reserved(CARD), "10.00000");
    let seen = stage.perform(&on_card("close-session").with("session", CONF_ID)).unwrap();
    assert!(seen.observed("closed").iter().any(|it| it.get("by") == Some(&Value::from("administrator"))));
    assert_eq!((stage.balance(CARD), stage.reserved(CARD)), ("10.00000".to_owned(), "0.00000".to_owned()));
}

#[test]
fn a_product_that_there_is_not_is_refused() {
    let mut stage = Stage::new();
    let error = stage.perform(&on_card("set-product").with("product", "Gold")).unwrap_err();
    assert_eq!(error.to_string(), "there is no product 'Gold'");
}

#[test]
fn a_password_that_is_set_is_asked_for() {
    let mut stage = Stage::new();
    stage.perform(&on_card("set-password").with("password", "1234")).unwrap();
    assert_eq!(stage.access(IVR, login).field("h323-return-code").as_deref(), Some("2"));
    stage.perform(&on_card("set-password").with("password", "")).unwrap();
    assert_eq!(stage.access(IVR, login).field("h323-return-code").as_deref(), Some("0"));
}

#[test]
fn the_balance_is_shown_with_what_is_reserved() {
    let mut stage = Stage::new();
    stage.access(IVR, login);
    stage.access(IVR, call);
    let seen = stage.perform(&on_card("report-balance")).unwrap();
    // The grant of 30000 s holds all 10.00 of the card.
    assert_eq!(seen.shown("balance", "amount").as_deref(), Some("10.00000 CAD"));
    assert_eq!(seen.shown("balance", "reserved").as_deref(), Some("10.00000 CAD"));
    assert_eq!(seen.shown("balance", "funds").as_deref(), Some("10.00000 CAD"));
    assert_eq!(seen.shown("balance", "available").as_deref(), Some("0.00000 CAD"));
    assert!(stage.perform(&Action::new("report-balance").with("account", "nobody")).is_err());
}

#[test]
fn counters_and_sessions_are_shown() {
    let mut stage = Stage::new();
    stage.access(IVR, login);
    stage.access(IVR, call);
    let seen = stage.perform(&Action::new("report-counters")).unwrap();
    assert_eq!(seen.shown("counters", "access-requests").as_deref(), Some("2"));
    let seen = stage.perform(&Action::new("report-sessions")).unwrap();
    assert_eq!(seen.shown("sessions", "open").as_deref(), Some("1"));
}

#[test]
fn a_change_by_an_administrator_survives_a_restart() {
    let mut stage = Stage::new();
    stage.perform(&on_card("top-up").with("amount", money("5", "CAD"))).unwrap();
    stage.restart();
    assert_eq!(stage.balance(CARD), "15.00000");
}

#[test]
fn every_verb_of_the_table_is_understood() {
    for verb in OCS.verbs {
        let mut action = Action::new(verb.name);
        for arg in verb.args.iter().filter(|arg| arg.need == Need::Required) {
            action = match arg.kind {
                ArgKind::Money => action.with(arg.name, money("1", "CAD")),
                ArgKind::Choice([first, ..]) => action.with(arg.name, *first),
                _ if arg.name == "account" => action.with(arg.name, CARD),
                _ if arg.name == "customer" => action.with(arg.name, "Cards"),
                _ if arg.name == "product" => action.with(arg.name, "Calling Card"),
                _ if arg.name == "session" => action.with(arg.name, CONF_ID),
                _ if arg.name == "plan" => action.with(arg.name, "Messages"),
                _ if arg.name == "commitment" || verb.name == "upgrade-commitment" && arg.name == "to" => {
                    action.with(arg.name, "Turbo")
                }
                _ if arg.name == "to" => action.with(arg.name, "10000000000"),
                ArgKind::Time => action.with(arg.name, Value::Time(Instant::from_unix_secs(1_900_000_000))),
                ArgKind::Integer { .. } => action.with(arg.name, Value::Integer(50)),
                _ => action.with(arg.name, "text"),
            };
        }
        let mut stage = Stage::new();
        stage.access(IVR, login);
        stage.access(IVR, call);
        if verb.name != "sign-up" && verb.args.iter().any(|arg| arg.name == "commitment") {
            stage.perform(&on_card("sign-up").with("commitment", "Turbo")).unwrap();
        }
        let done = stage.perform(&action);
        // No client of this world can be asked to end a session, no card has a credit limit, and there is no other site: that
        // is understood too.
        let cannot = matches!(verb.name, "disconnect" | "set-credit-limit" | "switch-site");
        let lacking = cannot && matches!(done, Err(ActionError::Impossible(_)));
        assert!(done.is_ok() || lacking, "{}: {done:?}", verb.name);
    }
    let unknown = Stage::new().perform(&Action::new("sing")).unwrap_err();
    assert_eq!(unknown, ActionError::UnknownVerb("sing".to_owned()));
}

#[test]
fn the_charging_system_is_made_from_the_world_alone() {
    let setup = Setup {
        name: "second".into(),
        address: support::address(IVR),
        servers: Vec::new(),
        diameter: Vec::new(),
        systems: Vec::new(),
        settings: Fields::new(),
        seed: 1,
        observe: true,
    };
    assert!((OCS.build)(setup).is_err());
}
