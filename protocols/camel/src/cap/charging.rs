//! Charging: how long a call may last, how long it did, and what the call record or the subscriber's
//! display is to show (TS 29.078 section 5.1, 6.1.1).
//!
//! Several arguments are elements inside of an OCTET STRING. They are shown as what is inside.

use tollgate_wire::{DecodeError, Fields, Value};

use super::leg::{ReceivingSide, SendingSide};
use crate::Phase;
use crate::asn::{FieldError, Null, Octets, Type, Unknown, choice, group_of, sequence, within};
use crate::ber::{Element, Elements, Encoder, Tag};

/// Writes elements inside of an OCTET STRING.
fn write_inside(tag: Tag, out: &mut Encoder, write: impl FnOnce(&mut Encoder)) {
    let mut inside = Encoder::new();
    write(&mut inside);
    out.primitive(tag, &inside.into_bytes());
}

/// Reads the one element inside of an OCTET STRING. One in segments loses its offsets only.
fn read_inside<T>(
    element: &Element<'_>,
    read: impl FnOnce(Element<'_>) -> Result<T, DecodeError>,
) -> Result<T, DecodeError> {
    let octets = element.octets()?;
    read(Elements::new(&octets, element.contents_offset()).only(element.what)?)
}

/// Reads the one alternative `[0]` that such a string has.
fn read_alternative<T: Type>(element: &Element<'_>, phase: Phase) -> Result<T, DecodeError> {
    read_inside(element, |own| {
        if own.tag != Tag::context(0) {
            return Err(own.invalid(u64::from(own.tag.number), "only the alternative [0] is known here"));
        }
        T::read(&own, phase)
    })
}

/// Whether the call ends when its time is over. Phase 2 writes a group that is there or not, phase 3 a
/// BOOLEAN and the tone beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct ReleaseIfExceeded {
    /// The call ends.
    pub release: bool,
    /// A warning tone is played before (phase 2; phase 3 has [`TimeDurationCharging::tone`]).
    pub tone: Option<bool>,
}

impl ReleaseIfExceeded {
    /// The call ends.
    pub const YES: Self = Self { release: true, tone: None };
}

impl Type for ReleaseIfExceeded {
    const TAG: Tag = Tag::BOOLEAN;

    fn read(element: &Element<'_>, _: Phase) -> Result<Self, DecodeError> {
        if !element.constructed {
            return Ok(Self { release: element.boolean()?, tone: None });
        }
        let mut tone = None;
        for own in element.elements()? {
            let own = own?.named("tone");
            if own.tag == Tag::BOOLEAN {
                tone = Some(own.boolean()?);
            }
        }
        Ok(Self { release: true, tone })
    }

    fn write(&self, tag: Tag, phase: Phase, out: &mut Encoder) {
        match (phase, self.release) {
            (Phase::Three, release) => out.boolean(tag, release),
            (Phase::Two, true) => out.constructed(tag, |out| {
                if let Some(tone) = self.tone {
                    out.boolean(Tag::BOOLEAN, tone);
                }
            }),
            // That the group is there would say that the call ends.
            (Phase::Two, false) => {}
        }
    }

    fn show(&self) -> Value {
        match self.tone {
            None => Value::Flag(self.release),
            Some(tone) => Value::Group(Fields::new().with("tone", tone)),
        }
    }

    fn take(value: &Value) -> Result<Self, FieldError> {
        if let Value::Flag(release) = value {
            return Ok(Self { release: *release, tone: None });
        }
        let mut own = Self::YES;
        for (name, value) in group_of(value)?.iter() {
            match name {
                "tone" => own.tone = Some(within(name, bool::take(value))?),
                other => return Err(FieldError::named(other, "tone")),
            }
        }
        Ok(own)
    }
}

