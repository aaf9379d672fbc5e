//! From the core's answer to the attributes of a RADIUS response, in the order and form of the documents'
//! examples. Nothing is decided here.

use tollgate_ocs_core::{Accepted, BillingModel, Context, Denial, Grant, ReturnCode, Service, Unit};
use tollgate_radius::{Builder, EncodeError, attribute, cisco};

use crate::access::Asked;
use crate::denials::shown;
use crate::quota;

/// What an answer needs to know beside the core's.
#[derive(Debug, Clone, Copy)]
pub(crate) struct About<'a> {
    pub(crate) asked: Asked,
    pub(crate) service: Service,
    /// The client's name, for `PortaBilling_NodeId`.
    pub(crate) node: &'a str,
    /// `PortaBilling_Seed`.
    pub(crate) seed: u32,
    /// `PortaBilling_Original_CLD` of the request, which is given back as the access code.
    pub(crate) access_code: Option<&'a str>,
}

/// Writes the attributes of an Access-Accept.
///
/// # Errors
/// A name of the catalogue does not fit an attribute.
pub(crate) fn accept(
    builder: &mut Builder,
    about: About<'_>,
    accepted: &Accepted,
) -> Result<(), EncodeError> {
    match about.asked {
        Asked::Authentication | Asked::Recharge => authenticated(builder, about, accepted),
        Asked::Authorization | Asked::Routing => authorized(builder, about, accepted),
    }
}

/// ESI, prepaid card session, authentication response; with an access code, voucher recharge session.
fn authenticated(builder: &mut Builder, about: About<'_>, accepted: &Accepted) -> Result<(), EncodeError> {
    let context = &accepted.context;
    let funds = accepted.funds.map(|funds| funds.two_decimals());
    if let Some(funds) = &funds {
        builder.cisco(cisco::H323_CREDIT_AMOUNT, funds)?;
    }
    builder.cisco(cisco::H323_BILLING_MODEL, billing_model(context))?;
    if let Some(code) = about.access_code {
        builder.ivr_in("PortaBilling_AccessCode", code)?;
    }
    if let Some(tariff) = &context.tariff {
        builder.ivr_in("Tariff", tariff)?;
    }
    builder.ivr_in("PortaBilling_AccountBalance", &accepted.balance.to_string())?;
    if let Some(customer) = &accepted.customer {
        builder.ivr_in("PortaBilling_CustomerBalance", &customer.balance.to_string())?;
        if let Some(limit) = customer.credit_limit {
            builder.ivr_in("PortaBilling_CustomerCreditLimit", &limit.to_string())?;
        }
        if let Some(warning) = customer.warning {
            builder.ivr_in("PortaBilling_CustomerCreditLimitThreshold", &warning.to_string())?;
        }
        if customer.is_warned() {
            builder.ivr_in("BalanceThreshold", "YES")?;
        }
    }
    builder.ivr_in("PortaBilling_ProductBreakage", &accepted.breakage.to_string())?;
    if let Some(funds) = &funds {
        builder.ivr_in("available-funds", funds)?;
    }
    builder.cisco(cisco::H323_RETURN_CODE, return_code(accepted))?;
    redirect(builder, accepted)?;
    builder.cisco(cisco::H323_CURRENCY, context.currency.as_str())?;
    language(builder, context)
}

