//! `diameter:` how the charging system speaks Diameter: who it is, where it listens, what the services are that clients
//! name. And `diameter:` of a node: how it calls itself.

use std::time::Duration;

use tollgate_wire::Text;

use super::load::word;
use crate::diagnostics::{Collector, Problem};
use crate::scenario::{read, values};
use crate::yaml::{Keys, Kind, Node};

/// TCP port of Diameter (RFC 6733 section 2.1).
const PORT: u16 = 3868;

/// `diameter:` of a world.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diameter {
    /// `host:` its Origin-Hosts: one for each of its addresses, or one for all.
    pub hosts: Vec<Text>,
    /// `realm:` its Origin-Realm.
    pub realm: Text,
    /// `port:` where it listens at each of its addresses.
    pub port: u16,
    /// `transport:` what carries connections.
    pub transport: Transport,
    /// `profile: lenient`: what is not quite what the standards ask for is served where it can be.
    pub lenient: bool,
    /// `watchdog:` silence before a connection is watched (RFC 3539, Tw).
    pub watchdog: Option<Duration>,
    /// `supervision:` how long a grant is kept after its validity (RFC 8506, Tcc).
    pub supervision: Option<Duration>,
    /// `session-failover:` told in CC-Session-Failover.
    pub session_failover: Option<bool>,
    /// `failure-handling:` told in Credit-Control-Failure-Handling.
    pub failure_handling: Option<FailureHandling>,
    /// `on-block: abort`: sessions of who is blocked are ended, not asked about.
    pub aborts_on_block: bool,
    /// `services:` the first that fits counts.
    pub services: Vec<Service>,
}

/// What carries connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Transport {
    /// TCP.
    #[default]
    Tcp,
    /// TLS over TCP.
    Tls,
    /// SCTP.
    Sctp,
}

/// What a client is told to do when no answer comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureHandling {
    /// `terminate`
    Terminate,
    /// `continue`
    Continue,
    /// `retry-and-terminate`
    RetryAndTerminate,
}

/// The side of a call or message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// `originating`
    Originating,
    /// `terminating`
    Terminating,
    /// `forwarding`
    Forwarding,
}

/// One of `services:`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// `context:` the end of the Service-Context-Id.
    pub context: Option<Text>,
    /// `rating-group:`
    pub rating_group: Option<u32>,
    /// `service-identifier:`
    pub service_identifier: Option<u32>,
    /// `role:`
    pub role: Option<Role>,
    /// `service:` what it is charged as.
    pub service: Text,
    /// `access-code:` that the rating entry is found by.
    pub access_code: Option<Text>,
    /// `resource:` what it is called where nobody is called.
    pub resource: Option<Text>,
    /// `grant:` units for who does not say how many: octets, seconds, pieces.
    pub grant: Option<u64>,
    /// `grant-max:` the most at once.
    pub grant_max: Option<u64>,
    /// `validity:` of a grant.
    pub validity: Option<Duration>,
    /// `holding-time:` told in Quota-Holding-Time.
    pub holding_time: Option<Duration>,
    /// `threshold:` told in Time-, Volume- or Unit-Quota-Threshold.
    pub threshold: Option<u32>,
    /// `triggers:` Trigger-Types by number.
    pub triggers: Vec<u32>,
    /// `final-unit:`
    pub final_unit: FinalUnit,
    /// `pool:` the credit pool that it is drawn from.
    pub pool: Option<u32>,
    /// `free: not-controlled`: what costs nothing is answered 4011.
    pub free_is_not_controlled: bool,
}

/// `final-unit:` what a client does when the last units are used.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum FinalUnit {
    /// `terminate`
    #[default]
    Terminate,
    /// `redirect: <address>`
    Redirect(Text),
    /// `restrict:` with `rules:` and `filter-ids:`.
    Restrict {
        /// IPFilterRules.
        rules: Vec<Text>,
        /// Filters that the client knows by name.
        filter_ids: Vec<Text>,
    },
}

