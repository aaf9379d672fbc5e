//! The first leg of a callback: what it costs depends on whether the call that it was made for came about (ESI,
//! `PortaBilling_CallbackHistory`).
//!
//! With the second leg connected, the first one is charged by the tariff of its access code; without, by that of the
//! access code `CALLBACK_FAIL`. A product without such an entry charges it by the entry that names no code, or not at
//! all. The report that ends the leg decides; what an earlier one charged is never given back.

use super::Ocs;
use super::add_ons::Wanted;
use crate::command::{Callback, UsageReport};

/// The access code of a first leg whose second leg was not connected.
const CALLBACK_FAIL: &str = "CALLBACK_FAIL";

impl Ocs {
    /// Rates a first leg anew as its report's history wants it.
    pub(super) fn check_callback(&mut self, at: u32, report: &UsageReport) {
        let Some(callback) = report.callback else { return };
        let usage = self.sessions.usage(at);
        let session = usage.session;
        let Some(account) = self.sessions.session(session).account else { return };
        let entry = match callback {
            Callback::Connected => self.entry_of_report(account, Some(session), report),
            Callback::Unconnected => {
                let (code, number) = (Some(CALLBACK_FAIL), usage.cld.as_deref());
                let (service, leg) = (usage.service, usage.leg);
                self.entry_for(account, &Wanted { code, service, leg, number, node: None })
            }
        };
        if entry == usage.entry {
            return;
        }
        let began = usage.began(self.now);
        let rate = entry.zip(usage.cld.as_deref());
        let rate = rate.and_then(|((_, tariff), cld)| self.catalogue.rate_of(tariff, cld, began));
        let usage = self.sessions.usage_mut(at);
        usage.entry = entry;
        usage.rate = rate;
    }
}
