//! The way in for who moves customers: an HTTP request tells a dispatcher which numbers belong to which system from now
//! on. Told again, it changes nothing, so that whoever has no answer asks again.
//!
//! `POST /registry/assign` takes `{ "environment": 2, "numbers": ["1001"] }`, or `"system"` with its name; without either
//! the numbers are nobody's any more. A customer or an account that is known by its identifier stands among the numbers as
//! `i_customer/5` or `i_account/7`. The answer tells how many were taken.
//!
//! A dispatcher embeds it in four places: [`RegistryDoor::take`] with the events of streams, [`RegistryDoor::expire`] with
//! timeouts, [`RegistryDoor::next_deadline`] with its own deadlines, and [`RegistryDoor::restart`].

use std::net::IpAddr;

use serde_json::{Map, Value as Json, json};
use tollgate_network::{Arg, FieldNames, Sight, StreamEvent, StreamId};
use tollgate_time::Instant;
use tollgate_wire::{Fields, Text};

use super::{MoveError, Registry};
use crate::http::{Door, Method, StatusCode, answer, read};
use crate::outbox::Outbox;
use crate::table::{integer, preset};

/// Numbers in one request at most.
const MOVED_AT_ONCE_MAX: usize = 100_000;

/// The setting of a dispatcher that has a registry: where it is told of moves.
pub const REGISTRY_PORT: Arg = preset(
    "registry-port",
    integer(1, 65_535),
    "8088",
    "the TCP port where it is told of moved numbers (HTTP)",
);

/// What such a dispatcher observes.
pub const REGISTRY_SIGHTS: [Sight; 2] = [
    Sight {
        name: "registry-changed",
        about: "It was told where numbers belong from now on",
        subject: Some("system"),
        fields: FieldNames::Fixed(&[
            ("system", "The system that has them now; absent where nobody has"),
            ("numbers", "How many numbers it was told of"),
            ("number", "Each of them"),
        ]),
    },
    Sight {
        name: "http-note",
        about: "Something about an HTTP connection is worth knowing",
        subject: None,
        fields: FieldNames::Fixed(&[("detail", "What")]),
    },
];

/// The way into a registry.
#[derive(Debug)]
pub struct RegistryDoor {
    door: Door,
}

impl RegistryDoor {
    /// A way in at this address.
    #[must_use]
    pub fn new(address: IpAddr, port: u16) -> Self {
        Self { door: Door::new(address, port) }
    }

    /// When [`Self::expire`] has something to do.
    #[must_use]
    pub const fn next_deadline(&self) -> Option<Instant> {
        self.door.next_deadline()
    }

    /// Opens the door, the first time.
    pub fn expire(&mut self, out: &mut Outbox) {
        self.door.expire(out);
    }

    /// Takes what happened to a connection; `false` when it is none of the door's.
    pub fn take(
        &mut self,
        id: StreamId,
        event: &StreamEvent,
        registry: &mut Registry,
        out: &mut Outbox,
    ) -> bool {
        let own = self.door.take(id, event, out);
        while let Some(knock) = self.door.poll(out) {
            let uri = knock.request.uri().path();
            let answered = if uri == ASSIGN {
                assigned(knock.request.method(), knock.request.body(), registry, out)
            } else {
                unknown(uri)
            };
            let (status, body) = match answered {
                Ok(taken) => (StatusCode::OK, json!({ "taken": taken })),
                Err((status, why)) => {
                    (status, json!({ "faultcode": "Registry.Refused", "faultstring": why }))
                }
            };
            self.door.answer(knock.stream, &answer(status, &body), out);
        }
        own
    }

    /// The power came back. The registry itself is kept: it is stored.
    pub fn restart(&mut self) {
        self.door.restart();
    }
}

/// The path of [`assigned`].
pub const ASSIGN: &str = "/registry/assign";

type Refused = (StatusCode, String);

fn unknown(path: &str) -> Result<usize, Refused> {
    Err((StatusCode::NOT_FOUND, format!("there is no '{path}' here; numbers are told to {ASSIGN}")))
}

/// Takes the body of a request into a registry: for a node that has an HTTP door of its own.
///
/// # Errors
/// The status and the reason of a refusal; nothing has changed then.
pub fn assigned(
    method: &Method,
    body: &[u8],
    registry: &mut Registry,
    out: &mut Outbox,
) -> Result<usize, Refused> {
    if *method != Method::POST {
        return Err((StatusCode::METHOD_NOT_ALLOWED, format!("{method} is not understood; use POST")));
    }
    let bad = |why: String| (StatusCode::BAD_REQUEST, why);
    let body = read(body).map_err(bad)?;
    let system = system(&body, registry).map_err(bad)?;
    let Some(Json::Array(numbers)) = body.get("numbers") else {
        return Err(bad("`numbers` must be a list of numbers as text".to_owned()));
    };
    if numbers.len() > MOVED_AT_ONCE_MAX {
        return Err((
            StatusCode::PAYLOAD_TOO_LARGE,
            format!("more than {MOVED_AT_ONCE_MAX} numbers at once"),
        ));
    }
    let numbers: Option<Vec<&str>> = numbers.iter().map(Json::as_str).collect();
    let numbers = numbers.ok_or_else(|| bad("`numbers` holds something that is no text".to_owned()))?;
    for number in &numbers {
        let noted = match &system {
            Some(system) => registry.assign(number, system),
            None => registry.forget(number),
        };
        noted.map_err(|error| match error {
            MoveError::UnknownSystem(_) => bad(error.to_string()),
            MoveError::Full => (StatusCode::INSUFFICIENT_STORAGE, error.to_string()),
        })?;
    }
    out.hear("registry-changed", || {
        let mut fields = Fields::new();
        if let Some(system) = &system {
            fields.push("system", system.clone());
        }
        fields.push("numbers", u64::try_from(numbers.len()).unwrap_or(u64::MAX));
        numbers.iter().for_each(|number| fields.push("number", *number));
        fields
    });
    Ok(numbers.len())
}

