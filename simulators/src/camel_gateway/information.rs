//! Service-Information as the charging system wants it (TS 32.299; ESI, Diameter Ro).

use tollgate_wire::{Fields, Value};

use super::parties::{Parties, Role};

fn group(fields: Fields) -> Value {
    Value::Group(fields)
}

/// SM-Message-Type DELIVERY (TS 32.299 release 13).
const DELIVERY: u32 = 3;

/// Of a call.
pub(super) fn of_call(parties: &Parties) -> Fields {
    let mut own = Fields::new();
    match parties.role {
        // The examples of ESI leave the usual role out.
        Role::Originating => {}
        Role::Terminating => own.push("Role-Of-Node", "TERMINATING_ROLE"),
        Role::Forwarding => own.push("Role-Of-Node", "PROXY_ROLE"),
    }
    own.push("Node-Functionality", "S-CSCF");
    if let Some(caller) = &parties.caller {
        own.push("Calling-Party-Address", caller.as_str());
    }
    own.push("Called-Party-Address", parties.called.as_str());
    let event = if parties.role == Role::Terminating { "MT" } else { "MO" };
    own.push("Event-Type", group(Fields::new().with("Event", event)));
    Fields::new().with("Service-Information", group(Fields::new().with("IMS-Information", group(own))))
}

fn address(number: &str) -> Value {
    group(Fields::new().with("Address-Type", "MSISDN").with("Address-Data", number))
}

fn message(own: Fields) -> Fields {
    Fields::new().with("Service-Information", group(Fields::new().with("SMS-Information", group(own))))
}

/// Of a short message whose unit is reserved.
pub(super) fn of_reserved_message(parties: &Parties) -> Fields {
    let mut own = Fields::new();
    let recipient = Fields::new().with("Recipient-Address", address(&parties.called));
    own.push("Recipient-Info", group(recipient));
    own.push("SMS-Node", "SMS-SC");
    if let Some(caller) = &parties.caller {
        own.push("Originator-Received-Address", address(caller));
    }
    if parties.role == Role::Terminating {
        own.push("SM-Message-Type", DELIVERY);
    }
    message(own)
}

/// Of a short message that is charged at once.
pub(super) fn of_debited_message(parties: &Parties, smsc: Option<&str>) -> Fields {
    let interface = |kind: &'static str| group(Fields::new().with("Interface-Type", kind));
    let mut own = Fields::new();
    if let Some(caller) = &parties.caller {
        own.push("Originator-SCCP-Address", format!("tel:{caller}").as_str());
        // Without it the charging system does not know whom the message comes from.
        own.push("Originator-Received-Address", address(caller));
    }
    own.push("Destination-Interface", interface("MOBILE_TERMINATING"));
    own.push("Originator-Interface", interface("MOBILE_ORIGINATING"));
    own.push("SMS-Node", "SMS_ROUTER");
    if let Some(smsc) = smsc {
        own.push("SMSC-Address", format!("tel:{smsc}").as_str());
    }
    match parties.role {
        Role::Terminating => own.push("SM-Message-Type", DELIVERY),
        _ => own.push("SM-Message-Type", "SUBMISSION"),
    }
    let recipient = Fields::new()
        .with("Recipient-Received-Address", address(&parties.called))
        .with("Recipient-Address", address(&parties.called));
    own.push("Recipient-Info", group(recipient));
    message(own)
}

#[cfg(test)]
mod tests {
    use tollgate_diameter::{Builder, Header, Message};

    use super::*;

    #[test]
    fn every_field_is_one_of_the_dictionary_and_reads_back() {
        for role in [Role::Originating, Role::Terminating, Role::Forwarding] {
            let parties = Parties {
                role,
                subscriber: "380630000001".to_owned(),
                imsi: None,
                caller: Some("380630000001".to_owned()),
                called: "380938508705".to_owned(),
            };
            for own in [
                of_call(&parties),
                of_reserved_message(&parties),
                of_debited_message(&parties, Some("380630000999")),
            ] {
                let mut builder = Builder::new(Header::request(272, 4));
                builder.fields(&own).unwrap();
                let octets = builder.finish().unwrap();
                assert_eq!(Message::parse(&octets).unwrap().fields().len(), 1, "{own:?}");
            }
        }
    }
}
