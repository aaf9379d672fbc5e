//! What happens to accounts, told to the sessions that they have. It also fills in the variables of response templates.
//!
//! - Blocked, suspended and expired accounts' sessions end at once, and so do those of an account that has got another
//!   product: its prices and plans hold from a new login on.
//! - Whatever changes what an account can pay with, or a quota or an access policy of it, has its sessions looked at
//!   anew: who has nothing left that pays is hotlined, throttled or disconnected, whoever has something again is
//!   restored. A session that reports is looked at too, so that nothing is missed that no event tells of.

use tollgate_network::Frame;
use tollgate_ocs_core::event::{Fact, Subject};
use tollgate_ocs_core::ids::EnvId;
use tollgate_ocs_core::{AccountView, ClosedBy, Command, Effect, Ocs, Seat, Service, Stage, Why};
use tollgate_radius::{Builder, EncodeError, Packet};
use tollgate_time::Instant;

use crate::accounting::Accounting;
use crate::clients::Client;
use crate::counters::Discard;
use crate::dynamic::{self, Order, RouteKey, Surroundings, Treatment};
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
/// Set where nothing is left that pays for more.
const HOTLINE: &str = "netaccess.hotline";
/// Set where the quota of a plan is used up, whether or not there is money for more.
const QUOTA_EXCEEDED: &str = "netaccess.quota_exceeded";

/// What an access request is about.
pub(crate) fn seat_of(command: &Command, service: Service) -> Option<Seat> {
    let access = match command {
        Command::Authenticate(access) | Command::Authorize(access) => access,
        Command::Recharge(recharge) => &recharge.access,
        _ => return None,
    };
    let (account, session) = (access.account.clone(), access.session.clone());
    Some(Seat { account, session, parent: access.parent.clone(), service })
}

/// What an effect asks of sessions.
fn order_of(effect: &Effect, ocs: &Ocs) -> Option<(Whom, Order)> {
    match effect {
        Effect::Event(event) => {
            let order = match &event.fact {
                Fact::Blocked | Fact::Suspend | Fact::ProductChanged { .. } => Order::End,
                Fact::ExpirationDateChanged { .. } => Order::Expiry,
                Fact::ZeroAvailableFunds
                | Fact::AvailableFundsAppear
                | Fact::QuotaExceeded { .. }
                | Fact::QuotaAvailable { .. }
                | Fact::AccessPolicyChanged { .. } => Order::Review,
                _ => return None,
            };
            Some((whose(ocs, event.env, &event.subject)?, order))
        }
        // A customer's charges are its accounts': those whose sessions report are looked at.
        Effect::Balance(change) => {
            let of_account = matches!(change.subject, Subject::Account { .. });
            let asks = of_account || change.why != Why::Charge;
            Some((whose(ocs, change.env, &change.subject).filter(|_| asks)?, Order::Review))
        }
        Effect::Closed(closed) if closed.by == ClosedBy::Administrator && closed.usage.is_some() => {
            let key = (ocs.qualified(closed.env, &closed.account), closed.session.as_str().to_owned());
            Some((Whom::Session(key), Order::End))
        }
        _ => None,
    }
}

fn whose(ocs: &Ocs, env: EnvId, subject: &Subject) -> Option<Whom> {
    match subject {
        Subject::Account { name, .. } => Some(Whom::Account(ocs.qualified(env, name))),
        Subject::Customer { name, .. } => Some(Whom::Customer(ocs.qualified(env, name))),
        Subject::Vendor { .. } => None,
    }
}