/// `diameter:` of a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiameterNode {
    /// `host:` its Origin-Host.
    pub host: Text,
    /// `provision-cld: true`: it is told the called number as it was translated (`ro.ProvisionCld`).
    pub provision_cld: bool,
}

/// Nodes cannot speak Diameter with a system that does not; one word on the first of them is enough.
pub(super) fn refuse_clients(nodes: &[&Node], collector: &mut Collector) {
    let entries = nodes.iter().flat_map(|node| match &node.kind {
        Kind::Map(entries) => entries.as_slice(),
        _ => &[],
    });
    let mut said = entries.filter_map(|entry| match &entry.value.kind {
        Kind::Map(keys) => keys.iter().find(|own| own.key.text == "diameter"),
        _ => None,
    });
    if let Some(first) = said.next() {
        collector.push(
            Problem::error(first.key.span, "the node speaks Diameter, and the world has no `diameter:`").advice(
                "add `diameter: { host: ocs.example.net, realm: example.net }` beside `nodes:`, with `services:`",
            ),
        );
    }
}

/// Names of services, as rating entries write them, with what they are counted in.
const SERVICES: [(&str, Counted); 10] = [
    ("quantity", Counted::Pieces),
    ("netaccess", Counted::Octets),
    ("voice", Counted::Seconds),
    ("data", Counted::Octets),
    ("session", Counted::Seconds),
    ("msg", Counted::Pieces),
    ("wifi", Counted::Seconds),
    ("dialup", Counted::Seconds),
    ("conference", Counted::Seconds),
    ("did", Counted::Pieces),
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Counted {
    Seconds,
    Octets,
    Pieces,
}

/// Reads `diameter:` of a world.
pub(super) fn read(node: &Node, addresses: usize, collector: &mut Collector) -> Option<Diameter> {
    let what = "`diameter:`";
    let mut keys = Keys::of(node, what, collector)?;
    let hosts = keys.need("host", what, collector).map(|own| {
        let items = read::items(own, "the Origin-Hosts", collector);
        if items.len() > 1 && items.len() != addresses {
            let message = format!("{} Origin-Hosts for {addresses} addresses", items.len());
            collector.push(
                Problem::error(own.span, message)
                    .advice("name one for each address of `ocs:`, or one for all"),
            );
        }
        items.iter().filter_map(|item| identity(item, collector)).collect::<Vec<Text>>()
    });
    let realm = keys.need("realm", what, collector).and_then(|own| identity(own, collector));
    let port = keys
        .value("port")
        .and_then(|own| read::whole::<u16>(own, "a port", (1, i64::from(u16::MAX)), collector));
    let transport = keys.value("transport").and_then(|own| {
        let words = [("tcp", Transport::Tcp), ("tls", Transport::Tls), ("sctp", Transport::Sctp)];
        word(own, "what carries Diameter", &words, collector)
    });
    let lenient = keys
        .value("profile")
        .and_then(|own| word(own, "a profile", &[("strict", false), ("lenient", true)], collector));
    let watchdog = keys.value("watchdog").and_then(|own| read::span(own, "the watchdog", collector));
    let supervision = keys.value("supervision").and_then(|own| read::span(own, "the supervision", collector));
    let session_failover =
        keys.value("session-failover").and_then(|own| read::flag(own, "session-failover", collector));
    let failure_handling = keys.value("failure-handling").and_then(|own| {
        let words = [
            ("terminate", FailureHandling::Terminate),
            ("continue", FailureHandling::Continue),
            ("retry-and-terminate", FailureHandling::RetryAndTerminate),
        ];
        word(own, "what a client does without an answer", &words, collector)
    });
    let aborts = keys.value("on-block").and_then(|own| {
        word(own, "what is done about a block", &[("reauthorize", false), ("abort", true)], collector)
    });
    let services = keys.value("services").map_or_else(Vec::new, |own| {
        let items = read::items(own, "`services:`", collector);
        items.iter().filter_map(|item| service(item, collector)).collect()
    });
    keys.finish(what, collector);
    Some(Diameter {
        hosts: hosts.filter(|hosts| !hosts.is_empty())?,
        realm: realm?,
        port: port.unwrap_or(PORT),
        transport: transport.unwrap_or_default(),
        lenient: lenient.unwrap_or_default(),
        watchdog,
        supervision,
        session_failover,
        failure_handling,
        aborts_on_block: aborts.unwrap_or_default(),
        services,
    })
}

/// Reads `diameter:` of a node: its Origin-Host, or a map with more.
pub(super) fn of_node(node: &Node, collector: &mut Collector) -> Option<DiameterNode> {
    if matches!(node.kind, Kind::Scalar(_)) {
        return Some(DiameterNode { host: identity(node, collector)?, provision_cld: false });
    }
    let what = "`diameter:` of a node";
    let mut keys = Keys::of(node, what, collector)?;
    let host = keys.need("host", what, collector).and_then(|own| identity(own, collector));
    let provision_cld =
        keys.value("provision-cld").and_then(|own| read::flag(own, "provision-cld", collector));
    keys.finish(what, collector);
    Some(DiameterNode { host: host?, provision_cld: provision_cld.unwrap_or_default() })
}

/// A DiameterIdentity: a host or realm name (RFC 6733 section 4.3.1).
fn identity(node: &Node, collector: &mut Collector) -> Option<Text> {
    let text = read::text(node, "a DiameterIdentity", collector)?;
    let sound = |octet: u8| octet.is_ascii_alphanumeric() || matches!(octet, b'.' | b'-' | b'_');
    if text.is_empty() || !text.bytes().all(sound) {
        collector.push(
            Problem::error(node.span, "a DiameterIdentity is a host name in ASCII")
                .advice("write it as ocs.example.com"),
        );
        return None;
    }
    Some(text)
}

fn service(node: &Node, collector: &mut Collector) -> Option<Service> {
    let what = "a service of Diameter";
    let mut keys = Keys::of(node, what, collector)?;
    let number = |key, keys: &mut Keys<'_>, collector: &mut Collector| {
        keys.value(key).and_then(|own| read::whole::<u32>(own, key, (0, i64::from(u32::MAX)), collector))
    };
    let words: Vec<(&str, (&str, Counted))> =
        SERVICES.iter().map(|(name, counted)| (*name, (*name, *counted))).collect();
    let charged =
        keys.need("service", what, collector).and_then(|own| word(own, "a service", &words, collector));
    let counted = charged.map(|(_, counted)| counted);
    let context = keys.value("context").and_then(|own| read::text(own, "a service context", collector));
    let rating_group = number("rating-group", &mut keys, collector);
    let service_identifier = number("service-identifier", &mut keys, collector);
    let role = keys.value("role").and_then(|own| {
        let words = [
            ("originating", Role::Originating),
            ("terminating", Role::Terminating),
            ("forwarding", Role::Forwarding),
        ];
        word(own, "a role", &words, collector)
    });
    let access_code = keys.value("access-code").and_then(|own| read::text(own, "an access code", collector));
    let resource = keys.value("resource").and_then(|own| read::text(own, "the resource", collector));
    let grant = keys.value("grant").and_then(|own| units(own, counted, collector));
    let grant_max = keys.value("grant-max").and_then(|own| units(own, counted, collector));
    let validity = keys.value("validity").and_then(|own| whole_seconds(own, "the validity", collector));
    let holding_time =
        keys.value("holding-time").and_then(|own| whole_seconds(own, "the holding time", collector));
    let threshold = keys.value("threshold").and_then(|own| {
        let count = units(own, counted, collector)?;
        u32::try_from(count).map_err(|_| collector.error(own.span, "a threshold is below 4 GiB")).ok()
    });
    let triggers = keys.value("triggers").map_or_else(Vec::new, |own| {
        let items = read::items(own, "`triggers:`", collector);
        let one = |item: &Node, collector: &mut Collector| {
            read::whole::<u32>(item, "a Trigger-Type", (0, i64::from(u32::MAX)), collector)
        };
        items.iter().filter_map(|item| one(item, collector)).collect()
    });
    let final_unit = keys.value("final-unit").and_then(|own| final_unit(own, collector));
    let pool = number("pool", &mut keys, collector);
    let free = keys.value("free").and_then(|own| {
        word(
            own,
            "what is done about free service",
            &[("granted", false), ("not-controlled", true)],
            collector,
        )
    });
    keys.finish(what, collector);
    Some(Service {
        context,
        rating_group,
        service_identifier,
        role,
        service: charged?.0.into(),
        access_code,
        resource,
        grant,
        grant_max,
        validity,
        holding_time,
        threshold,
        triggers,
        final_unit: final_unit.unwrap_or_default(),
        pool,
        free_is_not_controlled: free.unwrap_or_default(),
    })
}

