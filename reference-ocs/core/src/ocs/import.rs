//! Reports that say how they are to be charged: with a report of the charges, stored wholly or not at all, or not
//! stored (a dry run).
//!
//! What must not be stored, or only if it is complete, is taken on trial first, so that whatever rules there are hold for
//! it as they would.

use super::Ocs;
use crate::command::UsageReport;
use crate::effect::{Answer, Effect};
use crate::parties::charge::{Apply, ChargeLine, ChargeReport, ChargeRequest, Commit};
use crate::plans::StepPrice;
use crate::xdr::{Entity, Note, Xdr};

use tollgate_time::Instant;

impl Ocs {
    /// Takes a report with orders for its charging.
    pub(super) fn import(
        &mut self,
        now: Instant,
        report: &UsageReport,
        charge: &ChargeRequest,
        out: &mut Vec<Effect>,
    ) {
        let begin = out.len();
        let (stored, lines) = match charge.commit {
            Commit::Always => {
                self.report(now, report, out);
                out.pop();
                (true, self.lines(out.get(begin..).unwrap_or_default()))
            }
            Commit::Complete | Commit::Never => {
                let (effects, lines) = self.try_report(now, report, |ocs, effects| ocs.lines(effects));
                let stored = charge.commit == Commit::Complete && is_complete(charge, &effects);
                if stored {
                    self.report(now, report, out);
                    out.pop();
                }
                (stored, lines)
            }
        };
        out.push(Effect::Answer(if charge.report {
            Answer::Charged(Box::new(ChargeReport {
                env: self.catalogue.settings.env,
                service: report.service,
                stored,
                lines,
            }))
        } else {
            Answer::Recorded
        }));
    }

    /// One line a record, and none of those that charge nothing.
    fn lines(&self, effects: &[Effect]) -> Vec<ChargeLine> {
        let charging = xdrs(effects).filter(|xdr| !xdr.has(Note::Auxiliary));
        charging.map(|xdr| ChargeLine { blocked_at: self.blocked_at(xdr), ..ChargeLine::from(xdr) }).collect()
    }

    /// The threshold behind which a plan of the account blocks what an xDR charges for, where it has come to that.
    fn blocked_at(&self, xdr: &Xdr) -> Option<u64> {
        let own = matches!(xdr.entity, Entity::Account | Entity::Customer);
        let (account, rate) = xdr.account.filter(|_| own).zip(xdr.rate)?;
        self.discounts_for(account, rate, xdr.service).into_iter().find_map(|place| {
            let discount = self.catalogue.plans.discount(place)?;
            let step = self.counter(account, place).step(discount);
            let blocked = discount.steps.get(step).is_some_and(|step| step.price == StepPrice::Blocked);
            let before = step.checked_sub(1).and_then(|before| discount.steps.get(before)?.up_to);
            blocked.then_some(before.unwrap_or(0))
        })
    }
}

fn xdrs(effects: &[Effect]) -> impl Iterator<Item = &Xdr> {
    effects.iter().filter_map(|effect| match effect {
        Effect::Xdr(xdr) => Some(&**xdr),
        _ => None,
    })
}

/// Whether each charge that is due could be made: every record has a rate and an account, and whoever was ordered to be
/// charged is.
fn is_complete(charge: &ChargeRequest, effects: &[Effect]) -> bool {
    let lacking = [Note::Unresolved, Note::Unrated, Note::AmountTooLarge];
    let all_rated = xdrs(effects).all(|xdr| !lacking.iter().any(|note| xdr.has(*note)));
    let mut due = charge.orders.iter().filter(|order| order.apply != Apply::Never);
    let all_there = due.all(|order| {
        let mut own = xdrs(effects).filter(|xdr| order.is_for(xdr.entity));
        match order.amount {
            None => own.next().is_some(),
            Some(_) => own.any(|xdr| xdr.has(Note::Additional) || xdr.has(Note::Prerated)),
        }
    });
    all_rated && all_there
}
