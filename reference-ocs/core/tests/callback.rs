//! The first leg of a callback: by its access code with a connected second leg, by `CALLBACK_FAIL` without.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use common::{at, cad, settings};
use tollgate_ocs_core::{
    AccessRequest, AccountSpec, Amount, Answer, Callback, CatalogueBuilder, Command, CustomerSpec, Effect,
    Note, Ocs, ProductSpec, RateSpec, RatingEntrySpec, Reuse, Service, Stage, TariffSpec, UsageReport,
};

fn amount(text: &str) -> Amount {
    text.parse().unwrap()
}

/// 0.60 a minute through 555333, 0.06 by CALLBACK_FAIL where the product has that.
fn ocs(with_fail: bool) -> Ocs {
    let mut build = CatalogueBuilder::new(settings()).unwrap();
    let mut tariff = |name: &str, price: &str| {
        let spec = TariffSpec { name: name.to_owned(), currency: cad(), service: Service::Voice };
        let id = build.tariff(spec).unwrap();
        build.rate(id, RateSpec::simple("000", price.parse().unwrap())).unwrap();
        id
    };
    let (first, fail) = (tariff("First", "0.60"), tariff("Fail", "0.06"));
    let spec =
        ProductSpec { name: "Callback".to_owned(), currency: cad(), breakage: Amount::ZERO, language: None };
    let product = build.product(spec).unwrap();
    let mut entry = |code: &str, tariff| {
        let access_code = Some(code.to_owned());
        build.rating_entry(
            product,
            RatingEntrySpec { access_code, service: Service::Voice, leg: None, tariff },
        )
    };
    entry("555333", first).unwrap();
    if with_fail {
        entry("CALLBACK_FAIL", fail).unwrap();
    }
    let customer = build.customer(CustomerSpec::new("Owners", cad())).unwrap();
    build.account(AccountSpec::debit("000999", cad(), amount("10.00"), product, customer)).unwrap();
    Ocs::new(build.finish().unwrap())
}

fn authorize(ocs: &mut Ocs) {
    let request = AccessRequest {
        session: "c1".into(),
        account: "000999".to_owned(),
        cld: Some("000999".to_owned()),
        access_code: Some("555333".to_owned()),
        ..AccessRequest::default()
    };
    ocs.apply(at(0), Command::Authorize(request));
}

fn report(ocs: &mut Ocs, stage: Stage, secs: u64, callback: Option<Callback>) {
    let report = UsageReport {
        session: "c1".into(),
        account: "000999".to_owned(),
        cld: Some("000999".to_owned()),
        access_code: Some("555333".to_owned()),
        stage,
        connected_at: Some(at(0)),
        duration: Some(secs),
        callback,
        ..UsageReport::default()
    };
    ocs.apply(at(secs), Command::Account(report));
}

fn left(ocs: &Ocs) -> (Amount, Amount) {
    let account = ocs.account("000999").unwrap();
    (account.balance(), account.reserved())
}

#[test]
fn a_first_leg_costs_what_became_of_the_second() {
    for (callback, balance) in [
        // A minute at 0.60, at 0.06, and at 0.60 for a leg that is no callback's.
        (Some(Callback::Connected), "9.40"),
        (Some(Callback::Unconnected), "9.94"),
        (None, "9.40"),
    ] {
        let mut ocs = ocs(true);
        authorize(&mut ocs);
        report(&mut ocs, Stage::Stop, 60, callback);
        assert_eq!(left(&ocs), (amount(balance), Amount::ZERO), "{callback:?}");
    }
}

#[test]
fn a_first_leg_that_nobody_authorized_is_told_apart_as_well() {
    let mut ocs = ocs(true);
    report(&mut ocs, Stage::Stop, 60, Some(Callback::Unconnected));
    assert_eq!(left(&ocs), (amount("9.94"), Amount::ZERO));
}

#[test]
fn what_was_cheap_while_nobody_answered_is_made_up_for_at_the_end() {
    let mut ocs = ocs(true);
    authorize(&mut ocs);
    report(&mut ocs, Stage::Interim, 30, Some(Callback::Unconnected));
    // 30 × 0.06 / 60.
    assert_eq!(left(&ocs).0, amount("9.97"));
    report(&mut ocs, Stage::Stop, 60, Some(Callback::Connected));
    assert_eq!(left(&ocs), (amount("9.40"), Amount::ZERO));
}

#[test]
fn a_product_without_a_tariff_for_failures_does_not_charge_them() {
    let mut ocs = ocs(false);
    authorize(&mut ocs);
    report(&mut ocs, Stage::Stop, 60, Some(Callback::Unconnected));
    assert_eq!(left(&ocs), (amount("10.00"), Amount::ZERO));
}

/// ESI, PortaBilling_RestoreCacheLevel: 1 trusts the account and its access context, 0 the account alone, −1 nothing. The
/// second leg is authorized without an access code, and its Stop names no account.
#[test]
fn the_level_says_what_the_other_legs_take_over() {
    let played = |reuse| {
        let mut ocs = ocs(true);
        let ask = |access_code: Option<&str>, session: &str| AccessRequest {
            session: session.into(),
            parent: Some("c1".into()),
            account: "000999".to_owned(),
            cld: Some("000999".to_owned()),
            access_code: access_code.map(str::to_owned),
            reuse,
            ..AccessRequest::default()
        };
        ocs.apply(at(0), Command::Authenticate(ask(Some("555333"), "c1")));
        let tariff = match ocs.apply(at(1), Command::Authorize(ask(None, "c2"))).pop() {
            Some(Effect::Answer(Answer::Accepted(accepted))) => {
                accepted.context.tariff.map(|it| it.to_string())
            }
            _ => None,
        };
        let stop = UsageReport {
            session: "c2".into(),
            parent: Some("c1".into()),
            cld: Some("000999".to_owned()),
            access_code: Some("555333".to_owned()),
            stage: Stage::Stop,
            duration: Some(60),
            ..UsageReport::default()
        };
        let effects = ocs.apply(at(61), Command::Account(stop));
        let xdr = effects.iter().find_map(|effect| match effect {
            Effect::Xdr(xdr) => Some((xdr.account_id.to_string(), xdr.notes.contains(&Note::Unresolved))),
            _ => None,
        });
        (tariff, xdr.unwrap())
    };
    let account = || ("000999".to_owned(), false);
    assert_eq!(played(Reuse::Both), (Some("First".to_owned()), account()));
    // Without the code no rating entry fits.
    assert_eq!(played(Reuse::Account), (None, account()));
    assert_eq!(played(Reuse::Nothing), (None, (String::new(), true)));
}
