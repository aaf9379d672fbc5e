//! `finally:`: balances, xdrs, events.

use tollgate_wire::Path;

use crate::run::fixture::{mismatches, place, plain, play, playing, quoted, send};
use crate::run::{Record, StepOutcome, Verdict};
use crate::scenario::{AccountMatch, Deed, FieldMatch, Finally, Matcher, Scenario, XdrMatch};

fn account(account: &str, matcher: Matcher) -> AccountMatch {
    AccountMatch { account: account.into(), matcher, place: place(40) }
}

fn xdr(fields: &[(&str, Matcher)]) -> XdrMatch {
    let fields = fields.iter().map(|(path, matcher)| FieldMatch {
        path: Path::parse(path).unwrap(),
        matcher: matcher.clone(),
        place: place(41),
    });
    XdrMatch { fields: fields.collect(), place: place(41) }
}

fn end(steps: Vec<Deed>, finally: Finally) -> Record {
    play(&Scenario { finally, ..playing(steps) })
}

#[test]
fn balances_and_reservations_are_asked_of_the_system_once_an_account() {
    let finally = Finally {
        // 10.00000 less 0.02367 is 9.97633.
        balances: vec![account("1", plain("9.97633 CAD"))],
        reserved: vec![account("1", plain("0"))],
        ..Finally::default()
    };
    let record = end(vec![send("charge 1")], finally);
    assert_eq!(record.verdict(), Verdict::Passed);
    let asked = record.journal.entries().iter().filter(|entry| entry.seen.observation.kind == "balance");
    assert_eq!(asked.count(), 1);
}

#[test]
fn a_wrong_balance_and_an_unknown_account_are_told() {
    let balances = vec![account("1", plain("10.00 CAD")), account("nobody", plain("0 CAD"))];
    let record = end(vec![send("charge 1")], Finally { balances, ..Finally::default() });
    assert_eq!(mismatches(&record.steps[1].outcome), [("10.00 CAD", "9.97633 CAD")]);
    assert_eq!(
        mismatches(&record.steps[2].outcome),
        [("the system to show account nobody", "there is no account 'nobody'")]
    );
}

#[test]
fn the_xdrs_are_exactly_these_in_this_order() {
    let one = || xdr(&[("account", quoted("1")), ("used", plain("71s")), ("amount", plain("0.02367 CAD"))]);
    let two = || xdr(&[("account", quoted("2"))]);
    let steps = || vec![send("charge 1"), send("charge 2")];
    let ends = |xdrs| end(steps(), Finally { xdrs: Some(xdrs), ..Finally::default() });
    assert_eq!(ends(vec![one(), two()]).verdict(), Verdict::Passed);

    let record = ends(vec![two(), one()]);
    assert_eq!(
        mismatches(&record.steps[2].outcome),
        [("account: \"2\"", "1"), ("it as xdr 1", "it as xdr 2")]
    );
    let record = ends(vec![one()]);
    assert_eq!(record.steps[2].outcome, StepOutcome::Passed);
    let seen = "2 of them; the first that is too many: 2001-09-09T01:46:40.001Z ocs xdr frame 2 account: 2, \
                amount: 0.02367 CAD, used: 71s";
    assert_eq!(mismatches(&record.steps[3].outcome), [("exactly 1 xdr", seen)]);

    let record = ends(vec![one(), two(), one()]);
    let expected = "{ account: \"1\", used: 71s, amount: 0.02367 CAD }";
    assert_eq!(mismatches(&record.steps[4].outcome), [(expected, "only 2 xdrs were written")]);
    assert_eq!(mismatches(&record.steps[5].outcome), [("exactly 3 xdrs", "2 of them")]);

    let record = ends(Vec::new());
    assert!(matches!(record.steps[2].outcome, StepOutcome::Failed(_)), "an empty list means none");
    assert_eq!(record.steps[2].text, "no xdr");
}

#[test]
fn an_event_was_emitted_at_least_once() {
    let events = |name: &str| Finally { events: vec![(name.into(), place(42))], ..Finally::default() };
    let steps = || vec![send("charge 1"), send("charge 1")];
    assert_eq!(end(steps(), events("Account/BalanceChanged")).verdict(), Verdict::Passed);
    let record = end(steps(), events("Account/Blocked"));
    assert_eq!(
        mismatches(&record.steps[2].outcome),
        [("event Account/Blocked", "only Account/BalanceChanged")]
    );
    let record = end(Vec::new(), events("Account/Blocked"));
    assert_eq!(mismatches(&record.steps[0].outcome), [("event Account/Blocked", "no event")]);
}

#[test]
fn what_the_end_asserts_is_not_unexpected() {
    let expectation = crate::run::fixture::expect(crate::scenario::Who::System, "xdr", &[]);
    let xdrs = Some(vec![xdr(&[]), xdr(&[])]);
    let steps = vec![send("charge 1"), send("charge 2"), expectation];
    let scenario =
        Scenario { strict: true, finally: Finally { xdrs, ..Finally::default() }, ..playing(steps) };
    assert_eq!(play(&scenario).verdict(), Verdict::Passed);
}
