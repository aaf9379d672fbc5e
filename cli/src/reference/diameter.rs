//! From `diameter:` of a world to the settings of the gateway's Diameter face.

use std::net::SocketAddr;

use tollgate_conformance::world::diameter as said;
use tollgate_conformance::world::{Node, World};
use tollgate_network::Transport;
use tollgate_ocs_core::Service;
use tollgate_ocs_core::ids::EnvId;
use tollgate_ocs_gateway::diameter::config::{
    DiameterClient, DiameterConfig, FailureHandling, FinalUnit, Listener, OnBlock, Profile, RedirectServer,
    Role, ServiceRule,
};

/// The settings, where the world speaks Diameter.
pub(super) fn config(world: &World) -> Option<DiameterConfig> {
    let own = world.diameter.as_ref()?;
    let over = match own.transport {
        said::Transport::Tcp => Transport::Tcp,
        said::Transport::Tls => Transport::Tls,
        said::Transport::Sctp => Transport::Sctp,
    };
    let listener = |(place, address): (usize, &std::net::IpAddr)| {
        // One name stands for all addresses.
        let host = own.hosts.get(place).or(own.hosts.first())?.clone();
        Some(Listener { host, at: SocketAddr::new(*address, own.port), over })
    };
    let listen = world.ocs.iter().enumerate().filter_map(listener).collect();
    let mut config = DiameterConfig::new(own.realm.clone(), listen);
    config.profile = if own.lenient { Profile::Lenient } else { Profile::Strict };
    config.watchdog = own.watchdog.unwrap_or(config.watchdog);
    config.supervision = own.supervision.unwrap_or(config.supervision);
    config.session_failover = own.session_failover;
    config.failure_handling = own.failure_handling.map(|handling| match handling {
        said::FailureHandling::Terminate => FailureHandling::Terminate,
        said::FailureHandling::Continue => FailureHandling::Continue,
        said::FailureHandling::RetryAndTerminate => FailureHandling::RetryAndTerminate,
    });
    config.on_block = if own.aborts_on_block { OnBlock::Abort } else { OnBlock::Reauthorize };
    config.services = own.services.iter().filter_map(rule).collect();
    config.peers = clients(world);
    Some(config)
}

/// The nodes of all environments that speak Diameter.
fn clients(world: &World) -> Vec<DiameterClient> {
    let client = |node: &Node, environment: Option<EnvId>| {
        let own = node.diameter.as_ref()?;
        Some(DiameterClient {
            name: node.name.clone(),
            host: own.host.clone(),
            provision_cld: own.provision_cld,
            environment,
        })
    };
    let first = world.nodes.iter().filter_map(|node| client(node, None));
    let others = world.environments.iter().flat_map(|env| {
        let number = env.resale.environment.map(EnvId::from_number);
        env.nodes.iter().filter_map(move |node| client(node, number))
    });
    first.chain(others).collect()
}

/// The check of the world knows the services' names: there is none here that it does not.
fn rule(own: &said::Service) -> Option<ServiceRule> {
    let service = Service::from_name(&own.service)?;
    let usual = ServiceRule::of(service);
    Some(ServiceRule {
        context: own.context.clone(),
        rating_group: own.rating_group,
        service_identifier: own.service_identifier,
        role: own.role.map(|role| match role {
            said::Role::Originating => Role::Originating,
            said::Role::Terminating => Role::Terminating,
            said::Role::Forwarding => Role::Forwarding,
        }),
        access_code: own.access_code.clone(),
        resource: own.resource.clone(),
        grant: own.grant.unwrap_or(usual.grant),
        grant_max: own.grant_max,
        validity: own.validity.unwrap_or(usual.validity),
        holding_time: own.holding_time,
        threshold: own.threshold,
        triggers: own.triggers.clone(),
        final_unit: match &own.final_unit {
            said::FinalUnit::Terminate => FinalUnit::Terminate,
            said::FinalUnit::Redirect(address) => FinalUnit::Redirect(RedirectServer::at(address.clone())),
            said::FinalUnit::Restrict { rules, filter_ids } => {
                FinalUnit::Restrict { rules: rules.clone(), filter_ids: filter_ids.clone() }
            }
        },
        pool: own.pool,
        free_is_not_controlled: own.free_is_not_controlled,
        ..usual
    })
}
