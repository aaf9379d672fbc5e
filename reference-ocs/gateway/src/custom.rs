//! The vendor's attributes of a request, collected in one walk: Cisco's voice VSAs and the pairs that
//! travel in Cisco-AVPair (ESI, custom attributes). It only reads; what a value means for charging is
//! decided by its reader.

use tollgate_radius::{Packet, Pair, cisco};

/// What a request says in Cisco's attributes. Of an attribute that stands several times the first
/// counts, but of the callback history the last (ESI, PortaBilling_CallbackHistory).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Custom<'a> {
    pub(crate) remote_address: Option<&'a str>,
    pub(crate) conf_id: Option<&'a str>,
    pub(crate) incoming_conf_id: Option<&'a str>,
    pub(crate) setup_time: Option<&'a str>,
    pub(crate) connect_time: Option<&'a str>,
    pub(crate) disconnect_time: Option<&'a str>,
    pub(crate) disconnect_cause: Option<&'a str>,
    pub(crate) call_origin: Option<&'a str>,
    pub(crate) call_type: Option<&'a str>,
    pub(crate) call_id: Option<&'a str>,
    pub(crate) voice_quality: Option<&'a str>,
    pub(crate) alerted_at: Option<&'a str>,
    /// `Used-Service-Unit`: pieces used, of services sold by the piece.
    pub(crate) used_units: Option<&'a str>,
    /// `PortaBilling_AccessCode`, or `ACCESSCODE` as one vendor spells it.
    pub(crate) access_code: Option<&'a str>,
    /// `PortaBilling_Original_CLD` or `PortaBilling_OriginalCLD`: the access number that was called.
    pub(crate) original_cld: Option<&'a str>,
    /// `PortaBilling_Original_DNIS`: stands in for Called-Station-Id.
    pub(crate) original_dnis: Option<&'a str>,
    pub(crate) auth_method: Option<&'a str>,
    pub(crate) ignore_password: bool,
    pub(crate) session: Option<&'a str>,
    pub(crate) service_type: Option<&'a str>,
    pub(crate) leg_type: Option<&'a str>,
    pub(crate) user_name: Option<&'a str>,
    /// Every `PortaBilling_Authorize`: the quotas that are asked for.
    pub(crate) authorize: Vec<&'a str>,
    /// Every `PortaOne-Charge`: orders for the charging of a report.
    pub(crate) charge: Vec<&'a str>,
    /// Every `PortaOne-Used-Resource`.
    pub(crate) used_resource: Vec<&'a str>,
    /// `PortaBilling_CallbackHistory`: how far a callback has come.
    pub(crate) callback_history: Option<&'a str>,
    /// `PortaBilling_Mod_ivrutil`: what an IVR wants beside a call.
    pub(crate) ivrutil: Option<&'a str>,
    /// `PortaBilling_RestoreCacheLevel`: how much of a request its session's later ones may take over.
    pub(crate) restore_cache_level: Option<&'a str>,
    /// `PortaBilling_Seed`: joins the requests of a call.
    pub(crate) seed: Option<&'a str>,
    pub(crate) service_features: Option<&'a str>,
    pub(crate) service_action: Option<&'a str>,
    /// `PortaBilling_SelectCode`: the routing plan that the caller chose.
    pub(crate) select_code: Option<&'a str>,
    /// `PortaBilling_SessionEnv`: the environment that an internal node asks for.
    pub(crate) session_env: Option<&'a str>,
    pub(crate) calling_party: Option<&'a str>,
}

impl<'a> Custom<'a> {
    /// Collects them.
    pub(crate) fn read(packet: &Packet<'a>) -> Self {
        let mut custom = Self::default();
        for own in packet.vendor(cisco::VENDOR) {
            let Ok(text) = std::str::from_utf8(own.value) else { continue };
            if own.number == cisco::AV_PAIR {
                custom.take_pair(Pair::parse(text));
            } else if let Some(name) = cisco::name(own.number) {
                let value = text.strip_prefix(name).and_then(|rest| rest.strip_prefix('=')).unwrap_or(text);
                custom.take(name, value);
            }
        }
        custom
    }

    fn take_pair(&mut self, pair: Pair<'a>) {
        match pair.name {
            "PortaBilling_Ignore_Password" => self.ignore_password = pair.value.eq_ignore_ascii_case("YES"),
            "PortaBilling_CallbackHistory" => self.callback_history = Some(pair.value.trim()),
            // Many gateways send a voice VSA as a pair of its name.
            name => self.take(name, pair.value),
        }
    }

