//! How single values look to an editor, which sees YAML's own types: `10` is a number there and `"10"` text.

use serde_json::{Value, json};
use tollgate_network::ArgKind;

/// Names of peers, captures and parameters.
pub(super) const NAME: &str = "^[A-Za-z0-9_-]+$";

/// Text in quotes, or text that looks like nothing else.
pub(super) fn text() -> Value {
    json!({ "type": "string" })
}

/// `200ms`
pub(super) fn span() -> Value {
    json!({ "type": "string", "pattern": "^[0-9]+(\\.[0-9]+)? ?(ns|us|ms|s|min|h|d)$" })
}

/// `5%`
pub(super) fn ratio() -> Value {
    json!({ "type": "string", "pattern": "^[0-9]+(\\.[0-9]+)? ?%$" })
}

/// `2007-03-09T00:15:50-08:00`
pub(super) fn time() -> Value {
    json!({ "type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ].*([Zz]|[+-][0-9]{2}(:?[0-9]{2})?)$" })
}

/// `true`
pub(super) fn flag() -> Value {
    // In quotes it is read all the same.
    json!({ "enum": [true, false, "true", "false"] })
}

/// A whole number, in quotes too.
pub(super) fn whole(min: i64, max: i64) -> Value {
    json!({
        "anyOf": [
            { "type": "integer", "minimum": min, "maximum": max },
            { "type": "string", "pattern": "^-?[0-9]+$" }
        ]
    })
}

/// A number with decimals, in quotes too.
pub(super) fn decimal() -> Value {
    json!({ "anyOf": [{ "type": "number" }, { "type": "string", "pattern": "^[+-]?[0-9]+(\\.[0-9]+)?$" }] })
}

/// `164.9.9.100`
pub(super) fn address() -> Value {
    json!({ "type": "string", "pattern": "^[0-9A-Fa-f:.]+$" })
}

/// The same, or a text with `${name}` in it.
pub(super) fn or_parameter(schema: &Value) -> Value {
    json!({ "anyOf": [schema, { "type": "string", "pattern": "\\$\\{[A-Za-z0-9_-]+\\}" }] })
}

/// What may stand as an argument of this kind.
pub(super) fn argument(kind: &ArgKind) -> Value {
    match kind {
        ArgKind::Text => text(),
        ArgKind::Integer { min, max } => whole(*min, *max),
        ArgKind::Decimal => decimal(),
        ArgKind::Money => json!({ "type": "string", "pattern": "^[+-]?[0-9]+(\\.[0-9]+)? +[A-Z]{3}$" }),
        ArgKind::Span => span(),
        ArgKind::Time => time(),
        ArgKind::Address => address(),
        ArgKind::Flag => flag(),
        ArgKind::Choice(words) => json!({ "enum": words }),
        ArgKind::List(inner) => {
            let inner = or_parameter(&argument(inner));
            json!({ "anyOf": [inner, { "type": "array", "items": inner }] })
        }
        ArgKind::Fields(_) => json!({ "type": "object" }),
    }
}
