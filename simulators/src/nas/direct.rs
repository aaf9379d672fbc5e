//! Requests without a call: the login or authorization of a SIP user, and messages that concern no user.

use std::net::IpAddr;

use tollgate_network::{Action, ActionError};
use tollgate_radius::digest::{Numbering, Parameters};
use tollgate_radius::{Builder, Code, EncodeError, attribute, cisco};
use tollgate_wire::{Fields, Text, Value};

use super::messages;
use super::office::Office;
use super::settings::Settings;
use crate::apart::Apart;
use crate::radius_client::{Head, Service};

/// A request without a call.
#[derive(Debug)]
pub(super) enum Direct {
    /// One Access-Request about a user.
    Login(Login),
    /// A message that concerns no user.
    Apart(Apart),
}

/// How the password of a login travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Method {
    Pap,
    Chap,
    Digest(Numbering),
}

#[derive(Debug)]
pub(super) struct Login {
    user: Text,
    password: Text,
    method: Method,
    called: Option<Text>,
    calling: Option<Text>,
    conf_id: Text,
    realm: Text,
    uri: Text,
    sip_method: Text,
    nonce: Text,
    response: Text,
    with: Fields,
}

const CHAP_ID: u8 = 1;

impl Direct {
    /// Reads the verb `login`.
    pub(super) fn login(action: &Action, office: &mut Office) -> Result<Self, ActionError> {
        let method = match action.text("method")? {
            "chap" => Method::Chap,
            "digest" => Method::Digest(Numbering::Rfc5090),
            "digest-legacy" => Method::Digest(Numbering::Sterman),
            _ => Method::Pap,
        };
        let kept = |name| action.opt_text(name).map(Text::from);
        let realm = kept("realm").unwrap_or_else(|| Text::from(office.settings.address.to_string()));
        let uri = kept("uri").unwrap_or_else(|| Text::from(format!("sip:{realm}")));
        let with = match action.args.get("with") {
            Some(Value::Group(fields)) => fields.clone(),
            _ => Fields::new(),
        };
        let mut login = Login {
            user: action.text("user")?.into(),
            password: action.text("password")?.into(),
            method,
            called: kept("called"),
            calling: kept("calling"),
            conf_id: kept("conf-id").unwrap_or_else(|| office.draw_conf_id()),
            realm,
            uri,
            sip_method: action.text("sip-method")?.into(),
            nonce: kept("nonce").unwrap_or_else(|| office.draw_nonce()),
            response: Text::default(),
            with,
        };
        login.response = match kept("response") {
            Some(response) => response,
            None => login.compute_response()?,
        };
        Ok(Self::Login(login))
    }

    /// What kind of request it is meant to be.
    pub(super) fn code(&self) -> Code {
        match self {
            Self::Login(_) => Code::ACCESS_REQUEST,
            Self::Apart(apart) => apart.code(),
        }
    }

    /// Where it goes.
    pub(super) fn service(&self) -> Service {
        match self {
            Self::Login(_) => Service::Access,
            Self::Apart(apart) => apart.service(),
        }
    }

    /// Whether it is sent again when no answer comes.
    pub(super) fn is_persistent(&self) -> bool {
        match self {
            Self::Login(_) => true,
            Self::Apart(apart) => apart.is_persistent(),
        }
    }

    /// The octets.
    pub(super) fn write(&self, settings: &Settings, head: &Head<'_>) -> Result<Vec<u8>, EncodeError> {
        match self {
            Self::Login(login) => login.write(settings, head),
            Self::Apart(apart) => apart.write(head),
        }
    }
}

impl Login {
    fn digest(&self) -> Parameters<'_> {
        Parameters {
            username: &self.user,
            realm: &self.realm,
            nonce: &self.nonce,
            method: &self.sip_method,
            uri: &self.uri,
            algorithm: Some("MD5"),
            ..Parameters::default()
        }
    }

    fn compute_response(&self) -> Result<Text, ActionError> {
        match self.method {
            Method::Digest(_) => {
                let response = self.digest().response(self.password.as_bytes());
                response.map(Text::from).map_err(|error| ActionError::Impossible(error.to_string()))
            }
            Method::Pap | Method::Chap => Ok(Text::default()),
        }
    }

    fn write(&self, settings: &Settings, head: &Head<'_>) -> Result<Vec<u8>, EncodeError> {
        let mut builder = Builder::new(Code::ACCESS_REQUEST, head.identifier);
        builder.authenticator(&head.authenticator);
        let own = |name: &str| self.with.get(name).is_none();
        if settings.message_authenticator && own("Message-Authenticator") {
            builder.message_authenticator()?;
        }
        match settings.address {
            IpAddr::V4(address) if own("NAS-IP-Address") => {
                builder.ipv4(attribute::NAS_IP_ADDRESS, address)?;
            }
            _ => {}
        }
        if own("NAS-Identifier") {
            messages::optional(&mut builder, attribute::NAS_IDENTIFIER, settings.identifier.as_deref())?;
        }
        if own("User-Name") {
            builder.text(attribute::USER_NAME, &self.user)?;
        }
        if own("Called-Station-Id") {
            messages::optional(&mut builder, attribute::CALLED_STATION_ID, self.called.as_deref())?;
        }
        if own("Calling-Station-Id") {
            messages::optional(&mut builder, attribute::CALLING_STATION_ID, self.calling.as_deref())?;
        }
        if own("h323-conf-id") {
            builder.cisco(cisco::H323_CONF_ID, &self.conf_id)?;
        }
        match self.method {
            Method::Pap if own("User-Password") => {
                builder.user_password(head.secret, self.password.as_bytes())?;
            }
            Method::Chap if own("CHAP-Password") => builder.chap(CHAP_ID, self.password.as_bytes())?,
            Method::Digest(numbering) => builder.digest(numbering, &self.digest(), &self.response)?,
            Method::Pap | Method::Chap => {}
        }
        builder.fields(&self.with)?;
        builder.finish_access_request(head.secret)
    }
}
