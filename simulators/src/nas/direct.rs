//! Requests without a call: the login or authorization of a SIP user, and messages field by field.

use std::net::IpAddr;

use tollgate_network::{Action, ActionError};
use tollgate_radius::digest::{Numbering, Parameters};
use tollgate_radius::raw::Corruption;
use tollgate_radius::{Builder, Code, EncodeError, Secret, attribute, cisco, sign};
use tollgate_wire::{Fields, Text, Value};

use super::messages;
use super::office::Office;
use super::settings::Settings;
use crate::radius_client::{Head, Service};

/// A request without a call.
#[derive(Debug)]
pub(super) enum Direct {
    /// One Access-Request about a user.
    Login(Login),
    /// A message as it was spelt out.
    Spelt(Spelt),
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

#[derive(Debug)]
pub(super) struct Spelt {
    code: Code,
    fields: Fields,
    corruptions: Vec<Corruption>,
    /// Whether the message is signed anew after it was broken.
    sign_anew: bool,
    secret: Option<Secret>,
    retransmit: bool,
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

    /// Reads the verb `send`.
    pub(super) fn spelt(action: &Action) -> Result<Self, ActionError> {
        let code = Code::named(action.text("message")?)
            .ok_or_else(|| ActionError::BadArgument("message".to_owned()))?;
        let fields = match action.args.get("with") {
            Some(Value::Group(fields)) => fields.clone(),
            _ => Fields::new(),
        };
        let words: &[Value] = match action.args.get("corrupt") {
            None => &[],
            Some(Value::List(words)) => words,
            Some(word) => std::slice::from_ref(word),
        };
        let read = |word: &Value| {
            let text = word.as_text().ok_or_else(|| ActionError::BadArgument("corrupt".to_owned()))?;
            text.parse::<Corruption>().map_err(|error| ActionError::Impossible(error.to_string()))
        };
        let corruptions = words.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        let retransmit = match action.args.get("retransmit") {
            Some(Value::Flag(flag)) => *flag,
            _ => corruptions.is_empty(),
        };
        Ok(Self::Spelt(Spelt {
            code,
            fields,
            corruptions,
            sign_anew: action.flag("sign-anew"),
            secret: action.opt_text("secret").map(Secret::from),
            retransmit,
        }))
    }

    /// What kind of request it is meant to be.
    pub(super) const fn code(&self) -> Code {
        match self {
            Self::Login(_) => Code::ACCESS_REQUEST,
            Self::Spelt(spelt) => spelt.code,
        }
    }

    /// Where it goes. A Status-Server asks after the access port (RFC 5997 section 3).
    pub(super) const fn service(&self) -> Service {
        match self.code() {
            Code::ACCOUNTING_REQUEST => Service::Accounting,
            _ => Service::Access,
        }
    }

    /// Whether it is sent again when no answer comes.
    pub(super) const fn is_persistent(&self) -> bool {
        match self {
            Self::Login(_) => true,
            Self::Spelt(spelt) => spelt.retransmit,
        }
    }

    /// The octets.
    pub(super) fn write(&self, settings: &Settings, head: &Head<'_>) -> Result<Vec<u8>, EncodeError> {
        match self {
            Self::Login(login) => login.write(settings, head),
            Self::Spelt(spelt) => spelt.write(head),
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

impl Spelt {
    fn write(&self, head: &Head<'_>) -> Result<Vec<u8>, EncodeError> {
        let secret = self.secret.as_ref().unwrap_or(head.secret);
        let mut builder = Builder::new(self.code, head.identifier);
        if self.code.has_random_authenticator() {
            builder.authenticator(&head.authenticator);
        }
        builder.fields(&self.fields)?;
        let mut packet = builder.finish_request(secret)?;
        for corruption in &self.corruptions {
            corruption.apply(&mut packet);
        }
        if self.sign_anew {
            sign::request(&mut packet, secret);
        }
        Ok(packet)
    }
}
