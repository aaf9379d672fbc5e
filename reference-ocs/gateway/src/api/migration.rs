//! The routes by which customers are moved (version 1). Each order may come again, and is told the same.
//!
//! What one system answers to an `export_…` is, as it stands, what the other takes as the parameters of `import_…`; the
//! same is so of `late_reports` and `deliver`.
//!
//! | method | parameters | answer |
//! |---|---|---|
//! | `whereabouts` | `i_customer` | `status` here, exported or removed; of an exported one `to`, `hop`, `late`, `open`, `settled` |
//! | `export_customer` | `i_customer`, `to`, `xdrs`, `dry_run` | `bundle`, `again`, `numbers`, `hop`, … |
//! | `export_xdrs` | `i_customer`, `xdrs`, `after`, `max` | `xdrs`, `last` |
//! | `import_customer` | `bundle`, `dry_run` | `again`; a dry run (also `check_customer`) `missing` |
//! | `import_xdrs` | `i_customer`, `hop`, `xdrs` | `new` |
//! | `return_customer` | `bundle`, `dry_run` (also `check_return`) | what was or would be returned, adjusted and left |
//! | `abandon`, `lift`, `settle` | `i_customer`, `hop` | `again` |
//! | `late_reports` | `i_customer`, `max` | `late` |
//! | `deliver` | `i_customer`, `from`, `late` | `up_to` |
//! | `delivered` | `i_customer`, `up_to` | |
//! | `remove_customer` | `i_customer` | `accounts`, `xdrs`, `xdrs_kept`, `again` |

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use tollgate_http::{Bytes, StatusCode};
use tollgate_ocs_core::ids::{CustomerId, EnvId, XdrId};
use tollgate_ocs_core::migration::{
    Bundle, Late, Migrate, Migrated, MigrationRefusal, Missing, ReturnReport, Whereabouts, XdrScope,
};
use tollgate_ocs_core::{Answer, Command, Refusal, Xdr};
use tollgate_time::Instant;

use super::fault::Fault;
use super::routes::{Done, Failure, body, parameters, refused};
use super::show;
use crate::node::RadiusGateway;

/// Records or reports in one answer at most.
const PAGE_MAX: u32 = 5_000;

#[derive(Deserialize)]
struct Whom {
    i_customer: CustomerId,
}

#[derive(Deserialize, Clone, Copy, Default)]
#[serde(rename_all = "kebab-case")]
enum Scope {
    Nothing,
    #[default]
    Period,
    All,
}

impl From<Scope> for XdrScope {
    fn from(scope: Scope) -> Self {
        match scope {
            Scope::Nothing => Self::Nothing,
            Scope::Period => Self::Period,
            Scope::All => Self::All,
        }
    }
}

#[derive(Deserialize)]
struct ExportCustomer {
    i_customer: CustomerId,
    to: EnvId,
    #[serde(default)]
    xdrs: Scope,
    #[serde(default)]
    dry_run: bool,
}

#[derive(Deserialize)]
struct ExportXdrs {
    i_customer: CustomerId,
    #[serde(default)]
    xdrs: Scope,
    #[serde(default)]
    after: Option<XdrId>,
    #[serde(default)]
    max: Option<u32>,
}

#[derive(Deserialize)]
struct Take {
    bundle: Box<Bundle>,
    #[serde(default)]
    dry_run: bool,
}

#[derive(Deserialize)]
struct ImportXdrs {
    i_customer: CustomerId,
    hop: u64,
    xdrs: Vec<Xdr>,
}

#[derive(Deserialize)]
struct OfMove {
    i_customer: CustomerId,
    hop: u64,
}

#[derive(Deserialize)]
struct Reports {
    i_customer: CustomerId,
    #[serde(default)]
    max: Option<u32>,
}

#[derive(Deserialize)]
struct Deliver {
    i_customer: CustomerId,
    from: EnvId,
    late: Vec<Late>,
}

