//! Nodes, dialling rules and settings of a world file.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use tollgate_wire::Text;

use super::diameter;
use super::load::{Names, digits, each, reference, word};
use super::model::{CallLimits, DialingRule, DynamicAuthorization, Node, Settings};
use crate::diagnostics::{Collector, Problem, Span, shown};
use crate::scenario::read;
use crate::scenario::values::octets;
use crate::yaml::{self, Entry, Keys};

/// Where clients listen for dynamic authorization (RFC 5176 section 2.3).
const DYNAMIC_PORT: u16 = 3799;

/// One entry of `nodes:`.
pub(super) fn node(entry: &Entry, names: &Names<'_>, collector: &mut Collector) -> Option<Node> {
    let place = collector.place(entry.key.span);
    let name = read::name(entry, collector);
    let mut keys = Keys::of(&entry.value, "a node", collector)?;
    let address =
        keys.need("address", "a node", collector).and_then(|n| read::address(n, "an address", collector));
    let diameter_said = keys.value("diameter");
    let diameter = diameter_said.and_then(|node| diameter::of_node(node, collector));
    let secret_said = match diameter_said {
        Some(_) => keys.value("secret"),
        None => keys.need("secret", "a node", collector),
    };
    let secret = secret_said.and_then(|node| {
        let secret = read::text(node, "a secret", collector)?;
        if secret.is_empty() {
            collector.error(node.span, "the secret is empty");
        }
        Some(secret)
    });
    let flag = |key, keys: &mut Keys<'_>, collector: &mut Collector| {
        keys.value(key).and_then(|node| read::flag(node, key, collector)).unwrap_or_default()
    };
    let trusted = flag("trusted", &mut keys, collector);
    let internal = flag("internal", &mut keys, collector);
    let require_message_authenticator = flag("require-message-authenticator", &mut keys, collector);
    let dialing_rule = keys
        .value("dialing-rule")
        .and_then(|node| reference(node, ("dialing rule", "dialing rules"), &names.dialing_rules, collector));
    let dynamic_authorization = keys.value("dynamic-authorization").and_then(|node| {
        let words = [
            ("none", DynamicAuthorization::None),
            ("disconnect", DynamicAuthorization::Disconnect),
            ("coa", DynamicAuthorization::Coa),
        ];
        word(node, "what a client does when it is asked to", &words, collector)
    });
    let dynamic_port = keys
        .value("dynamic-port")
        .and_then(|node| read::whole::<u16>(node, "a port", (1, i64::from(u16::MAX)), collector));
    let response_templates = keys.value("response-templates").map_or_else(Vec::new, |node| {
        let lines = read::items(node, "`response-templates:`", collector);
        // As it stands: `${name}` in a template is the charging system's to replace, not the scenario's.
        let line = |line: &yaml::Node, collector: &mut Collector| {
            let text = match line.scalar() {
                Some(scalar) => scalar.text.as_str().into(),
                None => read::text(line, "a line of a template", collector)?,
            };
            Some((text, collector.place(line.span)))
        };
        lines.iter().filter_map(|node| line(node, collector)).collect()
    });
    keys.finish("a node", collector);
    Some(Node {
        name: name?,
        address: address?,
        secret: if diameter_said.is_some() { secret } else { Some(secret?) },
        diameter: if diameter_said.is_some() { Some(diameter?) } else { None },
        trusted,
        internal,
        require_message_authenticator,
        dialing_rule,
        dynamic_authorization: dynamic_authorization.unwrap_or_default(),
        dynamic_port: dynamic_port.unwrap_or(DYNAMIC_PORT),
        response_templates,
        place,
    })
}

/// `call-limit:` and `bandwidth-limit:`.
pub(super) fn call_limits(keys: &mut Keys<'_>, collector: &mut Collector) -> CallLimits {
    let mut whole = |key, what| {
        keys.value(key).and_then(|node| read::whole::<u32>(node, what, (0, i64::from(u32::MAX)), collector))
    };
    CallLimits {
        calls: whole("call-limit", "a number of calls"),
        kbps: whole("bandwidth-limit", "a number of kilobits a second"),
    }
}