    fn take(&mut self, name: &str, value: &'a str) {
        let place = match name {
            "PortaBilling_Authorize" => return self.authorize.push(value.trim()),
            "PortaOne-Charge" => return self.charge.push(value.trim()),
            "PortaOne-Used-Resource" => return self.used_resource.push(value.trim()),
            "h323-remote-address" => &mut self.remote_address,
            "h323-conf-id" => &mut self.conf_id,
            "h323-incoming-conf-id" => &mut self.incoming_conf_id,
            "h323-setup-time" => &mut self.setup_time,
            "h323-connect-time" => &mut self.connect_time,
            "h323-disconnect-time" => &mut self.disconnect_time,
            "h323-disconnect-cause" => &mut self.disconnect_cause,
            "h323-call-origin" => &mut self.call_origin,
            "h323-call-type" => &mut self.call_type,
            "call-id" => &mut self.call_id,
            "h323-voice-quality" => &mut self.voice_quality,
            "alert-timepoint" => &mut self.alerted_at,
            "Used-Service-Unit" => &mut self.used_units,
            "PortaBilling_AccessCode" | "ACCESSCODE" => &mut self.access_code,
            "PortaBilling_Original_CLD" | "PortaBilling_OriginalCLD" => &mut self.original_cld,
            "PortaBilling_Original_DNIS" => &mut self.original_dnis,
            "PortaBilling_AuthMethod" => &mut self.auth_method,
            "PortaBilling_Session" => &mut self.session,
            "PortaBilling_UserName" => &mut self.user_name,
            "PortaOne-Service-Type" => &mut self.service_type,
            "PortaOne-Leg-Type" => &mut self.leg_type,
            "PortaBilling_Mod_ivrutil" => &mut self.ivrutil,
            "PortaBilling_RestoreCacheLevel" => &mut self.restore_cache_level,
            "PortaBilling_Seed" => &mut self.seed,
            "PortaOne-Service-Features" => &mut self.service_features,
            "PortaOne-Service-Action" => &mut self.service_action,
            "PortaBilling_SelectCode" => &mut self.select_code,
            "PortaBilling_SessionEnv" => &mut self.session_env,
            "PortaOne-Calling-Party" => &mut self.calling_party,
            _ => return,
        };
        let value = value.trim();
        if place.is_none() && !value.is_empty() {
            *place = Some(value);
        }
    }
}

#[cfg(test)]
mod tests {
    use tollgate_radius::{Builder, Code};

    use super::*;

    fn with_pairs(texts: &[&str], check: impl FnOnce(Custom<'_>)) {
        let mut builder = Builder::new(Code::ACCESS_REQUEST, 1);
        for text in texts {
            builder.vsa(cisco::VENDOR, cisco::AV_PAIR, text.as_bytes()).unwrap();
        }
        let octets = builder.finish_access_request(&"x".into()).unwrap();
        check(Custom::read(&Packet::parse(&octets).unwrap()));
    }

    #[test]
    fn both_spellings_of_the_called_access_number_are_read() {
        for text in [
            "h323-ivr-out=PortaBilling_Original_CLD:6045551600",
            "h323-ivr-out=PortaBilling_OriginalCLD:6045551600",
            "h323-ivr-out=PortaBilling OriginalCLD:6045551600",
        ] {
            with_pairs(&[text], |custom| assert_eq!(custom.original_cld, Some("6045551600"), "{text}"));
        }
    }

    #[test]
    fn the_access_code_has_a_synonym() {
        with_pairs(&["h323-ivr-out=ACCESSCODE:6045551600"], |custom| {
            assert_eq!(custom.access_code, Some("6045551600"));
        });
    }

    #[test]
    fn the_first_of_several_counts_and_an_empty_one_does_not() {
        let texts = [
            "h323-ivr-out=PortaBilling_AccessCode:",
            "h323-ivr-out=PortaBilling_AccessCode:1",
            "h323-ivr-out=PortaBilling_AccessCode:2",
        ];
        with_pairs(&texts, |custom| assert_eq!(custom.access_code, Some("1")));
    }

    #[test]
    fn of_the_callback_history_the_last_counts() {
        let texts = ["START", "ATTEMPT", "OK"]
            .map(|step| format!("h323-ivr-out=PortaBilling_CallbackHistory:{step}"));
        let texts = texts.each_ref().map(String::as_str);
        with_pairs(&texts, |custom| assert_eq!(custom.callback_history, Some("OK")));
        with_pairs(&texts[..2], |custom| assert_eq!(custom.callback_history, Some("ATTEMPT")));
    }

    #[test]
    fn a_voice_attribute_may_travel_as_a_pair() {
        with_pairs(&["h323-incoming-conf-id=39AE126B CD4D11DB", "call-id=a@h"], |custom| {
            assert_eq!(custom.incoming_conf_id, Some("39AE126B CD4D11DB"));
            assert_eq!(custom.call_id, Some("a@h"));
        });
    }
}
