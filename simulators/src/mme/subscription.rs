//! What an MME keeps of a subscription.

use tollgate_diameter::{Avps, Message, avp};
use tollgate_wire::{Fields, Text, Value};

use crate::hss::tbcd_digits;

/// A subscription as the HSS told it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Subscription {
    msisdn: Text,
    apns: Vec<Text>,
    up: u32,
    down: u32,
}

impl Subscription {
    /// Subscription-Data of a ULA or IDR.
    pub(super) fn read(message: &Message<'_>) -> Option<Self> {
        let data = message.get(avp::SUBSCRIPTION_DATA)?.members();
        let ambr = data.get(avp::AMBR).map(|own| own.members());
        let rate = |code| ambr.and_then(|own| own.get(code)?.u32()).unwrap_or(0);
        let profile = data.get(avp::APN_CONFIGURATION_PROFILE).map(|own| own.members());
        Some(Self {
            msisdn: data.get(avp::MSISDN).map(|own| tbcd_digits(own.data).into()).unwrap_or_default(),
            apns: profile.map(names).unwrap_or_default(),
            up: rate(avp::MAX_REQUESTED_BANDWIDTH_UL),
            down: rate(avp::MAX_REQUESTED_BANDWIDTH_DL),
        })
    }

    /// The access point that the subscriber gets who wants this one.
    pub(super) fn choose(&self, wanted: Option<&str>) -> Option<&Text> {
        match wanted {
            Some(wanted) => self.apns.iter().find(|own| own.eq_ignore_ascii_case(wanted)),
            None => self.apns.first(),
        }
    }

    /// What is shown of it.
    pub(super) fn fields(&self, imsi: &str, apn: &str) -> Fields {
        let apns = self.apns.iter().map(|own| Value::text(own.clone())).collect();
        Fields::new()
            .with("imsi", imsi)
            .with("msisdn", self.msisdn.clone())
            .with("apn", apn)
            .with("apns", Value::List(apns))
            .with("up", self.up)
            .with("down", self.down)
    }
}

/// The names of the access points; the first one is that of the profile's Context-Identifier.
fn names(profile: Avps<'_>) -> Vec<Text> {
    let usual = profile.get(avp::CONTEXT_IDENTIFIER).and_then(|own| own.u32());
    let mut named: Vec<(bool, Text)> = profile
        .all(avp::APN_CONFIGURATION)
        .filter_map(|own| {
            let inside = own.members();
            let number = inside.get(avp::CONTEXT_IDENTIFIER).and_then(|own| own.u32());
            Some((number != usual, inside.get(avp::SERVICE_SELECTION)?.text()?.into()))
        })
        .collect();
    named.sort_by_key(|own| own.0);
    named.into_iter().map(|own| own.1).collect()
}
