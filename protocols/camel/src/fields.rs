//! A TCAP message as a field tree, and back: what scenarios write and expect.
//!
//! ```text
//! { message: begin, otid: 00000001, dialogueRequest: cap2-calls, invokeID: 1, initialDP: { serviceKey: 100 } }
//! ```
//!
//! Every component is one field: an operation under its own name, `returnResult`, `returnError`, `reject`;
//! its identifiers stand in front of it. What cannot be read shows as its octets and the reason.

use bytes::Bytes;
use tollgate_wire::{Fields, Text, Value};

use crate::Phase;
use crate::asn::{FieldError, bytes_of, group_of, number_of, text_of, within};
use crate::cap::{ApplicationContext, CapError, Operation};
use crate::tcap::{
    AbortSource, Code, Component, DialoguePortion, Kind, Message, Outgoing, PAbort, Part, Problem,
    ProblemKind, Refusal, TransactionId,
};

/// The message as people and expectations see it; octets that are none show as `octets` and `fault`.
#[must_use]
pub fn message_fields(octets: &[u8]) -> Fields {
    match Message::parse(octets) {
        Ok(message) => fields_of(&message),
        Err(fault) => {
            Fields::new().with("octets", shown(octets)).with("fault", Text::from(fault.to_string()))
        }
    }
}

fn shown(octets: &[u8]) -> Value {
    Value::Bytes(Bytes::copy_from_slice(octets))
}

/// The phase that the message speaks of; later messages of a dialogue read the same in both phases.
fn phase_of(message: &Message<'_>) -> Phase {
    match message.dialogue {
        Some(DialoguePortion::Request { context, .. } | DialoguePortion::Response { context, .. }) => {
            ApplicationContext::from_octets(context).phase()
        }
        _ => Phase::Three,
    }
}

fn fields_of(message: &Message<'_>) -> Fields {
    let mut fields = Fields::with_capacity(8).with("message", message.kind.name());
    for (name, id) in [("otid", message.origin), ("dtid", message.destination)] {
        if let Some(id) = id {
            fields.push(name, Text::from(id.to_string()));
        }
    }
    if let Some(cause) = message.p_abort {
        fields.push("p-abortCause", crate::Type::show(&cause));
    }
    if let Some(dialogue) = &message.dialogue {
        push_dialogue(&mut fields, dialogue);
    }
    let phase = phase_of(message);
    for component in &message.components {
        push_component(&mut fields, component, phase);
    }
    fields
}

const REFUSALS: &[(Refusal, &str)] = &[
    (Refusal::NoReason, "noReasonGiven"),
    (Refusal::ContextNotSupported, "applicationContextNameNotSupported"),
    (Refusal::NoCommonDialoguePortion, "noCommonDialoguePortion"),
];

fn push_dialogue(fields: &mut Fields, dialogue: &DialoguePortion<'_>) {
    let context = |octets: &[u8]| Text::from(ApplicationContext::from_octets(octets).to_string());
    let mut user = None;
    match dialogue {
        DialoguePortion::Request { context: name, user_information } => {
            fields.push("dialogueRequest", context(name));
            user = *user_information;
        }
        DialoguePortion::Response { context: name, refusal, user_information } => {
            fields.push("dialogueResponse", context(name));
            if let Some((_, reason)) = REFUSALS.iter().find(|(own, _)| own == refusal) {
                fields.push("refused", *reason);
            }
            user = *user_information;
        }
        DialoguePortion::Abort { source, user_information } => {
            let by = if *source == AbortSource::User { "user" } else { "provider" };
            fields.push("dialogueAbort", by);
            user = *user_information;
        }
        DialoguePortion::Other { octets, fault } => {
            fields.push("dialoguePortion", shown(octets));
            if let Some(fault) = fault {
                fields.push("fault", Text::from(fault.to_string()));
            }
        }
    }
    if let Some(octets) = user {
        fields.push("userInformation", shown(octets));
    }
}

