//! From an Access-Request to the command that the core understands: who asks, with what proof, for what.
//! Passwords are checked here (PAP, CHAP, digest); whether the account may do what it wants is the core's.

use tollgate_ocs_core::{
    AccessRequest, Command, Denial, Lock, Proof, Recharge, Reuse, Service, Stage, UsageReport, Wishes,
};
use tollgate_radius::digest::Parameters;
use tollgate_radius::{Secret, attribute, verify};

use crate::counters::Oddity;
use crate::quota::{self, Used};
use crate::shared::{self, Oddities, Request, malformed_attribute};

/// What an Access-Request asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asked {
    /// Who is this, and may he use the service at all?
    Authentication,
    /// May he call this number or use this resource?
    Authorization,
    /// The same, and by which routes?
    Routing,
    /// To pay in a voucher.
    Recharge,
}

/// An Access-Request as the gateway understands it.
#[derive(Debug)]
pub(crate) struct Access {
    pub(crate) asked: Asked,
    pub(crate) service: Service,
    /// What was used so far, where a session in use asks for more (`PortaOne-Used-Resource`).
    pub(crate) used: Option<Box<UsageReport>>,
    /// What to ask the core, or why it need not be asked.
    pub(crate) command: Result<Command, Denial>,
}

/// The access code of a call that a SIP server asks for without naming one (ESI, failed outgoing call).
const OUTGOING: &str = "OUTGOING";
/// That of what comes in for an account. The documents name none.
const INCOMING: &str = "INCOMING";

/// Reads an Access-Request. `password` knows an account's password.
pub(crate) fn read<'p>(
    request: &Request<'_>,
    secret: &Secret,
    password: impl FnOnce(&str) -> Option<&'p str>,
    oddities: &mut Oddities,
) -> Access {
    request.note_missing_nas(oddities);
    let cld = request.called();
    let service = request.service(oddities);
    let quotas = quota::wishes(&request.custom.authorize, oddities);
    let asked = match (request.ivrutil("action"), &cld) {
        (Some("rechargeVoucher"), _) => Asked::Recharge,
        _ if request.has_method(&["REGISTER"]) => Asked::Authentication,
        (_, Some(_)) if request.wants_routes() => Asked::Routing,
        (_, Some(_)) => Asked::Authorization,
        // Whoever wants the internet, or a quota, wants to use it now: nobody logs in first (ESI, Authorize::NETACCESS).
        (_, None) if !quotas.is_empty() || service.is_some_and(shared::is_internet) => Asked::Authorization,
        (_, None) => Asked::Authentication,
    };
    let refused =
        |denial| Access { asked, service: service.unwrap_or_default(), used: None, command: Err(denial) };
    let (Some(service), Some(account)) = (service, request.text(attribute::USER_NAME)) else {
        return refused(Denial::InvalidArgument);
    };
    if malformed_attribute(request.packet).is_some() {
        return refused(Denial::InvalidArgument);
    }
    let proof = match proof(request, secret, password(account), oddities) {
        Ok(proof) => proof,
        Err(denial) => return refused(denial),
    };
    let access = AccessRequest {
        node: Some(request.node.to_owned()),
        session: request.session(oddities),
        parent: request.parent().or_else(|| request.line(service)),
        account: account.to_owned(),
        proof,
        cli: request.owned(attribute::CALLING_STATION_ID),
        access_code: request.access_code().or_else(|| default_access_code(request)).map(str::to_owned),
        service,
        lock: request.lock(oddities),
        cld,
        wishes: Wishes { quotas, hold: quota::hold(request.custom.session, oddities) },
        call: request.call_wishes(),
        reuse: reuse(request, oddities),
    };
    let used = Used::read(&request.custom.used_resource, oddities);
    let used = (uses_it(asked, proof) && !used.is_empty()).then(|| Box::new(interim(&access, used)));
    let command = match asked {
        Asked::Authentication => Command::Authenticate(access),
        Asked::Authorization | Asked::Routing => Command::Authorize(access),
        Asked::Recharge => match request.ivrutil("id") {
            Some(voucher) => Command::Recharge(Box::new(Recharge { access, voucher: voucher.to_owned() })),
            None => return refused(Denial::InvalidArgument),
        },
    };
    Access { asked, service, used, command: Ok(command) }
}

