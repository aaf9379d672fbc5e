//! What a CoA-Request or an Access-Accept makes of a session: the attributes that gateways take for policies, and what
//! each policy does to traffic.

use std::collections::BTreeMap;

use tollgate_network::SetupError;
use tollgate_radius::Packet;
use tollgate_wire::{Text, Value};

use crate::dynamic_authorization::{Cause, is_identity, is_of_exchange};
use crate::traffic::Caps;

/// What a policy does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Deed {
    /// Traffic flows as it likes.
    Full,
    /// At most so many bits a second each way.
    Throttle(Caps),
    /// The user sees a captive portal; nothing else gets through.
    Hotline,
}

/// How an attribute names a policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    /// The policy of both ways, or of one.
    Named(Way),
    /// A service that is switched on beside what there is; parameters in brackets behind its name do not matter.
    Activate,
    /// Such a service is switched off.
    Deactivate,
    /// The rate itself: `<from the user>/<to the user>`.
    Rate,
    /// Session-Timeout in seconds.
    SessionTimeout,
    /// Idle-Timeout in seconds.
    IdleTimeout,
    /// Acct-Interim-Interval in seconds.
    Interim,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Both,
    Up,
    Down,
}

/// Attributes that change a session.
const ATTRIBUTES: &[(&str, Role)] = &[
    ("Filter-Id", Role::Named(Way::Both)),
    ("ERX-Ingress-Policy-Name", Role::Named(Way::Up)),
    ("ERX-Egress-Policy-Name", Role::Named(Way::Down)),
    ("ERX-Qos-Profile-Name", Role::Named(Way::Both)),
    ("ERX-Service-Activate", Role::Activate),
    ("ERX-Service-Deactivate", Role::Deactivate),
    ("Alc-Subsc-Prof-Str", Role::Named(Way::Both)),
    ("Alc-SLA-Prof-Str", Role::Named(Way::Both)),
    ("Cisco-Policy-Up", Role::Named(Way::Up)),
    ("Cisco-Policy-Down", Role::Named(Way::Down)),
    ("Cisco-Sub-QoS-Pol-In", Role::Named(Way::Up)),
    ("Cisco-Sub-QoS-Pol-Out", Role::Named(Way::Down)),
    ("Cisco-Sub-Activate-Service", Role::Activate),
    ("Cisco-Sub-Deactivate-Service", Role::Deactivate),
    ("Mikrotik-Address-List", Role::Named(Way::Both)),
    ("Mikrotik-Rate-Limit", Role::Rate),
    ("Session-Timeout", Role::SessionTimeout),
    ("Idle-Timeout", Role::IdleTimeout),
    ("Acct-Interim-Interval", Role::Interim),
];

/// The policies that a gateway knows, and the attributes in which it takes them.
#[derive(Debug)]
pub(super) struct Policies {
    known: BTreeMap<Text, Deed>,
    attributes: Option<Vec<Text>>,
}

/// Policies of a gateway that was told none.
const USUAL: &[&str] = &[
    "hotline=hotline",
    "captive-portal=hotline",
    "throttle=1M",
    "throttled=1M",
    "full=full",
    "default=full",
];

impl Policies {
    /// Reads the settings `policies` and `policy-attributes`.
    pub(super) fn read(policies: Option<&Value>, attributes: Option<&Value>) -> Result<Self, SetupError> {
        let mut known = BTreeMap::new();
        let told = policies.map(texts);
        let lines = told.unwrap_or_else(|| USUAL.to_vec());
        for line in lines {
            let (name, deed) = line.split_once('=').ok_or_else(|| no_policy(line))?;
            let deed = match deed.trim() {
                "full" => Deed::Full,
                "hotline" => Deed::Hotline,
                rate => Deed::Throttle(rates(rate).ok_or_else(|| no_policy(line))?),
            };
            known.insert(Text::from(name.trim()), deed);
        }
        let attributes = attributes.map(|value| texts(value).into_iter().map(Text::from).collect::<Vec<_>>());
        for name in attributes.iter().flatten() {
            if !ATTRIBUTES.iter().any(|(own, _)| own == name) {
                let all: Vec<&str> = ATTRIBUTES.iter().map(|(own, _)| *own).collect();
                return Err(SetupError(format!("'{name}' changes no session; {} do", all.join(", "))));
            }
        }
        Ok(Self { known, attributes })
    }

    fn role(&self, name: &str) -> Option<Role> {
        // A tag is part of the name: `ERX-Service-Activate:1`.
        let bare = name.split_once(':').map_or(name, |(bare, _)| bare);
        if self.attributes.as_ref().is_some_and(|supported| !supported.iter().any(|own| own == bare)) {
            return None;
        }
        ATTRIBUTES.iter().find(|(own, _)| *own == bare).map(|(_, role)| *role)
    }