/// ESI, prepaid card session, authorization response; without a limit, SIP routing request.
fn authorized(builder: &mut Builder, about: About<'_>, accepted: &Accepted) -> Result<(), EncodeError> {
    let context = &accepted.context;
    let granted = match accepted.grant {
        Some(Grant::Units(units)) => Some(units.to_string()),
        Some(Grant::Unlimited) | None => None,
    };
    builder.cisco(cisco::H323_BILLING_MODEL, billing_model(context))?;
    if let Some(tariff) = &context.tariff {
        builder.ivr_in("Tariff", tariff)?;
    }
    if let Some(cld) = &accepted.cld {
        builder.ivr_in("PortaBilling_CompleteNumber", cld)?;
        builder.ivr_in("PortaBilling_Auth_CLD", cld)?;
        if about.service == Service::Voice {
            builder.ivr_in("PortaBilling_Auth_Reseller_CLD", cld)?;
        }
    }
    // Octets are no duration: they are told as a quota.
    let by_volume = accepted.quota.is_some_and(|quota| quota.base == Unit::Octet);
    let granted = granted.filter(|_| !by_volume);
    if let Some(granted) = &granted {
        builder.ivr_in("DURATION", granted)?;
    }
    if let Some(quota) = &accepted.quota {
        builder.ivr_in("PortaBilling_Authorize", &quota::granted(quota))?;
    } else if accepted.grant == Some(Grant::Unlimited) && about.service == Service::Voice {
        builder.ivr_in("PortaBilling_Authorize", "base=session-time;avail=-1")?;
    }
    builder.cisco(cisco::H323_RETURN_CODE, return_code(accepted))?;
    redirect(builder, accepted)?;
    builder.cisco(cisco::H323_CURRENCY, context.currency.as_str())?;
    if let Some(granted) = &granted {
        builder.cisco(cisco::H323_CREDIT_TIME, granted)?;
    }
    language(builder, context)
}

/// Product, tariff, node and access code: what rates the session.
pub(crate) fn rated_by(
    builder: &mut Builder,
    context: &Context,
    about: About<'_>,
) -> Result<(), EncodeError> {
    // What another network hands in is charged by no product.
    if !context.product.is_empty() {
        builder.ivr_in("Product", &context.product)?;
    }
    if let Some(tariff) = &context.tariff {
        builder.ivr_in("Tariff", tariff)?;
    }
    builder.ivr_in("PortaBilling_NodeId", about.node)?;
    if let Some(code) = &context.access_code {
        builder.ivr_in("PortaBilling_AccessCode", code)?;
    }
    Ok(())
}

/// Writes the attributes of an Access-Reject (ESI, failed login; failed outgoing call). What is known of
/// the account is told to who asked for authorization.
///
/// # Errors
/// A name of the catalogue does not fit an attribute.
pub(crate) fn reject(
    builder: &mut Builder,
    about: About<'_>,
    denial: Denial,
    context: Option<&Context>,
) -> Result<(), EncodeError> {
    let row = shown(denial);
    builder.text(attribute::REPLY_MESSAGE, row.reply_message)?;
    builder.cisco(cisco::H323_RETURN_CODE, &row.return_code.to_string())?;
    builder.ivr_in("ErrorExplanation", row.explanation)?;
    let Some(context) = context.filter(|_| matches!(about.asked, Asked::Authorization | Asked::Routing))
    else {
        return Ok(());
    };
    rated_by(builder, context, about)?;
    builder.ivr_in("PortaBilling_Seed", &about.seed.to_string())?;
    builder.cisco(cisco::H323_BILLING_MODEL, billing_model(context))?;
    builder.cisco(cisco::H323_CURRENCY, context.currency.as_str())?;
    language(builder, context)
}

/// 0 credit, 1 debit (ESI, authorization responses); an xDR counts otherwise.
pub(crate) const fn billing_model(context: &Context) -> &'static str {
    match context.billing_model {
        BillingModel::Credit => "0",
        BillingModel::Debit => "1",
    }
}

pub(crate) const fn return_code(accepted: &Accepted) -> &'static str {
    match accepted.return_code {
        ReturnCode::Success => "0",
        ReturnCode::TollFree => "13",
        ReturnCode::Hairpin => "50",
        ReturnCode::Redirect(_) => "51",
        ReturnCode::CustomerService(_) => "52",
        ReturnCode::RedirectServer(_) => "53",
    }
}

/// Where a call goes that goes elsewhere: `h323-redirect-number`, or `h323-redirect-ip-address` (attribute 108).
pub(crate) fn redirect(builder: &mut Builder, accepted: &Accepted) -> Result<(), EncodeError> {
    match &accepted.return_code {
        ReturnCode::Redirect(number) | ReturnCode::CustomerService(number) => {
            builder.cisco(cisco::H323_REDIRECT_NUMBER, number)
        }
        ReturnCode::RedirectServer(address) => {
            builder.cisco(cisco::H323_REDIRECT_IP_ADDRESS, &address.to_string())
        }
        ReturnCode::Success | ReturnCode::TollFree | ReturnCode::Hairpin => Ok(()),
    }
}

