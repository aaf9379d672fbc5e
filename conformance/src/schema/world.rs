//! How a world looks to an editor.

use serde_json::{Map, Value, json};

use super::said;
use super::values::{address, decimal, flag, or_parameter, span, text, time, whole};

pub(super) type Key = (&'static str, &'static str, Value);

/// A map of these keys; those behind `required` must be there.
pub(super) fn keys(all: &[Key], required: &[&str]) -> Value {
    let properties: Map<String, Value> = (all.iter())
        .map(|(name, about, schema)| ((*name).to_owned(), said(about, or_parameter(schema))))
        .collect();
    json!({
        "type": ["object", "null"],
        "properties": properties,
        "required": required,
        "additionalProperties": false
    })
}

pub(super) fn named(schema: &Value) -> Value {
    json!({ "anyOf": [{ "type": "null" }, { "type": "object", "additionalProperties": schema }] })
}

pub(super) fn list(schema: &Value) -> Value {
    json!({ "anyOf": [schema, { "type": "array", "items": schema }] })
}

pub(super) fn digits() -> Value {
    json!({ "type": "string", "pattern": "^[0-9]+$" })
}

fn pattern() -> Value {
    json!({ "type": "string", "pattern": "^([0-9]+|[A-Za-z].*)$" })
}

fn currency() -> Value {
    json!({ "type": "string", "pattern": "^[A-Z]{3}$" })
}

fn amount() -> Value {
    let money = json!({ "type": "string", "pattern": "^[+-]?[0-9]+(\\.[0-9]+)? +[A-Z]{3}$" });
    json!({ "anyOf": [decimal(), money] })
}

fn price() -> Value {
    json!({ "type": "string", "pattern": "^[0-9]+(\\.[0-9]+)? */ *(s|min|h|unit|MB|KiB|MiB|GiB)$" })
}

/// The schema of a world. Entries that a world with `file:` overrides need not be complete, so only such
/// keys are demanded as no base could bring: none.
pub(super) fn schema() -> Value {
    let mut all = vec![
        ("file", "The world that this one is laid over", text()),
        ("world", "What it is, in one line", text()),
        ("currency", "The currency of whatever names none (ISO 4217)", currency()),
        ("ocs", "Addresses of the charging system, the preferred one first", list(&address())),
        ("nodes", "Clients of the charging system", named(&node())),
        ("dialing-rules", "How dialled digits become E.164 numbers", named(&dialing_rule())),
        ("tariffs", "Prices by destination", named(&tariff())),
        ("products", "What is sold: which tariff applies to which use", named(&product())),
        ("customers", "Who pays", named(&customer())),
        ("accounts", "Who uses the service", named(&account())),
        ("discount-plans", "What makes use cheaper, in order of precedence", named(&discount_plan())),
        ("budgets", "How much accounts may spend", named(&budget())),
        ("balance-warnings", "From how much money owed on customers are warned", named(&amount())),
        ("subscription-discounts", "What customers have off every monthly fee: 10%", named(&text())),
        ("commitments", "Subscriptions with discounts for a time", named(&commitment())),
        ("vouchers", "Amounts paid for in advance, by their numbers", named(&voucher())),
        ("routes", "Carriers of SIP calls", named(&route())),
        ("routing-plans", "Tariffs that callers choose by a code", named(&routing_plan())),
        ("did-inventory", "Numbers of the own network, by themselves", named(&did())),
        ("deliveries", "Where the calls of accounts go", named(&super::local::delivery())),
        (
            "interconnection",
            "Other systems: calls come from and go to them",
            named(&super::local::interconnection()),
        ),
        ("pickup-groups", "Accounts that may pick up each other's calls", named(&list(&text()))),
        ("customer-service", "Its number, by product", named(&digits())),
        ("hairpins", "What numbers begin with that a node reaches by its own lines", named(&list(&digits()))),
        ("resellers", "Who resells to customers", named(&reseller())),
        ("vendors", "Who carries calls, and at what cost", named(&vendor())),
        ("aliases", "Other names of accounts", named(&text())),
        ("charged-to-customer", "Products whose use is stored as the customer's", list(&text())),
        ("exchange-rates", "What a unit of a currency is worth in the world's", named(&decimal())),
        ("environment", "The number of the virtual billing environment", whole(1, i64::from(u32::MAX))),
        ("instance", "The name of the running instance", text()),
        ("options", "Options said for all, an environment or an instance", options()),
        ("diameter", "How the charging system speaks Diameter", super::diameter::system()),
        (
            "release",
            "The release as which the system behaves at the start",
            json!({ "enum": crate::world::RELEASES }),
        ),
        ("api", "How the charging system speaks HTTP", api()),
        (
            "identifiers",
            "Which numbers it gives to customers, accounts and xDRs: odd in a source system, even in a target",
            json!({ "enum": ["all", "odd", "even"] }),
        ),
        ("settings", "Settings of the charging system", settings()),
    ];
    let mut environment = all.clone();
    environment.retain(|(name, ..)| !crate::world::ABOVE.contains(name));
    let environments = named(&keys(&environment, &[]));
    all.push((
        "environments",
        "Further environments, by their numbers: each a world by itself",
        environments,
    ));
    keys(&all, &[])
}

