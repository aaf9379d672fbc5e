//! Calls that come in: whom a number of the own network reaches, who hands calls in from other networks and systems, and
//! what the called account is asked about.
//!
//! A call within the network is asked about twice: once for the caller, and once for the called account, as an event of its
//! own (ESI, `incoming-charge`). Nobody of the own network pays for the first where the call is handed in.
//! Source: ARCH, call delivery in Dual Version and inter-system calling; ESI, PortaOne-Service-Features.

use std::sync::Arc;

use super::Ocs;
use super::access::Kind;
use crate::catalogue::Delivery;
use crate::command::{AccessRequest, Proof};
use crate::denial::Denial;
use crate::effect::{Accepted, Called, Context, Denied, Grant, ReturnCode};
use crate::ids::{AccountId, EnvId, RateId, TariffId};
use crate::parties::Way;
use crate::service::{Leg, Service};

/// Where a call goes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Goes {
    /// Somewhere else than it was going.
    pub(super) elsewhere: Option<ReturnCode>,
    /// To whom of the own network.
    pub(super) called: Option<Called>,
}

impl AccessRequest {
    /// Which side of the call it asks about.
    pub(crate) const fn leg(&self) -> Leg {
        if self.call.incoming { Leg::Answer } else { Leg::Originate }
    }
}

impl Ocs {
    /// The account that a number of the own network reaches; `Some(None)` for a number that is assigned to nobody.
    pub(super) fn local_account(&self, number: &str) -> Option<Option<AccountId>> {
        let named = || self.ledger.account_id(number).or_else(|| self.catalogue.parties.alias(number));
        match self.catalogue.numbers.dids.get(number) {
            Some(assigned) => Some(*assigned),
            None => named().map(Some),
        }
    }

    /// The system that an account has moved to.
    pub(super) fn moved_to(&self, account: AccountId) -> Option<EnvId> {
        self.catalogue.numbers.moved.get(&account).copied().or_else(|| self.exported_to(account))
    }

    /// Where a call to a number of the own network goes; nothing is said of others.
    ///
    /// # Errors
    /// The number is nobody's, or the account that it reaches cannot be called.
    pub(super) fn reach(&self, number: &str) -> Result<Option<Goes>, Denial> {
        let Some(assigned) = self.local_account(number) else { return Ok(None) };
        let called = assigned.ok_or(Denial::CldUnassigned)?;
        if let Some(system) = self.moved_to(called) {
            return Ok(Some(Goes { elsewhere: None, called: Some(Called::System(system)) }));
        }
        self.check_standing(self.now, called).map_err(|_| Denial::CldTmpUnavail)?;
        let elsewhere = self.catalogue.numbers.deliveries.get(&called).map(|delivery| match delivery {
            Delivery::Number(number) => ReturnCode::Redirect(Arc::clone(number)),
            Delivery::Server(address) => ReturnCode::RedirectServer(*address),
        });
        let name = Arc::clone(&self.ledger.account(called).name);
        Ok(Some(Goes { elsewhere, called: Some(Called::Account(name)) }))
    }

    /// The rate of a call to a number whose account has moved to another system, where a tariff has one for that system.
    pub(super) fn rate_between_systems(
        &self,
        request: &AccessRequest,
        tariff: TariffId,
        number: &str,
    ) -> Option<RateId> {
        if !request.call.local_lookup {
            return None;
        }
        let system = self.moved_to(self.local_account(number)??)?;
        let code = Called::rate_code(system);
        let id = self.catalogue.rate_of(tariff, &code, self.now)?;
        // A rate for all numbers fits the code too, and a number may have a better one.
        self.catalogue.rate(id).filter(|rate| *rate.shown.pattern == *code).map(|_| id)
    }

    /// The answer for a call that another network or system hands in: no account of ours makes it. `None` for a caller of
    /// whom nothing is known.
    pub(super) fn handed_in(&self, request: &AccessRequest, kind: Kind) -> Option<Result<Accepted, Denied>> {
        let call = &request.call;
        let asks = kind == Kind::Use && request.service == Service::Voice && call.local_lookup;
        let from = call.remote_address.as_deref().filter(|_| asks && request.proof == Proof::Ignored)?;
        let way = Way {
            remote_address: Some(from),
            route: None,
            node: request.node.as_deref(),
            service: Service::Voice,
            leg: Leg::Answer,
        };
        let vendor = || self.catalogue.parties.connection(&way).is_some_and(|own| own.names_remote());
        if !self.catalogue.numbers.interconnections.contains(from) && !vendor() {
            return None;
        }
        let dialled = request.cld.as_deref().unwrap_or_default();
        Some(self.admit(request, dialled).map_err(|denial| Denied { denial, context: None }))
    }

    fn admit(&self, request: &AccessRequest, dialled: &str) -> Result<Accepted, Denial> {
        // Other networks say numbers in full; what they say otherwise is said as the node would.
        let rules = self.catalogue.node_dialing(request.node.as_deref());
        let number = match self.local_account(dialled) {
            Some(_) => dialled.into(),
            None => rules.normalize(dialled),
        };
        let account = self.local_account(&number).flatten().ok_or(Denial::CldUnassigned)?;
        let goes = self.reach(&number)?.unwrap_or_default();
        // No product of ours is what the caller pays by.
        let context = Context { product: Arc::default(), ..self.context(account, None, None) };
        let accepted = self.accepted(account, context, Some(Grant::Unlimited), Some(number.into_owned()));
        let return_code = goes.elsewhere.unwrap_or(ReturnCode::TollFree);
        Ok(Accepted { return_code, called: goes.called, ..accepted })
    }
}
