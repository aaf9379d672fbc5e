//! JSON as bodies and as fields of observations.

use serde_json::{Map, Value as Json};
use tollgate_http::Bytes;
use tollgate_wire::{Decimal, Fields, Text, Value};

/// How deep a body may nest for its fields to be shown; what is deeper is shown as text.
const DEPTH_MAX: usize = 16;

/// The object that a body holds; an empty body is an empty object.
///
/// # Errors
/// A lowercase phrase that says what is wrong with it.
pub fn read(body: &[u8]) -> Result<Map<String, Json>, String> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(Map::new());
    }
    match serde_json::from_slice(body) {
        Ok(Json::Object(object)) => Ok(object),
        Ok(_) => Err("the body is JSON, but no object".to_owned()),
        Err(error) => Err(format!("the body is no JSON: {error}")),
    }
}

pub(super) fn body(json: &Json) -> Bytes {
    Bytes::from(json.to_string())
}

/// The members of an object as fields: objects are groups, the elements of a list stand under its name, each by itself, and
/// text such as `12.50` is a number, as amounts are written.
#[must_use]
pub fn fields(object: &Map<String, Json>) -> Fields {
    group(object, DEPTH_MAX)
}

fn group(object: &Map<String, Json>, left: usize) -> Fields {
    let mut fields = Fields::with_capacity(object.len());
    for (name, json) in object {
        match json {
            Json::Array(elements) => {
                elements.iter().for_each(|own| put(&mut fields, name, own, left));
            }
            own => put(&mut fields, name, own, left),
        }
    }
    fields
}

fn put(fields: &mut Fields, name: &str, json: &Json, left: usize) {
    let value = match json {
        Json::Null => return,
        Json::Bool(flag) => Value::Flag(*flag),
        Json::Number(number) => {
            let whole = number.as_i64().map(i128::from).or_else(|| number.as_u64().map(i128::from));
            whole.map_or_else(|| text(&number.to_string()), Value::Integer)
        }
        Json::String(own) => text(own),
        Json::Object(own) if left > 0 => Value::Group(group(own, left - 1)),
        deeper => Value::text(deeper.to_string()),
    };
    fields.push(Text::from(name), value);
}

fn text(own: &str) -> Value {
    let (whole, rest) = own.strip_prefix('-').unwrap_or(own).split_once('.').unwrap_or_default();
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|it| it.is_ascii_digit());
    let number = if digits(whole) && digits(rest) { own.parse::<Decimal>().ok() } else { None };
    number.map_or_else(|| Value::text(own), Value::Decimal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_shows_its_members_by_their_paths() {
        let object = read(br#"{"a":{"b":[{"c":1},{"c":"2.50"}]},"d":"10.0.0.1","e":null,"f":true}"#).unwrap();
        assert_eq!(fields(&object).to_string(), "a: { b: { c: 1 }, b: { c: 2.50 } }, d: 10.0.0.1, f: true");
    }

    #[test]
    fn what_is_no_object_is_refused_with_the_reason() {
        assert_eq!(read(b" "), Ok(Map::new()));
        assert_eq!(read(b"[1]"), Err("the body is JSON, but no object".to_owned()));
        assert!(read(b"{").unwrap_err().contains("line 1 column 1"));
    }
}
