//! The fields of what can be seen of the charging system.

pub(super) const API_FIELDS: &[(&str, &str)] = &[
    ("method", "The service and the method: Customer/get_customer_list."),
    ("status", "The status of the answer: 200, 404, …"),
    ("login", "Who asked, where a session told."),
    ("faultcode", "What was refused, as a program reads it."),
    ("faultstring", "What was refused, as people read it."),
];

pub(super) const DUPLICATE_FIELDS: &[(&str, &str)] = &[
    ("message", "The request's name: Access-Request, Accounting-Request."),
    ("client", "The client's name."),
    ("identifier", "The packet's identifier."),
];

pub(super) const ODDITY_FIELDS: &[(&str, &str)] = &[
    ("what", "The oddity, as it is counted: malformed-time, no-nas-identity, …"),
    ("client", "The client's name."),
    ("detail", "The attribute or value that was odd."),
];

/// Field names of the documents' xDR table with hyphens, and short names for what tests compare most.
pub(super) const XDR_FIELDS: &[(&str, &str)] = &[
    ("account", "The account charged, as it was reported; short for account-id."),
    ("cli", "The caller's number."),
    ("cld", "The called number, in E.164 where rules of dialling apply."),
    ("used", "What was used: a span of time for services sold by time, else a number."),
    ("charged", "What was charged after rounding to intervals and without free units: a span, or a number."),
    ("amount", "What it costs, with its currency."),
    ("failed", "Whether it is a failed attempt: it never connected and costs nothing."),
    ("history", "How the amount came about, or why there is none."),
    ("billing-model", "-1 for a debit account, 1 for a credit account."),
    ("disconnect-cause", "Why it ended: Q.850 cause in two hexadecimal digits; 10 is the normal end."),
    ("session", "The session: h323-conf-id, or what stands in for it; short for session-id."),
    ("leg", "Which side of the call: originate or answer."),
    ("service", "The service: voice, netaccess, …"),
    ("note", "What is worth knowing about how it came about; one field for each remark."),
    ("unresolved", "Whether nobody could be charged, because the account is not known."),
    ("overdraft", "Whether the charge took the account past its limit."),
    ("entity", "Whom it charges: account, customer, reseller, reseller[2], …, vendor."),
    ("storage", "Its store: Account, Customer or Vendor, with Fail behind it for a failed attempt."),
    ("id", "Number of the xDR, counted from 1."),
    ("i-env", "Number of the virtual billing environment."),
    ("i-service", "Number of the service."),
    ("i-account", "Number of the account."),
    ("i-customer", "Number of the customer."),
    ("i-vendor", "Number of the vendor."),
    ("i-tariff", "Number of the tariff."),
    ("i-rate", "Number of the rate."),
    ("i-dest", "Number of the destination."),
    ("i-dest-group", "Number of the destination group."),
    ("i-accessibility", "Number of the rating entry."),
    ("i-invoice", "Number of the invoice."),
    ("peak-level", "0 peak, 1 off-peak, 2 second off-peak."),
    ("split-order", "Its place among several xDRs of one session, from 1."),
    ("voice-quality", "Speech quality as the client reported it."),
    ("revenue", "What the session earned, on a vendor's xDR."),
    ("account-id", "The account charged, as it was reported."),
    ("session-id", "The session: h323-conf-id, or what stands in for it."),
    ("service-session-id", "The session's name in its own service: call-id."),
    ("parent-session-id", "The session that this one belongs to: h323-incoming-conf-id."),
    ("setup-time", "From set-up to ringing, or to the answer, in milliseconds."),
    ("connect-time", "When it connected; absent when it never did."),
    ("disconnect-time", "When it ended, or was last reported on."),
    ("bill-time", "When its usage ended, which is when it counts."),
    ("used-quantity", "What was used, as a number of the service's units: seconds, octets, pieces."),
    ("charged-quantity", "What was charged, as a number of the service's units."),
    ("charged-amount", "What it costs, without the currency."),
    ("currency", "The currency of the amount; absent when the account is not known."),
    ("rating-pattern", "The rate's prefix that matched."),
    ("subscriber-ip", "The address assigned to the user, where one was reported."),
];

pub(super) const BALANCE_CHANGED_FIELDS: &[(&str, &str)] = &[
    ("account", "The account, where it is an account's."),
    ("customer", "The customer or reseller, where it is one's."),
    ("vendor", "The vendor, where it is a vendor's: money owed to it."),
    ("before", "The balance before, with its currency."),
    ("after", "The balance after, with its currency."),
    ("why", "What changed it: charge, top-up, adjustment, refund, fee."),
    ("i-env", "The number of its environment."),
];

pub(super) const EVENT_FIELDS: &[(&str, &str)] = &[
    ("name", "The event's type: Account/BalanceChanged, …"),
    ("account", "The account that it concerns."),
    ("customer", "The customer that it concerns."),
    ("i_env", "Variable: number of the virtual billing environment."),
    ("i_account", "Variable: number of the account."),
    ("i_customer", "Variable: number of the customer."),
    ("prev_balance", "Variable: the balance before."),
    ("curr_balance", "Variable: the balance after."),
    ("prev_expiration_date", "Variable: the expiration date before."),
    ("curr_expiration_date", "Variable: the expiration date after."),
    ("prev_product", "Variable: number of the product before."),
    ("curr_product", "Variable: number of the product after."),
    ("prev_h323_pwd", "Variable: the service password before."),
    ("curr_h323_pwd", "Variable: the service password after."),
    ("i_service", "Variable: number of the service."),
    ("i_vd_dg", "Variable: number of the discount of a plan, counted through all plans."),
    ("i_access_policy", "Variable: the name of the access policy."),
];

pub(super) const CLOSED_FIELDS: &[(&str, &str)] = &[
    ("session", "The session's key."),
    ("account", "The account."),
    ("by", "What closed it: grant-expired, lock-expired, administrator, node-restarted."),
    ("returned", "What was reserved and returned, in the account's currency."),
    ("i-env", "The number of its environment."),
];

pub(super) const BALANCE_FIELDS: &[(&str, &str)] = &[
    ("account", "The account; or the customer, reseller or vendor that was asked for."),
    ("amount", "The balance: money left (debit) or owed (credit, customer, to a vendor), with its currency."),
    ("reserved", "Money reserved for sessions in progress, with its currency."),
    ("funds", "Money that may be spent, reservations not considered; absent without any limit."),
    ("available", "Money that may be spent now; absent without any limit."),
    ("blocked", "Whether the account is blocked."),
    ("product", "The product's name."),
];
