//! From a request to what does it: who speaks, which method, what it answers.

use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::{Value as Json, json};
use tollgate_http::{Bytes, Method, Request, Response, StatusCode};
use tollgate_ocs_core::{Admin, Answer, Command, Refusal};
use tollgate_time::Instant;

use super::fault::{Fault, answer};
use super::sessions::Who;
use crate::node::RadiusGateway;

/// What every request brings.
#[derive(Deserialize)]
struct Envelope<P> {
    #[serde(default)]
    auth_info: Option<AuthInfo>,
    #[serde(default = "Option::default")]
    params: Option<P>,
}

#[derive(Deserialize)]
struct AuthInfo {
    #[serde(default)]
    session_id: Option<String>,
}

#[derive(Deserialize)]
struct Login {
    login: String,
    #[serde(default)]
    password: String,
}

/// What a method is done with.
pub(super) enum Failure {
    /// It is refused.
    Fault(Fault),
    /// What it promises cannot be stored: nothing is answered.
    Unstored,
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

/// The body of an answer, or why there is none.
pub(super) type Done = Result<Bytes, Failure>;

/// The parameters of a request.
pub(super) fn parameters<P: DeserializeOwned>(body: &[u8]) -> Result<P, Fault> {
    let envelope: Envelope<P> = read(body)?;
    match envelope.params {
        Some(params) => Ok(params),
        // All of a method's parameters may be left out, and these with them.
        None => serde_json::from_value(json!({})).map_err(Fault::parameters),
    }
}

fn read<P: DeserializeOwned>(body: &[u8]) -> Result<Envelope<P>, Fault> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(Envelope { auth_info: None, params: None });
    }
    serde_json::from_slice(body)
        .map_err(|error| Fault::parameters(format!("the body cannot be read: {error}")))
}

pub(super) fn body(json: &Json) -> Bytes {
    Bytes::from(json.to_string())
}

impl RadiusGateway {
    /// The answer to a request, and the login by which it was made; `None` when it cannot be stored.
    pub(super) fn route_api(
        &mut self,
        now: Instant,
        request: &Request<Bytes>,
    ) -> Option<(Response<Bytes>, Option<String>)> {
        let (path, octets) = (request.uri().path(), request.body());
        let wrong_method = || {
            let text = format!("{} is not understood; use POST", request.method());
            Fault::new(StatusCode::METHOD_NOT_ALLOWED, "Server.Method", text)
        };
        let method = match (path.strip_prefix("/rest/"), request.method()) {
            (None, _) => {
                let text = format!("there is no '{path}'; methods are at /rest/<Service>/<method>");
                return Some((Fault::unknown(text).answer(), None));
            }
            (Some(_), method) if *method != Method::POST => return Some((wrong_method().answer(), None)),
            (Some(method), _) => method,
        };
        if method == "Session/login" {
            return Some(match self.api_login(now, octets) {
                Ok((body, login)) => (answer(StatusCode::OK, body), Some(login)),
                Err(fault) => (fault.answer(), None),
            });
        }
        let (who, session) = match self.api_session(now, request) {
            Ok(known) => known,
            Err(fault) => return Some((fault.answer(), None)),
        };
        let login = self.api.as_ref().and_then(|face| face.sessions.login(&session)).map(str::to_owned);
        let done = match method {
            "Session/logout" => Ok(self.api_logout(&session)),
            "Session/ping" => Ok(body(&json!({ "i_env": self.ocs().env().number() }))),
            _ => match method.strip_prefix("v1/Migration/") {
                Some(order) if who == Who::Administrator => self.migration_method(now, order, octets),
                Some(_) => Err(forbidden(method).into()),
                None => self.api_method(now, &who, method, octets),
            },
        };
        match done {
            Ok(body) => Some((answer(StatusCode::OK, body), login)),
            Err(Failure::Fault(fault)) => Some((fault.answer(), login)),
            Err(Failure::Unstored) => None,
        }
    }

