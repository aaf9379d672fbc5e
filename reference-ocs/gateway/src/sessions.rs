//! The list of what is granted or in use, and its forced end: the verbs `list-sessions` and `disconnect`.

use tollgate_network::{Action, ActionError, Observation};
use tollgate_ocs_core::{Grant, UsageState, UsageView};
use tollgate_time::Instant;
use tollgate_wire::{Fields, Text, Value};

use crate::dynamic::Order;
use crate::node::RadiusGateway;
use crate::observe;
use crate::reach::Whom;

impl RadiusGateway {
    /// Shows every session that is granted or in use, or those of one account, oldest first.
    pub(crate) fn list_sessions(&mut self, action: &Action) {
        let account = action.opt_text("account");
        let ocs = self.core.ocs();
        let everywhere = ocs.environments().flat_map(|own| own.sessions().map(|usage| (own.env(), usage)));
        let named = everywhere.map(|(env, usage)| (ocs.qualified(env, usage.account), usage));
        let wanted = named.filter(|(name, _)| account.is_none_or(|account| account == name));
        let shown: Vec<Observation> = wanted
            .map(|(name, usage)| {
                let key = (name, usage.session.as_str().to_owned());
                let client = self.dynamic.client_of(&key).and_then(|place| self.config.clients.get(place));
                active_session(&key.0, &usage, client.map(|client| client.name.clone()))
            })
            .collect();
        shown.into_iter().for_each(|observation| self.observe(|| observation));
    }

    /// Has the clients of an account's sessions, or of one of them, end them. What they used is charged by their Stop.
    ///
    /// # Errors
    /// There is no such session whose client can be told.
    pub(crate) fn disconnect(&mut self, now: Instant, action: &Action) -> Result<(), ActionError> {
        let account = action.text("account")?;
        let whom = match action.opt_text("session") {
            Some(session) => Whom::Session((account.to_owned(), session.to_owned())),
            None => Whom::Account(account.to_owned()),
        };
        if self.command(now, &whom, &Order::End) > 0 {
            return Ok(());
        }
        Err(ActionError::Impossible(format!(
            "'{account}' has no session in use that a client could be told to end; clients need \
             `dynamic-authorization:`"
        )))
    }
}

fn active_session(account: &str, usage: &UsageView<'_>, client: Option<Text>) -> Observation {
    let state = match usage.state {
        UsageState::Granted => "granted",
        UsageState::Active => "active",
    };
    let mut fields = Fields::new()
        .with("account", account)
        .with("session", usage.session.as_str())
        .with("state", state)
        .with("service", usage.service.name())
        .with("leg", usage.leg.to_string().as_str())
        .with("used", usage.used)
        .with("reserved", Value::Decimal(observe::decimal(usage.reserved)))
        .with("charged", Value::Decimal(observe::decimal(usage.charged)));
    if let Some(cld) = usage.cld {
        fields.push("cld", cld);
    }
    match usage.granted {
        Some(Grant::Units(units)) => fields.push("granted", units),
        Some(Grant::Unlimited) => fields.push("granted", "unlimited"),
        None => {}
    }
    if let Some(at) = usage.connected_at {
        fields.push("connected-at", Value::Time(at));
    }
    if let Some(client) = client {
        fields.push("client", client);
    }
    Observation::new("active-session", fields)
}
