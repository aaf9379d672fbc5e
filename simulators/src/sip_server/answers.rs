//! What the server reads out of an answer to an access request: what is granted, who is called, and by which routes.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use tollgate_radius::{Code, Packet, attribute, cisco};
use tollgate_wire::Text;

use crate::sip;

/// Routes of one answer that are followed at most.
const ROUTES_MAX: usize = 32;
/// How long a route is rung, and how long a list is good for, where the answer does not say.
const PATIENCE: Duration = Duration::from_secs(20);
const EXPIRES: Duration = Duration::from_secs(300);

/// An answer.
#[derive(Debug)]
pub(super) enum Verdict {
    Accepted(Box<Accepted>),
    Refused(Refused),
}

/// Access is given.
#[derive(Debug, Default)]
pub(super) struct Accepted {
    /// Whether it names the product that the call is charged by; it names none where no account of ours makes the call.
    pub(super) has_product: bool,
    /// How long the call may take; `None` without end.
    pub(super) grant: Option<Duration>,
    /// The called number in full (`PortaBilling_CompleteNumber`).
    pub(super) number: Option<Text>,
    /// The account that is asked about what comes in (`bill-to` of PortaOne-Called-Party).
    pub(super) called: Option<Text>,
    /// The number at which the called account takes its calls (return code 51).
    pub(super) elsewhere: Option<Text>,
    /// To be repeated in records.
    pub(super) rate_pattern: Option<Text>,
    pub(super) routes: Vec<Route>,
    /// How long the list of routes is good for.
    pub(super) expires: Duration,
    /// How long each is rung.
    pub(super) patience: Duration,
}

/// It is not.
#[derive(Debug)]
pub(super) struct Refused {
    pub(super) code: Option<u32>,
    pub(super) explanation: Text,
}

/// One way to the called party.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Route {
    pub(super) to: Target,
    /// What is dialled there in place of the called number.
    pub(super) cld: Option<Text>,
    /// How the call proves itself there.
    pub(super) auth: Option<Text>,
    /// Only after an earlier route failed so.
    pub(super) when: Option<Vec<Unreached>>,
    /// Where the other side may send the call on to, and what becomes of it elsewhere.
    pub(super) redirects: Option<Redirects>,
}

/// Where a route leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Target {
    /// The telephones of an account.
    User(Text),
    Point(SocketAddr),
    /// Another number, for which the called account pays (return code 51).
    Number(Text),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Redirects {
    pub(super) trusted: Vec<IpAddr>,
    /// A redirection elsewhere is authorised as a new call of the redirecting account; else it is refused.
    pub(super) authorises: bool,
}

/// Why a route failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Unreached {
    Busy,
    NoAnswer,
    #[default]
    Offline,
}

impl Unreached {
    fn of(word: &str) -> Option<Self> {
        match word {
            "busy" => Some(Self::Busy),
            "no-answer" => Some(Self::NoAnswer),
            "offline" => Some(Self::Offline),
            _ => None,
        }
    }
}

/// Return codes that give access (ESI, RADIUS return codes).
const fn is_success(code: u32) -> bool {
    matches!(code, 0 | 13 | 50..=53)
}

impl Refused {
    /// The status with which the caller is told. The documents name none; those for money, numbers and limits are the
    /// nearest that RFC 3261 has.
    pub(super) fn status(&self) -> u16 {
        match self.code {
            // No money, or none that may be spent.
            Some(4 | 6 | 12 | 114 | 116 | 117) => 402,
            Some(109) => 480,
            Some(110) => 404,
            Some(111 | 112) => 484,
            _ => 403,
        }
    }
}

/// Reads an answer.
pub(super) fn read(packet: &Packet<'_>) -> Verdict {
    let number = |text: &str| text.trim().parse::<u32>().ok();
    let code = packet.cisco(cisco::H323_RETURN_CODE).and_then(number);
    let mut explanation = None;
    let mut own = Accepted { expires: EXPIRES, patience: PATIENCE, ..Accepted::default() };
    own.grant = packet.cisco(cisco::H323_CREDIT_TIME).and_then(number).map(secs);
    for pair in packet.pairs() {
        match pair.name {
            "ErrorExplanation" => explanation = Some(Text::from(pair.value)),
            "Product" => own.has_product = true,
            "PortaBilling_CompleteNumber" => own.number = some(pair.value),
            "PortaBilling_RatePattern" => own.rate_pattern = some(pair.value),
            "DURATION" if own.grant.is_none() => own.grant = number(pair.value).map(secs),
            "PortaOne-Called-Party" => own.called = parameter(pair.value, "bill-to").and_then(some),
            _ => {}
        }
    }
    if packet.code() != Code::ACCESS_ACCEPT || code.is_some_and(|code| !is_success(code)) {
        let explanation = explanation.or_else(|| packet.text(attribute::REPLY_MESSAGE).map(Text::from));
        return Verdict::Refused(Refused { code, explanation: explanation.unwrap_or_default() });
    }
    if code == Some(51) {
        own.elsewhere = packet.cisco(cisco::H323_REDIRECT_NUMBER).map(str::trim).and_then(some);
    }
    for attribute in packet.all(attribute::FRAMED_ROUTE) {
        if let Ok(text) = std::str::from_utf8(attribute.value) {
            own.take(text);
        }
    }
    Verdict::Accepted(Box::new(own))
}

