//! Announcements and tones: PlayAnnouncement and SpecializedResourceReport (TS 29.078 section 6.2).

use tollgate_wire::{DecodeError, Value};

use crate::Phase;
use crate::asn::{FieldError, Null, Octets, Type, Unknown, choice, sequence, text_of};
use crate::ber::{Element, Encoder, Tag};

/// A string of IA5 letters.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Ia5(pub String);

impl Type for Ia5 {
    const TAG: Tag = Tag::universal(22);

    fn read(element: &Element<'_>, _: Phase) -> Result<Self, DecodeError> {
        let octets = element.octets()?;
        match octets.iter().find(|octet| !octet.is_ascii()) {
            None => Ok(Self(octets.iter().copied().map(char::from).collect())),
            Some(octet) => Err(element.invalid(u64::from(*octet), "IA5 letters have seven bits")),
        }
    }

    fn write(&self, tag: Tag, _: Phase, out: &mut Encoder) {
        out.primitive(tag, self.0.as_bytes());
    }

    fn show(&self) -> Value {
        Value::text(self.0.as_str())
    }

    fn take(value: &Value) -> Result<Self, FieldError> {
        let text = text_of(value)?;
        if text.is_ascii() { Ok(Self(text.into())) } else { Err(FieldError::new(value, "IA5 letters")) }
    }
}

sequence! {
    /// A text to be spoken.
    #[derive(Default)]
    TextMessage {
        /// The text.
        [Tag::context(0)] "messageContent" => content: Ia5,
        /// How to speak it.
        [Tag::context(1)] "attributes" => attributes: Option<Octets>,
    }
}

sequence! {
    /// A message with parts that vary, such as a price.
    VariableMessage {
        /// The message.
        [Tag::context(0)] "elementaryMessageID" => message: u32,
        /// Its parts, kept as elements.
        [Tag::context(1)] "variableParts" => parts: Unknown,
    }
}

choice! {
    /// Which message.
    MessageId {
        /// One message.
        [Tag::context(0)] "elementaryMessageID" => Elementary(u32),
        /// A text.
        [Tag::context(1)] "text" => Text(TextMessage),
        /// Several messages.
        [Tag::context(29)] "elementaryMessageIDs" => Several(Vec<u32>),
        /// A message with parts that vary.
        [Tag::context(30)] "variableMessage" => Variable(VariableMessage),
    }
}

sequence! {
    /// A message and how often it is played.
    InbandInfo {
        /// The message.
        [Tag::context(0)] "messageID" => message: MessageId,
        /// How often.
        [Tag::context(1)] "numberOfRepetitions" => repetitions: Option<u32>,
        /// Seconds at most.
        [Tag::context(2)] "duration" => duration: Option<u32>,
        /// Seconds between repetitions.
        [Tag::context(3)] "interval" => interval: Option<u32>,
    }
}

sequence! {
    /// A tone.
    #[derive(Default)]
    Tone {
        /// Which.
        [Tag::context(0)] "toneID" => tone: u32,
        /// Seconds.
        [Tag::context(1)] "duration" => duration: Option<u32>,
    }
}

choice! {
    /// What is played.
    InformationToSend {
        /// A message.
        [Tag::context(0)] "inbandInfo" => Inband(InbandInfo),
        /// A tone.
        [Tag::context(1)] "tone" => Tone(Tone),
    }
}

sequence! {
    /// The argument of PlayAnnouncement.
    PlayAnnouncementArg {
        /// What is played.
        [Tag::context(0)] "informationToSend" => information: InformationToSend,
        /// The announcer stays connected afterwards; it does where this is absent.
        [Tag::context(1)] "disconnectFromIPForbidden" => disconnect_forbidden: Option<bool>,
        /// A SpecializedResourceReport tells the end; it does where this is absent.
        [Tag::context(2)] "requestAnnouncementComplete" => request_complete: Option<bool>,
        /// Extensions.
        [Tag::context(3)] "extensions" => extensions: Option<Unknown>,
    }
}

impl PlayAnnouncementArg {
    /// One message, after which the announcer hangs up.
    #[must_use]
    pub fn message(message: u32) -> Self {
        let info = InbandInfo {
            message: MessageId::Elementary(message),
            repetitions: Some(1),
            duration: None,
            interval: None,
            unknown: Vec::new(),
        };
        Self {
            information: InformationToSend::Inband(info),
            disconnect_forbidden: Some(false),
            request_complete: Some(true),
            extensions: None,
            unknown: Vec::new(),
        }
    }
}

/// The argument of SpecializedResourceReport: the announcement is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct SpecializedResourceReportArg;

/// NULL in phase 2 and 3.
impl Type for SpecializedResourceReportArg {
    const TAG: Tag = Tag::NULL;

    fn read(element: &Element<'_>, phase: Phase) -> Result<Self, DecodeError> {
        Null::read(element, phase).map(|_| Self)
    }

    fn write(&self, tag: Tag, phase: Phase, out: &mut Encoder) {
        Null.write(tag, phase, out);
    }

    fn show(&self) -> Value {
        Null.show()
    }

    fn take(value: &Value) -> Result<Self, FieldError> {
        Null::take(value).map(|_| Self)
    }
}