/// Units as the service counts them: a span, a size, or a number.
fn units(node: &Node, counted: Option<Counted>, collector: &mut Collector) -> Option<u64> {
    let plain = |node: &Node, collector: &mut Collector| {
        read::whole::<u64>(node, "a number of units", (1, i64::MAX), collector)
    };
    match counted? {
        Counted::Seconds => {
            let span = read::span(node, "a span of time", collector)?;
            if span.is_zero() || span.subsec_nanos() > 0 {
                collector.error(node.span, "units of time are whole seconds, at least one");
                return None;
            }
            Some(span.as_secs())
        }
        Counted::Octets => {
            let digits =
                node.scalar().is_some_and(|own| own.text.bytes().all(|octet| octet.is_ascii_digit()));
            if digits {
                return plain(node, collector);
            }
            read::with(node, "a size", collector, |text, _| values::octets(text)).filter(|octets| *octets > 0)
        }
        Counted::Pieces => plain(node, collector),
    }
}

fn whole_seconds(node: &Node, what: &str, collector: &mut Collector) -> Option<Duration> {
    let span = read::span(node, what, collector)?;
    if span.subsec_nanos() > 0 || span.as_secs() > u64::from(u32::MAX) {
        collector.error(node.span, format!("{what} is told in whole seconds, below 2^32"));
        return None;
    }
    Some(span)
}