fn push_component(fields: &mut Fields, component: &Component<'_>, phase: Phase) {
    if let Some(id) = component.id() {
        fields.push("invokeID", i64::from(id));
    }
    match component {
        Component::Invoke { linked, code, argument, .. } => {
            if let Some(linked) = linked {
                fields.push("linkedID", i64::from(*linked));
            }
            push_invocation(fields, *code, *argument, phase);
        }
        Component::Result { last, code, result, .. } => {
            let mut inner = Fields::new();
            if let Some(code) = code {
                inner.push("operation", shown_code(*code));
            }
            if let Some(part) = result {
                inner.push("result", shown(part.octets));
            }
            let name = if *last { "returnResult" } else { "returnResultNotLast" };
            fields.push(name, if inner.is_empty() { Value::Flag(true) } else { Value::Group(inner) });
        }
        Component::Error { code, parameter, .. } => {
            let base = parameter.map_or(0, |part| part.offset);
            let octets = parameter.map(|part| part.octets);
            let read = code.local().map(|code| CapError::decode(code, octets, base, phase));
            fields.push(
                "returnError",
                match read {
                    Some(Ok(error)) => Value::Group(error.fields()),
                    Some(Err(fault)) => unreadable(octets, &fault),
                    None => Value::Group(Fields::new().with("code", shown_code(*code))),
                },
            );
        }
        Component::Reject { problem, .. } => {
            let name = problem.name().map_or_else(|| Value::from(u32::from(problem.code)), Value::text);
            fields.push("reject", Value::Group(Fields::new().with(problem.kind.name(), name)));
        }
        Component::Unreadable { octets, fault } => {
            fields.push("component", unreadable(Some(octets), fault));
        }
    }
}

fn shown_code(code: Code<'_>) -> Value {
    match code {
        Code::Local(number) => Value::from(number),
        Code::Global(octets) => shown(octets),
    }
}

fn unreadable(octets: Option<&[u8]>, fault: &dyn std::fmt::Display) -> Value {
    let fields = Fields::new().with("octets", shown(octets.unwrap_or_default()));
    Value::Group(fields.with("fault", Text::from(fault.to_string())))
}

fn push_invocation(fields: &mut Fields, code: Code<'_>, argument: Option<Part<'_>>, phase: Phase) {
    let octets = argument.map(|part| part.octets);
    let Code::Local(number) = code else {
        let group = Fields::new().with("code", shown_code(code));
        return fields.push("operation", Value::Group(group));
    };
    match Operation::decode(number, octets, argument.map_or(0, |part| part.offset), phase) {
        Ok(operation) => {
            let (name, value) = operation.show();
            fields.push(name, value);
        }
        Err(fault) => {
            let name = crate::cap::name_of(number).unwrap_or("operation");
            fields.push(name, unreadable(octets, &fault));
        }
    }
}

/// What has been taken of a message so far.
#[derive(Default)]
struct Draft {
    kind: Option<Kind>,
    origin: Option<TransactionId>,
    destination: Option<TransactionId>,
    request: Option<ApplicationContext>,
    response: Option<ApplicationContext>,
    refusal: Refusal,
    abort: Option<AbortSource>,
    user_information: Option<Vec<u8>>,
    p_abort: Option<PAbort>,
    phase: Phase,
    id: Option<i8>,
    linked: Option<i8>,
    next_id: i8,
    components: Vec<Outgoing>,
}

/// The octets of a message that people wrote as fields, in the names that [`message_fields`] shows. An
/// invocation without `invokeID` gets the next number from 1 on; without a dialogue portion the argument is
/// written as in phase 3, or as `phase: 2` says.
///
/// # Errors
/// A name or value that does not fit its place.
pub fn message_octets(fields: &Fields) -> Result<Vec<u8>, FieldError> {
    let mut draft = Draft { phase: Phase::Three, next_id: 1, ..Draft::default() };
    for (name, value) in fields.iter() {
        draft.take(name, value)?;
    }
    draft.encode()
}

impl Draft {
    fn take(&mut self, name: &str, value: &Value) -> Result<(), FieldError> {
        match name {
            "message" => {
                let word = within(name, text_of(value))?;
                let wanted = "begin, continue, end, abort or unidirectional";
                self.kind = Some(Kind::from_name(&word).ok_or_else(|| FieldError::new(value, wanted))?);
            }
            "otid" => self.origin = Some(within(name, transaction(value))?),
            "dtid" => self.destination = Some(within(name, transaction(value))?),
            "p-abortCause" => self.p_abort = Some(within(name, crate::Type::take(value))?),
            "dialogueRequest" => {
                let context = within(name, application_context(value))?;
                self.phase = context.phase();
                self.request = Some(context);
            }
            "dialogueResponse" => {
                let context = within(name, application_context(value))?;
                self.phase = context.phase();
                self.response = Some(context);
            }
            "refused" => {
                let word = within(name, text_of(value))?;
                let found = REFUSALS.iter().find(|(_, reason)| *reason == word.as_str());
                let names: Vec<&str> = REFUSALS.iter().map(|(_, reason)| *reason).collect();
                self.refusal = found.ok_or_else(|| FieldError::new(value, names.join(", ")))?.0;
            }
            "dialogueAbort" => {
                self.abort = Some(match within(name, text_of(value))?.as_str() {
                    "user" => AbortSource::User,
                    "provider" => AbortSource::Provider,
                    _ => return within(name, Err(FieldError::new(value, "user or provider"))),
                });
            }
            "userInformation" => self.user_information = Some(within(name, bytes_of(value))?),
            "phase" => {
                self.phase = match number_of::<u8>(value) {
                    Ok(2) => Phase::Two,
                    Ok(3) => Phase::Three,
                    _ => return within(name, Err(FieldError::new(value, "2 or 3"))),
                };
            }
            "invokeID" => self.id = Some(within(name, number_of(value))?),
            "linkedID" => self.linked = Some(within(name, number_of(value))?),
            "returnResult" | "returnResultNotLast" => {
                let id = self.take_id();
                self.components.push(Outgoing::Result { id, last: name == "returnResult" });
            }
            "returnError" => self.take_error(value)?,
            "reject" => self.take_reject(value)?,
            operation => self.take_operation(operation, value)?,
        }
        Ok(())
    }