pub(crate) fn language(builder: &mut Builder, context: &Context) -> Result<(), EncodeError> {
    if context.language.is_empty() {
        Ok(())
    } else {
        builder.cisco(cisco::H323_PREFERRED_LANG, &context.language)
    }
}

/// A number that looks random and is the same for the same gateway and request.
pub(crate) fn seed(gateway: u64, authenticator: &[u8; 16]) -> u32 {
    let (first, second) = authenticator.split_at(8);
    let half = |octets: &[u8]| octets.iter().fold(0_u64, |sum, octet| sum << 8 | u64::from(*octet));
    let [_, _, _, _, a, b, c, d] = mixed(mixed(gateway ^ half(first)) ^ half(second)).to_be_bytes();
    u32::from_be_bytes([a, b, c, d])
}

/// One step of splitmix64.
const fn mixed(state: u64) -> u64 {
    let mut mixed = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ mixed >> 31
}

#[cfg(test)]
mod tests {
    use tollgate_ocs_core::{Amount, Currency};
    use tollgate_radius::{Code, Packet, Secret};

    use super::*;

    fn about(asked: Asked) -> About<'static> {
        About {
            asked,
            service: Service::Voice,
            node: "193.38.81.226",
            seed: 1_599_467_173,
            access_code: None,
        }
    }

    fn attributes(fill: impl FnOnce(&mut Builder) -> Result<(), EncodeError>) -> Vec<String> {
        let mut builder = Builder::new(Code::ACCESS_ACCEPT, 1);
        fill(&mut builder).unwrap();
        let octets = builder.finish_response(&[0; 16], &Secret::new("x")).unwrap();
        let fields = Packet::parse(&octets).unwrap().fields();
        fields.iter().map(|(name, value)| format!("{name} = {value}")).collect()
    }

    fn context(billing_model: BillingModel, currency: &str) -> Context {
        Context {
            account: "10086610975".into(),
            billing_model,
            currency: currency.parse::<Currency>().unwrap(),
            language: "en".into(),
            product: "EasyCall Residential".into(),
            tariff: Some("EasyCall Residential".into()),
            access_code: Some("OUTGOING".into()),
            routing_plan: None,
        }
    }

    fn card(grant: Option<Grant>) -> Accepted {
        Accepted {
            context: Context { tariff: Some("PrepaidCard".into()), ..context(BillingModel::Debit, "CAD") },
            balance: Amount::from_units(1_000_000),
            funds: Some(Amount::from_units(1_000_000)),
            breakage: Amount::ZERO,
            customer: None,
            grant,
            cld: grant.map(|_| "82623634515".to_owned()),
            quota: None,
            return_code: ReturnCode::Success,
            called: None,
        }
    }

    /// ESI, prepaid card session, authentication response, line by line.
    #[test]
    fn an_authentication_is_answered_as_in_the_example() {
        let shown = attributes(|it| accept(it, about(Asked::Authentication), &card(None)));
        let expected = [
            "h323-credit-amount = 10.00",
            "h323-billing-model = 1",
            "h323-ivr-in = { Tariff: PrepaidCard }",
            "h323-ivr-in = { PortaBilling_AccountBalance: 10.00000 }",
            "h323-ivr-in = { PortaBilling_ProductBreakage: 0.00000 }",
            "h323-ivr-in = { available-funds: 10.00 }",
            "h323-return-code = 0",
            "h323-currency = CAD",
            "h323-preferred-lang = en",
        ];
        assert_eq!(shown, expected);
    }

    /// ESI, prepaid card session, authorization response, line by line.
    #[test]
    fn an_authorization_is_answered_as_in_the_example() {
        let accepted = card(Some(Grant::Units(30_000)));
        let shown = attributes(|it| accept(it, about(Asked::Authorization), &accepted));
        let expected = [
            "h323-billing-model = 1",
            "h323-ivr-in = { Tariff: PrepaidCard }",
            "h323-ivr-in = { PortaBilling_CompleteNumber: 82623634515 }",
            "h323-ivr-in = { PortaBilling_Auth_CLD: 82623634515 }",
            "h323-ivr-in = { PortaBilling_Auth_Reseller_CLD: 82623634515 }",
            "h323-ivr-in = { DURATION: 30000 }",
            "h323-return-code = 0",
            "h323-currency = CAD",
            "h323-credit-time = 30000",
            "h323-preferred-lang = en",
        ];
        assert_eq!(shown, expected);
    }

    #[test]
    fn without_a_limit_no_time_is_told() {
        let mut accepted = card(Some(Grant::Unlimited));
        (accepted.funds, accepted.return_code) = (None, ReturnCode::TollFree);
        accepted.context.billing_model = BillingModel::Credit;
        let shown = attributes(|it| accept(it, about(Asked::Authorization), &accepted));
        assert!(shown.contains(&"h323-return-code = 13".to_owned()), "{shown:?}");
        assert!(
            shown
                .contains(&"h323-ivr-in = { PortaBilling_Authorize: base=session-time;avail=-1 }".to_owned())
        );
        assert!(
            !shown.iter().any(|it| it.contains("DURATION") || it.contains("h323-credit-time")),
            "{shown:?}"
        );
        let login = attributes(|it| accept(it, about(Asked::Authentication), &accepted));
        assert!(
            !login.iter().any(|it| it.contains("available-funds") || it.contains("credit-amount")),
            "{login:?}"
        );
    }

    #[test]
    fn money_is_never_shown_that_is_not_there() {
        let mut accepted = card(None);
        // 9.97633 has 9.97 to be spent; the balance is shown whole.
        (accepted.balance, accepted.funds) = (Amount::from_units(997_633), Some(Amount::from_units(997_633)));
        let shown = attributes(|it| accept(it, about(Asked::Authentication), &accepted));
        assert_eq!(shown[0], "h323-credit-amount = 9.97");
        assert_eq!(shown[3], "h323-ivr-in = { PortaBilling_AccountBalance: 9.97633 }");
    }

    /// ESI, failed login, line by line.
    #[test]
    fn an_unknown_account_is_rejected_as_in_the_example() {
        let shown = attributes(|it| reject(it, about(Asked::Authentication), Denial::InvalidAccount, None));
        let expected = [
            "Reply-Message = Failed - Invalid Account number",
            "h323-return-code = 1",
            "h323-ivr-in = { ErrorExplanation: invalid account }",
        ];
        assert_eq!(shown, expected);
    }

    /// ESI, failed outgoing call, line by line.
    #[test]
    fn a_blocked_number_is_rejected_as_in_the_example() {
        let context = context(BillingModel::Credit, "USD");
        let shown =
            attributes(|it| reject(it, about(Asked::Authorization), Denial::CldBlocked, Some(&context)));
        let expected = [
            "Reply-Message = Failed - Called number blocked",
            "h323-return-code = 9",
            "h323-ivr-in = { ErrorExplanation: cld_blocked }",
            "h323-ivr-in = { Product: EasyCall Residential }",
            "h323-ivr-in = { Tariff: EasyCall Residential }",
            "h323-ivr-in = { PortaBilling_NodeId: 193.38.81.226 }",
            "h323-ivr-in = { PortaBilling_AccessCode: OUTGOING }",
            "h323-ivr-in = { PortaBilling_Seed: 1599467173 }",
            "h323-billing-model = 0",
            "h323-currency = USD",
            "h323-preferred-lang = en",
        ];
        assert_eq!(shown, expected);
    }

    #[test]
    fn a_failed_login_tells_nothing_of_the_account() {
        let context = context(BillingModel::Debit, "CAD");
        let shown =
            attributes(|it| reject(it, about(Asked::Authentication), Denial::CardExpired, Some(&context)));
        assert_eq!(shown.len(), 3, "{shown:?}");
    }

    #[test]
    fn a_seed_depends_on_gateway_and_request_alone() {
        assert_eq!(seed(1, &[7; 16]), seed(1, &[7; 16]));
        assert_ne!(seed(1, &[7; 16]), seed(2, &[7; 16]));
        assert_ne!(seed(1, &[7; 16]), seed(1, &[8; 16]));
    }
}