/// The charging system knows its clients by their address, so each has its own. Nodes that are broken
/// elsewhere count too.
pub(super) fn check_addresses(ocs: &[IpAddr], nodes: &[&yaml::Node], collector: &mut Collector) {
    let entries = nodes.iter().flat_map(|nodes| match &nodes.kind {
        yaml::Kind::Map(entries) => entries.as_slice(),
        _ => &[],
    });
    let mut seen: BTreeMap<IpAddr, (&str, Span)> = BTreeMap::new();
    for entry in entries {
        let name = entry.key.text.as_str();
        let Some(node) = entry.value.get("address") else { continue };
        let Some(address) = node.scalar().and_then(|scalar| scalar.text.parse().ok()) else { continue };
        if ocs.contains(&address) {
            let message = format!("node '{}' has the charging system's address", shown(name));
            collector.error(node.span, message);
        }
        if let Some((twin, first)) = seen.get(&address) {
            let message = format!("nodes '{}' and '{}' have the same address", shown(twin), shown(name));
            collector.push(
                Problem::error(node.span, message)
                    .also(*first, "first here")
                    .advice("the system tells its clients apart by their address; give each its own"),
            );
            continue;
        }
        seen.insert(address, (name, node.span));
    }
}

/// One entry of `dialing-rules:`.
pub(super) fn dialing_rule(entry: &Entry, collector: &mut Collector) -> Option<DialingRule> {
    let place = collector.place(entry.key.span);
    let name = read::name(entry, collector);
    let what = "a dialing rule";
    let mut keys = Keys::of(&entry.value, what, collector)?;
    let country_code =
        keys.need("country-code", what, collector).and_then(|n| digits(n, "a country code", collector));
    let area_code = keys.value("area-code").and_then(|n| digits(n, "an area code", collector));
    let international_prefixes = keys.value("international-prefix").map_or_else(Vec::new, |node| {
        let items = read::items(node, "international prefixes", collector);
        items.iter().filter_map(|item| digits(item, "a prefix", collector)).collect()
    });
    let national_prefix = keys.value("national-prefix").and_then(|n| digits(n, "a prefix", collector));
    let length = |key, keys: &mut Keys<'_>, collector: &mut Collector| {
        keys.value(key).and_then(|node| read::whole::<u8>(node, "a number of digits", (1, 15), collector))
    };
    let local_length = length("local-length", &mut keys, collector);
    let national_length = length("national-length", &mut keys, collector);
    let translations = each(keys.value("translations"), "`translations:`", collector, translation);
    let needs_area = local_length.is_some() && area_code.is_none() && entry.value.get("area-code").is_none();
    if needs_area {
        collector.push(
            Problem::error(entry.key.span, "local numbers cannot be completed without an area code")
                .advice("add `area-code:`, or leave `local-length:` out"),
        );
    }
    keys.finish(what, collector);
    Some(DialingRule {
        name: name?,
        country_code: country_code?,
        area_code,
        international_prefixes,
        national_prefix,
        local_length,
        national_length,
        translations,
        place,
    })
}

/// One entry of `translations:`, what is dialled and what that stands for.
fn translation(entry: &Entry, collector: &mut Collector) -> Option<(Text, Text)> {
    let dialled = read::name(entry, collector)?;
    if !dialled.bytes().all(|digit| digit.is_ascii_digit()) {
        collector.error(entry.key.span, "a service number is made of digits");
        return None;
    }
    Some((dialled, digits(&entry.value, "a number", collector)?))
}

/// `settings:`
pub(super) fn settings(node: &yaml::Node, collector: &mut Collector) -> Settings {
    let mut settings = Settings::default();
    let Some(mut keys) = Keys::of(node, "`settings:`", collector) else { return settings };
    if let Some(node) = keys.value("password-attempts-max") {
        let bounds = (1, i64::from(u32::MAX));
        if let Some(count) = read::whole(node, "a number of attempts", bounds, collector) {
            settings.password_attempts_max = count;
        }
    }
    let mut spans: [(&'static str, &mut Duration); 4] = [
        ("lockout", &mut settings.lockout),
        ("login-lock", &mut settings.login_lock),
        ("session-expiry", &mut settings.session_expiry),
        ("keep-alive", &mut settings.keep_alive),
    ];
    for (key, span) in &mut spans {
        if let Some(read) = keys.value(key).and_then(|node| read::span(node, key, collector)) {
            **span = read;
        }
    }
    if let Some(node) = keys.value("call-bandwidth") {
        let bounds = (1, i64::from(u32::MAX));
        settings.call_bandwidth = read::whole(node, "a number of kilobits a second", bounds, collector);
    }
    if let Some(node) = keys.value("grant-max-octets") {
        let size = read::with(node, "the largest grant", collector, |text, _| octets(text));
        settings.grant_max_octets = size;
        if size == Some(0) {
            collector.error(node.span, "a grant is at least one octet");
        }
    }
    if let Some(node) = keys.value("grant-max") {
        settings.grant_max = read::span(node, "the longest grant", collector);
        if settings.grant_max.is_some_and(|longest| longest < Duration::from_secs(1)) {
            collector.error(node.span, "a grant is at least one second long");
        }
    }
    keys.finish("`settings:`", collector);
    settings
}
