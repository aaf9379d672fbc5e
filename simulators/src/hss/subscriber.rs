//! One subscriber: identities, what the subscription has, and where he is.

use std::collections::BTreeMap;

use tollgate_network::{Action, ActionError, SetupError};
use tollgate_wire::{Fields, Text, Value};

use super::digits::tbcd_octets;

/// A subscriber.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Subscriber {
    pub(super) imsi: Text,
    /// Digits.
    pub(super) msisdn: Text,
    /// The access points, the usual one first.
    pub(super) apns: Vec<Text>,
    /// Bit/s of all access points together, up and down.
    pub(super) ambr: (u32, u32),
    pub(super) barred: bool,
    /// Whether he may use the networks of others.
    pub(super) roams: bool,
    /// Whether the subscription has mobile data.
    pub(super) has_data: bool,
    /// The MME that he is with.
    pub(super) place: Option<Place>,
    /// The call control that serves him.
    pub(super) call_control: Option<Text>,
    /// The gateways that he uses, by access point.
    pub(super) gateways: BTreeMap<Text, Text>,
    /// Vectors made so far.
    pub(super) vectors: u64,
}

/// Where a subscriber is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    /// Origin-Host and Origin-Realm of the MME.
    pub(super) host: Text,
    pub(super) realm: Text,
    /// The neighbour by which it is reached.
    pub(super) through: Text,
}

/// 50 Mbit/s up, 100 Mbit/s down.
const AMBR: (u32, u32) = (50_000_000, 100_000_000);
/// The access point of who names none.
const APN: &str = "internet";
/// The longest IMSI (TS 23.003 section 2.2).
const IMSI_MAX: usize = 15;

impl Subscriber {
    fn new(imsi: &str, msisdn: &str) -> Result<Self, String> {
        let digits = |text: &str| {
            !text.is_empty() && text.len() <= IMSI_MAX && text.bytes().all(|own| own.is_ascii_digit())
        };
        if !digits(imsi) || imsi.len() < 6 {
            return Err(format!("'{imsi}' is no IMSI: it has 6 to 15 digits"));
        }
        if !digits(msisdn) {
            return Err(format!("'{msisdn}' is no MSISDN: it has up to 15 digits"));
        }
        Ok(Self {
            imsi: imsi.into(),
            msisdn: msisdn.into(),
            apns: vec![APN.into()],
            ambr: AMBR,
            barred: false,
            roams: true,
            has_data: true,
            place: None,
            call_control: None,
            gateways: BTreeMap::new(),
            vectors: 0,
        })
    }

    /// Reads `<IMSI> <MSISDN>` with `apn=a,b`, `up=<bit/s>`, `down=<bit/s>`, `barred`, `home-only`, `no-data` behind it.
    pub(super) fn read(text: &str) -> Result<Self, SetupError> {
        let wrong = |why: String| SetupError(format!("subscriber '{text}': {why}"));
        let mut words = text.split_whitespace();
        let (Some(imsi), Some(msisdn)) = (words.next(), words.next()) else {
            return Err(wrong("IMSI and MSISDN are needed".to_owned()));
        };
        let mut own = Self::new(imsi, msisdn).map_err(wrong)?;
        for word in words {
            let bits =
                |text: &str| text.parse().map_err(|_| wrong(format!("'{word}' has no number of bit/s")));
            match word.split_once('=') {
                Some(("apn", names)) => own.apns = names.split(',').map(Text::from).collect(),
                Some(("up", rate)) => own.ambr.0 = bits(rate)?,
                Some(("down", rate)) => own.ambr.1 = bits(rate)?,
                None if word == "barred" => own.barred = true,
                None if word == "home-only" => own.roams = false,
                None if word == "no-data" => own.has_data = false,
                _ => return Err(wrong(format!("'{word}' is not known"))),
            }
        }
        if own.apns.iter().any(Text::is_empty) {
            return Err(wrong("an access point has no name".to_owned()));
        }
        Ok(own)
    }

    /// The subscriber that the verb `provision` describes.
    pub(super) fn provisioned(action: &Action) -> Result<Self, ActionError> {
        let own = Self::new(action.text("imsi")?, action.text("msisdn")?).map_err(ActionError::Impossible)?;
        own.changed(action)
    }

