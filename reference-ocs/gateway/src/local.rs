//! Routes to parties of the own network: registered telephones, static SIP contacts, redirect servers, voicemail, and the
//! other systems that accounts have moved to. They stand in Framed-Route like those of carriers, which alone the documents
//! show; the words for the rest are ours:
//!
//! - `u=<account>`: wherever the account's telephones have registered.
//! - `p=<address>[:<port>]`: this address; `cld=<number>` dialled there in place of the called number.
//! - `redirect=<action>;trusted=<address>,…`: the address may answer with a 302 to one of these; what is done about any
//!   other (NEW, redirect servers: Endpoint redirect action for untrusted network).
//! - `when=<reason>,…`: only after an earlier route failed for one of these reasons.
//!
//! Nothing is charged or decided here.

use std::net::IpAddr;
use std::time::Duration;

use tollgate_wire::Text;

/// Where and how calls to an account are delivered; by default to its registered telephones.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LocalDelivery {
    /// A static SIP contact in place of the registered telephones.
    pub contact: Option<Contact>,
    /// Where calls go that nobody takes.
    pub voicemail: Option<Voicemail>,
    /// How long it is rung; 20 s, as for any route, where nothing is said.
    pub ring: Option<Duration>,
}

/// A static SIP contact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contact {
    /// Its address.
    pub address: IpAddr,
    /// Its port; 5060 where nothing is said.
    pub port: Option<u16>,
    /// The number that is dialled there; the called one where nothing is said.
    pub cld: Option<Text>,
    /// Where it may redirect calls to; `None` for a contact that is no redirect server.
    pub redirects: Option<Redirects>,
}

/// What becomes of a redirection.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Redirects {
    /// The addresses that calls are sent on to, without another authorization.
    pub trusted: Vec<IpAddr>,
    /// What becomes of a call that is redirected to any other address.
    pub untrusted: Untrusted,
}

/// What becomes of a call that is redirected to an address that is not trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Untrusted {
    /// It is refused.
    #[default]
    Reject,
    /// The redirecting account is asked for as the caller of a new call to that number; the address does not count.
    NewCallAuthorization,
}

/// What takes the calls that an account does not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Voicemail {
    /// Its address.
    pub address: IpAddr,
    /// Its port; 5060 where nothing is said.
    pub port: Option<u16>,
    /// The number that is dialled there; the called one where nothing is said.
    pub cld: Option<Text>,
    /// After what it takes calls.
    pub when: Vec<Unreached>,
}

/// Why a call did not reach its party.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unreached {
    /// It is busy.
    Busy,
    /// It did not answer in time.
    NoAnswer,
    /// No telephone is registered, or none could be reached.
    Offline,
}

impl Unreached {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Busy, Self::NoAnswer, Self::Offline];

    /// The word in Framed-Route and in worlds.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Busy => "busy",
            Self::NoAnswer => "no-answer",
            Self::Offline => "offline",
        }
    }
}

impl Untrusted {
    /// The word in Framed-Route and in worlds; the second is the documents' own.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Reject => "reject",
            Self::NewCallAuthorization => "new_call_authorization",
        }
    }
}

impl LocalDelivery {
    /// The Framed-Routes to an account, in their order; with what a redirect server may do where that is known.
    pub(crate) fn shown(&self, account: &str, knows_redirects: bool) -> Vec<String> {
        let mut routes = vec![match &self.contact {
            Some(contact) => contact.shown(knows_redirects),
            None => format!("u={account}"),
        }];
        routes.extend(self.voicemail.as_ref().map(Voicemail::shown));
        routes
    }
}

/// `p=<address>[:<port>][;cld=<number>]`
fn point(address: IpAddr, port: Option<u16>, cld: Option<&Text>) -> String {
    let mut text = match (address, port) {
        (IpAddr::V6(address), Some(port)) => format!("p=[{address}]:{port}"),
        (address, Some(port)) => format!("p={address}:{port}"),
        (address, None) => format!("p={address}"),
    };
    if let Some(cld) = cld {
        text.push_str(";cld=");
        text.push_str(cld);
    }
    text
}

impl Contact {
    fn shown(&self, knows_redirects: bool) -> String {
        let mut text = point(self.address, self.port, self.cld.as_ref());
        if let Some(redirects) = self.redirects.as_ref().filter(|_| knows_redirects) {
            text.push_str(&format!(";redirect={}", redirects.untrusted.name()));
            let trusted: Vec<String> = redirects.trusted.iter().map(ToString::to_string).collect();
            if !trusted.is_empty() {
                text.push_str(&format!(";trusted={}", trusted.join(",")));
            }
        }
        text
    }
}

impl Voicemail {
    fn shown(&self) -> String {
        let when: Vec<&str> = self.when.iter().map(|reason| reason.name()).collect();
        format!("{};when={}", point(self.address, self.port, self.cld.as_ref()), when.join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_telephone_comes_before_its_voicemail() {
        let voicemail = Voicemail {
            address: IpAddr::from([10, 0, 0, 9]),
            port: Some(5070),
            cld: Some(Text::const_new("*98")),
            when: Unreached::ALL.to_vec(),
        };
        let delivery = LocalDelivery { voicemail: Some(voicemail), ..LocalDelivery::default() };
        assert_eq!(
            delivery.shown("12065550019", true),
            ["u=12065550019", "p=10.0.0.9:5070;cld=*98;when=busy,no-answer,offline"]
        );
    }

    /// NEW, redirect servers: the addresses of Easy Call.
    #[test]
    fn a_redirect_server_is_told_with_its_trusted_addresses() {
        let redirects = Redirects {
            trusted: vec![IpAddr::from([193, 148, 210, 22]), IpAddr::from([195, 111, 134, 55])],
            untrusted: Untrusted::NewCallAuthorization,
        };
        let contact = Contact {
            address: IpAddr::from([55, 55, 5, 6]),
            port: Some(5060),
            cld: None,
            redirects: Some(redirects),
        };
        let delivery = LocalDelivery { contact: Some(contact), ..LocalDelivery::default() };
        assert_eq!(
            delivery.shown("80032555939", true),
            ["p=55.55.5.6:5060;redirect=new_call_authorization;trusted=193.148.210.22,195.111.134.55"]
        );
    }

    #[test]
    fn a_port_behind_an_address_of_six_stands_outside_its_brackets() {
        assert_eq!(point("2001:db8::6".parse().unwrap(), Some(5060), None), "p=[2001:db8::6]:5060");
    }
}