impl RadiusGateway {
    /// Keeps what an effect asks of sessions until all effects are shown.
    pub(crate) fn note_order(&mut self, effect: &Effect) {
        if !self.dynamic.is_idle()
            && let Some(order) = order_of(effect, self.core.ocs())
            && !self.orders.contains(&order)
        {
            self.orders.push(order);
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
        let concerned = match whom {
            Whom::Session(key) if self.dynamic.reaches(key) => vec![key.clone()],
            Whom::Session(_) => Vec::new(),
            Whom::Account(account) => self.dynamic.sessions_of(account),
            Whom::Customer(customer) => self.dynamic.sessions(|key| {
                let owner = |view: AccountView<'_>| ocs.qualified(view.env(), view.customer());
                ocs.account(&key.0).is_some_and(|account| owner(account) == *customer)
            }),
        };
        for key in &concerned {
            match order {
                Order::End => self.around(now, |dynamic, around| dynamic.end(key, around)),
                Order::Review => {
                    let seat = self.dynamic.seat(key);
                    if let Some(wanted) = seat.and_then(|seat| self.core.ocs().standing(seat)) {
                        self.around(now, |dynamic, around| dynamic.treat(key, wanted, around));
                    }
                }
                Order::Expiry => {
                    let expires_at = self.core.ocs().account(&key.0).and_then(|account| account.expires_at());
                    self.dynamic.set_expiry(key, expires_at);
                    self.send_again(now);
                }
            }
        }
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
        let diameter = self.diameter.as_ref().and_then(|face| face.next_deadline());
        let site = self.site.as_ref().map(|face| face.next_deadline());
        let all = [self.core.ocs().next_deadline(), self.dynamic.next_deadline(), diameter, site];
        all.into_iter().flatten().min()
    }

    fn around<T>(
        &mut self,
        now: Instant,
        act: impl FnOnce(&mut dynamic::Dynamic, &mut Surroundings<'_>) -> T,
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
        env: EnvId,
        read: &Accounting,
    ) {
        if client.abilities == dynamic::Abilities::Nothing {
            return;
        }
        match read {
            Accounting::NodeNotice(_) => self.dynamic.forget_client(place),
            Accounting::Refused(_) => {}
            Accounting::Usage(report) => {
                if report.leg != tollgate_ocs_core::Leg::Originate {
                    return;
                }
                // What happens to an account is told under its own name, whatever the node calls it.
                let ocs = self.core.ocs();
                let account = ocs.environment(env).and_then(|ocs| ocs.account(&report.account));
                let seat = Seat {
                    account: ocs.qualified(env, account.map_or(report.account.as_str(), |view| view.id())),
                    session: report.session.clone(),
                    parent: report.parent.clone(),
                    service: report.service,
                };
                let expires_at = account.and_then(|view| view.expires_at());
                let key = dynamic::key_of(&seat);
                let continues = report.part.as_ref().is_some_and(|part| part.continues);
                if report.stage == Stage::Stop && !continues {
                    return self.dynamic.forget(&key);
                }
                // Whoever was blocked while the report was on its way is told by no event.
                let barred = account.is_some_and(|view| {
                    let customer = ocs.environment(env).and_then(|ocs| ocs.customer(view.customer()));
                    view.is_blocked() || customer.is_some_and(|customer| customer.is_suspended())
                });
                if self.dynamic.learn(seat, (place, client), frame, packet) {
                    self.dynamic.set_expiry(&key, expires_at);
                }
                let order = if barred { Order::End } else { Order::Review };
                self.orders.push((Whom::Session(key), order));
            }
        }
    }

    /// Applies a client's templates to an answer that was made for it, about what is used or about to be.
    ///
    /// # Errors
    /// A value does not fit its attribute.
    pub(crate) fn rewrite(
        &mut self,
        answer: &[u8],
        seat: Option<&Seat>,
        client: &Client,
        onto: &mut Builder,
    ) -> Result<(), EncodeError> {
        let Ok(answer) = Packet::parse(answer) else { return Ok(()) };
        let mut variables = Variables::default();
        variables.set("node", client.name.as_str());
        let ocs = self.core.ocs();
        let account = seat.and_then(|seat| ocs.account(&seat.account));
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
        let treatment = seat.and_then(|seat| ocs.standing(seat)).unwrap_or_default();
        treat(&mut variables, &treatment);
        if client.abilities == dynamic::Abilities::Change
            && let Some(view) = account
        {
            self.dynamic.note_told(&ocs.qualified(view.env(), view.id()), &treatment);
        }
        client.templates.rewrite(&answer, onto, &mut variables)
    }
}

fn treat(variables: &mut Variables, treatment: &Treatment) {
    if let Some(policy) = &treatment.policy {
        variables.set(POLICY_NAME, policy.as_str());
    }
    let kind = match (treatment.exhausted, &treatment.policy) {
        (true, _) => "exhausted",
        (false, Some(_)) => "policy",
        (false, None) => "normal",
    };
    variables.set(POLICY_TYPE, kind);
    if treatment.exhausted {
        variables.set(HOTLINE, "1");
    }
    if treatment.quota_exceeded {
        variables.set(QUOTA_EXCEEDED, "1");
    }
}
