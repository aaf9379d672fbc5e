//! From a world file to the catalogue of the charging core and the clients of its gateway.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use tollgate_conformance::diagnostics::{Diagnostic, Report, Severity, Source, word_at};
use tollgate_conformance::scenario::Place;
use tollgate_conformance::world::api::Identifiers;
use tollgate_conformance::world::{self, DynamicAuthorization, World};
use tollgate_ocs_core::ids::{EnvId, Numbering};
use tollgate_ocs_core::{Catalogue, CatalogueBuilder, CatalogueError, Settings};
use tollgate_ocs_gateway::api::config::{ApiConfig, ApiUser};
use tollgate_ocs_gateway::templates::Templates;
use tollgate_ocs_gateway::{Abilities, Client, Clients, Route, Routes};
use tollgate_wire::Text;

use super::parties::Wrong;
use super::{objects, parties, prices};

/// What of a world the reference OCS cannot hold: each with its place and the reason.
#[derive(Debug, Clone)]
pub(crate) struct WorldError(Vec<Wrong>);

impl WorldError {
    fn of(place: Option<Place>, reason: impl ToString) -> Self {
        Self(vec![(place, reason.to_string())])
    }

    /// Each as a problem of its file, which is read again to show the line.
    pub(crate) fn report(&self) -> Report {
        let mut sources: BTreeMap<Arc<Path>, Option<Arc<Source>>> = BTreeMap::new();
        let mut report = Report::new();
        for (place, reason) in &self.0 {
            let source = place.as_ref().and_then(|place| {
                let known = sources.entry(Arc::clone(&place.file));
                let read =
                    |path: &Path| Some(Arc::new(Source::new(path, std::fs::read_to_string(path).ok()?)));
                known.or_insert_with(|| read(&place.file)).clone()
            });
            let (message, at) = match (place, source) {
                (Some(place), Some(source)) => (reason.clone(), Some(word_at(&source, place))),
                (place, _) => (told(place.as_ref(), reason), None),
            };
            let (label, related, help) = (String::new(), Vec::new(), Vec::new());
            report.push(Diagnostic { severity: Severity::Error, message, at, label, related, help });
        }
        report
    }

    /// Each of them.
    pub(super) fn into_each(self) -> Vec<Wrong> {
        self.0
    }
}

impl std::fmt::Display for WorldError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (number, (place, reason)) in self.0.iter().enumerate() {
            if number > 0 {
                f.write_str("\n")?;
            }
            f.write_str(&told(place.as_ref(), reason))?;
        }
        Ok(())
    }
}

fn told(place: Option<&Place>, reason: &str) -> String {
    match place {
        Some(place) => format!("{}:{}:{}: {reason}", place.file.display(), place.line, place.column),
        None => reason.to_owned(),
    }
}

pub(super) trait At<T> {
    /// The error with the place of what was being read.
    fn at(self, place: &Place) -> Result<T, WorldError>;
}

impl<T, E: ToString> At<T> for Result<T, E> {
    fn at(self, place: &Place) -> Result<T, WorldError> {
        self.map_err(|error| WorldError::of(Some(place.clone()), error.to_string()))
    }
}

impl From<CatalogueError> for WorldError {
    fn from(error: CatalogueError) -> Self {
        Self::of(None, error)
    }
}

/// The RADIUS clients of a world: the nodes of every environment that share a secret with the system.
pub(crate) fn clients(world: &World) -> Result<Clients, WorldError> {
    let of = |world: &World, env: Option<EnvId>| {
        let sharing = world.nodes.iter().filter_map(|node| Some((node, node.secret.as_deref()?)));
        sharing.map(|(node, secret)| client(node, secret, env)).collect::<Result<Vec<_>, _>>()
    };
    let mut clients = of(world, None)?;
    for other in &world.environments {
        clients.extend(of(other, other.resale.environment.map(EnvId::from_number))?);
    }
    Clients::new(clients).map_err(|error| WorldError::of(None, error))
}

fn client(node: &world::Node, secret: &str, env: Option<EnvId>) -> Result<Client, WorldError> {
    let mut client = Client::new(node.name.clone(), node.address, secret);
    client.environment = env;
    client.internal = node.internal;
    client.require_message_authenticator = node.require_message_authenticator;
    client.trusted = node.trusted;
    client.abilities = match node.dynamic_authorization {
        DynamicAuthorization::None => Abilities::Nothing,
        DynamicAuthorization::Disconnect => Abilities::Disconnect,
        DynamicAuthorization::Coa => Abilities::Change,
    };
    client.dynamic_port = node.dynamic_port;
    client.templates = templates(&node.response_templates)?;
    Ok(client)
}

