//! What proxies share: a request that goes on with the marks of this element, its answers on their way back, with or
//! without memory (RFC 3261 section 16). Where a request goes is the owner's business.

use std::collections::BTreeMap;

use tollgate_sip::transaction::TransactionId;
use tollgate_sip::{Forwarding, Message, Method, forwarded, response, returned};
use tollgate_time::Instant;

use super::hop::{Carrier, Hop, place_of};
use super::station::{Happening, SendError, Station};
use super::transport::Received;

/// What the owner changes in a request that it sends on.
#[derive(Debug, Clone, Copy, Default)]
pub struct Changes<'a> {
    /// Another Request-URI.
    pub uri: Option<&'a str>,
    /// Whether later requests of the dialog come through here too.
    pub record_route: bool,
    /// Route values put on top, the nearest first.
    pub routes: &'a [String],
    /// Headers put at the end, each a name and a value.
    pub more: &'a [(&'a str, &'a str)],
}

/// Which branch a request that goes on gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Memory {
    /// One that is drawn: the element remembers it.
    Kept,
    /// One that follows from the request: the element remembers nothing.
    None,
}

impl Station {
    /// The octets of a request as it goes on to this hop: its Via on top, a Route of its own taken off, Max-Forwards one
    /// lower.
    ///
    /// # Errors
    /// No hop is left (483), or a header is broken.
    pub fn onward(
        &mut self,
        request: &Message<'_>,
        hop: &Hop,
        changes: &Changes<'_>,
        memory: Memory,
    ) -> Result<Vec<u8>, SendError> {
        let branch = match memory {
            Memory::Kept => self.chance.branch(),
            Memory::None => self.chance.branch_of(request),
        };
        let via = self.via(hop, &branch);
        let record_route = changes.record_route.then(|| format!("<{};lr>", self.uri("", hop.from, hop.over)));
        let how = Forwarding {
            via: &via,
            uri: changes.uri,
            hops: request.next_hops()?,
            routes_off: self.own_routes(request),
            routes_on: changes.routes,
            record_route: record_route.as_deref(),
            more: changes.more,
        };
        Ok(forwarded(request, &how)?)
    }

    /// Where a request goes if its owner does not know better: by the hole in an address translation that a Route of this
    /// element's names (`pinhole=UDP:192.0.2.1:5061`, ESI, SIP MESSAGE), by the first Route that is not this element's, else
    /// by its Request-URI.
    ///
    /// # Errors
    /// No address is known for it.
    pub fn hop_onward(&self, request: &Message<'_>) -> Result<Hop, SendError> {
        let own = self.own_routes(request);
        let routes = || request.addresses("Route").filter_map(Result::ok);
        if let Some(hop) =
            routes().take(own).filter_map(|route| pinhole(route.uri.params.get("pinhole")?)).last()
        {
            return Ok(hop);
        }
        let route = routes().nth(own);
        let names = &self.settings().names;
        Ok(match route {
            Some(route) => names.hop_of(&route.uri)?,
            None => names.hop(request.uri_text().unwrap_or_default())?,
        })
    }

    /// How many Route values on top are this element's own (RFC 3261 section 16.4).
    #[must_use]
    pub fn own_routes(&self, request: &Message<'_>) -> usize {
        let routes = request.addresses("Route").filter_map(Result::ok);
        routes.take_while(|route| self.is_own(route.uri.host, route.uri.port)).count()
    }

    /// Sends a request on without remembering it; copies of it, its CANCEL and its ACK go the same way with the same branch.
    ///
    /// # Errors
    /// No hop is left (483), or a header is broken.
    pub fn pass_request(
        &mut self,
        request: &Message<'_>,
        hop: &Hop,
        changes: &Changes<'_>,
    ) -> Result<(), SendError> {
        let octets = self.onward(request, hop, changes, Memory::None)?;
        self.send_octets(octets, hop);
        Ok(())
    }

    /// Sends a response back by its second Via; says whether there was one.
    pub fn pass_response(&mut self, response: &Message<'_>) -> bool {
        let Some(octets) = returned(response) else { return false };
        let next = response.next_via().and_then(Result::ok);
        let Some(hop) = next.and_then(|via| self.hop_by(&via)) else { return false };
        self.send_octets(octets, &hop);
        true
    }
}

/// Reads `UDP:192.0.2.1:5061`.
fn pinhole(text: &str) -> Option<Hop> {
    let (carrier, place) = text.split_once(':')?;
    Some(Hop { over: Carrier::of(carrier)?, ..Hop::udp(place_of(place)?) })
}

/// Requests that an element has sent on with memory, and whom they are for. One request may go to several places, one after
/// the other or at once.
#[derive(Debug, Default)]
pub struct Relays {
    by_client: BTreeMap<TransactionId, TransactionId>,
    /// Of each request that arrived: the request itself, and its transactions onward.
    by_server: BTreeMap<TransactionId, Relay>,
}

#[derive(Debug)]
struct Relay {
    request: Received,
    onward: Vec<TransactionId>,
}