    fn take_id(&mut self) -> i8 {
        let id = self.id.take().unwrap_or(self.next_id);
        self.next_id = id.wrapping_add(1);
        id
    }

    fn take_operation(&mut self, name: &str, value: &Value) -> Result<(), FieldError> {
        let operation = Operation::take(name, value)?;
        let argument = operation.argument(self.phase);
        let id = self.take_id();
        let linked = self.linked.take();
        self.components.push(Outgoing::Invoke { id, linked, code: operation.code(), argument });
        Ok(())
    }

    fn take_error(&mut self, value: &Value) -> Result<(), FieldError> {
        let error = match value {
            Value::Text(name) => CapError::take(name, &Value::Flag(true)),
            value => {
                let mut fields = group_of(value)?.iter();
                match (fields.next(), fields.next()) {
                    (Some((name, inner)), None) => CapError::take(name, inner),
                    _ => Err(FieldError::new(value, "one error")),
                }
            }
        };
        let error = within("returnError", error)?;
        let id = self.take_id();
        self.components.push(Outgoing::Error {
            id,
            code: error.code(),
            parameter: error.parameter(self.phase),
        });
        Ok(())
    }

    fn take_reject(&mut self, value: &Value) -> Result<(), FieldError> {
        let wanted = || FieldError::new(value, "such as { invokeProblem: mistypedParameter }");
        let mut fields = group_of(value)?.iter();
        let (Some((name, inner)), None) = (fields.next(), fields.next()) else {
            return within("reject", Err(wanted()));
        };
        let kind = ProblemKind::from_name(name).ok_or_else(wanted)?;
        let named = inner.as_text().and_then(|text| Problem::from_name(kind, text));
        let problem = match named {
            Some(problem) => problem,
            None => Problem { kind, code: number_of(inner).map_err(|_| wanted())? },
        };
        self.components.push(Outgoing::Reject { id: self.id.take(), problem });
        Ok(())
    }

    fn encode(self) -> Result<Vec<u8>, FieldError> {
        let kind = self
            .kind
            .ok_or_else(|| FieldError::named("nothing", "message: begin, continue, end or abort"))?;
        let user_information = self.user_information.as_deref();
        let dialogue = match (&self.request, &self.response, self.abort) {
            (Some(context), ..) => {
                Some(DialoguePortion::Request { context: context.octets(), user_information })
            }
            (_, Some(context), _) => Some(DialoguePortion::Response {
                context: context.octets(),
                refusal: self.refusal,
                user_information,
            }),
            (.., Some(source)) => Some(DialoguePortion::Abort { source, user_information }),
            _ => None,
        };
        let message = Message {
            kind,
            origin: self.origin,
            destination: self.destination,
            dialogue,
            p_abort: self.p_abort,
            components: self.components.iter().map(Outgoing::component).collect(),
        };
        Ok(message.encode())
    }
}

/// One to four octets in hexadecimal digits, with or without `0x`.
fn transaction(value: &Value) -> Result<TransactionId, FieldError> {
    let octets = match value {
        Value::Text(text) if !text.starts_with("0x") => bytes_of(&Value::text(format!("0x{text}"))),
        value => bytes_of(value),
    };
    let id = octets.ok().and_then(|octets| TransactionId::from_octets(&octets));
    id.ok_or_else(|| FieldError::new(value, "one to four octets, such as '00000001'"))
}

fn application_context(value: &Value) -> Result<ApplicationContext, FieldError> {
    let wanted = "cap2-calls, cap3-calls, cap3-sms or an object identifier with dots";
    ApplicationContext::from_name(&text_of(value)?).ok_or_else(|| FieldError::new(value, wanted))
}
