//! What an administrator or a tester asks of the charging system during a run: changes go to the core as
//! commands and so into the record, questions are answered with an observation.

use tollgate_network::{Action, ActionError, Observation, Peer};
use tollgate_ocs_core::commitments::{CommitmentChange, DiscountEnd};
use tollgate_ocs_core::ids::EnvId;
use tollgate_ocs_core::{Admin, Amount, Answer, Command, Ocs, SessionKey};
use tollgate_time::Instant;
use tollgate_wire::{Fields, Value};

use crate::CommandLogging;
use crate::node::RadiusGateway;
use crate::observe::money;

impl Peer for RadiusGateway {
    fn perform(&mut self, now: Instant, action: &Action) -> Result<(), ActionError> {
        match action.verb.as_str() {
            "report-balance" => self.report_balance(action.text("account")?),
            "report-sessions" => {
                let open = u64::try_from(self.ocs().environments().flat_map(Ocs::sessions).count());
                let open = open.unwrap_or(u64::MAX);
                self.observe(|| Observation::new("sessions", Fields::new().with("open", open)));
                Ok(())
            }
            "list-sessions" => {
                self.list_sessions(action);
                Ok(())
            }
            "disconnect" => self.disconnect(now, action),
            "report-counters" => {
                let mut fields = Fields::new();
                self.counters().total().iter().for_each(|(name, times)| fields.push(name, times));
                self.observe(|| Observation::new("counters", fields));
                Ok(())
            }
            "report-replay" => self.report_replay(now),
            "report-site" => {
                self.report_site(now);
                Ok(())
            }
            "switch-site" => self.switch_site(now, action),
            "upgrade-site" => self.upgrade_site(now, action),
            _ => {
                let admin = self.admin(now, action)?;
                let whose =
                    [action.opt_text("account"), action.opt_text("customer")].into_iter().flatten().next();
                let env = whose.map_or(self.ocs().env(), |name| self.ocs().locate(name).0.env());
                self.administer(now, env, admin)
            }
        }
    }
}

impl RadiusGateway {
    /// The change that an action asks for.
    fn admin(&self, now: Instant, action: &Action) -> Result<Admin, ActionError> {
        let named = |arg: &str| {
            let name = action.text(arg)?;
            // The environment in front of a name says where the change is made.
            let whose = matches!(arg, "account" | "customer");
            Ok(if whose { self.ocs().locate(name).1 } else { name }.to_owned())
        };
        let account = || named("account");
        Ok(match action.verb.as_str() {
            "top-up" => Admin::TopUp { account: account()?, amount: self.amount(action)? },
            "adjust" => Admin::Adjust { account: account()?, amount: self.amount(action)? },
            "refund" => Admin::Refund { account: account()?, amount: self.amount(action)? },
            "pay-customer" => {
                Admin::PayCustomer { customer: named("customer")?, amount: self.amount(action)? }
            }
            "adjust-customer" => {
                Admin::AdjustCustomer { customer: named("customer")?, amount: self.amount(action)? }
            }
            "fill-wallet" => {
                Admin::FillWallet { account: account()?, plan: named("plan")?, units: wallet_units(action)? }
            }
            "sign-up"
            | "cancel-commitment"
            | "pause-commitment"
            | "transfer-commitment"
            | "upgrade-commitment" => Admin::Commitment {
                account: account()?,
                commitment: named("commitment")?,
                change: commitment_change(action)?,
            },
            "set-credit-limit" => {
                Admin::SetCreditLimit { account: account()?, limit: Some(self.amount(action)?) }
            }
            "block" => Admin::Block { account: account()? },
            "unblock" => Admin::Unblock { account: account()? },
            "expire" => Admin::SetExpiry { account: account()?, expires_at: Some(moment(action, now)) },
            "set-product" => Admin::SetProduct { account: account()?, product: named("product")? },
            "set-password" => Admin::SetPassword {
                account: account()?,
                password: Some(named("password")?).filter(|password| !password.is_empty()),
            },
            "suspend" => Admin::SuspendCustomer { customer: named("customer")?, suspended: true },
            "unsuspend" => Admin::SuspendCustomer { customer: named("customer")?, suspended: false },
            "close-session" => Admin::CloseSession {
                account: account()?,
                session: SessionKey::from(action.text("session")?),
            },
            unknown => return Err(ActionError::UnknownVerb(unknown.to_owned())),
        })
    }

    fn administer(&mut self, now: Instant, env: EnvId, admin: Admin) -> Result<(), ActionError> {
        let command = Command::Admin(admin).within(env, self.ocs().env());
        match self.apply(now, command) {
            Ok(Some(Answer::Refused(refusal))) => {
                let reason = refusal.to_string();
                self.observe(|| {
                    Observation::new("change-refused", Fields::new().with("reason", reason.as_str()))
                });
                Err(ActionError::Impossible(reason))
            }
            Ok(_) => Ok(()),
            Err(full) => Err(ActionError::Impossible(full.to_string())),
        }
    }

