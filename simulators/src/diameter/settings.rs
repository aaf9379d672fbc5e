//! Settings that every simulator has that speaks Diameter.

use std::time::Duration;

use tollgate_diameter::peer::Applications;
use tollgate_network::{Arg, ArgKind, DiameterServer, Need, Setup, SetupError, Transport};
use tollgate_wire::Value;

use super::station::StationSettings;

/// The settings, to be joined with those of a kind.
pub(crate) const SETTINGS: [Arg; 4] = [
    Arg {
        name: "host",
        kind: ArgKind::Text,
        need: Need::Optional,
        about: "Its Origin-Host; without it, its name in the scenario within its realm.",
    },
    Arg {
        name: "realm",
        kind: ArgKind::Text,
        need: Need::Optional,
        about: "Its Origin-Realm; without it, that of its first server.",
    },
    Arg {
        name: "watchdog",
        kind: ArgKind::Span,
        need: Need::Default("30s"),
        about: "Silence before a connection is watched (RFC 3539, Tw).",
    },
    Arg {
        name: "answer-within",
        kind: ArgKind::Span,
        need: Need::Default("30s"),
        about: "How long an answer may take before its connection is thought dead.",
    },
];

/// The servers of a peer that cannot do without one.
pub(crate) fn servers<'a>(setup: &'a Setup, kind: &str) -> Result<&'a [DiameterServer], SetupError> {
    if setup.diameter.is_empty() {
        return Err(SetupError(format!(
            "a {kind} needs a charging system that speaks Diameter: the world has no `diameter:`"
        )));
    }
    Ok(&setup.diameter)
}

/// What the settings say of a station; defaults are filled in by who checked them.
pub(crate) fn own(
    setup: &Setup,
    applications: Applications,
    listen: Option<(u16, Transport)>,
) -> StationSettings {
    let text = |name: &str| setup.settings.get(name).and_then(Value::as_text);
    let span = |name: &str, usual: u64| match setup.settings.get(name) {
        Some(Value::Span(span)) => *span,
        _ => Duration::from_secs(usual),
    };
    let realm = text("realm")
        .map(Into::into)
        .or_else(|| setup.diameter.first().map(|server| server.realm.clone()))
        .unwrap_or_else(|| "example.com".into());
    let host = text("host").map_or_else(|| format!("{}.{realm}", setup.name).into(), Into::into);
    StationSettings {
        host,
        realm,
        address: setup.address,
        applications,
        listen,
        watchdog: span("watchdog", 30),
        answer_within: span("answer-within", 30),
    }
}
