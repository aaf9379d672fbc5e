//! Values of a kind's tables, as the check before a run would fill them in.

use std::time::Duration;

use tollgate_network::{Arg, ArgKind, Need};
use tollgate_wire::{Fields, Value};

/// The values of a table, given ones before defaults.
pub fn filled(args: &[Arg], mut given: Fields) -> Fields {
    for arg in args {
        let Need::Default(text) = arg.need else { continue };
        if given.get(arg.name).is_none() {
            given.push(arg.name, value(&arg.kind, text));
        }
    }
    given
}

fn value(kind: &ArgKind, text: &str) -> Value {
    match kind {
        ArgKind::Text | ArgKind::Choice(_) => Value::text(text),
        ArgKind::Integer { .. } => Value::from(text.parse::<i64>().expect("a number")),
        ArgKind::Flag => Value::Flag(text.parse().expect("a flag")),
        ArgKind::Address => Value::Address(text.parse().expect("an address")),
        ArgKind::Span => {
            let end = text.bytes().take_while(u8::is_ascii_digit).count();
            let (number, unit) = text.split_at(end);
            let number: u64 = number.parse().expect("a whole number");
            Value::Span(match unit {
                "ms" => Duration::from_millis(number),
                "s" => Duration::from_secs(number),
                "min" => Duration::from_secs(60 * number),
                "h" => Duration::from_secs(3_600 * number),
                other => panic!("no default is expected in '{other}'"),
            })
        }
        other => panic!("no default is expected of {other:?}"),
    }
}