fn api() -> Value {
    keys(
        &[
            ("port", "Where it listens at each of its addresses", whole(1, i64::from(u16::MAX))),
            ("users", "Administrators' logins with their passwords", named(&text())),
        ],
        &[],
    )
}

fn node() -> Value {
    keys(
        &[
            ("address", "By which the system knows it", address()),
            ("secret", "Shared with the system", text()),
            ("diameter", "How it calls itself in Diameter", super::diameter::node()),
            (
                "trusted",
                "Whether it may have a password ignored, and order how its records are charged",
                flag(),
            ),
            ("internal", "Whether its requests say which environment they are for", flag()),
            ("require-message-authenticator", "Whether access requests without one are discarded", flag()),
            (
                "dynamic-authorization",
                "What its sessions can be asked for by the system (RFC 5176)",
                json!({ "enum": ["none", "disconnect", "coa"] }),
            ),
            ("dynamic-port", "Where it listens for that", whole(1, i64::from(u16::MAX))),
            (
                "response-templates",
                "Lines that add to its answers: attribute, operation, value",
                list(&text()),
            ),
            ("dialing-rule", "For numbers that it sends", text()),
        ],
        &[],
    )
}

fn reseller() -> Value {
    let tariff = keys(&[("product", "For which product", text()), ("tariff", "What it pays", text())], &[]);
    keys(
        &[
            ("currency", "Its currency (ISO 4217)", currency()),
            ("balance", "Money owed", amount()),
            ("credit-limit", "How much it may owe; without it, no limit", amount()),
            ("suspended", "Whether nobody below it is served", flag()),
            ("owner", "The reseller above it", text()),
            ("customers", "Customers that it owns", list(&text())),
            ("tariffs", "What it pays, by product", list(&json!({ "anyOf": [text(), tariff] }))),
        ],
        &[],
    )
}

fn vendor() -> Value {
    let connection = keys(
        &[
            ("remote-address", "The other side's address", address()),
            ("node", "The node that reports", text()),
            ("route", "The port or trunk that the node takes", text()),
            ("leg", "Which side of the call", json!({ "enum": ["originate", "answer"] })),
            ("tariff", "What it costs", text()),
        ],
        &[],
    );
    keys(
        &[
            ("currency", "Its currency (ISO 4217)", currency()),
            ("balance", "Money owed to it", amount()),
            ("connections", "The ways to it", named(&connection)),
        ],
        &[],
    )
}

fn options() -> Value {
    let level = keys(
        &[
            (
                "password-attempts-max",
                "Wrong passwords in a row until the account is locked out",
                whole(0, 255),
            ),
            ("lockout", "How long it stays so", span()),
            ("login-lock", "How long a login without a call holds the account", span()),
            ("session-expiry", "How long after its end a session without a word is closed", span()),
            ("grant-max", "The longest grant", span()),
        ],
        &[],
    );
    keys(
        &[
            ("global", "For all", level.clone()),
            ("environments", "For an environment, by its number", named(&level)),
            ("instances", "For an instance, by its name", named(&level)),
        ],
        &[],
    )
}

fn dialing_rule() -> Value {
    keys(
        &[
            ("country-code", "Put before national numbers", digits()),
            ("area-code", "Put before local numbers", digits()),
            ("international-prefix", "One or several", list(&digits())),
            ("national-prefix", "Dialled before national numbers", digits()),
            ("local-length", "Digits of a local number", whole(1, 15)),
            ("national-length", "Digits of a national number without its prefix", whole(1, 15)),
            (
                "translations",
                "Numbers that stand for others: \"411\": \"12055576061\"",
                json!({ "type": "object", "additionalProperties": digits() }),
            ),
        ],
        &[],
    )
}

fn interval_keys() -> [Key; 2] {
    [
        (
            "interval",
            "How long it is, in whole seconds (1s); a number of pieces or octets",
            json!({ "anyOf": [span(), octets(), whole(1, i64::MAX)] }),
        ),
        ("price", "What it costs: 0.02/min", price()),
    ]
}

/// `1KiB`, `10 MiB`.
fn octets() -> Value {
    json!({ "type": "string", "pattern": "^[0-9]+(\\.[0-9]+)? *[kKMGT]?i?B$" })
}

/// `60s`, `10MiB` or a number.
fn text_or_number() -> Value {
    json!({ "anyOf": [{ "type": "string" }, { "type": "integer", "minimum": 0 }] })
}

