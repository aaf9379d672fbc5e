//! What CER and CEA carry, and what two ends have in common (RFC 6733 section 5.3).

use std::collections::BTreeSet;
use std::net::IpAddr;

use super::{Identity, base};
use crate::{AvpCode, Builder, CommandFlags, EncodeError, Header, Message, Problem, ResultCode, avp};

/// The application of relays: they take whatever comes.
pub const RELAY: u32 = 0xffff_ffff;

/// The applications that a node serves or asks.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Applications {
    /// Auth-Application-Id.
    pub auth: BTreeSet<u32>,
    /// Acct-Application-Id.
    pub acct: BTreeSet<u32>,
    /// Vendor-Specific-Application-Id: vendor and authentication application.
    pub vendor: BTreeSet<(u32, u32)>,
    /// Supported-Vendor-Id.
    pub vendors: BTreeSet<u32>,
}

impl Applications {
    /// Credit control (RFC 8506), with 3GPP's AVPs.
    #[must_use]
    pub fn credit_control() -> Self {
        Self { auth: BTreeSet::from([4]), vendors: BTreeSet::from([10_415]), ..Self::default() }
    }

    /// A 3GPP application, such as S6a.
    #[must_use]
    pub fn tgpp(application: u32) -> Self {
        Self {
            vendor: BTreeSet::from([(10_415, application)]),
            vendors: BTreeSet::from([10_415]),
            ..Self::default()
        }
    }

    /// A relay's.
    #[must_use]
    pub fn relay() -> Self {
        Self { auth: BTreeSet::from([RELAY]), ..Self::default() }
    }

    /// Both of these.
    #[must_use]
    pub fn and(mut self, other: &Self) -> Self {
        self.auth.extend(&other.auth);
        self.acct.extend(&other.acct);
        self.vendor.extend(&other.vendor);
        self.vendors.extend(&other.vendors);
        self
    }

    /// Every identifier, whatever AVP it stood in: vendors do not count (RFC 6733 section 5.3).
    #[must_use]
    pub fn all(&self) -> BTreeSet<u32> {
        let vendor = self.vendor.iter().map(|own| own.1);
        self.auth.iter().chain(&self.acct).copied().chain(vendor).collect()
    }

    /// Whether the application itself is served; to pass it on is not to serve it.
    #[must_use]
    pub fn serves(&self, application: u32) -> bool {
        application != RELAY
            && (self.auth.contains(&application)
                || self.acct.contains(&application)
                || self.vendor.iter().any(|own| own.1 == application))
    }

    /// Whether a message of this application can be sent there.
    #[must_use]
    pub fn has(&self, application: u32) -> bool {
        let known = |own: u32| own == application || own == RELAY;
        self.auth.iter().chain(&self.acct).any(|own| known(*own))
            || self.vendor.iter().any(|own| known(own.1))
    }

    /// Whether the two have an application in common; a relay has each.
    #[must_use]
    pub fn meet(&self, other: &Self) -> bool {
        let (one, two) = (self.all(), other.all());
        one.contains(&RELAY) || two.contains(&RELAY) || one.intersection(&two).next().is_some()
    }

    fn write(&self, builder: &mut Builder) {
        let mut numbers =
            |code: AvpCode, own: &BTreeSet<u32>| own.iter().for_each(|own| builder.u32(code, *own));
        numbers(avp::SUPPORTED_VENDOR_ID, &self.vendors);
        numbers(avp::AUTH_APPLICATION_ID, &self.auth);
        numbers(avp::ACCT_APPLICATION_ID, &self.acct);
        for (vendor, application) in &self.vendor {
            builder.group(avp::VENDOR_SPECIFIC_APPLICATION_ID, |inside| {
                inside.u32(avp::VENDOR_ID, *vendor);
                inside.u32(avp::AUTH_APPLICATION_ID, *application);
            });
        }
    }

    fn read(message: &Message<'_>) -> Self {
        let numbers = |code| message.all(code).filter_map(|own| own.u32()).collect();
        let mut own = Self {
            auth: numbers(avp::AUTH_APPLICATION_ID),
            acct: numbers(avp::ACCT_APPLICATION_ID),
            vendor: BTreeSet::new(),
            vendors: numbers(avp::SUPPORTED_VENDOR_ID),
        };
        for group in message.all(avp::VENDOR_SPECIFIC_APPLICATION_ID) {
            let inside = group.members();
            let vendor = inside.get(avp::VENDOR_ID).and_then(|own| own.u32()).unwrap_or(0);
            for own_application in inside.filter_map(|own| match own.code {
                avp::AUTH_APPLICATION_ID | avp::ACCT_APPLICATION_ID => own.u32(),
                _ => None,
            }) {
                own.vendor.insert((vendor, own_application));
            }
        }
        own
    }
}