fn final_unit(node: &Node, collector: &mut Collector) -> Option<FinalUnit> {
    if matches!(node.kind, Kind::Scalar(_)) {
        return word(node, "what is done at the end", &[("terminate", ())], collector)
            .map(|()| FinalUnit::Terminate);
    }
    let what = "`final-unit:`";
    let mut keys = Keys::of(node, what, collector)?;
    let redirect =
        keys.value("redirect").and_then(|own| read::text(own, "an address to redirect to", collector));
    let restrict = keys.value("restrict").and_then(|own| restriction(own, collector));
    keys.finish(what, collector);
    match (redirect, restrict) {
        (Some(_), Some(_)) => {
            collector.error(node.span, "a subscriber is redirected or restricted, not both");
            None
        }
        (Some(address), None) => Some(FinalUnit::Redirect(address)),
        (None, restrict) => restrict,
    }
}

fn restriction(node: &Node, collector: &mut Collector) -> Option<FinalUnit> {
    let what = "`restrict:`";
    let mut keys = Keys::of(node, what, collector)?;
    let mut texts = |key, keys: &mut Keys<'_>| {
        keys.value(key).map_or_else(Vec::new, |own| {
            let items = read::items(own, what, collector);
            items.iter().filter_map(|item| read::text(item, "a filter", collector)).collect::<Vec<Text>>()
        })
    };
    let rules = texts("rules", &mut keys);
    let filter_ids = texts("filter-ids", &mut keys);
    keys.finish(what, collector);
    if rules.is_empty() && filter_ids.is_empty() {
        collector.push(
            Problem::error(node.span, "a restriction says what is let through")
                .advice("give it `rules:` or `filter-ids:` (RFC 8506 section 8.36)"),
        );
        return None;
    }
    Some(FinalUnit::Restrict { rules, filter_ids })
}