#[derive(Deserialize)]
struct Delivered {
    i_customer: CustomerId,
    up_to: u64,
}

/// What travels, with what whoever carries it needs to know of it.
#[derive(Serialize)]
struct Exported<'a> {
    i_customer: CustomerId,
    name: &'a str,
    hop: u64,
    again: bool,
    accounts: Vec<u32>,
    numbers: Vec<&'a str>,
    open: usize,
    xdrs: usize,
    bundle: &'a Bundle,
}

impl<'a> Exported<'a> {
    fn of(bundle: &'a Bundle, again: bool) -> Self {
        Self {
            i_customer: bundle.customer(),
            name: bundle.name(),
            hop: bundle.hop(),
            again,
            accounts: bundle.accounts().map(|(id, _)| id.number()).collect(),
            numbers: bundle.numbers().collect(),
            open: bundle.open(),
            xdrs: bundle.xdrs().len(),
            bundle,
        }
    }
}

/// Records that travel, as `import_xdrs` takes them.
#[derive(Serialize)]
struct ExportedXdrs<'a> {
    i_customer: CustomerId,
    hop: u64,
    /// The last of them.
    after: Option<u64>,
    /// There are no more.
    last: bool,
    xdrs: Vec<&'a Xdr>,
}

fn written(answer: &impl Serialize) -> Done {
    let octets = serde_json::to_vec(answer).map_err(|error| {
        Failure::Fault(Fault::new(StatusCode::INTERNAL_SERVER_ERROR, "Server.Internal", error))
    })?;
    Ok(Bytes::from(octets))
}

impl RadiusGateway {
    pub(super) fn migration_method(&mut self, now: Instant, method: &str, octets: &[u8]) -> Done {
        match method {
            "whereabouts" => self.whereabouts(&parameters(octets)?),
            "export_customer" => self.export_customer(now, &parameters(octets)?),
            "export_xdrs" => self.export_xdrs(now, &parameters(octets)?),
            "import_customer" => self.import_customer(now, parameters(octets)?),
            "check_customer" => self.import_customer(now, Take { dry_run: true, ..parameters(octets)? }),
            "check_return" => self.return_customer(now, Take { dry_run: true, ..parameters(octets)? }),
            "import_xdrs" => {
                let ImportXdrs { i_customer: customer, hop, xdrs } = parameters(octets)?;
                self.carry_out(now, Migrate::ImportXdrs { customer, hop, xdrs })
            }
            "return_customer" => self.return_customer(now, parameters(octets)?),
            "abandon" => {
                let OfMove { i_customer: customer, hop } = parameters(octets)?;
                self.carry_out(now, Migrate::Abandon { customer, hop })
            }
            "lift" => {
                let OfMove { i_customer: customer, hop } = parameters(octets)?;
                self.carry_out(now, Migrate::Lift { customer, hop })
            }
            "settle" => {
                let OfMove { i_customer: customer, hop } = parameters(octets)?;
                self.carry_out(now, Migrate::Settle { customer, hop })
            }
            "late_reports" => {
                let Reports { i_customer: customer, max } = parameters(octets)?;
                let max = max.unwrap_or(PAGE_MAX).min(PAGE_MAX) as usize;
                let late = self.ocs().late_reports(customer, max);
                let from = self.ocs().env().number();
                written(&json!({ "i_customer": customer.number(), "from": from, "late": late }))
            }
            "deliver" => {
                let Deliver { i_customer: customer, from, late } = parameters(octets)?;
                self.carry_out(now, Migrate::Deliver { customer, from, late })
            }
            "delivered" => {
                let Delivered { i_customer: customer, up_to } = parameters(octets)?;
                self.carry_out(now, Migrate::Delivered { customer, up_to })
            }
            "remove_customer" => {
                let Whom { i_customer: customer } = parameters(octets)?;
                self.carry_out(now, Migrate::Remove { customer })
            }
            other => Err(Fault::unknown(format!("there is no method 'v1/Migration/{other}'")).into()),
        }
    }