/// What a CER or CEA said about its sender.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capabilities {
    /// Origin-Host.
    pub host: String,
    /// Origin-Realm.
    pub realm: String,
    /// Host-IP-Address; some leave it out.
    pub addresses: Vec<IpAddr>,
    /// Product-Name.
    pub product: Option<String>,
    /// Origin-State-Id.
    pub state: Option<u32>,
    /// What it serves or asks.
    pub applications: Applications,
}

impl Capabilities {
    /// Reads a CER or CEA. Only its sender's names must be there; whoever wants the rest checks the
    /// message with [`crate::check::verify`].
    ///
    /// # Errors
    /// Origin-Host or Origin-Realm is missing or no text.
    pub fn read(message: &Message<'_>) -> Result<Self, Problem> {
        let named = |code| {
            let text = message.text(code).filter(|text| !text.is_empty());
            text.map(str::to_owned).ok_or_else(|| Problem::missing(code, crate::HEADER_LEN))
        };
        Ok(Self {
            host: named(avp::ORIGIN_HOST)?,
            realm: named(avp::ORIGIN_REALM)?,
            addresses: message.all(avp::HOST_IP_ADDRESS).filter_map(|own| own.address()).collect(),
            product: message.text(avp::PRODUCT_NAME).map(str::to_owned),
            state: message.u32(avp::ORIGIN_STATE_ID),
            applications: Applications::read(message),
        })
    }

    /// A CER with these identifiers.
    ///
    /// # Errors
    /// It is too long.
    pub fn request(
        own: &Identity,
        applications: &Applications,
        hop_by_hop: u32,
        end_to_end: u32,
    ) -> Result<Vec<u8>, EncodeError> {
        let header = Header::request(base::CAPABILITIES, 0).flagged(CommandFlags::REQUEST);
        let mut builder = Builder::new(header.identified(hop_by_hop, end_to_end));
        Self::body(&mut builder, own, applications);
        builder.finish()
    }

    /// The CEA to a CER: `refusal` says why not, else it agrees.
    ///
    /// # Errors
    /// It is too long.
    pub fn answer(
        request: &Header,
        own: &Identity,
        applications: &Applications,
        refusal: Option<&Refusal>,
    ) -> Result<Vec<u8>, EncodeError> {
        let mut builder = Builder::new(request.answer());
        match refusal {
            None => builder.result(ResultCode::SUCCESS),
            Some(Refusal::Result(code)) => builder.result(*code),
            Some(Refusal::Problem(problem)) => builder.problem(problem),
        }
        Self::body(&mut builder, own, applications);
        builder.finish()
    }

    fn body(builder: &mut Builder, own: &Identity, applications: &Applications) {
        own.write(builder);
        for address in &own.addresses {
            builder.address(avp::HOST_IP_ADDRESS, *address);
        }
        builder.u32(avp::VENDOR_ID, own.vendor);
        builder.text(avp::PRODUCT_NAME, &own.product);
        own.write_state(builder);
        applications.write(builder);
    }
}

/// Why a CER is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// With this code alone.
    Result(ResultCode),
    /// Something is wrong with the message.
    Problem(Problem),
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check;

    fn identity() -> Identity {
        let mut own = Identity::new("pgw.example.net", "example.net", [127, 0, 0, 1].into());
        own.state = Some(7);
        own
    }

    #[test]
    fn what_a_cer_says_is_read_back_and_legal() {
        let applications = Applications::credit_control().and(&Applications::tgpp(16_777_251));
        let cer = Capabilities::request(&identity(), &applications, 1, 2).unwrap();
        let view = Message::parse(&cer).unwrap();
        check::verify(&view).unwrap();
        assert_eq!((view.name(), view.header.flags), (Some("CER"), CommandFlags::REQUEST));
        let read = Capabilities::read(&view).unwrap();
        assert_eq!((read.host.as_str(), read.state), ("pgw.example.net", Some(7)));
        assert_eq!(read.applications, applications);
        let cea = Capabilities::answer(&view.header, &identity(), &applications, None).unwrap();
        let view = Message::parse(&cea).unwrap();
        check::verify(&view).unwrap();
        assert_eq!((view.name(), view.result_code()), (Some("CEA"), Some(ResultCode::SUCCESS)));
    }

    #[test]
    fn vendors_do_not_count_and_a_relay_knows_every_application() {
        let plain = Applications { auth: BTreeSet::from([16_777_251]), ..Applications::default() };
        assert!(plain.meet(&Applications::tgpp(16_777_251)));
        assert!(!plain.meet(&Applications::credit_control()));
        assert!(plain.meet(&Applications::relay()));
        assert!(Applications::relay().has(4));
        assert!(!plain.has(4));
        assert!(!Applications::default().meet(&plain));
    }
}
