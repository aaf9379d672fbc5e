//! What waits on a scenario's real connections, for its time or for a link that is cut, and when it is looked after.
//! However much waits on a connection, one entry of the timeline counts for it: if each made a new one for either
//! direction, they would double until nobody else had a turn. Decides no fault; moves no octet by itself.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use tollgate_time::Instant;

use super::streams::UNCONFIRMED_MAX;
use super::{LiveDriver, What};
use crate::Transport;

/// Whether a link works again is looked at after this.
const RETRY: Duration = Duration::from_millis(50);
/// For so long a connection is tried (RFC 1122 section 4.2.3.5).
const CONNECT_MAX: Duration = Duration::from_secs(180);

/// Something that is not done before its time.
pub(super) struct Waiting<T> {
    pub(super) due: Instant,
    pub(super) since: Instant,
    pub(super) what: T,
}

pub(super) enum Deed {
    Connect { from: SocketAddr, to: SocketAddr, over: Transport },
    Send(Bytes),
    Close,
}

impl LiveDriver {
    /// Does something now or when it is due, after what was to be done before.
    pub(super) fn depart_stream(&mut self, id: u64, due: Instant, what: Deed) {
        let now = self.clock.now();
        let Some(link) = self.streams.links.get_mut(&id) else { return };
        link.out.push_back(Waiting { due, since: now, what });
        self.stream_due(id);
    }

    /// The time of a link has come, unless it was looked after earlier.
    pub(super) fn stream_woken(&mut self, id: u64, at: Instant) {
        if let Some(link) = self.streams.links.get_mut(&id).filter(|link| link.wakes == Some(at)) {
            link.wakes = None;
            self.stream_due(id);
        }
    }

    /// Does what is due of a link, in both directions, and asks to be called once for the rest.
    pub(super) fn stream_due(&mut self, id: u64) {
        let now = self.clock.now();
        let mut next: Option<Instant> = None;
        while let Some(link) = self.streams.links.get_mut(&id)
            && let Some(first) = link.out.front()
        {
            if first.due > now {
                next = Some(first.due);
                break;
            }
            let limit =
                if matches!(first.what, Deed::Connect { .. }) { CONNECT_MAX } else { UNCONFIRMED_MAX };
            let late = now >= first.since + limit;
            if self.cast.links.cut(now, link.node, link.peer) {
                if late {
                    return self.give_up(id);
                }
                next = Some(now + RETRY);
                break;
            }
            let Some(Waiting { what, .. }) = link.out.pop_front() else { break };
            let key = link.key;
            match (what, key) {
                (Deed::Connect { from, to, over }, _) => {
                    // What was sent meanwhile sets out now.
                    for waiting in &mut link.out {
                        waiting.due = now + waiting.due.saturating_since(waiting.since);
                    }
                    self.connect(id, from, to, over);
                }
                (Deed::Send(octets), Some(key)) => self.streams.connections.send(key, &octets),
                (Deed::Close, Some(key)) => {
                    self.streams.connections.close(key);
                    self.streams.drop_link(id);
                }
                (_, None) => self.streams.drop_link(id),
            }
        }
        while let Some(link) = self.streams.links.get_mut(&id)
            && let Some(first) = link.arriving.front()
        {
            let cut = link.peer.is_some() && self.cast.links.cut(now, link.node, link.peer);
            if first.due > now || cut {
                let at = if cut { first.due.max(now + RETRY) } else { first.due };
                next = Some(next.map_or(at, |next| next.min(at)));
                break;
            }
            let Some(Waiting { what, .. }) = link.arriving.pop_front() else { break };
            self.arrive_stream(id, what);
        }
        if let Some(at) = next
            && let Some(link) = self.streams.links.get_mut(&id)
            && link.wakes.is_none_or(|wakes| at < wakes)
        {
            link.wakes = Some(at);
            self.timeline.enter(at, What::Stream(id));
        }
    }
}
