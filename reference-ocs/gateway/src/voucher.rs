//! The answer to a voucher that was paid in (ESI, voucher recharge session), attribute by attribute.

use tollgate_ocs_core::Recharged;
use tollgate_radius::{Builder, EncodeError, cisco};

use crate::answers::{About, language, return_code};

/// Writes the attributes of the Access-Accept.
///
/// # Errors
/// A name of the catalogue does not fit an attribute.
pub(crate) fn recharged(
    builder: &mut Builder,
    about: About<'_>,
    recharged: &Recharged,
) -> Result<(), EncodeError> {
    let accepted = &recharged.accepted;
    let context = &accepted.context;
    if let Some(code) = about.access_code {
        builder.ivr_in("PortaBilling_AccessCode", code)?;
    }
    let amount = recharged.amount.to_string();
    builder.ivr_in("PortaBilling_Mod_ivrutil", &format!("action=rechargeVoucher;amount={amount}"))?;
    builder.ivr_in("PortaBilling_RechargedAmount", &amount)?;
    if let Some(tariff) = &context.tariff {
        builder.ivr_in("Tariff", tariff)?;
    }
    let funds = accepted.funds.map(|funds| funds.two_decimals());
    if let Some(funds) = &funds {
        builder.ivr_in("available-funds", funds)?;
    }
    builder.cisco(cisco::H323_RETURN_CODE, return_code(accepted))?;
    if let Some(funds) = &funds {
        builder.cisco(cisco::H323_CREDIT_AMOUNT, funds)?;
    }
    builder.cisco(cisco::H323_CURRENCY, context.currency.as_str())?;
    language(builder, context)
}