/// An argument that is a string with the alternative `[0]` of a choice inside, and shows as that.
macro_rules! string_around {
    ($(#[$meta:meta])* $name:ident($inside:ty)) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct $name(pub $inside);

        impl Type for $name {
            const TAG: Tag = Tag::OCTET_STRING;

            fn read(element: &Element<'_>, phase: Phase) -> Result<Self, DecodeError> {
                read_alternative(element, phase).map(Self)
            }

            fn write(&self, tag: Tag, phase: Phase, out: &mut Encoder) {
                write_inside(tag, out, |out| self.0.write(Tag::context(0), phase, out));
            }

            fn show(&self) -> Value {
                self.0.show()
            }

            fn take(value: &Value) -> Result<Self, FieldError> {
                <$inside>::take(value).map(Self)
            }
        }
    };
}

string_around! {
    /// The argument of ApplyChargingReport.
    ApplyChargingReportArg(TimeDurationChargingResult)
}

string_around! {
    /// The argument of FurnishChargingInformation.
    FurnishChargingInformationArg(FreeFormatCharging)
}

string_around! {
    /// The argument of FurnishChargingInformationSMS.
    FurnishChargingInformationSmsArg(FreeFormatSms)
}

sequence! {
    /// How long a call may last.
    #[derive(Default)]
    TimeDurationCharging {
        /// Tenths of a second, 1 to 864000.
        [Tag::context(0)] "maxCallPeriodDuration" => max_call_period_duration: u32,
        /// Whether the call ends then.
        [Tag::context(1)] "releaseIfdurationExceeded" => release_if_exceeded: Option<ReleaseIfExceeded>,
        /// Seconds until the tariff changes, 1 to 86400.
        [Tag::context(2)] "tariffSwitchInterval" => tariff_switch_interval: Option<u32>,
        /// A warning tone before the end (phase 3).
        [Tag::context(3)] "tone" => tone: Option<bool>,
    }
}

/// The argument of ApplyCharging.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ApplyChargingArg {
    /// How long the call may last.
    pub charging: TimeDurationCharging,
    /// Whom it is for; leg 1 where this is absent.
    pub party_to_charge: Option<SendingSide>,
    /// Extensions.
    pub extensions: Option<Unknown>,
    /// Elements that the type does not know, in order.
    pub unknown: Vec<Unknown>,
}

impl ApplyChargingArg {
    /// So many tenths of a second for leg 1, then the call ends.
    #[must_use]
    pub fn limit(tenths: u32) -> Self {
        let charging = TimeDurationCharging {
            max_call_period_duration: tenths,
            release_if_exceeded: Some(ReleaseIfExceeded::YES),
            ..TimeDurationCharging::default()
        };
        Self { charging, party_to_charge: Some(SendingSide(super::Leg::ONE)), ..Self::default() }
    }
}

const CHARACTERISTICS: Tag = Tag::context(0);
const PARTY: Tag = Tag::context(2);
const EXTENSIONS: Tag = Tag::context(3);

impl Type for ApplyChargingArg {
    const TAG: Tag = Tag::SEQUENCE;

    fn read(element: &Element<'_>, phase: Phase) -> Result<Self, DecodeError> {
        let (mut charging, mut own) = (None, Self::default());
        for part in element.elements()? {
            let part = part?;
            match part.tag {
                CHARACTERISTICS => {
                    let part = part.named("aChBillingChargingCharacteristics");
                    charging = Some(read_alternative(&part, phase)?);
                }
                PARTY => {
                    own.party_to_charge = Some(SendingSide::read(&part.named("partyToCharge"), phase)?);
                }
                EXTENSIONS => own.extensions = Some(Unknown::of(&part)),
                _ => own.unknown.push(Unknown::of(&part)),
            }
        }
        own.charging = charging.ok_or_else(|| element.lacks("aChBillingChargingCharacteristics"))?;
        Ok(own)
    }

    fn write(&self, tag: Tag, phase: Phase, out: &mut Encoder) {
        out.constructed(tag, |out| {
            let inside = |out: &mut Encoder| self.charging.write(Tag::context(0), phase, out);
            write_inside(CHARACTERISTICS, out, inside);
            if let Some(party) = &self.party_to_charge {
                party.write(PARTY, phase, out);
            }
            if let Some(extensions) = &self.extensions {
                extensions.write(EXTENSIONS, phase, out);
            }
            self.unknown.iter().for_each(|own| own.write_again(out));
        });
    }

