//! What happens to accounts, told to the sessions that they have: blocked ones end, those without money are ended or
//! changed, those with money again changed back. It also fills in the variables of response templates.

use tollgate_network::Frame;
use tollgate_ocs_core::event::{Fact, Subject};
use tollgate_ocs_core::{ClosedBy, Effect, Stage};
use tollgate_radius::{Builder, EncodeError, Packet, attribute};
use tollgate_time::Instant;

use crate::accounting::Accounting;
use crate::clients::Client;
use crate::counters::Discard;
use crate::dynamic::{Order, RouteKey, Surroundings, Treatment};
use crate::node::RadiusGateway;
use crate::templates::Variables;

/// Whose sessions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Whom {
    /// One session.
    Session(RouteKey),
    /// All of an account.
    Account(String),
    /// All of a customer's accounts.
    Customer(String),
}

/// The name of the access policy that holds (ESI, response templates).
const POLICY_NAME: &str = "netaccess.speed_limit.name";
/// `normal`, `policy` where a plan has set one, `exhausted` where the money is used up.
const POLICY_TYPE: &str = "netaccess.speed_limit.type";
/// Set where the money is used up.
const HOTLINE: &str = "netaccess.hotline";

/// What an effect asks of sessions.
fn order_of(effect: &Effect) -> Option<(Whom, Order)> {
    match effect {
        Effect::Event(event) => {
            let order = match &event.fact {
                Fact::Blocked | Fact::Suspend => Order::End,
                Fact::ZeroAvailableFunds => Order::Restrict,
                Fact::AvailableFundsAppear => Order::Restore,
                Fact::AccessPolicyChanged { policy } => Order::Policy(policy.clone()),
                _ => return None,
            };
            let whom = match &event.subject {
                Subject::Account { name, .. } => Whom::Account(name.to_string()),
                Subject::Customer { name, .. } => Whom::Customer(name.to_string()),
                _ => return None,
            };
            Some((whom, order))
        }
        Effect::Closed(closed) if closed.by == ClosedBy::Administrator && closed.usage.is_some() => {
            let key = (closed.account.to_string(), closed.session.as_str().to_owned());
            Some((Whom::Session(key), Order::End))
        }
        _ => None,
    }
}

impl RadiusGateway {
    /// Keeps what an effect asks of sessions until all effects are shown.
    pub(crate) fn note_order(&mut self, effect: &Effect) {
        if !self.dynamic.is_idle() {
            self.orders.extend(order_of(effect));
        }
    }

    /// Sends what was kept.
    pub(crate) fn send_orders(&mut self, now: Instant) {
        for (whom, order) in std::mem::take(&mut self.orders) {
            self.command(now, &whom, &order);
        }
    }

    /// Has the clients of sessions do something. Answers how many sessions that concerns.
    pub(crate) fn command(&mut self, now: Instant, whom: &Whom, order: &Order) -> usize {
        let ocs = self.core.ocs();
        let concerned = self.dynamic.sessions(|key| match whom {
            Whom::Session(own) => own == key,
            Whom::Account(account) => *account == key.0,
            Whom::Customer(customer) => {
                ocs.account(&key.0).is_some_and(|account| account.customer() == customer.as_str())
            }
        });
        self.around(now, |dynamic, around| {
            concerned.iter().for_each(|key| dynamic.order(key, order.clone(), around));
        });
        concerned.len()
    }

    /// Sends requests again that have no answer yet.
    pub(crate) fn send_again(&mut self, now: Instant) {
        if self.dynamic.next_deadline().is_some_and(|due| due <= now) {
            self.around(now, |dynamic, around| dynamic.expire(around));
        }
    }

    /// Takes a client's answer.
    ///
    /// # Errors
    /// It answers nothing, or cannot be proved.
    pub(crate) fn hear(
        &mut self,
        now: Instant,
        frame: &Frame,
        packet: &Packet<'_>,
        client: &Client,
    ) -> Result<(), Discard> {
        self.around(now, |dynamic, around| dynamic.answer(frame, packet, client, around))
    }

    /// When something is to be done next.
    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        [self.core.ocs().next_deadline(), self.dynamic.next_deadline()].into_iter().flatten().min()
    }

    fn around<T>(
        &mut self,
        now: Instant,
        act: impl FnOnce(&mut crate::dynamic::Dynamic, &mut Surroundings<'_>) -> T,
    ) -> T {
        let Self { config, core, dynamic, outputs, .. } = self;
        let ocs = core.ocs();
        let variables = |account: &str, treatment: &Treatment| {
            let mut variables = Variables::default();
            if let Some(view) = ocs.account(account) {
                variables.set("account", view.id());
                variables.set("product", view.product());
                variables.set("customer", view.customer());
            }
            treat(&mut variables, treatment);
            variables
        };
        let clients = &config.clients;
        let mut around =
            Surroundings { now, clients, observe: config.observe, variables: &variables, outputs };
        act(dynamic, &mut around)
    }

    /// Keeps the routes of sessions as reports come in: before a report is charged, for what it brings about may concern
    /// its own session; after its Stop there is nothing to reach any more.
    pub(crate) fn follow(
        &mut self,
        frame: &Frame,
        packet: &Packet<'_>,
        (place, client): (usize, &Client),
        read: &Accounting,
    ) {
        if client.abilities == crate::dynamic::Abilities::Nothing {
            return;
        }
        match read {
            Accounting::NodeNotice => self.dynamic.forget_client(place),
            Accounting::Usage(report) => {
                if report.leg != tollgate_ocs_core::Leg::Originate {
                    return;
                }
                let key = (report.account.clone(), report.session.as_str().to_owned());
                let continues = report.part.as_ref().is_some_and(|part| part.continues);
                match report.stage {
                    Stage::Stop if !continues => self.dynamic.forget(&key),
                    _ => self.dynamic.learn(key, (place, client), frame, packet),
                }
            }
        }
    }

    /// Applies a client's templates to an answer that was made for it.
    ///
    /// # Errors
    /// A value does not fit its attribute.
    pub(crate) fn rewrite(
        &self,
        answer: &[u8],
        request: &Packet<'_>,
        client: &Client,
        onto: &mut Builder,
    ) -> Result<(), EncodeError> {
        let Ok(answer) = Packet::parse(answer) else { return Ok(()) };
        let mut variables = Variables::default();
        variables.set("node", client.name.as_str());
        let account = request.text(attribute::USER_NAME).and_then(|name| self.core.ocs().account(name));
        if let Some(view) = account {
            variables.set("account", view.id());
            variables.set("product", view.product());
            variables.set("customer", view.customer());
        }
        for (name, number) in [("session.timeout", tollgate_radius::cisco::H323_CREDIT_TIME)] {
            if let Some(value) = answer.cisco(number) {
                variables.set(name, value);
            }
        }
        treat(&mut variables, &Treatment::default());
        client.templates.rewrite(&answer, onto, &mut variables)
    }
}

fn treat(variables: &mut Variables, treatment: &Treatment) {
    if !treatment.policy.is_empty() {
        variables.set(POLICY_NAME, treatment.policy.as_str());
    }
    let kind = match (treatment.exhausted, treatment.policy.is_empty()) {
        (true, _) => "exhausted",
        (false, false) => "policy",
        (false, true) => "normal",
    };
    variables.set(POLICY_TYPE, kind);
    if treatment.exhausted {
        variables.set(HOTLINE, "1");
    }
}