    fn migrate(&mut self, now: Instant, order: Migrate) -> Result<Migrated, Failure> {
        match self.apply(now, Command::Migrate(Box::new(order))) {
            Ok(Some(Answer::Migrated(done))) => Ok(*done),
            Ok(Some(Answer::Refused(Refusal::Migration(why)))) => Err(refusal(&why).into()),
            Ok(Some(Answer::Refused(why))) => Err(refused(&why).into()),
            Ok(_) | Err(_) => Err(Failure::Unstored),
        }
    }

    /// Has the core carry out an order, and tells what came of it.
    fn carry_out(&mut self, now: Instant, order: Migrate) -> Done {
        Ok(body(&match self.migrate(now, order)? {
            Migrated::Exported { bundle, again } => return written(&Exported::of(&bundle, again)),
            Migrated::Xdrs(xdrs) => json!({ "xdrs": xdrs.len() }),
            Migrated::Imported { again } | Migrated::Lifted { again } => json!({ "again": again }),
            Migrated::XdrsImported { new } => json!({ "new": new }),
            Migrated::Returned(report) => report_shown(&report),
            Migrated::Abandoned | Migrated::Confirmed | Migrated::Settled => json!({ "success": 1 }),
            Migrated::Taken { up_to } => json!({ "up_to": up_to }),
            Migrated::Removed(own) => json!({
                "accounts": own.accounts,
                "xdrs": own.xdrs,
                "xdrs_kept": own.xdrs_kept,
                "again": own.again,
            }),
        }))
    }

    fn whereabouts(&self, asked: &Whom) -> Done {
        let known = self.ocs().whereabouts(asked.i_customer);
        let known =
            known.ok_or_else(|| Fault::unknown(format!("there is no customer {}", asked.i_customer)))?;
        Ok(body(&match known {
            Whereabouts::Here => json!({ "status": "here" }),
            Whereabouts::Removed => json!({ "status": "removed" }),
            Whereabouts::Exported { to, hop, at, late, open, settled } => json!({
                "status": "exported",
                "to": to.number(),
                "hop": hop,
                "since": at.to_string(),
                "late": late,
                "open": open,
                "settled": settled,
            }),
        }))
    }

    fn export_customer(&mut self, now: Instant, asked: &ExportCustomer) -> Done {
        let (customer, to, xdrs) = (asked.i_customer, asked.to, asked.xdrs.into());
        if asked.dry_run {
            // What has ended by now has ended for a dry run too.
            self.expire(now);
            let bundle = self.ocs().exported_on_trial(customer, to, xdrs).ok_or_else(|| {
                Fault::unknown(format!("there is no customer {customer} here that could be exported"))
            })?;
            return written(&Exported::of(&bundle, false));
        }
        self.carry_out(now, Migrate::Export { customer, to, xdrs })
    }

    fn export_xdrs(&mut self, now: Instant, asked: &ExportXdrs) -> Done {
        let max = asked.max.unwrap_or(PAGE_MAX).clamp(1, PAGE_MAX);
        let (customer, xdrs, after) = (asked.i_customer, asked.xdrs.into(), asked.after);
        match self.migrate(now, Migrate::ExportXdrs { customer, xdrs, after, max })? {
            Migrated::Xdrs(xdrs) => {
                let last = xdrs.len() < max as usize;
                let behind = xdrs.last().map(|xdr| xdr.id.number());
                written(&ExportedXdrs {
                    i_customer: customer,
                    hop: self.hop(customer),
                    after: behind,
                    last,
                    xdrs: values(&xdrs),
                })
            }
            _ => Err(Failure::Unstored),
        }
    }

