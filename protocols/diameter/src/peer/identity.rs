//! Who this end is.

use std::net::IpAddr;

use crate::{Builder, avp};

/// What a node says about itself in each message that it starts or answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Origin-Host.
    pub host: String,
    /// Origin-Realm.
    pub realm: String,
    /// Host-IP-Address, at least one.
    pub addresses: Vec<IpAddr>,
    /// Vendor-Id.
    pub vendor: u32,
    /// Product-Name.
    pub product: String,
    /// Origin-State-Id; grows whenever sessions were lost. `None` leaves it out.
    pub state: Option<u32>,
}

impl Identity {
    /// A node of this name that says nothing else.
    #[must_use]
    pub fn new(host: impl Into<String>, realm: impl Into<String>, address: IpAddr) -> Self {
        Self {
            host: host.into(),
            realm: realm.into(),
            addresses: vec![address],
            vendor: 0,
            product: "tollgate".into(),
            state: None,
        }
    }

    /// Writes Origin-Host and Origin-Realm.
    pub fn write(&self, builder: &mut Builder) {
        builder.text(avp::ORIGIN_HOST, &self.host);
        builder.text(avp::ORIGIN_REALM, &self.realm);
    }

    /// Writes Origin-State-Id, where there is one.
    pub fn write_state(&self, builder: &mut Builder) {
        if let Some(state) = self.state {
            builder.u32(avp::ORIGIN_STATE_ID, state);
        }
    }
}

/// Whether two names are one: they are compared without regard to case (RFC 6733 section 4.3.1).
pub(super) fn same(one: &str, other: &str) -> bool {
    one.eq_ignore_ascii_case(other)
}