    /// What is inside stands beside what is outside: `{ maxCallPeriodDuration: 600, partyToCharge: leg1 }`.
    fn show(&self) -> Value {
        let mut fields = match self.charging.show() {
            Value::Group(fields) => fields,
            _ => Fields::new(),
        };
        if let Some(party) = &self.party_to_charge {
            fields.push("partyToCharge", party.show());
        }
        if let Some(extensions) = &self.extensions {
            fields.push("extensions", extensions.show());
        }
        self.unknown.iter().for_each(|own| fields.push("unknown", own.show()));
        Value::Group(fields)
    }

    fn take(value: &Value) -> Result<Self, FieldError> {
        let (mut inside, mut own) = (Fields::new(), Self::default());
        for (name, value) in group_of(value)?.iter() {
            match name {
                "partyToCharge" => own.party_to_charge = Some(within(name, SendingSide::take(value))?),
                "extensions" => own.extensions = Some(within(name, Unknown::take(value))?),
                "unknown" => own.unknown.push(within(name, Unknown::take(value))?),
                _ => inside.push(name, value.clone()),
            }
        }
        own.charging = TimeDurationCharging::take(&Value::Group(inside))?;
        Ok(own)
    }
}

sequence! {
    /// Time used when the tariff changes.
    #[derive(Default)]
    TimeIfTariffSwitch {
        /// Tenths of a second since the tariff changed last.
        [Tag::context(0)] "timeSinceTariffSwitch" => time_since_tariff_switch: u32,
        /// Tenths of a second before it did.
        [Tag::context(1)] "tariffSwitchInterval" => tariff_switch_interval: Option<u32>,
    }
}

choice! {
    /// Time used, in tenths of a second since the answer.
    TimeInformation {
        /// The tariff has not changed.
        [Tag::context(0)] "timeIfNoTariffSwitch" => NoSwitch(u32),
        /// It has.
        [Tag::context(1)] "timeIfTariffSwitch" => Switch(TimeIfTariffSwitch),
    }
}

sequence! {
    /// What an ApplyChargingReport tells.
    TimeDurationChargingResult {
        /// Whom it is about, as in the ApplyCharging.
        [Tag::context(0)] "partyToCharge" => party_to_charge: ReceivingSide,
        /// Time used.
        [Tag::context(1)] "timeInformation" => time_information: TimeInformation,
        /// Whether the call goes on; it does where this is absent (`legActive` from phase 4 on).
        [Tag::context(2)] "callActive" => call_active: Option<bool>,
        /// The call ended because its time was over (phase 3).
        [Tag::context(3)] "callReleasedAtTcpExpiry" => call_released_at_tcp_expiry: Option<Null>,
        /// Extensions.
        [Tag::context(4)] "extensions" => extensions: Option<Unknown>,
    }
}

impl ApplyChargingReportArg {
    /// So many tenths of a second of leg 1 are used.
    #[must_use]
    pub fn used(tenths: u32, call_active: bool) -> Self {
        Self(TimeDurationChargingResult {
            party_to_charge: ReceivingSide(super::Leg::ONE),
            time_information: TimeInformation::NoSwitch(tenths),
            call_active: Some(call_active),
            call_released_at_tcp_expiry: None,
            extensions: None,
            unknown: Vec::new(),
        })
    }

    /// Tenths of a second since the answer or since the tariff changed.
    #[must_use]
    pub const fn tenths(&self) -> u32 {
        match &self.0.time_information {
            TimeInformation::NoSwitch(tenths) => *tenths,
            TimeInformation::Switch(switch) => switch.time_since_tariff_switch,
            TimeInformation::Unknown(_) => 0,
        }
    }
}