/// Whether what the request says was used may be charged: nobody is charged by a wrong password.
fn uses_it(asked: Asked, proof: Proof) -> bool {
    matches!(asked, Asked::Authorization | Asked::Routing) && proof != Proof::Invalid
}

/// The report that stands in a request for more.
fn interim(access: &AccessRequest, used: Used) -> UsageReport {
    UsageReport {
        node: access.node.clone(),
        session: access.session.clone(),
        parent: access.parent.clone(),
        account: access.account.clone(),
        stage: Stage::Interim,
        service: access.service,
        cli: access.cli.clone(),
        cld: access.cld.clone(),
        access_code: access.access_code.clone(),
        duration: used.secs,
        octets_out: used.octets,
        quantity: used.pieces,
        lock: Lock::Ignore,
        ..UsageReport::default()
    }
}

/// PortaBilling_RestoreCacheLevel: −1 nothing, 0 the account, 1 the account and the access code, which is as if it were not
/// said.
fn reuse(request: &Request<'_>, oddities: &mut Oddities) -> Reuse {
    match request.custom.restore_cache_level {
        Some("-1") => Reuse::Nothing,
        Some("0") => Reuse::Account,
        Some("1") | None => Reuse::Both,
        Some(other) => {
            oddities.note(Oddity::UnknownWord, || format!("PortaBilling_RestoreCacheLevel {other}"));
            Reuse::Both
        }
    }
}

