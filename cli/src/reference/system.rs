//! The reference OCS made ready once for a world; each run gets a fresh one.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use tollgate_conformance::world::World;
use tollgate_network::{DiameterServer, Server};
use tollgate_ocs_core::ids::EnvId;
use tollgate_ocs_core::{Catalogue, Record, RecordError};
use tollgate_ocs_gateway::api::config::ApiConfig;
use tollgate_ocs_gateway::diameter::config::{DiameterConfig, Listener};
use tollgate_ocs_gateway::{Clients, GatewayConfig, RadiusGateway, Routes};
use tollgate_wire::Text;

use super::world::{self, WorldError};

/// A charging system that is not switched on yet.
#[derive(Debug, Clone)]
pub(crate) struct System {
    catalogue: Arc<Catalogue>,
    clients: Clients,
    routes: Routes,
    environment_routes: BTreeMap<EnvId, Routes>,
    diameter: Option<DiameterConfig>,
    api: Option<ApiConfig>,
    addresses: Vec<IpAddr>,
    secrets: Vec<(IpAddr, Text)>,
    environment: Option<u32>,
    /// Accounts, aliases and numbers.
    numbers: Arc<[Text]>,
}

impl System {
    /// Makes the system of a world ready.
    pub(crate) fn of(world: &World) -> Result<Self, WorldError> {
        Ok(Self {
            catalogue: Arc::new(world::catalogue(world)?),
            clients: world::clients(world)?,
            routes: world::routes(world),
            environment_routes: world.environments.iter().filter_map(world::routes_of).collect(),
            diameter: super::diameter::config(world),
            api: world::api(world),
            addresses: world.ocs.clone(),
            secrets: world
                .everywhere()
                .flat_map(|env| &env.nodes)
                .filter_map(|node| Some((node.address, node.secret.clone()?)))
                .collect(),
            environment: world.resale.environment,
            numbers: numbers(world),
        })
    }

    /// The number of its billing environment, where its world has one.
    pub(crate) const fn environment(&self) -> Option<u32> {
        self.environment
    }

    /// The accounts, aliases and numbers (DIDs) that it has at the start.
    pub(crate) fn numbers(&self) -> Arc<[Text]> {
        Arc::clone(&self.numbers)
    }

    /// Its addresses.
    pub(crate) fn addresses(&self) -> &[IpAddr] {
        &self.addresses
    }

    /// Its clients.
    pub(crate) fn clients(&self) -> &Clients {
        &self.clients
    }

    /// A fresh one with the usual settings of a gateway for these clients, changed as wanted.
    pub(crate) fn gateway(&self, clients: Clients, change: impl FnOnce(&mut GatewayConfig)) -> RadiusGateway {
        let mut config = GatewayConfig::new(clients);
        config.routes.clone_from(&self.routes);
        config.environment_routes.clone_from(&self.environment_routes);
        config.diameter.clone_from(&self.diameter);
        config.api.clone_from(&self.api);
        change(&mut config);
        RadiusGateway::new(config, Arc::clone(&self.catalogue))
    }

    /// One that goes on from what a record holds; answers with it how many commands were applied again.
    pub(crate) fn stored_gateway(
        &self,
        clients: Clients,
        record: Box<dyn Record>,
        change: impl FnOnce(&mut GatewayConfig),
    ) -> Result<(RadiusGateway, u64), RecordError> {
        let mut config = GatewayConfig::new(clients);
        config.routes.clone_from(&self.routes);
        config.environment_routes.clone_from(&self.environment_routes);
        config.diameter.clone_from(&self.diameter);
        config.api.clone_from(&self.api);
        change(&mut config);
        RadiusGateway::stored(config, Arc::clone(&self.catalogue), record)
    }

    /// How it speaks HTTP, where it does.
    pub(crate) const fn api(&self) -> Option<&ApiConfig> {
        self.api.as_ref()
    }

    /// Where a further site of it takes Diameter connections: at its own address, by its own name.
    pub(crate) fn site_listener(&self, name: &str, address: IpAddr) -> Option<Listener> {
        let own = self.diameter.as_ref()?;
        let first = own.listen.first()?;
        let host = format!("{name}.{}", own.realm);
        Some(Listener { host: host.into(), at: SocketAddr::new(address, first.at.port()), over: first.over })
    }

    /// How it speaks Diameter, where it does.
    pub(crate) const fn diameter(&self) -> Option<&DiameterConfig> {
        self.diameter.as_ref()
    }

    /// The system as its Diameter clients know it at these of its addresses: nothing when it speaks none.
    pub(crate) fn diameter_servers(&self, addresses: &[IpAddr]) -> Vec<DiameterServer> {
        let listen = self.diameter.iter().flat_map(|own| &own.listen);
        let here = listen.filter(|listener| addresses.contains(&listener.at.ip()));
        here.filter_map(|listener| self.diameter_server(listener)).collect()
    }

    /// One of its Diameter nodes, as its clients know it.
    pub(crate) fn diameter_server(&self, listener: &Listener) -> Option<DiameterServer> {
        Some(DiameterServer {
            host: listener.host.clone(),
            realm: self.diameter.as_ref()?.realm.clone(),
            address: listener.at.ip(),
            port: listener.at.port(),
            over: listener.over,
        })
    }

    /// The system as the client at `address` knows it at these of its addresses: nothing when the world has no such node.
    pub(crate) fn servers(&self, address: IpAddr, own: &[IpAddr]) -> Vec<Server> {
        let Some((_, secret)) = self.secrets.iter().find(|(own, _)| *own == address) else {
            return Vec::new();
        };
        let server = |address: &IpAddr| Server {
            address: *address,
            auth_port: 1812,
            acct_port: 1813,
            secret: secret.clone(),
        };
        own.iter().map(server).collect()
    }
}

/// What calls and sessions may name as belonging to the system of this world.
fn numbers(world: &World) -> Arc<[Text]> {
    let of = |env: &World| {
        let accounts = env.accounts.iter().map(|account| account.id.clone());
        let aliases = env.resale.aliases.iter().map(|alias| alias.name.clone());
        let dids = env.numbers.dids.iter().map(|did| did.number.clone());
        accounts.chain(aliases).chain(dids).collect::<Vec<_>>()
    };
    world.everywhere().flat_map(of).collect()
}
