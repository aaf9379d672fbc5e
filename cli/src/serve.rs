//! `tollgate serve`: the reference OCS on real sockets, for a client of one's own.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::atomic::Ordering;

use tollgate_conformance::world;
use tollgate_network::live::{LiveClock, StreamServer, StreamTotals, TlsSettings, UdpServer, stop_on_signal};
use tollgate_network::{Observation, Transport};
use tollgate_ocs_core::Record;
use tollgate_ocs_gateway::diameter::config::Listener;
use tollgate_ocs_gateway::{Client, Clients, CommandLogging, GatewayConfig, RadiusGateway};
use tollgate_ocs_store::{Embedded, Postgres, embedded};
use tollgate_time::Instant;

use crate::exit::Exit;
use crate::load;
use crate::reference::System;

const EXAMPLES: &str = "\
Examples:
  tollgate serve scenarios/worlds/calling-card.yaml --client 127.0.0.1=secret
  tollgate serve my-world.yaml --listen 0.0.0.0 --client 192.0.2.10=s3cret --show all
  tollgate serve scenarios/worlds/mobile.yaml --show all        Diameter too: the world says who it is and who may connect
  tollgate serve my-world.yaml --store postgres://user@host/charges
  tollgate serve my-world.yaml --store charges/    go on where the last one stopped, even after a power failure

RADIUS clients are the world's nodes with a secret and those of --client; whoever else asks gets no answer. Diameter clients
are its nodes with `diameter:`, known by their Origin-Hosts; whoever else connects is refused (3010). With the first example running:
  echo 'User-Name=10086610975,NAS-IP-Address=127.0.0.1,Called-Station-Id=01182623634515,
        Cisco-AVPair=\"h323-ivr-out=PortaBilling_AccessCode:6045551600\"' | radclient 127.0.0.1:1812 auth secret";

/// Runs the reference OCS on real sockets until it is interrupted: RADIUS, and Diameter where the world speaks it.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The world: nodes, tariffs, products, customers, accounts
    world: PathBuf,
    /// The address to listen at
    #[arg(long, default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    listen: IpAddr,
    /// UDP port for access requests; 0 takes a free one
    #[arg(long, default_value_t = 1812)]
    auth_port: u16,
    /// UDP port for accounting requests; 0 takes a free one
    #[arg(long, default_value_t = 1813)]
    acct_port: u16,
    /// TCP port for Diameter, where the world speaks it; 0 takes a free one [default: the world's, 3868]
    #[arg(long)]
    diameter_port: Option<u16>,
    /// TCP port for HTTP, where the world has an `api:`; 0 takes a free one [default: the world's, 8080]
    #[arg(long)]
    api_port: Option<u16>,
    /// Our certificate with what it is signed by (PEM), for Diameter over TLS
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// The key of that certificate (PEM)
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// Certificates that clients must be signed by (PEM); without them a client needs none
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_clients: Option<PathBuf>,
    /// A client beside the world's nodes, or another secret for one of them
    #[arg(long, value_name = "ADDRESS=SECRET")]
    client: Vec<ClientArgument>,
    /// Keep every charge in this folder or PostgreSQL database (postgres://…), and go on from what it holds; without
    /// it a new start begins anew
    #[arg(long, value_name = "FOLDER|URL")]
    store: Option<String>,
    /// What to print while it runs
    #[arg(long, value_enum, default_value_t = Show::Xdrs)]
    show: Show,
}

/// What `serve` prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Show {
    /// Nothing but the totals at the end; the fastest
    Nothing,
    /// A line for each xDR, for each packet that was discarded and each Diameter peer that was refused
    Xdrs,
    /// Every message, xDR, balance and event
    All,
}

/// `ADDRESS=SECRET`
#[derive(Debug, Clone)]
struct ClientArgument {
    address: IpAddr,
    secret: String,
}

impl FromStr for ClientArgument {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (address, secret) =
            text.split_once('=').ok_or("write it as ADDRESS=SECRET, such as 127.0.0.1=secret")?;
        let address = address.parse().map_err(|_| format!("'{address}' is not an IP address"))?;
        if secret.is_empty() {
            return Err("the secret is empty; anybody could forge its requests".to_owned());
        }
        Ok(Self { address, secret: secret.to_owned() })
    }
}

impl Arguments {
    /// Whether something is said that only Diameter needs.
    const fn asks_for_diameter(&self) -> bool {
        self.diameter_port.is_some() || self.tls_cert.is_some()
    }
}

