//! The services of a request: what is wanted and what was used (Multiple-Services-Credit-Control, RFC 8506 section 8.16).

use tollgate_diameter::{Avps, Builder, avp};

/// Reporting-Reason (TS 32.299 section 7.2.175).
pub mod reason {
    /// THRESHOLD
    pub const THRESHOLD: u32 = 0;
    /// QHT: the quota was not used for its holding time.
    pub const HOLDING_TIME: u32 = 1;
    /// FINAL
    pub const FINAL: u32 = 2;
    /// QUOTA_EXHAUSTED
    pub const QUOTA_EXHAUSTED: u32 = 3;
    /// VALIDITY_TIME
    pub const VALIDITY_TIME: u32 = 4;
    /// OTHER_QUOTA_TYPE
    pub const OTHER_QUOTA_TYPE: u32 = 5;
    /// RATING_CONDITION_CHANGE
    pub const RATING_CONDITION_CHANGE: u32 = 6;
    /// FORCED_REAUTHORISATION
    pub const FORCED_REAUTHORISATION: u32 = 7;
    /// POOL_EXHAUSTED
    pub const POOL_EXHAUSTED: u32 = 8;
}

/// Units of each kind that are named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Units {
    /// CC-Time, in seconds.
    pub time: Option<u32>,
    /// CC-Total-Octets.
    pub total: Option<u64>,
    /// CC-Input-Octets: from the subscriber.
    pub input: Option<u64>,
    /// CC-Output-Octets: to the subscriber.
    pub output: Option<u64>,
    /// CC-Service-Specific-Units.
    pub specific: Option<u64>,
}

impl Units {
    /// Writes those that are named.
    pub fn write(&self, builder: &mut Builder) {
        if let Some(time) = self.time {
            builder.u32(avp::CC_TIME, time);
        }
        let counts = [
            (avp::CC_TOTAL_OCTETS, self.total),
            (avp::CC_INPUT_OCTETS, self.input),
            (avp::CC_OUTPUT_OCTETS, self.output),
            (avp::CC_SERVICE_SPECIFIC_UNITS, self.specific),
        ];
        for (code, count) in counts {
            if let Some(count) = count {
                builder.u64(code, count);
            }
        }
    }

    /// Reads those that are named.
    #[must_use]
    pub fn read(avps: Avps<'_>) -> Self {
        let count = |code| avps.get(code).and_then(|own| own.u64());
        Self {
            time: avps.get(avp::CC_TIME).and_then(|own| own.u32()),
            total: count(avp::CC_TOTAL_OCTETS),
            input: count(avp::CC_INPUT_OCTETS),
            output: count(avp::CC_OUTPUT_OCTETS),
            specific: count(avp::CC_SERVICE_SPECIFIC_UNITS),
        }
    }

    /// Octets both ways, where octets are named.
    #[must_use]
    pub fn octets(&self) -> Option<u64> {
        let parts = [self.input, self.output];
        let sum = || {
            let named = parts.iter().any(Option::is_some);
            named.then(|| parts.into_iter().flatten().fold(0, u64::saturating_add))
        };
        self.total.or_else(sum)
    }
}

/// One Used-Service-Unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Used {
    /// How much.
    pub units: Units,
    /// Tariff-Change-Usage: 0 before a change, 1 after it, 2 unknown.
    pub tariff_change: Option<u32>,
    /// Reporting-Reason of these units.
    pub reason: Option<u32>,
}

/// One service of a request.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Asked {
    /// Rating-Group.
    pub rating_group: Option<u32>,
    /// Service-Identifier.
    pub service_identifier: Option<u32>,
    /// Requested-Service-Unit; without units it leaves the server to say how many.
    pub requested: Option<Units>,
    /// Used-Service-Unit.
    pub used: Vec<Used>,
    /// Reporting-Reason of the whole service.
    pub reason: Option<u32>,
    /// Trigger-Type that has it report.
    pub trigger: Option<u32>,
}

impl Asked {
    /// Writes it as a Multiple-Services-Credit-Control.
    pub fn write(&self, builder: &mut Builder) {
        builder.group(avp::MULTIPLE_SERVICES_CREDIT_CONTROL, |own| {
            self.write_units(own);
            if let Some(service) = self.service_identifier {
                own.u32(avp::SERVICE_IDENTIFIER, service);
            }
            if let Some(group) = self.rating_group {
                own.u32(avp::RATING_GROUP, group);
            }
            if let Some(reason) = self.reason {
                own.u32(avp::REPORTING_REASON, reason);
            }
            if let Some(kind) = self.trigger {
                own.group(avp::TRIGGER, |own| own.u32(avp::TRIGGER_TYPE, kind));
            }
        });
    }

    /// Writes its units alone, for a request that has one service and no group for it.
    pub fn write_units(&self, builder: &mut Builder) {
        if let Some(requested) = self.requested {
            builder.group(avp::REQUESTED_SERVICE_UNIT, |own| requested.write(own));
        }
        for used in &self.used {
            builder.group(avp::USED_SERVICE_UNIT, |own| {
                if let Some(reason) = used.reason {
                    own.u32(avp::REPORTING_REASON, reason);
                }
                if let Some(side) = used.tariff_change {
                    own.u32(avp::TARIFF_CHANGE_USAGE, side);
                }
                used.units.write(own);
            });
        }
    }
}
