//! Ways in which clients of credit control in the field bend the rules, to be switched on one by one.

use tollgate_network::SetupError;
use tollgate_wire::Value;

use crate::quirks;

/// The words of the setting `quirks`.
pub(super) const NAMES: &[&str] = &[
    "early-ccr-t",
    "missing-ccr-t",
    "huge-duration",
    "plus-prefix",
    "two-subscription-ids",
    "no-service-info",
    "needs-mscc-result",
];

/// The quirks of one gateway.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Quirks {
    /// It hears of a caller who gives up while the first answer is awaited, and sends CCR-T at once.
    pub(super) early_ccr_t: bool,
    /// No CCR-T when a call ends.
    pub(super) missing_ccr_t: bool,
    /// 71,582,788 s are reported for a call that was cut for want of credit.
    pub(super) huge_duration: bool,
    /// `+` before the number in Subscription-Id-Data.
    pub(super) plus_prefix: bool,
    /// The IMSI beside the number, before it.
    pub(super) two_subscription_ids: bool,
    /// Service-Information in CCR-I only.
    pub(super) no_service_info: bool,
    /// An answer whose Multiple-Services-Credit-Control has no Result-Code is refused.
    pub(super) needs_mscc_result: bool,
}

impl Quirks {
    /// Reads the setting.
    pub(super) fn read(value: Option<&Value>) -> Result<Self, SetupError> {
        quirks::read(value, ("camel-gateway", NAMES), |own: &mut Self, name| match name {
            "early-ccr-t" => Some(&mut own.early_ccr_t),
            "missing-ccr-t" => Some(&mut own.missing_ccr_t),
            "huge-duration" => Some(&mut own.huge_duration),
            "plus-prefix" => Some(&mut own.plus_prefix),
            "two-subscription-ids" => Some(&mut own.two_subscription_ids),
            "no-service-info" => Some(&mut own.no_service_info),
            "needs-mscc-result" => Some(&mut own.needs_mscc_result),
            _ => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_a_quirk_and_nothing_else_is() {
        let all = Value::List(NAMES.iter().map(|name| Value::from(*name)).collect());
        let own = Quirks::read(Some(&all)).unwrap();
        assert!(own.early_ccr_t && own.missing_ccr_t && own.huge_duration && own.plus_prefix);
        assert!(own.two_subscription_ids && own.no_service_info && own.needs_mscc_result);
        assert!(Quirks::read(Some(&Value::List(vec!["repeated-stop".into()]))).is_err());
    }
}