fn templates(lines: &[(Text, Place)]) -> Result<Templates, WorldError> {
    let texts: Vec<&str> = lines.iter().map(|(text, _)| text.as_str()).collect();
    Templates::parse(&texts).map_err(|(line, error)| {
        WorldError::of(lines.get(line).map(|(_, place)| place.clone()), format!("response template: {error}"))
    })
}

/// The catalogue of a world with all its environments, or everything that is wrong with it.
pub(crate) fn catalogue(world: &World) -> Result<Catalogue, WorldError> {
    let mut wrong = Vec::new();
    let mut builder = environment(world, &mut wrong)?;
    for other in &world.environments {
        match environment(other, &mut wrong) {
            // Noted.
            Ok(own) => drop(builder.environment(own)),
            Err(error) => wrong.extend(error.0),
        }
    }
    match builder.finish() {
        Ok(catalogue) if wrong.is_empty() => return Ok(catalogue),
        Ok(_) => {}
        Err(problems) => wrong.extend(problems.iter().map(|problem| {
            let place = objects::place(world, &problem.at).cloned();
            // Without a place in the file the path says where.
            let reason = if place.is_some() { problem.wrong.to_string() } else { problem.to_string() };
            (place, reason)
        })),
    }
    wrong
        .sort_by_key(|(place, _)| place.as_ref().map(|place| (place.file.clone(), place.line, place.column)));
    Err(WorldError(wrong))
}

/// One environment of a world.
fn environment(world: &World, wrong: &mut Vec<Wrong>) -> Result<CatalogueBuilder, WorldError> {
    let mut builder = CatalogueBuilder::new(settings(world)?)?;
    if let Some(kbps) = world.settings.call_bandwidth {
        builder.call_bandwidth(kbps);
    }
    objects::add(&mut builder, world);
    wrong.extend(super::plans::add(&mut builder, world));
    wrong.extend(parties::add(&mut builder, world));
    wrong.extend(super::numbers::add(&mut builder, world).err().unwrap_or_default());
    Ok(builder)
}

fn settings(world: &World) -> Result<Settings, WorldError> {
    let no_place = |reason: String| WorldError::of(None, reason);
    let written = &world.settings;
    let mut settings = Settings::new(prices::currency(&world.currency).map_err(no_place)?);
    settings.numbering = match world.identifiers {
        Identifiers::All => Numbering::All,
        Identifiers::Odd => Numbering::Odd,
        Identifiers::Even => Numbering::Even,
    };
    settings.password_attempts_max = u8::try_from(written.password_attempts_max)
        .map_err(|_| no_place("password-attempts-max is at most 255".to_owned()))?;
    settings.lockout = written.lockout;
    if let Some(release) = &world.release {
        settings.release = release.parse().map_err(|error| no_place(format!("{error}")))?;
    }
    settings.login_lock = written.login_lock;
    settings.start_wait = written.session_expiry;
    settings.stop_grace = written.session_expiry;
    settings.idle_max = written.keep_alive;
    settings.grant_octets_max = written.grant_max_octets;
    settings.grant_secs_max = written.grant_max.map(|longest| longest.as_secs().max(1));
    parties::settings(world, settings).map_err(|(place, reason)| WorldError::of(place, reason))
}

/// How the system speaks HTTP, at each of its addresses.
pub(crate) fn api(world: &World) -> Option<ApiConfig> {
    let own = world.api.as_ref()?;
    let users = own
        .users
        .iter()
        .map(|(login, password)| ApiUser { login: login.clone(), password: password.clone() });
    let listen = world.ocs.iter().map(|address| SocketAddr::new(*address, own.port)).collect();
    Some(ApiConfig { listen, users: users.collect() })
}

/// The carriers of SIP calls.
pub(crate) fn routes(world: &World) -> Routes {
    let plans_of = |route: &Text| {
        let plans = world.numbers.routing_plans.iter().filter(|plan| plan.routes.contains(route));
        plans.map(|plan| plan.name.clone()).collect()
    };
    let routes = world.routes.iter().map(|route| Route {
        name: route.name.clone(),
        prefix: route.prefix.clone(),
        address: route.address,
        preference: route.preference,
        auth: route.auth.clone(),
        rtpp_level: route.rtpp_level,
        plans: plans_of(&route.name),
    });
    let features = world
        .products
        .iter()
        .filter_map(|product| Some((product.name.clone(), product.service_features.clone()?)));
    Routes::new(routes.collect())
        .with_features(features)
        .with_deliveries(super::numbers::deliveries(world))
        .with_systems(super::numbers::systems(world))
}

/// Those of an environment beside the first, by its number.
pub(crate) fn routes_of(environment: &World) -> Option<(EnvId, Routes)> {
    environment.resale.environment.map(|number| (EnvId::from_number(number), routes(environment)))
}
