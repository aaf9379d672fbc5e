//! What a called number stands for: the routing plan that it chooses, the local account that it reaches and where that
//! account's calls are delivered, the lines of the node that asks; and who may pick up whose calls.

use std::sync::Arc;

use super::Ocs;
use super::incoming::Goes;
use crate::command::AccessRequest;
use crate::denial::Denial;
use crate::effect::ReturnCode;
use crate::ids::{AccountId, RatingEntryId, TariffId};
use crate::service::{Leg, Service};
use crate::sessions::{KnownUsage, Progress};

/// The most digits of a number (ITU-T E.164 section 6.1).
const E164_DIGITS_MAX: usize = 15;

type Entry = Option<(RatingEntryId, TariffId)>;

/// What a request's rating entry is, after the routing plan, and what is left of the number that was dialled.
pub(super) struct Selection<'r> {
    pub(super) entry: Entry,
    pub(super) cld: Option<&'r str>,
    /// The plan.
    pub(super) plan: Option<Arc<str>>,
    /// No plan was chosen, and the product has none by default.
    pub(super) missing: bool,
}

impl Ocs {
    /// The entry with the tariff of the routing plan: the one that the node names, that the number begins with, or that
    /// holds by default (ESI, `PortaBilling_SelectCode`).
    pub(super) fn select<'r>(
        &self,
        account: AccountId,
        entry: Entry,
        service: Service,
        code: Option<&str>,
        dialled: Option<&'r str>,
    ) -> Selection<'r> {
        let (product, numbers) = (self.ledger.account(account).product, &self.catalogue.numbers);
        let plain = Selection { entry, cld: dialled, plan: None, missing: false };
        let by_plan = service == Service::Voice && numbers.is_selective(product);
        let Some((id, _)) = entry.filter(|(id, _)| by_plan && self.is_of_product(account, *id)) else {
            return plain;
        };
        let (chosen, cld) = match (code, dialled.and_then(|cld| numbers.chosen_by_number(product, cld))) {
            (Some(code), _) => (numbers.chosen(product, code), dialled),
            (None, Some((chosen, rest))) => (Some(chosen), Some(rest)),
            (None, None) => (numbers.default_tariff(product), dialled),
        };
        match chosen {
            Some(chosen) => {
                let entry = Some((id, chosen.tariff));
                Selection { entry, cld, plan: Some(chosen.plan), missing: false }
            }
            None => Selection { missing: true, ..plain },
        }
    }

    /// A call that has ended is not authorized again, however late a request of it comes: it goes on with a use that was
    /// closed, or names the identifier of such a call. Another call may follow under the same key.
    pub(super) fn check_terminated(
        &self,
        session: Option<u32>,
        request: &AccessRequest,
    ) -> Result<(), Denial> {
        let Some(session) = session else { return Ok(()) };
        let usages = self.sessions.session(session).usages.iter().map(|at| self.sessions.known(*at));
        let mut own = usages.filter(|usage| usage.leg == Leg::Originate && *usage.key == request.session);
        let closed = |usage: KnownUsage<'_>| usage.progress == Progress::Closed;
        let named = request.call.call_id.as_deref();
        let ended =
            match named.and_then(|id| own.clone().find(|own| own.call_id.is_some_and(|own| **own == *id))) {
                Some(known) => closed(known),
                None => request.call.continues && own.next_back().is_some_and(closed),
            };
        if ended { Err(Denial::RejectAuthorization) } else { Ok(()) }
    }

    /// Whether an account may pick up the calls to a number; answers with the number.
    pub(super) fn pick_up(&self, account: AccountId, request: &AccessRequest) -> Result<String, Denial> {
        let dialled = request.cld.as_deref().unwrap_or_default();
        let number = self.dialing(account, request.node.as_deref()).normalize(dialled);
        let called = self.local_account(&number).flatten();
        match called.filter(|called| self.catalogue.numbers.picks_up(account, *called)) {
            Some(_) => Ok(number.into_owned()),
            None => Err(Denial::PickupInvalidCld),
        }
    }

    /// Where a call goes. One to a number of the own network goes to where that number's calls are delivered; one that the
    /// node which asks makes by its own lines goes back to where it came from.
    pub(super) fn way(&self, request: &AccessRequest, number: &str) -> Result<Goes, Denial> {
        let local = if request.call.local_lookup { self.reach(number)? } else { None };
        if let Some(goes) = local {
            return Ok(goes);
        }
        let calls = request.service == Service::Voice && !request.call.incoming;
        let hairpin = calls && self.catalogue.numbers.is_hairpin(request.node.as_deref(), number);
        Ok(Goes { elsewhere: hairpin.then_some(ReturnCode::Hairpin), called: None })
    }

    /// Why a number has no rate: it is none, or there is none.
    pub(super) fn unrated(service: Service, number: &str) -> Denial {
        let digits = number.bytes().all(|byte| byte.is_ascii_digit());
        if service == Service::Voice && !(digits && number.len() <= E164_DIGITS_MAX) {
            Denial::CldDialError
        } else {
            Denial::CldBlocked
        }
    }

    /// Whom a user whose login is refused is sent to, where the account's standing is the reason and not who he is.
    pub(super) fn customer_service(&self, account: AccountId, denial: Denial) -> Option<ReturnCode> {
        use Denial::{CardExpired, CreditLimit, UserDenied, UserSuspended, ZeroBalance};
        if !matches!(denial, UserDenied | UserSuspended | CardExpired | ZeroBalance | CreditLimit) {
            return None;
        }
        let number = self.catalogue.numbers.customer_service.get(&self.ledger.account(account).product)?;
        Some(ReturnCode::CustomerService(Arc::clone(number)))
    }
}