sequence! {
    /// Octets for the call record.
    #[derive(Default)]
    FreeFormatCharging {
        /// The octets, at most 160 (phase 2: 40).
        [Tag::context(0)] "freeFormatData" => free_format_data: Octets,
        /// For whose record; leg 1 where this is absent.
        [Tag::context(1)] "partyToCharge" => party_to_charge: Option<SendingSide>,
        /// 1 behind what is there, 0 in its place (phase 3).
        [Tag::context(2)] "appendFreeFormatData" => append: Option<u32>,
    }
}

sequence! {
    /// Octets for the record of a short message (phase 3).
    #[derive(Default)]
    FreeFormatSms {
        /// The octets, at most 160.
        [Tag::context(0)] "freeFormatData" => free_format_data: Octets,
        /// 1 behind what is there, 0 in its place.
        [Tag::context(1)] "appendFreeFormatData" => append: Option<u32>,
    }
}

sequence! {
    /// Charge advice information, the elements e1 to e7 (TS 22.024).
    #[derive(Default)]
    AdviceOfCharge {
        /// Units per interval.
        [Tag::context(0)] "e1" => e1: Option<u32>,
        /// Seconds per time interval, in tenths.
        [Tag::context(1)] "e2" => e2: Option<u32>,
        /// Scaling factor, in hundredths.
        [Tag::context(2)] "e3" => e3: Option<u32>,
        /// Unit increment, in tenths.
        [Tag::context(3)] "e4" => e4: Option<u32>,
        /// Units per data interval, in tenths.
        [Tag::context(4)] "e5" => e5: Option<u32>,
        /// Segments per data interval.
        [Tag::context(5)] "e6" => e6: Option<u32>,
        /// Initial seconds per time interval, in tenths.
        [Tag::context(6)] "e7" => e7: Option<u32>,
    }
}

sequence! {
    /// Charge advice for later in the call.
    #[derive(Default)]
    AdviceOfChargeSubsequent {
        /// The advice.
        [Tag::context(0)] "cAI-GSM0224" => advice: AdviceOfCharge,
        /// Seconds until it applies.
        [Tag::context(1)] "tariffSwitchInterval" => tariff_switch_interval: Option<u32>,
    }
}

sequence! {
    /// Charge advice before the answer.
    #[derive(Default)]
    AdviceOfChargeBeforeAnswer {
        /// From the answer on.
        [Tag::context(0)] "aOCInitial" => initial: AdviceOfCharge,
        /// Later.
        [Tag::context(1)] "aOCSubsequent" => subsequent: Option<AdviceOfChargeSubsequent>,
    }
}

choice! {
    /// Charge advice.
    ChargeAdvice {
        /// Before the answer.
        [Tag::context(0)] "aOCBeforeAnswer" => BeforeAnswer(AdviceOfChargeBeforeAnswer),
        /// After it.
        [Tag::context(1)] "aOCAfterAnswer" => AfterAnswer(AdviceOfChargeSubsequent),
    }
}

/// Charge advice inside of a string.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChargeAdviceString(pub ChargeAdvice);

impl Type for ChargeAdviceString {
    const TAG: Tag = Tag::OCTET_STRING;

    fn read(element: &Element<'_>, phase: Phase) -> Result<Self, DecodeError> {
        read_inside(element, |own| ChargeAdvice::read_alternative(&own, phase)).map(Self)
    }

    fn write(&self, tag: Tag, phase: Phase, out: &mut Encoder) {
        write_inside(tag, out, |out| self.0.write_alternative(phase, out));
    }

    fn show(&self) -> Value {
        self.0.show()
    }

    fn take(value: &Value) -> Result<Self, FieldError> {
        ChargeAdvice::take(value).map(Self)
    }
}

sequence! {
    /// The argument of SendChargingInformation: charge advice for the subscriber's display.
    SendChargingInformationArg {
        /// The advice.
        [Tag::context(0)] "sCIBillingChargingCharacteristics" => advice: ChargeAdviceString,
        /// For whom.
        [Tag::context(1)] "partyToCharge" => party_to_charge: SendingSide,
        /// Extensions.
        [Tag::context(2)] "extensions" => extensions: Option<Unknown>,
    }
}