    /// The number of the move by which a customer left.
    fn hop(&self, customer: CustomerId) -> u64 {
        match self.ocs().whereabouts(customer) {
            Some(Whereabouts::Exported { hop, .. }) => hop,
            _ => 0,
        }
    }

    fn import_customer(&mut self, now: Instant, asked: Take) -> Done {
        if !asked.dry_run {
            return self.carry_out(now, Migrate::Import(asked.bundle));
        }
        asked.bundle.check().map_err(Fault::parameters)?;
        let missing = self.ocs().missing(&asked.bundle);
        Ok(body(&json!({ "missing": missing.iter().map(ToString::to_string).collect::<Vec<_>>() })))
    }

    fn return_customer(&mut self, now: Instant, asked: Take) -> Done {
        if !asked.dry_run {
            return self.carry_out(now, Migrate::Return(asked.bundle));
        }
        asked.bundle.check().map_err(Fault::parameters)?;
        let known = self.ocs().whereabouts(asked.bundle.customer());
        if !matches!(known, Some(Whereabouts::Exported { .. })) {
            let customer = asked.bundle.customer();
            return Err(refusal(&MigrationRefusal::NotExported(customer)).into());
        }
        Ok(body(&report_shown(&self.ocs().returned_on_trial(&asked.bundle))))
    }
}

fn values(xdrs: &[Arc<Xdr>]) -> Vec<&Xdr> {
    xdrs.iter().map(|xdr| &**xdr).collect()
}

fn report_shown(report: &ReturnReport) -> Json {
    let xdrs = |own: &[Arc<Xdr>]| own.iter().map(|xdr| show::xdr(xdr)).collect::<Vec<_>>();
    let adjusted = report.adjusted.iter().map(|(account, before, after)| {
        json!({ "id": &**account, "before": show::amount(*before), "after": show::amount(*after) })
    });
    let missing = report.missing.iter();
    let missing = missing.map(|(account, left)| json!({ "id": &**account, "balance": show::amount(*left) }));
    json!({
        "again": report.again,
        "returned": xdrs(&report.returned),
        "left": xdrs(&report.left),
        "customer": report.customer.map(|(before, after)| {
            json!({ "before": show::amount(before), "after": show::amount(after) })
        }),
        "adjusted": adjusted.collect::<Vec<_>>(),
        "missing_accounts": missing.collect::<Vec<_>>(),
        "active_accounts": report.active.iter().map(|own| &**own).collect::<Vec<_>>(),
    })
}

fn refusal(why: &MigrationRefusal) -> Fault {
    match why {
        MigrationRefusal::Unknown(_) => Fault::unknown(why),
        MigrationRefusal::Unsound(_) | MigrationRefusal::Format(_) => Fault::parameters(why),
        MigrationRefusal::Missing(missing) => {
            let listed: Vec<String> = missing.iter().map(Missing::to_string).collect();
            Fault::conflict("Migration.Missing", why).with("missing", json!(listed))
        }
        MigrationRefusal::Elsewhere { .. } => Fault::conflict("Migration.Elsewhere", why),
        MigrationRefusal::WrongSystem { .. } => Fault::conflict("Migration.WrongSystem", why),
        MigrationRefusal::Reseller(_) => Fault::conflict("Migration.Reseller", why),
        MigrationRefusal::Here(_) => Fault::conflict("Migration.Here", why),
        MigrationRefusal::Overtaken { .. } => Fault::conflict("Migration.Overtaken", why),
        MigrationRefusal::Abandoned { .. } => Fault::conflict("Migration.Abandoned", why),
        MigrationRefusal::NotExported(_) => Fault::conflict("Migration.NotExported", why),
        MigrationRefusal::Unsettled { .. } => Fault::conflict("Migration.Unsettled", why),
        MigrationRefusal::Settled { .. } => Fault::conflict("Migration.Settled", why),
        MigrationRefusal::Undelivered { .. } => Fault::conflict("Migration.Undelivered", why),
    }
}
