//! What a site alone refuses and what it does, and how a site becomes the primary or is one no more.

use tollgate_ocs_core::site::SiteCommand;
use tollgate_ocs_core::{Admin, Answer, Command, Refusal, Release, Role};

use crate::common::{amount, stop};
use crate::pair::{ABC, Pair, Primary, Secondary};

const LONDON: &str = "16045550100";

#[test]
fn a_site_alone_changes_no_configuration_and_the_primary_goes_on_doing_so() {
    let mut pair = Pair::new();
    pair.stand_alone(10);
    let top_up = Admin::TopUp { account: ABC.to_owned(), amount: amount("5") };
    for change in [Admin::Block { account: ABC.to_owned() }, top_up.clone()] {
        assert_eq!(pair.admin(20, Secondary, change), Answer::Refused(Refusal::StandsAlone));
    }
    assert_eq!(pair.admin(21, Primary, top_up), Answer::Recorded);
    assert_eq!(pair.balance(Secondary, ABC), amount("98.00"));
    pair.go_back(30);
    assert!(pair.outstanding().is_empty(), "nothing came of it");
    pair.synchronise(31);
    assert_eq!(pair.balance(Secondary, ABC), amount("93.00"));
    pair.check(32);
}

#[test]
fn who_is_promoted_keeps_what_it_charged_and_the_other_serves_nobody_any_more() {
    let mut pair = Pair::new();
    pair.stand_alone(10);
    assert_eq!(pair.grant(20, Secondary, ABC, "a", LONDON), Ok(1_200));
    pair.report(140, Secondary, stop(ABC, "a", 20, 120));
    pair.site(200, Secondary, SiteCommand::Promote { epoch: 1 });
    assert_eq!(pair.secondary.site().role(), Role::Primary);
    // 98.00 and two minutes at 0.10.
    assert_eq!(pair.balance(Secondary, ABC), amount("98.20"));
    let change = Admin::TopUp { account: ABC.to_owned(), amount: amount("1") };
    assert_eq!(pair.admin(201, Secondary, change), Answer::Recorded);
    assert!(pair.outstanding().is_empty());
    // The same rule again is none.
    let again = Command::Site(Box::new(SiteCommand::Promote { epoch: 1 }));
    assert!(matches!(pair.apply(202, Secondary, again), Answer::Refused(_)));
    pair.site(203, Primary, SiteCommand::Fence { epoch: 1 });
    assert_eq!(pair.primary.site().role(), Role::Fenced);
    pair.crash(204, Primary);
    assert_eq!(pair.primary.site().role(), Role::Fenced, "its record knows it");
    pair.check(205);
}

#[test]
fn commitments_are_known_from_mr86_on() {
    let mut pair = Pair::new();
    pair.site(1, Primary, SiteCommand::Upgrade(Release::Mr85));
    pair.replicate(2, 1);
    let sign_up = Admin::Commitment {
        account: ABC.to_owned(),
        commitment: "none".to_owned(),
        change: tollgate_ocs_core::commitments::CommitmentChange::SignUp {
            ends: tollgate_ocs_core::commitments::DiscountEnd::Own,
        },
    };
    let answer = pair.admin(3, Primary, sign_up.clone());
    assert!(
        matches!(answer, Answer::Refused(Refusal::UnknownToRelease { since: Release::Mr86, .. })),
        "{answer:?}"
    );
    // The copy behaves as the primary does; alone it behaves as its own software.
    assert_eq!(pair.secondary.site().release(), Release::Mr85);
    pair.site(4, Primary, SiteCommand::Upgrade(Release::Mr86));
    let unknown = Answer::Refused(Refusal::UnknownCommitment("none".to_owned()));
    assert_eq!(pair.admin(5, Primary, sign_up), unknown);
    pair.replicate(6, usize::MAX);
    pair.check(7);
}
