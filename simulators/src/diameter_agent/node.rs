//! The node of an agent.

use tollgate_diameter::peer::{Applications, Relay, Route, Routes};
use tollgate_network::{Action, ActionError, DiameterServer, Input, Node, Output, Peer, Setup, SetupError};
use tollgate_time::Instant;
use tollgate_wire::{Text, Value};

use crate::diameter::{self, Desk};

/// A relay or proxy.
#[derive(Debug)]
pub struct DiameterAgent {
    desk: Desk,
}

impl DiameterAgent {
    /// An agent with these settings.
    ///
    /// # Errors
    /// A setting is not as it must be, or there is nobody to pass anything on to.
    pub fn new(setup: &Setup) -> Result<Self, SetupError> {
        let servers = diameter::servers(setup, "diameter-agent")?;
        let listen = Some(diameter::listening(setup)?);
        let mut settings = diameter::own(setup, Applications::relay(), listen);
        let text = |name: &str| setup.settings.get(name).and_then(Value::as_text);
        settings.relay = match text("mode") {
            Some("proxy") => {
                Relay::Proxy { state: text("proxy-state").unwrap_or(&setup.name).as_bytes().to_vec() }
            }
            _ => Relay::Relay,
        };
        settings.routes = Some(match texts(setup, "routes") {
            Some(lines) => {
                Routes::new(lines.iter().map(|line| route(line, &servers)).collect::<Result<_, _>>()?)
            }
            None => realms(&servers),
        });
        settings.known = texts(setup, "clients");
        Ok(Self { desk: Desk::new(settings, &servers, setup) })
    }

    fn settle(&mut self, now: Instant) {
        // A relay serves nothing itself: everything that comes is passed on, or answered by the peers' rules.
        while self.desk.next(now).is_some() {}
    }
}

fn texts(setup: &Setup, name: &str) -> Option<Vec<Text>> {
    let Some(Value::List(all)) = setup.settings.get(name) else { return None };
    Some(all.iter().filter_map(Value::as_text).map(Text::from).collect())
}

/// Reads `realm = host host`; `*` is every realm that has no line of its own.
fn route(line: &str, servers: &[DiameterServer]) -> Result<Route, SetupError> {
    let wrong =
        |why: &str| SetupError(format!("route '{line}' {why}; write it as example.com = ocs1.example.com"));
    let (realm, hosts) = line.split_once('=').ok_or_else(|| wrong("names no servers"))?;
    let hosts: Vec<&str> = hosts.split_whitespace().collect();
    if realm.trim().is_empty() || hosts.is_empty() {
        return Err(wrong("is not complete"));
    }
    for host in &hosts {
        if !servers.iter().any(|server| server.host.eq_ignore_ascii_case(host)) {
            return Err(wrong(&format!("names '{host}', which is none of its servers")));
        }
    }
    Ok(Route::new(Some(realm.trim()).filter(|realm| *realm != "*"), None, &hosts))
}

/// A route for the realm of each server.
fn realms(servers: &[DiameterServer]) -> Routes {
    let mut known: Vec<&str> = Vec::new();
    for server in servers {
        if !known.contains(&server.realm.as_str()) {
            known.push(&server.realm);
        }
    }
    let of = |realm: &&str| {
        let own = servers.iter().filter(|server| server.realm == **realm);
        let hosts: Vec<&str> = own.map(|server| server.host.as_str()).collect();
        Route::new(Some(realm), None, &hosts)
    };
    Routes::new(known.iter().map(of).collect())
}

impl Node for DiameterAgent {
    fn handle_input(&mut self, now: Instant, input: Input<'_>) {
        self.desk.take(now, input);
        self.settle(now);
    }

    fn poll_output(&mut self) -> Output {
        self.desk.poll_output()
    }

    fn restart(&mut self, now: Instant) {
        self.desk.restart(now);
    }
}

impl Peer for DiameterAgent {
    fn perform(&mut self, now: Instant, action: &Action) -> Result<(), ActionError> {
        let done = self.desk.by_hand(now, action);
        self.settle(now);
        done.unwrap_or_else(|| Err(ActionError::UnknownVerb(action.verb.to_string())))
    }
}
