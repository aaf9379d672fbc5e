//! Reports that say how they are to be charged: with a report of the charges, stored wholly or not at all, or not
//! stored (a dry run).
//!
//! What must not be stored, or only if it is complete, is charged in a copy of the system first, so that whatever rules
//! there are hold for it as they would. The copy costs time and memory by the number of accounts; nothing that is only
//! charged makes one.

use super::Ocs;
use crate::command::UsageReport;
use crate::effect::{Answer, Effect};
use crate::parties::charge::{Apply, ChargeLine, ChargeReport, ChargeRequest, Commit};
use crate::xdr::{Note, Xdr};

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
                (true, lines(out.get(begin..).unwrap_or_default()))
            }
            Commit::Complete | Commit::Never => {
                let mut effects = Vec::new();
                self.clone().report(now, report, &mut effects);
                let stored = charge.commit == Commit::Complete && is_complete(charge, &effects);
                if stored {
                    self.report(now, report, out);
                    out.pop();
                }
                (stored, lines(&effects))
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
}

fn xdrs(effects: &[Effect]) -> impl Iterator<Item = &Xdr> {
    effects.iter().filter_map(|effect| match effect {
        Effect::Xdr(xdr) => Some(&**xdr),
        _ => None,
    })
}

fn lines(effects: &[Effect]) -> Vec<ChargeLine> {
    xdrs(effects).map(ChargeLine::from).collect()
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