    /// The amount of an action, which must be in the currency of the account or customer and have no more decimals than
    /// money has.
    fn amount(&self, action: &Action) -> Result<Amount, ActionError> {
        let (decimal, currency) = action.money("amount")?;
        let (kind, name, own) = if action.args.get("customer").is_some() {
            let name = action.text("customer")?;
            ("customer", name, self.ocs().customer(name).map(|view| view.currency()))
        } else {
            let name = action.text("account")?;
            ("account", name, self.ocs().account(name).map(|view| view.currency()))
        };
        if let Some(own) = own.filter(|own| own.as_str() != currency) {
            return Err(ActionError::Impossible(format!("{kind} '{name}' is in {own}, not in {currency}")));
        }
        let units = decimal.to_scale(5).and_then(|units| i64::try_from(units).ok());
        units.map(Amount::from_units).ok_or_else(|| {
            ActionError::Impossible(format!(
                "{decimal} {currency} has more than five decimals, or is too large"
            ))
        })
    }

    /// What a customer or reseller owes, or what is owed to a vendor.
    fn party_balance(&self, name: &str) -> Option<Fields> {
        if let Some(view) = self.ocs().customer(name) {
            let fields = Fields::new()
                .with("account", name)
                .with("amount", money(view.balance(), view.currency()))
                .with("reserved", money(view.reserved(), view.currency()));
            return Some(fields);
        }
        let vendor = self.ocs().vendor(name)?;
        Some(Fields::new().with("account", name).with("amount", money(vendor.balance, vendor.currency)))
    }

    fn report_balance(&mut self, account: &str) -> Result<(), ActionError> {
        let Some(view) = self.ocs().account(account) else {
            if let Some(fields) = self.party_balance(account) {
                self.observe(|| Observation::new("balance", fields));
                return Ok(());
            }
            return Err(ActionError::Impossible(format!("there is no account '{account}'")));
        };
        let mut fields = Fields::new()
            .with("account", account)
            .with("amount", money(view.balance(), view.currency()))
            .with("reserved", money(view.reserved(), view.currency()))
            .with("blocked", view.is_blocked())
            .with("product", view.product());
        if let Some(funds) = view.funds() {
            fields.push("funds", money(funds, view.currency()));
        }
        if let Some(available) = view.available() {
            fields.push("available", money(available, view.currency()));
        }
        self.observe(|| Observation::new("balance", fields));
        Ok(())
    }
    fn report_replay(&mut self, now: Instant) -> Result<(), ActionError> {
        if self.config().command_log == CommandLogging::Off {
            return Err(ActionError::Impossible("it keeps no command log".to_owned()));
        }
        // Deadlines that have come pass in both.
        self.expire(now);
        let (state, rebuilt) = (self.ocs().dump(), self.rebuilt(now));
        let mut fields = Fields::new()
            .with("same", state == rebuilt)
            .with("commands", u64::try_from(self.recorded().len()).unwrap_or(u64::MAX));
        let mut lines = state.lines().zip(rebuilt.lines());
        if let Some((own, other)) = lines.find(|(own, other)| own != other) {
            fields.push("differs", Value::text(format!("'{own}' is rebuilt as '{other}'")));
        }
        self.observe(|| Observation::new("replay", fields));
        Ok(())
    }
}

/// What an action does with a commitment.
fn commitment_change(action: &Action) -> Result<CommitmentChange, ActionError> {
    let time = |name: &str| match action.args.get(name) {
        Some(Value::Time(at)) => Ok(*at),
        _ => Err(ActionError::Impossible(format!("`{name}` is not a time"))),
    };
    Ok(match action.verb.as_str() {
        "sign-up" => CommitmentChange::SignUp {
            ends: match (action.args.get("together-with"), action.args.get("discounts-end")) {
                (Some(_), _) => DiscountEnd::With(action.text("together-with")?.to_owned()),
                (None, Some(_)) => DiscountEnd::At(time("discounts-end")?),
                (None, None) => DiscountEnd::Own,
            },
        },
        "pause-commitment" => CommitmentChange::Pause { from: time("from")?, until: time("until")? },
        "transfer-commitment" => CommitmentChange::Transfer { to: action.text("to")?.to_owned() },
        "upgrade-commitment" => {
            CommitmentChange::Upgrade { to: action.text("to")?.to_owned(), until: time("until")? }
        }
        _ => CommitmentChange::Cancel,
    })
}

fn wallet_units(action: &Action) -> Result<u64, ActionError> {
    let units = match action.args.get("units") {
        Some(Value::Integer(units)) => u64::try_from(*units).ok(),
        _ => None,
    };
    units.ok_or_else(|| ActionError::Impossible("`units` is not a number of units".to_owned()))
}

fn moment(action: &Action, now: Instant) -> Instant {
    match action.args.get("at") {
        Some(Value::Time(at)) => *at,
        _ => now,
    }
}