fn peaks() -> Value {
    let day = "(Mon|Tue|Wed|Thu|Fri|Sat|Sun)";
    let days = format!("{day}(-{day})?(,{day}(-{day})?)*");
    let pattern = format!("^{days} +[0-9]{{2}}:[0-9]{{2}} *- *[0-9]{{2}}:[0-9]{{2}}$");
    let periods = list(&json!({ "type": "string", "pattern": pattern }));
    let dates = list(&json!({ "type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$" }));
    let levels = level();
    keys(
        &[
            ("zone", "Whose clocks tell the time, by the IANA name (UTC)", text()),
            ("off-peak", "Its periods: Mon-Fri 18:00-08:00", periods.clone()),
            ("second-off-peak", "Its periods", periods),
            ("holidays", "Dates that are at one level all day", dates),
            ("holiday-level", "That level (off-peak)", levels),
        ],
        &[],
    )
}

fn tariff() -> Value {
    let interval = keys(&interval_keys(), &[]);
    let [length, price] = interval_keys();
    let level = keys(
        &[
            price.clone(),
            length.clone(),
            ("first", "The first interval", interval.clone()),
            ("next", "Every further one", interval.clone()),
        ],
        &[],
    );
    let percent = json!({ "type": "string", "pattern": "^[0-9]+(\\.[0-9]{1,3})? *%$" });
    let minimum =
        ("minimum", "Use is charged as if it were at least so much (60s, 10MiB, 3)", text_or_number());
    let minimum_amount = ("minimum-amount", "Use costs at least so much", amount());
    let surcharge = ("surcharge", "Added to the exact cost at its end (5%)", percent);
    let rate = keys(
        &[
            ("prefix", "Digits, of which the longest match wins; or a word", pattern()),
            ("destination", "What the prefix is called", text()),
            price,
            length,
            ("first", "The first interval", interval.clone()),
            ("next", "Every further one", interval),
            ("off-peak", "Prices off-peak; those of the peak without it", level.clone()),
            ("second-off-peak", "Prices of the second off-peak level", level),
            ("forbidden", "Whether calls are refused", flag()),
            ("connect-fee", "In place of the tariff's", amount()),
            minimum.clone(),
            minimum_amount.clone(),
            surcharge.clone(),
            ("from", "The first moment at which it is in force", time()),
            ("discontinued", "Whether it is as if it were not there", flag()),
            ("hidden", "Whether price lists leave it out", flag()),
        ],
        &["prefix"],
    );
    keys(
        &[
            ("currency", "ISO 4217", currency()),
            ("service", "What is priced (voice)", text()),
            ("connect-fee", "Due when a session connects", amount()),
            ("free-seconds", "At the start of a session", whole(0, i64::from(u32::MAX))),
            minimum,
            minimum_amount,
            surcharge,
            ("peaks", "When which of its prices hold; always peak without it", peaks()),
            ("rates", "Prices by prefix", list(&rate)),
        ],
        &[],
    )
}

fn product() -> Value {
    let entry = keys(
        &[
            ("access-code", "Which access point; any without it", text()),
            ("service", "Which service (voice)", text()),
            ("leg", "Which direction, as seen from the gateway", json!({ "enum": ["originate", "answer"] })),
            ("tariff", "What it costs", text()),
        ],
        &["tariff"],
    );
    keys(
        &[
            ("currency", "ISO 4217", currency()),
            (
                "precedence",
                "Among the add-ons of an account; the highest is asked first",
                whole(0, i64::from(u32::MAX)),
            ),
            ("breakage", "The part of a balance that is too small to be used", amount()),
            ("split-by-level", "Whether a call over a change of peak level makes a record for each", flag()),
            ("service-features", "What a SIP switch that asks for routes is told: moh=1; rec=2", text()),
            ("rating", "Which tariff applies to which use", list(&entry)),
        ],
        &[],
    )
}

fn period() -> Value {
    json!({ "enum": ["never", "daily", "weekly", "monthly"] })
}

fn level() -> Value {
    json!({ "enum": ["peak", "off-peak", "second-off-peak"] })
}

fn discount_plan() -> Value {
    let units = json!({ "type": ["string", "number"] });
    let step = keys(
        &[
            ("up-to", "The threshold, from the period's beginning: 60min, 1 GiB, 100, 9.99", units.clone()),
            ("free", "Whether it costs nothing: a quota", flag()),
            ("off", "How much less it costs: 25%", text()),
            ("price", "In place of the rate's, for the same unit", amount()),
            ("blocked", "Whether it is refused", flag()),
            ("policy", "The access policy that holds meanwhile", text()),
        ],
        &[],
    );
    let discount = keys(
        &[
            ("service", "Which service (voice)", text()),
            ("destinations", "As rates call them, or digits that numbers begin with", list(&text())),
            ("level", "The peak level whose usage is counted (all)", level()),
            ("counts", "What thresholds are in (units)", json!({ "enum": ["units", "money"] })),
            ("period", "How often the counter begins anew", period()),
            ("rollover", "The most that goes over to the next period", units),
            ("steps", "Prices by threshold", list(&step)),
        ],
        &["steps"],
    );
    keys(
        &[
            ("products", "Whose accounts have it", list(&text())),
            ("accounts", "Who has it", list(&text())),
            ("discounts", "The first that fits a destination and peak level counts", list(&discount)),
        ],
        &[],
    )
}

