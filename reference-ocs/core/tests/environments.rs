//! Several environments in one system: each has its own accounts, prices, sessions and time, and none sees another.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use common::{CALLED, CARD, amount, at, decided, request, stop};
use tollgate_ocs_core::ids::EnvId;
use tollgate_ocs_core::{
    AccessRequest, AccountSpec, Admin, Amount, Answer, Catalogue, CatalogueBuilder, Command, CustomerSpec,
    Denial, Effect, Grant, Lock, Note, Ocs, ProductSpec, RateSpec, RatingEntrySpec, Refusal, Service,
    Settings, TariffSpec,
};

const THIRD: EnvId = EnvId::from_number(3);

/// An environment in which a card of that id and balance calls at that price a minute.
fn environment(env: u32, currency: &str, balance: &str, price: &str) -> CatalogueBuilder {
    let currency = currency.parse().unwrap();
    let settings = Settings { env: EnvId::from_number(env), ..Settings::new(currency) };
    let mut build = CatalogueBuilder::new(settings).unwrap();
    let tariff = TariffSpec { name: format!("Tariff {env}"), currency, service: Service::Voice };
    let tariff = build.tariff(tariff).unwrap();
    build.rate(tariff, RateSpec::simple("82", price.parse().unwrap())).unwrap();
    let product = ProductSpec { name: "Card".to_owned(), currency, breakage: Amount::ZERO, language: None };
    let product = build.product(product).unwrap();
    let entry = RatingEntrySpec { access_code: None, service: Service::Voice, leg: None, tariff };
    build.rating_entry(product, entry).unwrap();
    let owner = build.customer(CustomerSpec::new("Owner", currency)).unwrap();
    build.account(AccountSpec::debit(CARD, currency, amount(balance), product, owner)).unwrap();
    build
}

/// 10.00 CAD at 0.02 a minute in environment 1, 3.00 USD at 0.06 in environment 3.
fn catalogue() -> Catalogue {
    let mut first = environment(1, "CAD", "10.00", "0.02");
    first.environment(environment(3, "USD", "3.00", "0.06")).unwrap();
    first.finish().unwrap()
}

fn ask(session: &str) -> AccessRequest {
    AccessRequest { cld: Some(CALLED.to_owned()), lock: Lock::Ignore, ..request(CARD, session) }
}

fn answer(effects: Vec<Effect>) -> Answer {
    match effects.into_iter().last() {
        Some(Effect::Answer(answer)) => answer,
        other => panic!("{other:?}"),
    }
}

fn granted(ocs: &mut Ocs, env: EnvId, session: &str) -> Result<Grant, Denial> {
    let command = Command::Authorize(ask(session)).within(env, ocs.env());
    decided(answer(ocs.apply(at(0), command))).map(|accepted| accepted.grant.unwrap())
}

fn used(ocs: &mut Ocs, env: EnvId, session: &str, secs: u64) -> Vec<Effect> {
    let report =
        tollgate_ocs_core::UsageReport { cld: Some(CALLED.to_owned()), ..stop(CARD, session, 0, secs) };
    ocs.apply(at(secs), Command::Account(report).within(env, ocs.env()))
}

#[test]
fn one_account_id_in_two_environments_is_two_accounts() {
    let mut ocs = Ocs::new(catalogue());
    // 10.00 / 0.02 × 60 and 3.00 / 0.06 × 60 seconds; the sessions have one key.
    assert_eq!(granted(&mut ocs, EnvId::from_number(1), "a"), Ok(Grant::Units(30_000)));
    assert_eq!(granted(&mut ocs, THIRD, "a"), Ok(Grant::Units(3_000)));
    // 60 s cost 0.02 CAD here and 0.06 USD there.
    let effects = used(&mut ocs, THIRD, "a", 60);
    let xdr = effects.iter().find_map(|effect| match effect {
        Effect::Xdr(xdr) => Some(xdr.clone()),
        _ => None,
    });
    let xdr = xdr.unwrap();
    assert_eq!((xdr.env, xdr.charged_amount), (THIRD, amount("0.06")));
    let money = |ocs: &Ocs, name: &str| {
        let view = ocs.account(name).unwrap();
        (view.balance(), view.reserved())
    };
    assert_eq!(money(&ocs, CARD), (amount("10.00"), amount("10.00")));
    assert_eq!(money(&ocs, &format!("3/{CARD}")), (amount("2.94"), Amount::ZERO));
    used(&mut ocs, EnvId::from_number(1), "a", 60);
    assert_eq!(money(&ocs, CARD), (amount("9.98"), Amount::ZERO));
}

#[test]
fn an_administrator_changes_the_account_of_one_environment() {
    let mut ocs = Ocs::new(catalogue());
    let block = Command::Admin(Admin::Block { account: CARD.to_owned() });
    ocs.apply(at(0), block.clone().within(THIRD, ocs.env()));
    assert_eq!(granted(&mut ocs, THIRD, "a"), Err(Denial::UserDenied));
    assert!(granted(&mut ocs, EnvId::from_number(1), "a").is_ok());
    let nowhere = EnvId::from_number(9);
    let refused = answer(ocs.apply(at(0), block.within(nowhere, ocs.env())));
    assert_eq!(refused, Answer::Refused(Refusal::UnknownEnvironment(nowhere)));
}

#[test]
fn in_an_environment_that_there_is_not_nothing_is_granted_and_nobody_charged() {
    let mut ocs = Ocs::new(catalogue());
    let nowhere = EnvId::from_number(9);
    assert_eq!(granted(&mut ocs, nowhere, "a"), Err(Denial::InvalidArgument));
    let effects = used(&mut ocs, nowhere, "a", 60);
    let xdrs: Vec<_> = effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Xdr(xdr) => Some((xdr.account_id.to_string(), xdr.notes.contains(&Note::Unresolved))),
            _ => None,
        })
        .collect();
    // The card has the same id in environments 1 and 3: neither pays.
    assert_eq!(xdrs, [(format!("9/{CARD}"), true)]);
    assert_eq!(ocs.account(CARD).unwrap().balance(), amount("10.00"));
    assert_eq!(ocs.account(&format!("3/{CARD}")).unwrap().balance(), amount("3.00"));
}

#[test]
fn time_passes_in_all_environments() {
    let mut ocs = Ocs::new(catalogue());
    granted(&mut ocs, THIRD, "a").unwrap();
    let due = ocs.next_deadline().unwrap();
    let effects = ocs.expire(due);
    assert!(effects.iter().any(|effect| matches!(effect, Effect::Closed(closed) if closed.env == THIRD)));
    assert_eq!(ocs.account(&format!("3/{CARD}")).unwrap().reserved(), Amount::ZERO);
    assert_eq!(ocs.next_deadline(), None);
}

#[test]
fn what_happened_in_every_environment_is_rebuilt() {
    let play = || {
        let mut ocs = Ocs::new(catalogue());
        granted(&mut ocs, THIRD, "a").unwrap();
        granted(&mut ocs, EnvId::from_number(1), "b").unwrap();
        used(&mut ocs, THIRD, "a", 60);
        ocs
    };
    let (one, other) = (play(), play());
    assert_eq!(one.dump(), other.dump());
    assert!(one.dump().contains("environment 3"));
    assert_eq!(one.environments().map(|env| env.env().number()).collect::<Vec<_>>(), [1, 3]);
}
