//! The fields of what the charging system shows of money, events and sessions, with what each says.

pub(crate) const BALANCE_CHANGED_FIELDS: &[(&str, &str)] = &[
    ("account", "The account, where it is an account's."),
    ("customer", "The customer or reseller, where it is one's."),
    ("vendor", "The vendor, where it is a vendor's: money owed to it."),
    ("before", "The balance before, with its currency."),
    ("after", "The balance after, with its currency."),
    ("why", "What changed it: charge, top-up, adjustment, refund, fee."),
    ("i-env", "The number of its environment."),
];

pub(crate) const EVENT_FIELDS: &[(&str, &str)] = &[
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

pub(crate) const CLOSED_FIELDS: &[(&str, &str)] = &[
    ("session", "The session's key."),
    ("account", "The account."),
    ("by", "What closed it: grant-expired, lock-expired, administrator, node-restarted."),
    ("returned", "What was reserved and returned, in the account's currency."),
    ("i-env", "The number of its environment."),
];

pub(crate) const BALANCE_FIELDS: &[(&str, &str)] = &[
    ("account", "The account; or the customer, reseller or vendor that was asked for."),
    ("amount", "The balance: money left (debit) or owed (credit, customer, to a vendor), with its currency."),
    ("reserved", "Money reserved for sessions in progress, with its currency."),
    ("funds", "Money that may be spent, reservations not considered; absent without any limit."),
    ("available", "Money that may be spent now; absent without any limit."),
    ("blocked", "Whether the account is blocked."),
    ("product", "The product's name."),
];