    /// The same with what the arguments of an action change.
    pub(super) fn changed(&self, action: &Action) -> Result<Self, ActionError> {
        let mut own = self.clone();
        if let Some(msisdn) = action.opt_text("msisdn") {
            own.msisdn = Self::new(&own.imsi, msisdn).map_err(ActionError::Impossible)?.msisdn;
        }
        if let Some(Value::List(names)) = action.args.get("apns") {
            own.apns = names.iter().filter_map(Value::as_text).map(Text::from).collect();
            if own.apns.is_empty() || own.apns.iter().any(Text::is_empty) {
                return Err(ActionError::BadArgument("apns".to_owned()));
            }
        }
        let bits = |name: &str, old: u32| match action.opt_integer(name) {
            Some(rate) => u32::try_from(rate).map_err(|_| ActionError::BadArgument(name.to_owned())),
            None => Ok(old),
        };
        own.ambr = (bits("up", own.ambr.0)?, bits("down", own.ambr.1)?);
        for (name, flag) in
            [("roaming", &mut own.roams), ("data", &mut own.has_data), ("barred", &mut own.barred)]
        {
            if let Some(Value::Flag(wanted)) = action.args.get(name) {
                *flag = *wanted;
            }
        }
        Ok(own)
    }

    /// Subscription-Data (TS 29.272 section 7.3.2).
    pub(super) fn data(&self) -> Fields {
        let qos = Fields::new()
            .with("QoS-Class-Identifier", "QCI_9")
            .with("Allocation-Retention-Priority", Value::Group(Fields::new().with("Priority-Level", 8_u32)));
        let mut profile = Fields::new()
            .with("Context-Identifier", 1_u32)
            .with("All-APN-Configurations-Included-Indicator", "ALL_APN_CONFIGURATIONS_INCLUDED");
        for (number, apn) in (1_u32..).zip(&self.apns) {
            let configuration = Fields::new()
                .with("Context-Identifier", number)
                .with("PDN-Type", "IPv4")
                .with("Service-Selection", apn.clone())
                .with("EPS-Subscribed-QoS-Profile", Value::Group(qos.clone()));
            profile.push("APN-Configuration", Value::Group(configuration));
        }
        let ambr = Fields::new()
            .with("Max-Requested-Bandwidth-UL", self.ambr.0)
            .with("Max-Requested-Bandwidth-DL", self.ambr.1);
        let status = if self.barred { "OPERATOR_DETERMINED_BARRING" } else { "SERVICE_GRANTED" };
        Fields::new()
            .with("Subscriber-Status", status)
            .with("MSISDN", Value::Bytes(tbcd_octets(&self.msisdn).into()))
            .with("Network-Access-Mode", "ONLY_PACKET")
            .with("AMBR", Value::Group(ambr))
            .with("APN-Configuration-Profile", Value::Group(profile))
    }

    /// Whether an identity of Cx is his: `<IMSI>@…`, `sip:+<MSISDN>@…`, `tel:+<MSISDN>`.
    pub(super) fn is_called(&self, identity: &str) -> bool {
        let bare = identity.split_once(':').map_or(identity, |(_, rest)| rest);
        let user = bare.split_once('@').map_or(bare, |(user, _)| user);
        user == self.imsi || user.trim_start_matches('+') == self.msisdn
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_read_word_by_word() {
        let own = Subscriber::read("255070000000001 380630000001 apn=internet,ims up=1000 home-only barred")
            .unwrap();
        assert_eq!((own.apns.len(), own.ambr, own.roams, own.barred), (2, (1_000, 100_000_000), false, true));
        for wrong in [
            "",
            "255070000000001",
            "2550x 1",
            "255070000000001 38063 fast",
            "255070000000001 1 up=x",
            "255070000000001 1 apn=a,,b",
        ] {
            assert!(Subscriber::read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn every_way_to_write_an_identity_is_known() {
        let own = Subscriber::read("255070000000001 380630000001").unwrap();
        for identity in
            ["255070000000001@ims.example.com", "sip:+380630000001@ims.example.com", "tel:+380630000001"]
        {
            assert!(own.is_called(identity), "{identity}");
        }
        assert!(!own.is_called("sip:+380630000002@ims.example.com"));
    }
}
