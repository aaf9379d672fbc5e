//! Ways in which clients of credit control in the field bend the rules, to be switched on one by one.

use tollgate_network::SetupError;
use tollgate_wire::Value;

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

/// `huge-duration`: seconds reported for a call that was cut: 2³² / 60, rounded down.
pub(super) const HUGE_SECS: u32 = 71_582_788;

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
        let mut quirks = Self::default();
        let words: &[Value] = match value {
            None => &[],
            Some(Value::List(words)) => words,
            Some(word) => std::slice::from_ref(word),
        };
        for word in words {
            match word.as_text() {
                Some("early-ccr-t") => quirks.early_ccr_t = true,
                Some("missing-ccr-t") => quirks.missing_ccr_t = true,
                Some("huge-duration") => quirks.huge_duration = true,
                Some("plus-prefix") => quirks.plus_prefix = true,
                Some("two-subscription-ids") => quirks.two_subscription_ids = true,
                Some("no-service-info") => quirks.no_service_info = true,
                Some("needs-mscc-result") => quirks.needs_mscc_result = true,
                _ => {
                    let names = NAMES.join(", ");
                    return Err(SetupError(format!(
                        "'{word}' is no quirk of a camel-gateway; it has {names}"
                    )));
                }
            }
        }
        Ok(quirks)
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
