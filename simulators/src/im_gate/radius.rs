//! What the element for text messages asks the charging system: whether the sender is who he says (ESI, SIP MESSAGE).

use std::net::IpAddr;

use tollgate_radius::digest::Parameters;
use tollgate_radius::{Builder, Code, EncodeError, attribute};
use tollgate_sip::transaction::TransactionId;

use super::settings::Settings;
use crate::radius_client::Head;
use crate::sip::Received;

/// A message whose sender is being judged.
#[derive(Debug)]
pub(super) struct Query {
    pub(super) transaction: TransactionId,
    pub(super) request: Received,
}

/// Writes the Access-Request of a message. The recipient is no Called-Station-Id: nothing is asked of a price.
pub(super) fn write(settings: &Settings, query: &Query, head: &Head<'_>) -> Result<Vec<u8>, EncodeError> {
    let mut builder = Builder::new(Code::ACCESS_REQUEST, head.identifier);
    builder.authenticator(&head.authenticator);
    if settings.message_authenticator {
        builder.message_authenticator()?;
    }
    if let IpAddr::V4(address) = settings.client.address {
        builder.ipv4(attribute::NAS_IP_ADDRESS, address)?;
    }
    if let Some(identifier) = &settings.identifier {
        builder.text(attribute::NAS_IDENTIFIER, identifier)?;
    }
    let Some(message) = query.request.message() else { return builder.finish_access_request(head.secret) };
    let answer = message.auths("Authorization").filter_map(Result::ok).find(|own| own.is_digest());
    if let Some(answer) = answer {
        let text = |name: &str| answer.get(name).unwrap_or_default();
        let optional = |name: &str| answer.get(name).filter(|value| !value.is_empty());
        let (username, realm, nonce) = (text("username"), text("realm"), text("nonce"));
        let (uri, response) = (text("uri"), text("response"));
        let (qop, algorithm) = (optional("qop"), optional("algorithm"));
        let (cnonce, count) = (optional("cnonce"), optional("nc"));
        builder.text(attribute::USER_NAME, &username)?;
        let parameters = Parameters {
            username: &username,
            realm: &realm,
            nonce: &nonce,
            method: message.method().map_or("", |method| method.0),
            uri: &uri,
            qop: qop.as_deref(),
            algorithm: algorithm.as_deref(),
            cnonce: cnonce.as_deref(),
            nonce_count: count.as_deref(),
            ..Parameters::default()
        };
        builder.digest(settings.numbering, &parameters, &response)?;
    }
    let sender = message.from().ok().and_then(|from| from.uri.user_plain().map(std::borrow::Cow::into_owned));
    if let Some(sender) = sender.filter(|own| !own.is_empty()) {
        builder.text(attribute::CALLING_STATION_ID, &sender)?;
    }
    builder.ivr_out("PortaBilling_AuthMethod", "MESSAGE")?;
    builder.ivr_out("PortaBilling_Session", "ignore")?;
    builder.finish_access_request(head.secret)
}