pub(crate) fn run(arguments: &Arguments) -> Exit {
    let world = match world::load_file(&arguments.world) {
        Ok(world) => world,
        Err(report) => {
            load::print(&report);
            return Exit::ScenarioWrong;
        }
    };
    let system = match System::of(&world) {
        Ok(system) => system,
        Err(error) => {
            load::print(&error.report());
            return Exit::ScenarioWrong;
        }
    };
    if system.diameter().is_none() && arguments.asks_for_diameter() {
        anstream::eprintln!(
            "error: '{}' does not say how the OCS speaks Diameter; give it a section such as\n  \
             diameter: {{ host: ocs.example.net, realm: example.net, services: [{{ service: data, grant: 1 MiB }}] }}\n\
             and each client's node its Origin-Host (`diameter: pgw.example.net`)",
            arguments.world.display()
        );
        return Exit::ScenarioWrong;
    }
    let clients = match clients(&system, &arguments.client) {
        Ok(clients) => clients,
        Err(error) => {
            anstream::eprintln!("error: {error}");
            return Exit::ScenarioWrong;
        }
    };
    match serve(arguments, &system, clients, &world) {
        Ok(()) => Exit::Passed,
        Err(error) => {
            anstream::eprintln!("error: {error}");
            Exit::CouldNotRun
        }
    }
}

/// The world's nodes with what the command line adds and replaces.
fn clients(system: &System, added: &[ClientArgument]) -> Result<Clients, String> {
    let replaced = |client: &Client| added.iter().any(|new| new.address == client.address);
    let mut clients: Vec<Client> =
        system.clients().iter().filter(|client| !replaced(client)).cloned().collect();
    for new in added {
        let known = system.clients().iter().find(|client| client.address == new.address);
        let name = known.map_or_else(|| new.address.to_string().into(), |client| client.name.clone());
        let mut client = Client::new(name, new.address, new.secret.as_str());
        if let Some(known) = known {
            client.require_message_authenticator = known.require_message_authenticator;
            client.trusted = known.trusted;
        }
        clients.push(client);
    }
    Clients::new(clients).map_err(|error| error.to_string())
}

fn serve(
    arguments: &Arguments,
    system: &System,
    clients: Clients,
    world: &world::World,
) -> std::io::Result<()> {
    let accounts = load::counted(world.everywhere().map(|env| env.accounts.len()).sum(), "account");
    let wanted =
        [arguments.auth_port, arguments.acct_port].map(|port| SocketAddr::new(arguments.listen, port));
    let server = UdpServer::bind(&wanted)?;
    let ports: Vec<u16> = server.addresses().map(|address| address.port()).collect();
    let [auth_port, acct_port] = ports[..] else {
        return Err(std::io::Error::other("two sockets were asked for"));
    };
    let named: Vec<String> = clients.iter().map(|client| client.address.to_string()).collect();
    let clock = LiveClock::time_of_day();
    let (mut streams, listener) = diameter(arguments, system)?;
    let api = api(arguments, system, &mut streams)?;
    let change = |config: &mut GatewayConfig| {
        (config.auth_port, config.acct_port) = (auth_port, acct_port);
        if let Some(own) = &mut config.diameter {
            own.listen = listener.iter().cloned().collect();
        }
        if let Some(own) = &mut config.api {
            own.listen = api.into_iter().collect();
        }
        // Nothing restarts this one; its memory is for sessions.
        config.command_log = CommandLogging::Off;
        config.observe = arguments.show != Show::Nothing;
    };
    let mut read = None;
    let mut gateway: RadiusGateway = match record(arguments, &world.bases)? {
        None => system.gateway(clients, change),
        Some(record) => {
            let begun = clock.now();
            let (gateway, replayed) =
                system.stored_gateway(clients, record, change).map_err(std::io::Error::other)?;
            let took = clock.now().saturating_since(begun);
            read = Some((took.as_millis(), replayed));
            gateway
        }
    };
    anstream::println!(
        "serving {accounts} to {} at {}:{auth_port} (access) and {}:{acct_port} (accounting); stop with Ctrl-C",
        if named.is_empty() { "no RADIUS client".to_owned() } else { named.join(", ") },
        arguments.listen,
        arguments.listen,
    );
    if let (Some(listener), Some(own)) = (&listener, system.diameter()) {
        let hosts: Vec<&str> = own.peers.iter().map(|peer| peer.host.as_str()).collect();
        let hosts = if hosts.is_empty() { "whoever connects".to_owned() } else { hosts.join(", ") };
        anstream::println!(
            "Diameter as {} at {} over {} for {hosts}",
            listener.host,
            listener.at,
            listener.over
        );
    }
    if let Some(at) = api {
        anstream::println!("HTTP at {at}: POST /rest/<Service>/<method>, after /rest/Session/login");
    }
    if let Some((millis, replayed)) = read {
        anstream::println!("the store was read in {millis} ms, {replayed} commands applied again");
    }
    let show = arguments.show;
    let (stop, mut failed) = (stop_on_signal(), None);
    let totals = server.run_with(&mut streams, &mut gateway, &clock, stop, |at, observation| {
        if observation.kind == "store-failed" {
            // Nothing more will be answered, so that clients turn to another server at once.
            failed = Some(observation.fields().to_string());
            stop.store(true, Ordering::Relaxed);
        }
        print(show, at, &observation);
    })?;
    if let Some(failed) = failed {
        return Err(std::io::Error::other(failed));
    }
    gateway.close().map_err(std::io::Error::other)?;
    anstream::println!("{} packets received, {} sent", totals.received, totals.sent);
    let diameter = gateway.diameter_tally().into_iter().flat_map(|tally| tally.iter());
    let counted = gateway.counters().total();
    for (name, count) in counted.iter().chain(diameter).filter(|(_, count)| *count > 0) {
        anstream::println!("{count:>12} {name}");
    }
    if listener.is_some() {
        let told = streams.totals();
        let StreamTotals { accepted, turned_away, accept_errors, reset, insecure, .. } = told;
        anstream::println!(
            "{accepted} connections taken, {turned_away} turned away, {accept_errors} without room, {reset} reset, \
             {insecure} insecure"
        );
    }
    Ok(())
}

