//! The whole state as text, to compare what a replay has built with what was there.

use std::fmt::Write as _;

use super::Ocs;

impl Ocs {
    /// The whole state, one object a line, in the order of their numbers. Two systems in the same state give the same
    /// text, byte for byte. It holds passwords: it is for comparison and not for logs.
    #[must_use]
    pub fn dump(&self) -> String {
        let mut out = String::new();
        let (sessions, usages) = self.sessions.begun();
        // Writing into a string cannot fail.
        let _ = writeln!(
            out,
            "now {} sessions {sessions} usages {usages} xdrs {}",
            self.now.unix_nanos(),
            self.xdrs_made
        );
        for customer in self.ledger.customers() {
            let _ = writeln!(out, "{customer:?}");
        }
        for vendor in &self.vendors {
            let _ = writeln!(out, "{vendor:?}");
        }
        for account in self.ledger.accounts() {
            let _ = writeln!(out, "{account:?}");
        }
        let _ = writeln!(out, "{:?}", self.counters);
        let _ = writeln!(out, "{:?}", self.commitments);
        for (customer, own) in self.moves.iter() {
            let _ = writeln!(out, "moves of {customer} {own:?}");
        }
        for session in self.sessions.by_number() {
            let _ = writeln!(out, "{session:?}");
            for &usage in &session.usages {
                let _ = writeln!(out, "  {:?}", self.sessions.shown(usage));
            }
        }
        for (voucher, used) in &self.vouchers_used {
            let _ = writeln!(out, "voucher {voucher} {used:?}");
        }
        for xdr in &self.xdrs {
            let _ = writeln!(out, "{xdr:?}");
        }
        self.sites.write_to(&mut out);
        if let Some(branch) = &self.branch {
            let _ = writeln!(out, "{branch:?}");
        }
        for (env, other) in &self.others {
            let _ = writeln!(out, "environment {env}");
            out.push_str(&other.dump());
        }
        out
    }
}