/// The system that a request names; `None` where it names none.
fn system(body: &Map<String, Json>, registry: &Registry) -> Result<Option<Text>, String> {
    match (body.get("system"), body.get("environment")) {
        (Some(Json::String(name)), None) => match registry.place(name) {
            Some(_) => Ok(Some(name.as_str().into())),
            None => Err(MoveError::UnknownSystem(name.as_str().into()).to_string()),
        },
        (None, Some(number)) => {
            let known = number.as_u64().and_then(|number| u32::try_from(number).ok());
            let place = known.and_then(|number| registry.of_environment(number));
            let system = place.and_then(|place| registry.system(place));
            system
                .map(|own| Some(own.name.clone()))
                .ok_or_else(|| format!("no system has environment {number}"))
        }
        (None, None) => Ok(None),
        (Some(_), Some(_)) => Err("name the system or its environment, not both".to_owned()),
        (Some(_), None) => Err("`system` must be text".to_owned()),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod tests {
    use bytes::Bytes;
    use tollgate_network::{KnownSystem, Output, StreamOrder, Transport};

    use super::super::SystemPlace;
    use super::*;

    fn registry() -> Registry {
        let system = |name: &str, environment| KnownSystem {
            name: name.into(),
            environment: Some(environment),
            addresses: Vec::new(),
            servers: Vec::new(),
            diameter: Vec::new(),
            numbers: [Text::from("1001")].into_iter().collect(),
        };
        Registry::new(vec![system("ocs", 1), system("target", 2)])
    }

    /// What the door says to a request, and what it observes.
    fn told(registry: &mut Registry, path: &str, body: &str) -> (String, Vec<Fields>) {
        let mut door = RegistryDoor::new([10, 0, 0, 9].into(), 8443);
        let mut out = Outbox::new(true);
        door.expire(&mut out);
        let id = StreamId::incoming(7);
        let local = "10.0.0.9:8443".parse().unwrap();
        let remote = "10.0.0.8:1024".parse().unwrap();
        let opened = StreamEvent::Accepted { local, remote, over: Transport::Tcp };
        assert!(door.take(id, &opened, registry, &mut out));
        let request =
            format!("POST {path} HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n{body}", body.len());
        let event = StreamEvent::Received(Bytes::from(request));
        assert!(door.take(id, &event, registry, &mut out));
        assert!(!door.take(StreamId::incoming(8), &event, registry, &mut out));
        let (mut said, mut seen) = (String::new(), Vec::new());
        while let Some(output) = out.poll() {
            match output {
                Output::Stream(to, StreamOrder::Send(octets)) if to == id => {
                    said.push_str(std::str::from_utf8(&octets).unwrap());
                }
                Output::Heard(own) if own.kind == "registry-changed" => seen.push(own.fields().clone()),
                _ => {}
            }
        }
        (said, seen)
    }

    #[test]
    fn numbers_are_moved_by_the_number_of_an_environment_or_a_name_as_often_as_is_said() {
        let mut registry = registry();
        let place = |registry: &Registry, number: &str| registry.locate(number).map(|place| place.0);
        assert_eq!(place(&registry, "1001"), Some(1));
        for _ in 0..2 {
            let body = r#"{"environment":1,"numbers":["1001","i_customer/5"]}"#;
            let (said, seen) = told(&mut registry, ASSIGN, body);
            assert!(said.starts_with("HTTP/1.1 200 OK") && said.ends_with(r#"{"taken":2}"#), "{said}");
            let shown = "system: ocs, numbers: 2, number: 1001, number: i_customer/5";
            assert_eq!(seen.first().unwrap().to_string(), shown);
            assert_eq!((place(&registry, "1001"), place(&registry, "i_customer/5")), (Some(0), Some(0)));
        }
        told(&mut registry, ASSIGN, r#"{"system":"target","numbers":["1001"]}"#);
        assert_eq!(place(&registry, "1001"), Some(1));
        told(&mut registry, ASSIGN, r#"{"numbers":["1001"]}"#);
        assert_eq!(place(&registry, "1001"), None);
    }

    #[test]
    fn what_cannot_be_understood_is_refused_and_moves_nothing() {
        let mut registry = registry();
        for (path, body, status) in [
            ("/other", "{}", "404"),
            (ASSIGN, "[]", "400"),
            (ASSIGN, "{}", "400"),
            (ASSIGN, r#"{"numbers":[1001]}"#, "400"),
            (ASSIGN, r#"{"environment":9,"numbers":["1001"]}"#, "400"),
            (ASSIGN, r#"{"system":"nowhere","numbers":["1001"]}"#, "400"),
            (ASSIGN, r#"{"system":"ocs","environment":1,"numbers":["1001"]}"#, "400"),
        ] {
            let (said, seen) = told(&mut registry, path, body);
            assert!(said.starts_with(&format!("HTTP/1.1 {status} ")), "{body}: {said}");
            assert!(said.contains("Registry.Refused") && seen.is_empty());
        }
        assert_eq!(registry.locate("1001"), Some(SystemPlace(1)));
    }
}