    /// What a CoA-Request changes.
    ///
    /// # Errors
    /// An attribute is not supported, a policy is not known, or nothing is changed.
    pub(super) fn change(&self, packet: &Packet<'_>) -> Result<Vec<Change>, Cause> {
        let mut changes = Vec::new();
        for own in packet.attributes() {
            // Service-Type Authorize-Only would have the gateway ask again (RFC 5176 section 3.2).
            if own.number == tollgate_radius::attribute::SERVICE_TYPE {
                return Err(Cause::UnsupportedService);
            }
        }
        for (name, value) in packet.fields().iter() {
            if belongs_to_the_exchange(name) {
                continue;
            }
            let role = self.role(name).ok_or(Cause::UnsupportedAttribute)?;
            changes.push(self.read_change(name, role, value).ok_or(Cause::InvalidAttributeValue)?);
        }
        if changes.is_empty() { Err(Cause::MissingAttribute) } else { Ok(changes) }
    }

    /// What an Access-Accept says of policies; what is not known is passed over.
    pub(super) fn granted(&self, packet: &Packet<'_>) -> Vec<Change> {
        let fields = packet.fields();
        let policies = fields.iter().filter_map(|(name, value)| {
            let role = self.role(name)?;
            let change = self.read_change(name, role, value)?;
            matches!(change, Change::Set { .. }).then_some(change)
        });
        policies.collect()
    }

    fn read_change(&self, name: &str, role: Role, value: &Value) -> Option<Change> {
        let secs = || value.as_integer().and_then(|number| u32::try_from(number).ok());
        Some(match role {
            Role::Named(way) => {
                let policy = value.as_text()?;
                let deed = narrowed(*self.known.get(policy)?, way);
                Change::Set { key: name.into(), policy: policy.into(), deed }
            }
            Role::Activate => {
                let policy = service(value.as_text()?);
                let deed = *self.known.get(policy)?;
                Change::Set { key: service_key(policy), policy: policy.into(), deed }
            }
            Role::Deactivate => Change::Clear { key: service_key(service(value.as_text()?)) },
            Role::Rate => {
                let text = value.as_text()?;
                Change::Set { key: name.into(), policy: text.into(), deed: Deed::Throttle(rates(text)?) }
            }
            Role::SessionTimeout => Change::SessionTimeout(secs()?),
            Role::IdleTimeout => Change::IdleTimeout(secs()?),
            Role::Interim => Change::Interim(secs()?),
        })
    }
}

/// One thing that changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Change {
    /// A policy holds, in place of what this attribute said before.
    Set {
        key: Text,
        policy: Text,
        deed: Deed,
    },
    /// A service is switched off.
    Clear {
        key: Text,
    },
    SessionTimeout(u32),
    IdleTimeout(u32),
    Interim(u32),
}

/// The policies of one session.
#[derive(Debug, Clone, Default)]
pub(super) struct Held {
    by_attribute: BTreeMap<Text, (Text, Deed)>,
}

impl Held {
    /// Applies the changes of policies.
    ///
    /// # Errors
    /// A service is to be switched off that is not on.
    pub(super) fn apply(&mut self, changes: &[Change]) -> Result<(), Cause> {
        for change in changes {
            match change {
                Change::Set { key, policy, deed } => {
                    self.by_attribute.insert(key.clone(), (policy.clone(), *deed));
                }
                Change::Clear { key } => {
                    self.by_attribute.remove(key).ok_or(Cause::InvalidRequest)?;
                }
                Change::SessionTimeout(_) | Change::IdleTimeout(_) | Change::Interim(_) => {}
            }
        }
        Ok(())
    }

    /// What all of them do together, with the policy that does it: a hotline before every speed, the lowest speed of each
    /// way.
    pub(super) fn deed(&self) -> (Deed, Option<&Text>) {
        let held = || self.by_attribute.values();
        if let Some((policy, deed)) = held().find(|(_, deed)| *deed == Deed::Hotline) {
            return (*deed, Some(policy));
        }
        let mut caps = Caps::default();
        let mut by = None;
        for (policy, deed) in held() {
            if let Deed::Throttle(own) = deed {
                caps = Caps { up: lower(caps.up, own.up), down: lower(caps.down, own.down) };
                by = by.or(Some(policy));
            }
        }
        match by {
            Some(policy) => (Deed::Throttle(caps), Some(policy)),
            None => (Deed::Full, held().next().map(|(policy, _)| policy)),
        }
    }
}

