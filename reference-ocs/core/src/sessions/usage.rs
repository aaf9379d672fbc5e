//! One call or service session: what was granted, what was reported, what was charged.

use std::sync::Arc;

use tollgate_time::Instant;

use super::notes::Notes;
use crate::command::{SessionKey, UsageReport};
use crate::effect::Grant;
use crate::ids::{NodeId, RateId, RatingEntryId, TariffId, UsageId};
use crate::money::Amount;
use crate::part::Parts;
use crate::parties::PartyBill;
use crate::service::{Leg, Service, Unit};

/// How far a usage has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) enum Progress {
    /// Granted; nothing was heard of it since.
    Granted,
    /// Its Start or an Interim came.
    Active,
    /// Given up: its reservation is returned. What is reported now is still charged.
    Expired,
    /// Its Stop came. What is reported now is a repetition.
    Closed,
}

impl Progress {
    pub(crate) const fn is_open(self) -> bool {
        matches!(self, Self::Granted | Self::Active)
    }
}

/// What xDRs carry already.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub(crate) struct Billed {
    pub(crate) records: u32,
    pub(crate) used: u64,
    pub(crate) units: u64,
    pub(crate) amount: Amount,
}

/// One call or service session.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Usage {
    pub(crate) id: UsageId,
    /// Where its session stands.
    pub(crate) session: u32,
    pub(crate) key: SessionKey,
    pub(crate) parent: Option<SessionKey>,
    /// The node that has spoken of it last, and when.
    pub(crate) node: Option<NodeId>,
    pub(crate) heard_at: Instant,
    pub(crate) call_id: Option<Arc<str>>,
    pub(crate) leg: Leg,
    pub(crate) service: Service,
    pub(crate) progress: Progress,
    pub(crate) entry: Option<(RatingEntryId, TariffId)>,
    pub(crate) rate: Option<RateId>,
    pub(crate) cli: Option<Arc<str>>,
    pub(crate) dialled: Option<Arc<str>>,
    pub(crate) cld: Option<Arc<str>>,
    pub(crate) grant: Option<Grant>,
    pub(crate) reserved: Amount,
    /// The last report's cumulative usage.
    pub(crate) used: u64,
    /// What was charged for it.
    pub(crate) charged: Amount,
    pub(crate) billed: Billed,
    pub(crate) notes: Notes,
    /// What it costs resellers and vendors.
    pub(crate) parties: Option<Box<PartyBill>>,
    pub(crate) setup_at: Option<Instant>,
    pub(crate) alerted_at: Option<Instant>,
    pub(crate) connected_at: Option<Instant>,
    /// From when on its usage is rated, once some was.
    pub(crate) rated_from: Option<Instant>,
    /// When it ended, or when usage was last reported.
    pub(crate) ended_at: Option<Instant>,
    pub(crate) disconnect_cause: Option<u8>,
    pub(crate) voice_quality: Option<u32>,
    pub(crate) subscriber_ip: Option<Arc<str>>,
    /// What each part used, of a session in parts.
    pub(crate) parts: Parts,
    /// What it has of its account's plans.
    pub(crate) shares: Option<Box<crate::plans::share::Shares>>,
    pub(crate) deadline: Option<Instant>,
    /// Where its deadline stands in the queue; never after `deadline`.
    pub(crate) queued: Option<Instant>,
}

impl Usage {
    pub(crate) fn new(id: UsageId, session: u32, key: SessionKey, leg: Leg, service: Service) -> Self {
        Self {
            id,
            session,
            key,
            parent: None,
            node: None,
            heard_at: Instant::EPOCH,
            call_id: None,
            leg,
            service,
            progress: Progress::Granted,
            entry: None,
            rate: None,
            cli: None,
            dialled: None,
            cld: None,
            grant: None,
            reserved: Amount::ZERO,
            used: 0,
            charged: Amount::ZERO,
            billed: Billed::default(),
            notes: Notes::default(),
            parties: None,
            setup_at: None,
            alerted_at: None,
            connected_at: None,
            rated_from: None,
            ended_at: None,
            disconnect_cause: None,
            voice_quality: None,
            subscriber_ip: None,
            parts: Parts::default(),
            shares: None,
            deadline: None,
            queued: None,
        }
    }

    /// Takes over what a report says, and keeps what it does not speak of.
    pub(crate) fn take(&mut self, report: &UsageReport) {
        fn text(kept: &mut Option<Arc<str>>, said: Option<&String>) {
            if let Some(said) = said
                && kept.as_deref() != Some(said)
            {
                *kept = Some(said.as_str().into());
            }
        }
        text(&mut self.call_id, report.call_id.as_ref());
        text(&mut self.cli, report.cli.as_ref());
        text(&mut self.subscriber_ip, report.subscriber_ip.as_ref());
        if self.parent != report.parent && report.parent.is_some() {
            self.parent.clone_from(&report.parent);
        }
        self.setup_at = report.setup_at.or(self.setup_at);
        self.alerted_at = report.alerted_at.or(self.alerted_at);
        self.connected_at = report.connected_at.or(self.connected_at);
        self.disconnect_cause = report.disconnect_cause.or(self.disconnect_cause);
        self.voice_quality = report.voice_quality.or(self.voice_quality);
    }

    /// When it began, as far as that is known; one that has not begun begins now.
    pub(crate) fn began(&self, now: Instant) -> Instant {
        self.rated_from.or(self.connected_at).unwrap_or(now)
    }

    /// From when on its usage is rated: the first answer stays, so that reports in parts cost what one would.
    pub(crate) fn rate_from(&mut self, now: Instant) -> Instant {
        let ended_at = self.ended_at.unwrap_or(now);
        let secs = if self.service.unit() == Unit::Second { self.used } else { 0 };
        let nanos = ended_at.unix_nanos().saturating_sub(secs.saturating_mul(1_000_000_000));
        let began = self.connected_at.unwrap_or(Instant::from_unix_nanos(nanos));
        *self.rated_from.get_or_insert(began)
    }

    /// Milliseconds from the set-up to the ringing, or to the answer when nobody told of the ringing.
    pub(crate) fn setup_millis(&self) -> Option<u64> {
        let rang = self.alerted_at.or(self.connected_at)?;
        u64::try_from((rang - self.setup_at?).as_millis()).ok()
    }
}
