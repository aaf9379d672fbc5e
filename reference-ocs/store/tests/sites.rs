//! What a site knows of itself outlives its process: its copy of the primary, what it has spent alone, what it is to hand over.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "../../core/tests/common/mod.rs"]
mod common;

use common::{at, catalogue, settings, start, stop};
use tollgate_ocs_core::{AccessRequest, Command, Ocs, Role, SiteCommand};

const ACCOUNT: &str = "two-dollars";
const NUMBER: &str = "16045550100";

fn site(command: SiteCommand) -> Command {
    Command::Site(Box::new(command))
}

fn ask(key: &str) -> Command {
    let access = AccessRequest { cld: Some(NUMBER.to_owned()), ..common::request(ACCOUNT, key) };
    Command::Authorize(access)
}

/// Writes the state down and reads it back.
fn restored(ocs: &Ocs) -> Ocs {
    let octets = postcard::to_stdvec(&ocs.state()).unwrap();
    Ocs::restored(catalogue(settings()), postcard::from_bytes(&octets).unwrap()).unwrap()
}

#[test]
fn a_site_goes_on_from_its_state_in_every_role() {
    let mut ocs = Ocs::new(catalogue(settings()));
    let mut record = vec![(1, site(SiteCommand::StandBy { site: 1 }))];
    let copied = |secs: u64, command: Command| {
        (secs, site(SiteCommand::Replicated { at: at(secs), command: Box::new(command) }))
    };
    record.push(copied(2, ask("a")));
    record.push(copied(2, Command::Account(start(ACCOUNT, "a", 2))));
    record.push((60, site(SiteCommand::StandAlone { ordered: false })));
    record.push((62, Command::Account(stop(ACCOUNT, "a", 2, 60))));
    record.push((70, ask("b")));
    record.push((70, Command::Account(start(ACCOUNT, "b", 70))));
    record.push((90, site(SiteCommand::Return)));
    record.push((91, site(SiteCommand::StandAlone { ordered: true })));
    record.push((100, site(SiteCommand::Promote { epoch: 1 })));
    let mut roles = Vec::new();
    for (secs, command) in record {
        ocs.apply(at(secs), command);
        let again = restored(&ocs);
        assert_eq!(again.dump(), ocs.dump(), "at {secs}");
        if roles.last() != Some(&ocs.site().role()) {
            roles.push(ocs.site().role());
        }
        ocs = again;
    }
    assert_eq!(roles, [Role::StandBy, Role::StandAlone, Role::StandBy, Role::StandAlone, Role::Primary]);
    // 2.00 less a minute at 0.10.
    assert_eq!(ocs.account(ACCOUNT).unwrap().balance(), common::amount("1.90"));
}