/// The server of connections, listening already where the world speaks Diameter.
fn diameter(arguments: &Arguments, system: &System) -> std::io::Result<(StreamServer, Option<Listener>)> {
    let mut streams = StreamServer::new()?;
    if let Some((cert, key)) = arguments.tls_cert.as_ref().zip(arguments.tls_key.as_ref()) {
        let chain = std::fs::read(cert)?;
        let trusted = arguments.tls_clients.as_ref().map(std::fs::read).transpose()?;
        let tls = TlsSettings::from_pem(
            &chain,
            &std::fs::read(key)?,
            trusted.as_deref().unwrap_or(&chain),
            trusted.is_some(),
        );
        streams = streams.with_tls(tls.map_err(std::io::Error::other)?);
    }
    let Some(own) = system.diameter().and_then(|own| own.listen.first()) else { return Ok((streams, None)) };
    if own.over == Transport::Tls && arguments.tls_cert.is_none() {
        return Err(std::io::Error::other("the world has Diameter over TLS: give --tls-cert and --tls-key"));
    }
    let port = arguments.diameter_port.unwrap_or(own.at.port());
    let at = streams.bind(SocketAddr::new(arguments.listen, port), own.over).map_err(|refusal| {
        std::io::Error::other(format!(
            "Diameter: {refusal}; --diameter-port takes another port, 0 a free one"
        ))
    })?;
    Ok((streams, Some(Listener { at, ..own.clone() })))
}

/// Where the world's API is served, listening already; HTTP without TLS.
fn api(
    arguments: &Arguments,
    system: &System,
    streams: &mut StreamServer,
) -> std::io::Result<Option<SocketAddr>> {
    let Some(own) = system.api().and_then(|own| own.listen.first()) else { return Ok(None) };
    let port = arguments.api_port.unwrap_or(own.port());
    let at = streams.bind(SocketAddr::new(arguments.listen, port), Transport::Tcp).map_err(|refusal| {
        std::io::Error::other(format!("HTTP: {refusal}; --api-port takes another port, 0 a free one"))
    })?;
    Ok(Some(at))
}

/// What the command line names to keep charges in. It belongs to the world's file and to those that it is laid over.
fn record(arguments: &Arguments, bases: &[PathBuf]) -> std::io::Result<Option<Box<dyn Record>>> {
    let Some(place) = &arguments.store else { return Ok(None) };
    let mut world = tollgate_ocs_store::World::of(&std::fs::read(&arguments.world)?);
    for base in bases {
        world = world.over(&std::fs::read(base)?);
    }
    if place.starts_with("postgres://") || place.starts_with("postgresql://") {
        let store = Postgres::open(place, world).map_err(std::io::Error::other)?;
        return Ok(Some(Box::new(store)));
    }
    let store = Embedded::open(Path::new(place), world, embedded::Options::default())
        .map_err(std::io::Error::other)?;
    Ok(Some(Box::new(store)))
}

fn print(show: Show, at: Instant, observation: &Observation) {
    let wanted = match show {
        Show::Nothing => false,
        Show::Xdrs => matches!(observation.kind.as_str(), "xdr" | "discard" | "diameter-note"),
        Show::All => true,
    };
    if wanted {
        anstream::println!("{at} {} {}", observation.kind, observation.fields());
    }
}
