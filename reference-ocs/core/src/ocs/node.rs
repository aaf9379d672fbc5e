//! A node that restarts: what was in use there has ended, and nobody will report its end.
//!
//! What was charged so far stays, with a record of it; what is reserved is returned, and so are grants that were not
//! begun. What the node reports of such a session all the same, because its record was on the way, is charged as what
//! comes after an expiry is.
//!
//! Source: RFC 2866 section 5.1 has Accounting-On and -Off say that accounting begins and ends; the documents say nothing
//! of what follows from it. What follows is what keeps an account from staying locked, and its money reserved, for a
//! session that is gone.

use std::time::Duration;

use tollgate_time::Instant;

use super::Ocs;
use crate::effect::{ClosedBy, Effect};
use crate::ids::NodeId;

impl Ocs {
    fn node_id(&self, node: Option<&str>) -> Option<NodeId> {
        NodeId::at(self.catalogue.node_place(node?)?)
    }

    /// Notes that a node has spoken of a usage.
    pub(super) fn note_heard(&mut self, at: u32, node: Option<&str>) {
        let (id, now) = (self.node_id(node), self.now);
        let usage = self.sessions.usage_mut(at);
        usage.node = id.or(usage.node);
        usage.heard_at = now;
    }

    /// Closes what was in use at a node that began or ended its accounting `delay` seconds ago; what it has spoken of
    /// since then goes on.
    pub(super) fn node_restarted(&mut self, now: Instant, node: &str, delay: u64, out: &mut Vec<Effect>) {
        let since = Duration::from_secs(delay).as_nanos();
        let since = u64::try_from(since).unwrap_or(u64::MAX);
        let restarted_at = Instant::from_unix_nanos(now.unix_nanos().saturating_sub(since));
        if let Some(node) = self.node_id(Some(node)) {
            let mut closed: Vec<_> = self.sessions.open_places().into_iter().map(|(_, at)| at).collect();
            closed.retain(|&at| {
                let usage = self.sessions.usage(at);
                usage.node == Some(node) && usage.heard_at <= restarted_at
            });
            closed.sort_unstable_by_key(|&at| self.sessions.usage(at).id);
            for at in closed {
                let session = self.sessions.usage(at).session;
                self.give_up(now, at, ClosedBy::NodeRestarted, out);
                if self.sessions.session(session).lock_until.is_some() && !self.sessions.has_open(session) {
                    self.drop_lock(now, session, ClosedBy::NodeRestarted, out);
                }
            }
        }
        for other in self.others.values_mut() {
            other.node_restarted(now, node, delay, out);
        }
    }
}
