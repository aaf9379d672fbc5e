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

#[cfg(test)]
mod tests {
    use tollgate_ocs_core::{Accepted, Amount, BillingModel, Context, Currency, ReturnCode, Service};
    use tollgate_radius::{Code, Packet, Secret};

    use super::*;
    use crate::access::Asked;

    /// ESI, voucher recharge session, voucher recharge response, line by line.
    #[test]
    fn a_recharge_is_answered_as_in_the_example() {
        let amount = |text: &str| text.parse::<Amount>().unwrap();
        let recharge = Recharged {
            accepted: Accepted {
                context: Context {
                    account: "02001".into(),
                    billing_model: BillingModel::Debit,
                    currency: "USD".parse::<Currency>().unwrap(),
                    language: "en".into(),
                    product: "Vouchers".into(),
                    tariff: Some("T_SubService_1".into()),
                    access_code: Some("01inbound".into()),
                    routing_plan: None,
                },
                balance: amount("60"),
                funds: Some(amount("60")),
                breakage: Amount::ZERO,
                customer: None,
                quota: None,
                grant: None,
                cld: None,
                return_code: ReturnCode::Success,
                called: None,
            },
            amount: amount("50"),
        };
        let about = About {
            asked: Asked::Recharge,
            service: Service::Quantity,
            node: "ivr",
            seed: 0,
            access_code: Some("01inbound"),
        };
        let mut builder = Builder::new(Code::ACCESS_ACCEPT, 1);
        recharged(&mut builder, about, &recharge).unwrap();
        let octets = builder.finish_response(&[0; 16], &Secret::new("x")).unwrap();
        let fields = Packet::parse(&octets).unwrap().fields();
        let shown: Vec<String> = fields.iter().map(|(name, value)| format!("{name} = {value}")).collect();
        let expected = [
            "h323-ivr-in = { PortaBilling_AccessCode: 01inbound }",
            "h323-ivr-in = { PortaBilling_Mod_ivrutil: action=rechargeVoucher;amount=50.00000 }",
            "h323-ivr-in = { PortaBilling_RechargedAmount: 50.00000 }",
            "h323-ivr-in = { Tariff: T_SubService_1 }",
            "h323-ivr-in = { available-funds: 60.00 }",
            "h323-return-code = 0",
            "h323-credit-amount = 60.00",
            "h323-currency = USD",
            "h323-preferred-lang = en",
        ];
        assert_eq!(shown, expected);
    }
}
