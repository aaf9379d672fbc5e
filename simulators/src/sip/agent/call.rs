//! One call of an agent: where it stands, its dialog, and what has to be said again.

use tollgate_sip::Builder;
use tollgate_sip::dialog::Dialog;
use tollgate_sip::transaction::{Retransmission, TransactionId};

use super::body::Flow;
use super::draft::Draft;
use crate::sip::hop::Hop;
use crate::sip::transport::Received;
use crate::timers::TimerId;

/// Names a call within its agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallId(pub(super) u64);

/// Where a call stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallState {
    /// The INVITE is out, and nothing but provisional answers came.
    Calling,
    /// Somebody calls, and has no final answer yet.
    Offered,
    /// It is answered here, and the ACK has not come.
    Answered,
    /// Both sides talk.
    Up,
    /// It is over.
    Over,
}

/// A call.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) state: CallState,
    /// The user of Contact.
    pub(super) user: String,
    /// Where requests of the dialog go if its URIs name no address that is known.
    pub(super) hop: Hop,
    pub(super) dialog: Option<Dialog>,
    /// The tag of this side.
    pub(super) tag: String,
    /// The INVITE that began it.
    pub(super) invite: TransactionId,
    /// A caller's INVITE, to be written again.
    pub(super) draft: Option<Draft>,
    /// A callee's INVITE.
    pub(super) offer: Option<Received>,
    /// The 2xx of a callee, or of a re-INVITE, until its ACK.
    pub(super) accepted: Option<Accepted>,
    /// The ACK of the last 2xx, to be sent again when that comes again.
    pub(super) ack: Option<(Builder, Hop)>,
    /// Whether the caller has taken it back.
    pub(super) cancelled: bool,
    /// A re-INVITE of this side that waits for its answer.
    pub(super) changing: bool,
    /// The session of the descriptions, and the version of the last.
    pub(super) session: (u64, u32),
    pub(super) flow: Flow,
}

/// A 2xx that waits for its ACK.
#[derive(Debug)]
pub(super) struct Accepted {
    pub(super) transaction: TransactionId,
    pub(super) octets: Vec<u8>,
    pub(super) again: Retransmission,
    pub(super) alarm: TimerId,
}

impl Call {
    pub(super) fn caller(draft: Draft, user: &str, invite: TransactionId, session: u64) -> Self {
        let tag = draft.from.rsplit_once(";tag=").map_or("", |(_, tag)| tag).to_owned();
        Self {
            draft: Some(draft.clone()),
            ..Self::new(CallState::Calling, user, draft.hop, tag, invite, session)
        }
    }

    pub(super) fn callee(
        offer: Received,
        user: &str,
        tag: String,
        invite: TransactionId,
        session: u64,
    ) -> Self {
        let hop = offer.flow();
        Self { offer: Some(offer), ..Self::new(CallState::Offered, user, hop, tag, invite, session) }
    }

    fn new(state: CallState, user: &str, hop: Hop, tag: String, invite: TransactionId, session: u64) -> Self {
        Self {
            state,
            user: user.to_owned(),
            hop,
            dialog: None,
            tag,
            invite,
            draft: None,
            offer: None,
            accepted: None,
            ack: None,
            cancelled: false,
            changing: false,
            session: (session, 0),
            flow: Flow::Both,
        }
    }

    pub(super) fn id(&self) -> Option<(String, String)> {
        let call_id = match (&self.draft, &self.offer) {
            (Some(draft), _) => draft.call_id.clone(),
            (None, Some(offer)) => offer.message()?.call_id().ok()?.to_owned(),
            (None, None) => return None,
        };
        Some((call_id, self.tag.clone()))
    }
}