/// What a happening was to the relays.
#[derive(Debug, PartialEq, Eq)]
pub enum Relayed {
    /// It was theirs, and everything was done.
    Done,
    /// A final answer that is no 2xx has come to the request of this transaction, or none at all: the owner tries the next
    /// place, or sends it back with [`Relays::give_back`].
    Failed {
        /// The request that arrived.
        request: TransactionId,
        /// The answer; `None` where none came.
        answer: Option<Received>,
    },
    /// It concerns no request that was sent on.
    Other(Happening),
}

impl Relays {
    /// Forgets everything.
    pub fn clear(&mut self) {
        self.by_client.clear();
        self.by_server.clear();
    }

    /// How many requests are under way.
    #[must_use]
    pub fn len(&self) -> usize {
        self.by_server.len()
    }

    /// Whether none is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_server.is_empty()
    }

    /// The request of a transaction, while it is under way.
    #[must_use]
    pub fn request(&self, id: TransactionId) -> Option<&Received> {
        self.by_server.get(&id).map(|own| &own.request)
    }

    /// Sends a request on, and remembers it until its answer has gone back.
    ///
    /// # Errors
    /// It cannot go on; the owner answers it.
    pub fn forward(
        &mut self,
        now: Instant,
        station: &mut Station,
        (id, request): (TransactionId, &Received),
        hop: &Hop,
        changes: &Changes<'_>,
    ) -> Result<TransactionId, SendError> {
        let message = Message::parse(&request.octets)?;
        let octets = station.onward(&message, hop, changes, Memory::Kept)?;
        let client = station.request_octets(now, octets, hop)?;
        self.by_client.insert(client, id);
        let own = self.by_server.entry(id);
        own.or_insert_with(|| Relay { request: request.clone(), onward: Vec::new() }).onward.push(client);
        Ok(client)
    }

    /// Takes what came of a message that concerns a request that was sent on. The ACK of a 2xx is the owner's, who knows
    /// where its dialog goes.
    pub fn handle(&mut self, now: Instant, station: &mut Station, happening: Happening) -> Relayed {
        match happening {
            Happening::Response(id, answer) => match self.by_client.get(&id).copied() {
                Some(server) => self.answer(now, station, server, answer),
                None => Relayed::Other(Happening::Response(id, answer)),
            },
            // A 2xx that came again, or from another branch: back as it came.
            Happening::Stray(answer) => match answer.message() {
                Some(message) if station.pass_response(&message) => Relayed::Done,
                _ => Relayed::Other(Happening::Stray(answer)),
            },
            Happening::TimedOut(id) => match self.by_client.get(&id).copied() {
                Some(request) => Relayed::Failed { request, answer: None },
                None => Relayed::Other(Happening::TimedOut(id)),
            },
            Happening::Cancel(invite, cancel) => match self.by_server.get(&invite) {
                Some(own) => {
                    for client in &own.onward {
                        // One that is over has nothing to take back.
                        let _over = station.cancel(now, *client);
                    }
                    Relayed::Done
                }
                None => Relayed::Other(Happening::Cancel(invite, cancel)),
            },
            Happening::Ended(id) => {
                if self.by_client.remove(&id).is_none() && self.by_server.remove(&id).is_none() {
                    return Relayed::Other(Happening::Ended(id));
                }
                Relayed::Done
            }
            other => Relayed::Other(other),
        }
    }

    fn answer(
        &mut self,
        now: Instant,
        station: &mut Station,
        server: TransactionId,
        answer: Received,
    ) -> Relayed {
        let Some(message) = answer.message() else { return Relayed::Done };
        match message.code().unwrap_or_default() {
            // The server's own 100 is its station's (RFC 3261 section 16.7).
            100 => {}
            101..300 => {
                if let Some(octets) = returned(&message) {
                    // Its client has gone: there is nobody to tell.
                    let _gone = station.respond_octets(now, server, octets);
                }
            }
            _ => return Relayed::Failed { request: server, answer: Some(answer) },
        }
        Relayed::Done
    }

    /// Sends a final answer back: the one that came, or this status where none did. Says whether it could be sent.
    pub fn give_back(
        &mut self,
        now: Instant,
        station: &mut Station,
        id: TransactionId,
        answer: Option<&Received>,
        code: u16,
    ) -> bool {
        let octets = match answer {
            Some(answer) => answer.message().and_then(|message| returned(&message)),
            None => {
                let tag = station.chance.tag();
                let request = self.by_server.get(&id).and_then(|own| own.request.message());
                request.and_then(|own| response(&own, code, None, &tag).ok()).map(|own| own.finish())
            }
        };
        octets.is_some_and(|octets| station.respond_octets(now, id, octets).is_ok())
    }
}

/// Whether a request belongs to a dialog that stands: its To has a tag.
#[must_use]
pub fn is_within_dialog(request: &Message<'_>) -> bool {
    !request.is(Method::CANCEL) && request.to().is_ok_and(|to| to.tag().is_some())
}
