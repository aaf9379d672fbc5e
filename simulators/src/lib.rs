//! The network around a charging system: peers that a scenario steers, each a node that takes bytes and
//! time and gives bytes and observations.
//!
//! Simulators see the node contract and the protocols, never the charging system: what they know of it came
//! over the wire.

mod apart;
pub mod api_client;
pub mod bng;
mod camel;
pub mod camel_gateway;
pub mod credit_client;
pub mod diameter;
pub mod diameter_agent;
pub mod diameter_client;
pub mod diameter_proxy;
pub mod dynamic_authorization;
pub mod forwarding_registry;
pub mod hss;
pub mod http;
pub mod im_gate;
pub mod mme;
pub mod msc;
pub mod nas;
pub mod number_porting_centre;
mod office;
pub mod outbox;
pub mod pgw;
pub mod porter;
pub mod queue_manager;
mod quirks;
pub mod radius_client;
pub mod radius_proxy;
pub mod redirect_server;
mod settings;
pub mod sip;
pub mod sip_dispatcher;
pub mod sip_gateway;
pub mod sip_phone;
pub mod sip_server;
mod table;
pub mod timers;
mod traffic;
mod vocabulary;
pub mod web_dispatcher;
pub mod wifi_platform;

use tollgate_network::PeerKind;

/// Every kind of peer that a scenario can name behind `is:`.
#[must_use]
pub fn kinds() -> &'static [&'static PeerKind] {
    KINDS
}

static KINDS: &[&PeerKind] = &[
    &nas::NAS,
    &bng::BNG,
    &diameter_client::DIAMETER_CLIENT,
    &diameter_agent::DIAMETER_AGENT,
    &hss::HSS,
    &mme::MME,
    &msc::MSC,
    &camel_gateway::CAMEL_GATEWAY,
    &pgw::PGW,
    &radius_proxy::RADIUS_PROXY,
    &diameter_proxy::DIAMETER_PROXY,
    &porter::PORTER,
    &api_client::API_CLIENT,
    &web_dispatcher::WEB_DISPATCHER,
    &number_porting_centre::NUMBER_PORTING_CENTRE,
    &redirect_server::REDIRECT_SERVER,
    &sip_dispatcher::SIP_DISPATCHER,
    &sip_server::SIP_SERVER,
    &sip_phone::SIP_PHONE,
    &sip_gateway::SIP_GATEWAY,
    &im_gate::IM_GATE,
    &queue_manager::QUEUE_MANAGER,
    &wifi_platform::WIFI_PLATFORM,
];
