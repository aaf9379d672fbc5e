//! Numbers that are ported to and from other networks (ARCH, number porting requests processing).
//!
//! A number that goes ends its account at once and is available then; that it has gone is confirmed afterwards. A number that
//! comes takes the place of the account's id when the centre has confirmed it. The talk with the centre itself is not the
//! core's: whoever leads it asks here.

use serde::Deserialize;
use serde_json::json;
use tollgate_ocs_core::Admin;
use tollgate_ocs_core::ids::AccountId;
use tollgate_time::Instant;

use super::fault::Fault;
use super::routes::{Done, body, parameters};
use crate::node::RadiusGateway;

/// A number that goes.
#[derive(Deserialize)]
struct Out {
    id: String,
}

/// A number that went: its account has ended.
#[derive(Deserialize)]
struct Gone {
    id: String,
    i_account: u32,
}

/// A number that comes.
#[derive(Deserialize)]
struct In {
    i_account: u32,
    number: String,
}

impl RadiusGateway {
    pub(super) fn port_out(&mut self, now: Instant, octets: &[u8]) -> Done {
        let Out { id } = parameters(octets)?;
        let unknown = || Fault::unknown(format!("there is no account '{id}'"));
        let view = self.ocs().account(&id).ok_or_else(unknown)?;
        let (account, number) = (view.id().to_owned(), view.number().number());
        self.api_change(now, Admin::Terminate { account })?;
        Ok(body(&json!({ "id": id, "i_account": number, "status": "available" })))
    }

    pub(super) fn ported_out(&self, octets: &[u8]) -> Done {
        let Gone { id, i_account } = parameters(octets)?;
        let view = self.ocs().account_numbered(AccountId::from_number(i_account));
        if view.is_some_and(|view| view.is_terminated()) {
            return Ok(body(&json!({ "id": id, "i_account": i_account, "status": "completed" })));
        }
        Err(Fault::conflict("Server.NotTerminated", format!("account {i_account} was not ported out")).into())
    }

    pub(super) fn port_in(&self, octets: &[u8]) -> Done {
        let In { i_account, number } = parameters(octets)?;
        let view = self.ocs().account_numbered(AccountId::from_number(i_account));
        let view = view.filter(|view| !view.is_terminated());
        let view = view.ok_or_else(|| Fault::unknown(format!("there is no account {i_account}")))?;
        if self.ocs().account(&number).is_some() {
            return Err(Fault::conflict("Server.Taken", format!("'{number}' is an account's already")).into());
        }
        Ok(body(&json!({ "i_account": i_account, "id": view.id(), "number": number, "status": "requested" })))
    }

    pub(super) fn ported_in(&mut self, now: Instant, octets: &[u8]) -> Done {
        let In { i_account, number } = parameters(octets)?;
        let view = self.ocs().account_numbered(AccountId::from_number(i_account));
        let view = view.ok_or_else(|| Fault::unknown(format!("there is no account {i_account}")))?;
        let account = view.id().to_owned();
        self.api_change(now, Admin::Rename { account, to: number.clone() })?;
        Ok(body(&json!({ "i_account": i_account, "id": number, "status": "completed" })))
    }
}
