//! The documents' own example with every amount (ARCH, example scenario): 98.00 of 100.00 owed, 0.10 a minute.

use tollgate_ocs_core::site::{Locked, PeriodId, SiteFact, Transferred};
use tollgate_ocs_core::{Denial, Role};

use crate::common::{amount, stop};
use crate::pair::{ABC, Pair, Primary, Secondary};

/// A number at 0.10 a minute.
const LONDON: &str = "16045550100";
const MINUTE: u64 = 60;

#[test]
fn the_documents_example_comes_out_to_the_cent() {
    let mut pair = Pair::new();
    pair.stand_alone(10);
    assert_eq!(pair.secondary.site().role(), Role::StandAlone);
    // 2.00 are left: 20 minutes at 0.10.
    assert_eq!(pair.grant(20, Secondary, ABC, "a", LONDON), Ok(20 * MINUTE));
    // 12 minutes: 1.20. 98.00 + 1.20 = 99.20.
    pair.report(20 + 12 * MINUTE, Secondary, stop(ABC, "a", 20, 12 * MINUTE));
    assert_eq!(pair.balance(Secondary, ABC), amount("99.20"));
    // 0.80 are left: 8 minutes.
    let second = 1_000;
    assert_eq!(pair.grant(second, Secondary, ABC, "b", LONDON), Ok(8 * MINUTE));
    // 5 minutes: 0.50; the adjustment is 1.70.
    pair.report(second + 5 * MINUTE, Secondary, stop(ABC, "b", second, 5 * MINUTE));
    let adjusted: Vec<_> = pair.secondary.site().adjustments().iter().map(|own| own.amount).collect();
    assert_eq!(adjusted, [amount("1.70")]);
    // 0.30 are left: 3 minutes.
    let third = 2_000;
    assert_eq!(pair.grant(third, Secondary, ABC, "c", LONDON), Ok(3 * MINUTE));
    pair.report(third, Secondary, stop(ABC, "c", third, 0));

    // The primary knows of nothing yet.
    assert_eq!(pair.balance(Primary, ABC), amount("98.00"));
    pair.go_back(3_000);
    assert_eq!(pair.secondary.site().role(), Role::StandBy);
    // The copy is as it was.
    assert_eq!(pair.balance(Secondary, ABC), amount("98.00"));
    assert!(pair.lock(3_001));
    let period = PeriodId { site: 1, number: 1 };
    let sums = vec![(crate::common::cad(), amount("1.70"))];
    assert_eq!(pair.facts(), [SiteFact::Locked(Locked { period, records: 3, calls: 0, sums })]);
    assert_eq!(pair.reserved(Primary, ABC), amount("1.70"));
    // 100.00 - 98.00 - 1.70 = 0.30: 3 minutes, and no more for anybody else.
    assert_eq!(pair.grant(3_002, Primary, ABC, "d", LONDON), Ok(3 * MINUTE));
    assert_eq!(pair.grant(3_003, Primary, ABC, "e", LONDON), Err(Denial::FundsLocked));
    pair.report(3_004, Primary, stop(ABC, "d", 3_002, 0));

    assert!(pair.transfer(3_005, 0));
    // The record is as the secondary made it: 1.20 are charged, and no longer locked.
    let xdrs = pair.xdrs();
    assert_eq!(xdrs[0].charged_amount, amount("1.20"));
    assert_eq!(xdrs[0].history, "720s: 12 x 60s @ 0.10/min = 1.20000");
    assert_eq!((pair.balance(Primary, ABC), pair.reserved(Primary, ABC)), (amount("99.20"), amount("0.50")));
    // The link was cut, and it comes again.
    assert!(pair.transfer(3_006, 1));
    assert_eq!((pair.balance(Primary, ABC), pair.reserved(Primary, ABC)), (amount("99.20"), amount("0.50")));
    assert!(pair.transfer(3_007, 0));
    assert!(pair.transfer(3_008, 0));
    let sums = vec![(crate::common::cad(), amount("1.70"))];
    let done = Transferred { period, next: 3, complete: true, moved: 3, known: 0, sums };
    assert_eq!(pair.facts(), [SiteFact::Transferred(done)]);
    assert_eq!((pair.balance(Primary, ABC), pair.reserved(Primary, ABC)), (amount("99.70"), amount("0")));
    pair.replicate(3_009, usize::MAX);
    assert_eq!(pair.balance(Secondary, ABC), amount("99.70"));
    assert!(pair.outstanding().is_empty());
    pair.check(3_010);
}