    fn api_method(&mut self, now: Instant, who: &Who, method: &str, octets: &[u8]) -> Done {
        match (method, who) {
            ("Account/get_account_info", _) => Ok(self.account_info(who, octets)?),
            ("Account/get_xdr_list", _) => Ok(self.xdr_list(who, octets)?),
            ("Customer/get_customer_info", _) => Ok(self.customer_info(who, octets)?),
            ("Customer/get_customer_list", Who::Administrator) => Ok(self.customer_list(octets)?),
            ("Account/get_account_list", Who::Administrator) => Ok(self.account_list(octets)?),
            ("Product/get_product_list", Who::Administrator) => Ok(self.product_list(octets)?),
            ("Account/update_account", Who::Administrator) => self.update_account(now, octets),
            ("Account/terminate_account", Who::Administrator) => self.terminate_account(now, octets),
            ("Account/make_transaction", Who::Administrator) => self.account_transaction(now, octets),
            ("Customer/update_customer", Who::Administrator) => self.update_customer(now, octets),
            ("Customer/make_transaction", Who::Administrator) => self.customer_transaction(now, octets),
            ("NumberPorting/port_out", Who::Administrator) => self.port_out(now, octets),
            ("NumberPorting/port_out_confirmed", Who::Administrator) => self.ported_out(octets),
            ("NumberPorting/port_in", Who::Administrator) => self.port_in(octets),
            ("NumberPorting/port_in_confirmed", Who::Administrator) => self.ported_in(now, octets),
            (_, Who::Account(_)) => Err(forbidden(method).into()),
            _ => Err(Fault::unknown(format!("there is no method '{method}'")).into()),
        }
    }

    fn api_login(&mut self, now: Instant, octets: &[u8]) -> Result<(Bytes, String), Fault> {
        let Login { login, password } = parameters(octets)?;
        let refused =
            || Fault::new(StatusCode::UNAUTHORIZED, "Server.Session.auth_failed", "wrong login or password");
        let (seed, env) = (self.config.seed, self.ocs().env().number());
        let account = self.ocs().account(&login).map(|own| (own.number(), own.customer().to_owned()));
        let known = account.as_ref().and_then(|_| self.ocs().password(&login));
        let is_accounts = known.is_some_and(|known| known == password);
        let exported = account.as_ref().is_some_and(|(_, customer)| {
            self.ocs().customer(customer).is_some_and(|customer| customer.is_exported())
        });
        let Some(face) = &mut self.api else { return Err(refused()) };
        let is_user = face.config.users.iter().any(|user| user.login == login && user.password == password);
        let who = match account {
            _ if is_user => Who::Administrator,
            Some(_) if is_accounts && exported => {
                let text = "the account's customer is served by another system";
                return Err(Fault::conflict("Server.Session.customer_exported", text));
            }
            Some((account, _)) if is_accounts => Who::Account(account),
            _ => return Err(refused()),
        };
        let mut answer = json!({ "i_env": env });
        if let Who::Account(account) = &who {
            answer["i_account"] = json!(account.number());
        }
        answer["session_id"] = json!(face.sessions.begin(now, seed, who, login.as_str().into()));
        Ok((body(&answer), login))
    }

    fn api_logout(&mut self, session: &str) -> Bytes {
        let ended = self.api.as_mut().is_some_and(|face| face.sessions.end(session));
        body(&json!({ "success": u8::from(ended) }))
    }

    /// Who makes a request: by the session in its body, or in its Authorization.
    fn api_session(&mut self, now: Instant, request: &Request<Bytes>) -> Result<(Who, String), Fault> {
        let envelope: Envelope<IgnoredAny> = read(request.body())?;
        let bearer = request.headers().get(tollgate_http::header::AUTHORIZATION);
        let bearer = bearer.and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
        let said = envelope.auth_info.and_then(|own| own.session_id);
        let id = said.or_else(|| bearer.map(str::to_owned)).unwrap_or_default();
        let who = self.api.as_mut().and_then(|face| face.sessions.who(now, &id));
        let text = "there is no such session, or it has ended: log in with Session/login, and give its session_id in auth_info";
        who.map(|who| (who, id)).ok_or_else(|| {
            Fault::new(StatusCode::UNAUTHORIZED, "Server.Session.check_auth.auth_failed", text)
        })
    }

    /// Has the core make an administrator's change.
    pub(super) fn api_change(&mut self, now: Instant, change: Admin) -> Result<(), Failure> {
        match self.apply(now, Command::Admin(change)) {
            Ok(Some(Answer::Refused(refusal))) => Err(refused(&refusal).into()),
            Ok(_) => Ok(()),
            Err(_) => Err(Failure::Unstored),
        }
    }
}

fn forbidden(method: &str) -> Fault {
    Fault::new(StatusCode::FORBIDDEN, "Server.Forbidden", format!("'{method}' is for administrators"))
}

pub(super) fn refused(refusal: &Refusal) -> Fault {
    match refusal {
        Refusal::UnknownAccount(_) | Refusal::UnknownCustomer(_) | Refusal::UnknownProduct(_) => {
            Fault::unknown(refusal)
        }
        Refusal::Exported(_) => Fault::conflict("Server.Exported", refusal),
        Refusal::Taken(_) => Fault::conflict("Server.Taken", refusal),
        _ => Fault::new(StatusCode::UNPROCESSABLE_ENTITY, "Server.Refused", refusal),
    }
}