fn default_access_code(request: &Request<'_>) -> Option<&'static str> {
    if !request.has_method(&["INVITE", "REFER"]) {
        return None;
    }
    Some(if request.is_incoming() { INCOMING } else { OUTGOING })
}

/// What the request proves. A request must prove itself in one way only (RFC 2865 section 4.1); one in
/// which a mandatory Digest-* is missing is rejected (RFC 5090 section 2.2.1).
fn proof(
    request: &Request<'_>,
    secret: &Secret,
    password: Option<&str>,
    oddities: &mut Oddities,
) -> Result<Proof, Denial> {
    if request.custom.ignore_password {
        if request.trusted {
            return Ok(Proof::Ignored);
        }
        oddities.note(Oddity::UntrustedIgnorePassword, || "PortaBilling_Ignore_Password".to_owned());
    }
    let has = |number| request.packet.get(number).is_some();
    let pap = has(attribute::USER_PASSWORD);
    let chap = has(attribute::CHAP_PASSWORD);
    let digest = [
        attribute::DIGEST_RESPONSE,
        attribute::STERMAN_DIGEST_RESPONSE,
        attribute::DIGEST_NONCE,
        attribute::STERMAN_DIGEST_ATTRIBUTES,
    ];
    let digest = digest.into_iter().any(has);
    match (pap, chap, digest) {
        (false, false, false) => Ok(Proof::Absent),
        (true, false, false) => pap_proof(request, secret, password),
        (false, true, false) => {
            let right = verify::chap(request.packet, password.unwrap_or_default().as_bytes());
            right.map(judged).ok_or(Denial::InvalidArgument)
        }
        (false, false, true) => digest_proof(request, password),
        _ => Err(Denial::InvalidArgument),
    }
}

/// An empty password proves nothing and is what an account without one is sent with.
fn pap_proof(request: &Request<'_>, secret: &Secret, password: Option<&str>) -> Result<Proof, Denial> {
    let sent = verify::user_password(request.packet, secret).ok_or(Denial::InvalidArgument)?;
    Ok(if sent.is_empty() {
        Proof::Absent
    } else {
        judged(password.is_some_and(|right| right.as_bytes() == sent))
    })
}

/// The digest's user must be the one who asks, or the password of one would prove another (RFC 5090
/// section 2.2.2). A realm behind either name does not matter.
fn digest_proof(request: &Request<'_>, password: Option<&str>) -> Result<Proof, Denial> {
    let (parameters, _) = Parameters::from_packet(request.packet).map_err(|_| Denial::InvalidArgument)?;
    let right = verify::digest(request.packet, password.unwrap_or_default().as_bytes());
    let right = right.map_err(|_| Denial::InvalidArgument)?;
    let same = request.text(attribute::USER_NAME).is_some_and(|name| user(name) == user(parameters.username));
    Ok(judged(right && same))
}

/// A name without the realm behind it.
fn user(name: &str) -> &str {
    name.split_once('@').map_or(name, |(user, _)| user)
}

const fn judged(right: bool) -> Proof {
    if right { Proof::Valid } else { Proof::Invalid }
}

#[cfg(test)]
mod tests {
    use tollgate_radius::digest::Numbering;
    use tollgate_radius::{Builder, Code, Packet, cisco};

    use super::*;
    use crate::custom::Custom;

    const PASSWORD: &str = "geheim";

    fn read_with(trusted: bool, fill: impl FnOnce(&mut Builder, &Secret)) -> (Access, Oddities) {
        let secret = Secret::new("s3cr3t");
        let mut builder = Builder::new(Code::ACCESS_REQUEST, 1);
        builder.authenticator(&[7; 16]);
        builder.text(attribute::NAS_IDENTIFIER, "ivr").unwrap();
        fill(&mut builder, &secret);
        let octets = builder.finish_access_request(&secret).unwrap();
        let packet = Packet::parse(&octets).unwrap();
        let request = Request { packet: &packet, custom: Custom::read(&packet), node: "ivr", trusted };
        let mut oddities = Oddities::default();
        let access = read(&request, &secret, |name| (name == "anna").then_some(PASSWORD), &mut oddities);
        (access, oddities)
    }

    fn asked(fill: impl FnOnce(&mut Builder, &Secret)) -> AccessRequest {
        match read_with(false, fill).0.command {
            Ok(Command::Authenticate(access) | Command::Authorize(access)) => access,
            other => panic!("{other:?}"),
        }
    }

    fn proof_of(fill: impl FnOnce(&mut Builder, &Secret)) -> Proof {
        asked(|builder, secret| {
            builder.text(attribute::USER_NAME, "anna").unwrap();
            fill(builder, secret);
        })
        .proof
    }

    fn refusal_of(fill: impl FnOnce(&mut Builder, &Secret)) -> Option<Denial> {
        read_with(false, fill).0.command.err()
    }

    fn parameters() -> Parameters<'static> {
        Parameters {
            username: "anna",
            realm: "193.38.81.226",
            nonce: "51bec9bb7e2276edaf48b8572a3f72300ec0",
            method: "INVITE",
            uri: "sip:91245684289@193.38.81.226",
            algorithm: Some("MD5"),
            ..Parameters::default()
        }
    }

    #[test]
    fn a_called_number_makes_it_an_authorization() {
        let (access, _) = read_with(false, |builder, _| builder.text(attribute::USER_NAME, "anna").unwrap());
        assert!(matches!(access.command, Ok(Command::Authenticate(_))));
        assert_eq!(access.asked, Asked::Authentication);
        let (access, _) = read_with(false, |builder, _| {
            builder.text(attribute::USER_NAME, "anna").unwrap();
            builder.text(attribute::CALLED_STATION_ID, "01182623634515").unwrap();
        });
        assert!(
            matches!(access.command, Ok(Command::Authorize(it)) if it.cld.as_deref() == Some("01182623634515"))
        );
        assert_eq!(access.asked, Asked::Authorization);
    }

    #[test]
    fn the_original_number_replaces_the_called_one() {
        let access = asked(|builder, _| {
            builder.text(attribute::USER_NAME, "anna").unwrap();
            builder.text(attribute::CALLED_STATION_ID, "1").unwrap();
            builder.ivr_out("PortaBilling_Original_DNIS", "19001234567").unwrap();
        });
        assert_eq!(access.cld.as_deref(), Some("19001234567"));
    }

    #[test]
    fn the_access_code_is_the_one_named_or_the_number_called_or_outgoing() {
        let code = |pairs: &[(&str, &str)]| {
            asked(|builder, _| {
                builder.text(attribute::USER_NAME, "anna").unwrap();
                for (name, value) in pairs {
                    builder.ivr_out(name, value).unwrap();
                }
            })
            .access_code
        };
        let (named, called) = (("PortaBilling_AccessCode", "A"), ("PortaBilling_Original_CLD", "B"));
        let invite = ("PortaBilling_AuthMethod", "INVITE");
        assert_eq!(code(&[called, invite, named]).as_deref(), Some("A"));
        assert_eq!(code(&[called, invite]).as_deref(), Some("B"));
        assert_eq!(code(&[invite]).as_deref(), Some("OUTGOING"));
        assert_eq!(code(&[]), None);
    }

    #[test]
    fn a_pap_password_is_compared() {
        assert_eq!(
            proof_of(|builder, secret| builder.user_password(secret, b"geheim").unwrap()),
            Proof::Valid
        );
        assert_eq!(
            proof_of(|builder, secret| builder.user_password(secret, b"geheiM").unwrap()),
            Proof::Invalid
        );
        assert_eq!(proof_of(|builder, secret| builder.user_password(secret, b"").unwrap()), Proof::Absent);
        assert_eq!(proof_of(|_, _| {}), Proof::Absent);
    }

    #[test]
    fn a_chap_password_is_compared() {
        assert_eq!(proof_of(|builder, _| builder.chap(9, b"geheim").unwrap()), Proof::Valid);
        assert_eq!(proof_of(|builder, _| builder.chap(9, b"wrong").unwrap()), Proof::Invalid);
    }

    #[test]
    fn a_digest_is_compared_in_both_numberings() {
        let parameters = parameters();
        for numbering in [Numbering::Rfc5090, Numbering::Sterman] {
            for (password, proof) in [("geheim", Proof::Valid), ("wrong", Proof::Invalid)] {
                let response = parameters.response(password.as_bytes()).unwrap();
                let found = proof_of(|builder, _| builder.digest(numbering, &parameters, &response).unwrap());
                assert_eq!(found, proof, "{numbering:?} {password}");
            }
        }
    }

    #[test]
    fn the_digest_of_another_user_proves_nothing() {
        for (username, proof) in
            [("anna", Proof::Valid), ("anna@sip", Proof::Valid), ("otto", Proof::Invalid)]
        {
            let parameters = Parameters { username, ..parameters() };
            let response = parameters.response(PASSWORD.as_bytes()).unwrap();
            let found =
                proof_of(|builder, _| builder.digest(Numbering::Rfc5090, &parameters, &response).unwrap());
            assert_eq!(found, proof, "{username}");
        }
    }

    #[test]
    fn a_digest_without_a_mandatory_attribute_is_refused() {
        let parameters = parameters();
        let response = parameters.response(PASSWORD.as_bytes()).unwrap();
        let mandatory = [
            (attribute::DIGEST_REALM, parameters.realm),
            (attribute::DIGEST_NONCE, parameters.nonce),
            (attribute::DIGEST_METHOD, parameters.method),
            (attribute::DIGEST_URI, parameters.uri),
            (attribute::DIGEST_RESPONSE, response.as_str()),
        ];
        for (missing, _) in mandatory {
            let refusal = refusal_of(|builder, _| {
                builder.text(attribute::USER_NAME, "anna").unwrap();
                for (number, value) in mandatory {
                    if number != missing {
                        builder.text(number, value).unwrap();
                    }
                }
            });
            assert_eq!(refusal, Some(Denial::InvalidArgument), "{missing}");
        }
    }

    #[test]
    fn two_proofs_no_user_or_an_unknown_service_are_refused() {
        let anna = |builder: &mut Builder| builder.text(attribute::USER_NAME, "anna").unwrap();
        let twice = refusal_of(|builder, secret| {
            anna(builder);
            builder.user_password(secret, b"geheim").unwrap();
            builder.chap(1, b"geheim").unwrap();
        });
        assert_eq!(twice, Some(Denial::InvalidArgument));
        assert_eq!(refusal_of(|_, _| {}), Some(Denial::InvalidArgument));
        let service = refusal_of(|builder, _| {
            anna(builder);
            builder.pair("PortaOne-Service-Type", "Teleport").unwrap();
        });
        assert_eq!(service, Some(Denial::InvalidArgument));
        let length = refusal_of(|builder, _| {
            anna(builder);
            builder.bytes(attribute::NAS_PORT, &[1]).unwrap();
        });
        assert_eq!(length, Some(Denial::InvalidArgument));
    }

    #[test]
    fn only_a_trusted_node_may_have_the_password_ignored() {
        let fill = |builder: &mut Builder, secret: &Secret| {
            builder.text(attribute::USER_NAME, "anna").unwrap();
            builder.cisco(cisco::H323_CONF_ID, "39AE126B CD4D11DB 958E0014 1C3F6886").unwrap();
            builder.user_password(secret, b"cisco").unwrap();
            builder.ivr_out("PortaBilling_Ignore_Password", "YES").unwrap();
        };
        let proof = |trusted| match read_with(trusted, fill) {
            (Access { command: Ok(Command::Authenticate(it)), .. }, oddities) => {
                (it.proof, oddities.kinds().len())
            }
            other => panic!("{other:?}"),
        };
        assert_eq!(proof(true), (Proof::Ignored, 0));
        assert_eq!(proof(false), (Proof::Invalid, 1));
    }

    #[test]
    fn the_level_of_the_cache_says_what_may_be_used_again() {
        for (said, reuse, odd) in [
            (None, Reuse::Both, false),
            (Some("1"), Reuse::Both, false),
            (Some("0"), Reuse::Account, false),
            (Some("-1"), Reuse::Nothing, false),
            (Some("7"), Reuse::Both, true),
        ] {
            let (access, oddities) = read_with(false, |builder, _| {
                builder.text(attribute::USER_NAME, "anna").unwrap();
                if let Some(said) = said {
                    builder.ivr_out("PortaBilling_RestoreCacheLevel", said).unwrap();
                }
            });
            let Ok(Command::Authenticate(access)) = access.command else { panic!("{said:?}") };
            let unknown = oddities.kinds().contains(&Oddity::UnknownWord);
            assert_eq!((access.reuse, unknown), (reuse, odd), "{said:?}");
        }
    }

    #[test]
    fn what_else_the_core_needs_is_passed_on() {
        let access = asked(|builder, _| {
            builder.text(attribute::USER_NAME, "anna").unwrap();
            builder.text(attribute::CALLING_STATION_ID, "6045550193").unwrap();
            builder.cisco(cisco::H323_CONF_ID, "39AE126B CD4D11DB 958E0014 1C3F6886").unwrap();
            builder.ivr_out("PortaBilling_Session", "nolock").unwrap();
        });
        assert_eq!(access.node.as_deref(), Some("ivr"));
        assert_eq!(access.cli.as_deref(), Some("6045550193"));
        assert_eq!(access.session.as_str(), "39AE126B CD4D11DB 958E0014 1C3F6886");
        assert_eq!((access.lock, access.service), (Lock::NoLock, Service::Voice));
    }
}
