//! What a request says of the session that it is about: PS-Information (TS 32.299 section 7.2.158).

use std::net::{IpAddr, Ipv4Addr};

use tollgate_diameter::{Builder, avp};
use tollgate_wire::Text;

use super::settings::Settings;

/// What may change while a session lasts, with its Trigger-Type (TS 32.299 section 7.2.235).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Change {
    Sgsn,
    Qos,
    Location,
    Rat,
    Timezone,
}

impl Change {
    pub(super) const fn trigger(self) -> u32 {
        match self {
            Self::Sgsn => 1,
            Self::Qos => 2,
            Self::Location => 3,
            Self::Rat => 4,
            Self::Timezone => 5,
        }
    }
}

/// Radio access technologies by name, with the octet of 3GPP-RAT-Type (TS 29.061 section 16.4.7.2).
const RATS: &[(&str, u8)] =
    &[("UTRAN", 1), ("GERAN", 2), ("WLAN", 3), ("HSPA", 5), ("EUTRAN", 6), ("NB-IoT", 8), ("NR", 51)];
/// Their names, for a table.
pub(super) const RAT_NAMES: &[&str] = &["UTRAN", "GERAN", "WLAN", "HSPA", "EUTRAN", "NB-IoT", "NR"];

/// What a session is and where its user is.
#[derive(Debug, Clone)]
pub(super) struct Information {
    pub(super) charging_id: u32,
    pub(super) address: Ipv4Addr,
    pub(super) apn: Text,
    pub(super) sgsn: IpAddr,
    pub(super) rat: Text,
    /// Octets of 3GPP-User-Location-Info.
    pub(super) location: Vec<u8>,
    /// 3GPP-GPRS-Negotiated-QoS-Profile.
    pub(super) qos: Text,
    /// Octet of 3GPP-MS-TimeZone: quarters of an hour, and daylight saving time.
    pub(super) timezone: Option<u8>,
    pub(super) charging_characteristics: Text,
}

impl Information {
    pub(super) fn write(&self, builder: &mut Builder, settings: &Settings) {
        builder.group(avp::SERVICE_INFORMATION, |own| {
            own.group(avp::PS_INFORMATION, |own| self.write_ps(own, settings));
        });
    }

    fn write_ps(&self, own: &mut Builder, settings: &Settings) {
        own.octets(avp::TGPP_CHARGING_ID, &self.charging_id.to_be_bytes());
        // IPv4 (TS 29.061 section 16.4.7.2).
        own.u32(avp::TGPP_PDP_TYPE, 0);
        own.address(avp::PDP_ADDRESS, IpAddr::V4(self.address));
        if !self.qos.is_empty() {
            own.text(avp::TGPP_GPRS_NEGOTIATED_QOS_PROFILE, &self.qos);
        }
        own.address(avp::SGSN_ADDRESS, self.sgsn);
        own.address(avp::GGSN_ADDRESS, settings.address);
        own.text(avp::TGPP_IMSI_MCC_MNC, &settings.plmn);
        own.text(avp::TGPP_GGSN_MCC_MNC, &settings.plmn);
        own.text(avp::TGPP_NSAPI, "5");
        own.text(avp::CALLED_STATION_ID, &self.apn);
        own.text(avp::TGPP_SELECTION_MODE, "0");
        own.text(avp::TGPP_CHARGING_CHARACTERISTICS, &self.charging_characteristics);
        if let Some(quarters) = self.timezone {
            own.octets(avp::TGPP_MS_TIMEZONE, &[quarters, 0]);
        }
        if !self.location.is_empty() {
            own.octets(avp::TGPP_USER_LOCATION_INFO, &self.location);
        }
        if let Some((_, number)) = RATS.iter().find(|(name, _)| *name == self.rat.as_str()) {
            own.octets(avp::TGPP_RAT_TYPE, &[*number]);
        }
    }
}

/// Octets of hexadecimal digits, with or without `0x`.
pub(super) fn octets_of(text: &str) -> Option<Vec<u8>> {
    let digits = text.strip_prefix("0x").unwrap_or(text);
    let even = digits.len().is_multiple_of(2) && digits.is_ascii();
    let pair = |at: usize| u8::from_str_radix(digits.get(at..at + 2)?, 16).ok();
    if even { (0..digits.len()).step_by(2).map(pair).collect() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_technology_in_the_table_has_its_octet() {
        assert!(RAT_NAMES.iter().eq(RATS.iter().map(|(name, _)| name)));
    }

    #[test]
    fn locations_are_read_from_hexadecimal_digits() {
        assert_eq!(octets_of("0x8252f010"), Some(vec![0x82, 0x52, 0xf0, 0x10]));
        assert_eq!((octets_of("825"), octets_of("8z"), octets_of("éa")), (None, None, None));
    }
}