fn budget() -> Value {
    keys(&[("limit", "The most", amount()), ("period", "How often it begins anew (daily)", period())], &[])
}

fn commitment() -> Value {
    let fee = keys(
        &[
            ("name", "What it is for", text()),
            ("fee", "The full one", amount()),
            ("discount", "What is taken off", amount()),
        ],
        &["name", "fee"],
    );
    keys(
        &[
            ("periods", "Billing periods with discounts", whole(0, 1_200)),
            ("recurring", "Fees of each month", list(&fee)),
            ("one-time", "Fees of signing", list(&fee)),
            ("transfer-fee", "Due from whoever hands it over", amount()),
            ("plan", "The discount plan that comes with it", text()),
        ],
        &[],
    )
}

fn customer() -> Value {
    keys(
        &[
            ("currency", "ISO 4217", currency()),
            ("balance", "Money owed", amount()),
            ("call-limit", "Calls at once", whole(0, i64::from(u32::MAX))),
            ("bandwidth-limit", "Kilobits a second of all calls together", whole(0, i64::from(u32::MAX))),
            ("credit-limit", "How much may be owed; no limit without it", amount()),
            ("suspended", "Whether its accounts are refused", flag()),
            ("dialing-rule", "For numbers that its accounts dial", text()),
        ],
        &[],
    )
}

fn account() -> Value {
    keys(
        &[
            ("customer", "Whose it is", text()),
            ("add-ons", "Products that are asked before it, by their precedence", list(&text())),
            ("product", "What it has", text()),
            ("type", "Money left, or money owed", json!({ "enum": ["debit", "credit"] })),
            ("balance", "Money left (debit) or owed (credit)", amount()),
            ("call-limit", "Calls at once", whole(0, i64::from(u32::MAX))),
            ("bandwidth-limit", "Kilobits a second of all calls together", whole(0, i64::from(u32::MAX))),
            ("credit-limit", "How much may be owed", amount()),
            ("password", "None is asked for without it", text()),
            (
                "language",
                "Of announcements (ISO 639-1)",
                json!({ "type": "string", "pattern": "^[a-z]{2}$" }),
            ),
            ("blocked", "Whether it is refused", flag()),
            ("expires", "The first moment at which it is expired", time()),
        ],
        &[],
    )
}

fn voucher() -> Value {
    keys(
        &[
            ("amount", "What it is worth", amount()),
            ("currency", "ISO 4217", currency()),
            ("expires", "The first moment at which it is worth nothing", time()),
        ],
        &[],
    )
}

fn route() -> Value {
    keys(
        &[
            ("prefix", "Of the numbers that it takes; all without it", digits()),
            ("address", "Where the call is sent", address()),
            ("preference", "The highest is tried first", whole(0, i64::from(u32::MAX))),
            ("auth", "How the call proves itself to the carrier", text()),
            ("rtpp-level", "Whether media go through the own proxy", whole(0, 3)),
        ],
        &[],
    )
}

fn routing_plan() -> Value {
    keys(
        &[
            ("select-code", "Dialled before a number to choose it", digits()),
            ("tariffs", "The tariff that it means, by product", named(&text())),
            ("default-for", "Products in which it holds where nothing is chosen", list(&text())),
            ("routes", "Its carriers; all of them without it", list(&text())),
        ],
        &[],
    )
}

fn did() -> Value {
    keys(&[("account", "Whose it is; nobody's without it", text())], &[])
}

fn settings() -> Value {
    keys(
        &[
            (
                "password-attempts-max",
                "Wrong passwords in a row until lockout",
                whole(1, i64::from(u32::MAX)),
            ),
            ("lockout", "How long an account stays locked out", span()),
            ("login-lock", "How long a login without a call holds its account", span()),
            ("session-expiry", "How long after its granted end a silent session is closed", span()),
            (
                "keep-alive",
                "How long a session not granted by time may be silent before it is closed",
                span(),
            ),
            ("grant-max-octets", "The most octets granted at once", octets()),
            ("call-bandwidth", "Kilobits a second that one call takes", whole(1, i64::from(u32::MAX))),
            ("grant-max", "The longest grant", span()),
        ],
        &[],
    )
}