impl Deed {
    /// What it lets through.
    pub(super) const fn caps(self) -> Caps {
        match self {
            Self::Full => Caps { up: None, down: None },
            Self::Throttle(caps) => caps,
            Self::Hotline => Caps { up: Some(0), down: Some(0) },
        }
    }
}

fn lower(one: Option<u64>, other: Option<u64>) -> Option<u64> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

fn narrowed(deed: Deed, way: Way) -> Deed {
    match (deed, way) {
        (Deed::Throttle(caps), Way::Up) => Deed::Throttle(Caps { down: None, ..caps }),
        (Deed::Throttle(caps), Way::Down) => Deed::Throttle(Caps { up: None, ..caps }),
        (deed, _) => deed,
    }
}

/// Whether an attribute identifies the session or the NAS, or belongs to the exchange.
fn belongs_to_the_exchange(name: &str) -> bool {
    use tollgate_radius::dictionary::{self, Place};
    if name == "h323-conf-id" {
        return true;
    }
    match dictionary::named(name).map(|own| own.place) {
        Some(Place::Plain(number)) => is_identity(number) || is_of_exchange(number),
        _ => false,
    }
}

/// `svc-slow(1m,512k)` is the service `svc-slow`.
fn service(text: &str) -> &str {
    text.split_once('(').map_or(text, |(name, _)| name).trim()
}

fn service_key(service: &str) -> Text {
    Text::from(format!("service {service}"))
}

/// `512k/2M`, from the user and to the user; one figure for both.
fn rates(text: &str) -> Option<Caps> {
    // RouterOS lets bursts and priorities follow behind spaces.
    let text = text.split_whitespace().next()?;
    let (up, down) = text.split_once('/').unwrap_or((text, text));
    Some(Caps { up: Some(rate(up)?), down: Some(rate(down)?) })
}

fn rate(text: &str) -> Option<u64> {
    let (digits, factor) = match text.as_bytes().last()? {
        b'k' | b'K' => (text.get(..text.len() - 1)?, 1_000),
        b'm' | b'M' => (text.get(..text.len() - 1)?, 1_000_000),
        b'g' | b'G' => (text.get(..text.len() - 1)?, 1_000_000_000),
        _ => (text, 1),
    };
    digits.parse::<u64>().ok()?.checked_mul(factor)
}

fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::List(values) => values.iter().filter_map(Value::as_text).collect(),
        other => other.as_text().into_iter().collect(),
    }
}

fn no_policy(line: &str) -> SetupError {
    SetupError(format!(
        "'{line}' is no policy; write <name>=full, <name>=hotline, or <name>=<bit/s>, such as slow=512k/2M"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_read_with_its_unit_and_both_ways() {
        assert_eq!(rates("512k/2M"), Some(Caps { up: Some(512_000), down: Some(2_000_000) }));
        assert_eq!(rates("64000 128k/128k 8"), Some(Caps { up: Some(64_000), down: Some(64_000) }));
        for text in ["", "M", "-1", "1.5M", "1M/", "99999999999999999999", "9999999999999999999G"] {
            assert_eq!(rates(text), None, "{text}");
        }
    }

    #[test]
    fn every_attribute_that_changes_a_session_is_in_the_dictionary() {
        for (name, _) in ATTRIBUTES {
            assert!(tollgate_radius::field_known(name), "{name}");
        }
    }

    #[test]
    fn the_strictest_of_the_policies_holds() {
        let set = |key: &str, deed| Change::Set { key: key.into(), policy: key.into(), deed };
        let slow = |up, down| Deed::Throttle(Caps { up, down });
        let mut held = Held::default();
        held.apply(&[set("a", slow(Some(1), None)), set("b", slow(Some(2), Some(3)))]).unwrap();
        assert_eq!(held.deed().0, slow(Some(1), Some(3)));
        held.apply(&[set("c", Deed::Hotline)]).unwrap();
        assert_eq!(held.deed(), (Deed::Hotline, Some(&"c".into())));
        held.apply(&[Change::Clear { key: "c".into() }]).unwrap();
        assert_eq!(held.apply(&[Change::Clear { key: "c".into() }]), Err(Cause::InvalidRequest));
        held.apply(&[set("a", Deed::Full), set("b", Deed::Full)]).unwrap();
        assert_eq!(held.deed().0, Deed::Full);
    }

    #[test]
    fn policies_and_attributes_that_make_no_sense_are_refused() {
        let list = |text: &str| Value::List(vec![text.into()]);
        assert!(Policies::read(Some(&list("slow")), None).is_err());
        assert!(Policies::read(Some(&list("slow=fast")), None).is_err());
        let error = Policies::read(None, Some(&list("User-Name"))).unwrap_err().to_string();
        assert!(error.starts_with("'User-Name' changes no session; Filter-Id, "), "{error}");
    }
}
