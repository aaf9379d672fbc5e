//! Rules that a P-GW bends, as some in the field do.

use tollgate_network::{Setup, SetupError};
use tollgate_wire::Value;

use crate::settings::wrong;

/// Their names in the table.
pub(super) const NAMES: &[&str] = &[
    "no-redirect",
    "local-hotline",
    "late-terminate",
    "single-rg",
    "plus-prefix",
    "two-subscription-ids",
    "validity-not-restarted",
    "empty-rsu-needed",
    "msi-first-only",
    "gx-on-gy",
    "needs-mscc-result",
    "no-service-info",
];

/// Which are switched on.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Quirks {
    /// A redirection is not followed: the session stays, blocked, and reports nothing used every Validity-Time.
    pub(super) no_redirect: bool,
    /// Whoever gets no quota is sent to a page of the gateway's own.
    pub(super) local_hotline: bool,
    /// A final unit that terminates is heeded when Validity-Time ends; the last report goes out twice.
    pub(super) late_terminate: bool,
    /// All traffic is of one rating group.
    pub(super) single_rg: bool,
    /// Numbers have a `+` in front.
    pub(super) plus_prefix: bool,
    /// IMSI and number, in this order.
    pub(super) two_subscription_ids: bool,
    /// After a RAR the old Validity-Time goes on.
    pub(super) validity_not_restarted: bool,
    /// Requested-Service-Unit never names units.
    pub(super) empty_rsu_needed: bool,
    /// Multiple-Services-Indicator in the first request only.
    pub(super) msi_first_only: bool,
    /// A Gx request goes to the charging system too.
    pub(super) gx_on_gy: bool,
    /// A service without a Result-Code of its own is refused.
    pub(super) needs_mscc_result: bool,
    /// Service-Information in the first request only.
    pub(super) no_service_info: bool,
}

impl Quirks {
    pub(super) fn read(setup: &Setup) -> Result<Self, SetupError> {
        let mut own = Self::default();
        let list = match setup.settings.get("quirks") {
            None => return Ok(own),
            Some(Value::List(list)) => list,
            Some(_) => return Err(wrong("quirks")),
        };
        for name in list.iter().filter_map(Value::as_text) {
            let place = match name {
                "no-redirect" => &mut own.no_redirect,
                "local-hotline" => &mut own.local_hotline,
                "late-terminate" => &mut own.late_terminate,
                "single-rg" => &mut own.single_rg,
                "plus-prefix" => &mut own.plus_prefix,
                "two-subscription-ids" => &mut own.two_subscription_ids,
                "validity-not-restarted" => &mut own.validity_not_restarted,
                "empty-rsu-needed" => &mut own.empty_rsu_needed,
                "msi-first-only" => &mut own.msi_first_only,
                "gx-on-gy" => &mut own.gx_on_gy,
                "needs-mscc-result" => &mut own.needs_mscc_result,
                "no-service-info" => &mut own.no_service_info,
                _ => return Err(wrong("quirks")),
            };
            *place = true;
        }
        Ok(own)
    }
}