impl Accepted {
    /// Takes one Framed-Route: the list as a whole (`r=`), the group (`P=`), or a way.
    fn take(&mut self, text: &str) {
        let secs_of = |name: &str| parameter(text, name).and_then(|own| own.parse().ok()).map(secs);
        match text.trim_start().split_once('=').map(|(name, _)| name.trim_end()) {
            Some("P") => {
                self.expires = secs_of("expires").unwrap_or(self.expires);
                self.patience = secs_of("patience").unwrap_or(self.patience);
            }
            Some("p" | "u") if self.routes.len() < ROUTES_MAX => self.routes.extend(Route::read(text)),
            _ => {}
        }
    }
}

impl Route {
    /// The way to the number at which the called account takes its calls.
    pub(super) const fn elsewhere(number: Text) -> Self {
        Self { to: Target::Number(number), cld: None, auth: None, when: None, redirects: None }
    }

    /// Reads `p=<address>[:<port>];…` or `u=<account>;…`; what it does not know it passes over.
    fn read(text: &str) -> Option<Self> {
        let point = parameter(text, "p").filter(|own| !own.is_empty());
        let to = match point {
            Some(point) => Target::Point(sip::place_of(point)?),
            None => Target::User(parameter(text, "u").and_then(some)?),
        };
        let redirects = parameter(text, "redirect").map(|action| Redirects {
            trusted: parameter(text, "trusted")
                .map(|all| all.split(',').filter_map(|own| own.trim().parse().ok()).collect())
                .unwrap_or_default(),
            authorises: action == "new_call_authorization",
        });
        Some(Self {
            to,
            cld: parameter(text, "cld").and_then(some),
            auth: parameter(text, "auth").and_then(some),
            when: parameter(text, "when").map(|all| all.split(',').filter_map(Unreached::of).collect()),
            redirects,
        })
    }
}

/// The value of `name=value` among parts with semicolons between them.
fn parameter<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    let mut parts = text.split(';').filter_map(|part| part.split_once('='));
    parts.find(|(own, _)| own.trim() == name).map(|(_, value)| value.trim())
}

fn some(value: &str) -> Option<Text> {
    (!value.is_empty()).then(|| value.into())
}

fn secs(secs: u32) -> Duration {
    Duration::from_secs(u64::from(secs))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(lines: &[&str]) -> Accepted {
        let mut own = Accepted::default();
        lines.iter().for_each(|line| own.take(line));
        own
    }

    /// ESI, SIP routing request, with the converter's spaces.
    #[test]
    fn the_routes_of_the_example_are_read_in_their_order() {
        let own = taken(&[
            "r=;q-hunt=seq",
            "P =; q-hunt=skip; expires=300; patience=20",
            "p =65.174.119.133; auth=AA14CF35",
            "p =69.25.184.13;rtpp-level=3",
        ]);
        assert_eq!((own.expires, own.patience), (Duration::from_secs(300), Duration::from_secs(20)));
        let places: Vec<&Target> = own.routes.iter().map(|route| &route.to).collect();
        let point = |text: &str| Target::Point(text.parse().unwrap());
        assert_eq!(places, [&point("65.174.119.133:5060"), &point("69.25.184.13:5060")]);
        assert_eq!(own.routes[0].auth.as_deref(), Some("AA14CF35"));
    }

    #[test]
    fn telephones_voicemail_and_redirect_servers_are_read() {
        let own = taken(&[
            "u=12065550019",
            "p=10.0.0.9:5070;cld=*98;when=busy,offline,asleep",
            "p=55.55.5.6:5060;redirect=new_call_authorization;trusted=193.148.210.22,195.111.134.55",
            "p=nowhere",
            "x=1",
        ]);
        let [user, voicemail, server] = own.routes.as_slice() else { panic!("{:?}", own.routes) };
        assert_eq!(user.to, Target::User("12065550019".into()));
        assert_eq!(voicemail.when, Some(vec![Unreached::Busy, Unreached::Offline]));
        assert_eq!(voicemail.cld.as_deref(), Some("*98"));
        let redirects = server.redirects.as_ref().unwrap();
        assert!(redirects.authorises && redirects.trusted.len() == 2);
    }

    #[test]
    fn no_more_routes_than_the_bound_are_kept() {
        let lines = vec!["p=10.0.0.1"; ROUTES_MAX + 1];
        assert_eq!(taken(&lines).routes.len(), ROUTES_MAX);
    }
}
