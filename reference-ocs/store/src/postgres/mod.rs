//! The store in PostgreSQL: the same record, and xDRs, balances and events in tables to be asked with plain SQL.
//!
//! A commit is one transaction of few statements, sent together without waiting for each other; each stores all of the
//! commit's rows at once. Migrations are numbered files, each made in a transaction of its own. There are no advisory
//! locks: the primary key of `entry` refuses a second writer. What a server like CockroachDB asks to be repeated
//! (SQLSTATE 40001) is repeated.

mod address;
mod batch;
mod error;
mod tls;

use tokio::runtime::{Builder, Runtime};
use tokio_postgres::error::SqlState;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Statement};
use tollgate_ocs_core::{Catalogue, Command, Effect, Ocs, Record, RecordError, Recovered, StoredState};
use tollgate_time::Instant;

pub use error::PostgresError;

use crate::encoding::{self, FORMAT_VERSION, Item, ItemRef, World};
use address::Address;
use batch::{Batch, Entries, Xdrs};

/// The migrations in their order.
const MIGRATIONS: [&str; 3] = [
    include_str!("../../migrations/0001_begin.sql"),
    include_str!("../../migrations/0002_environments.sql"),
    include_str!("../../migrations/0003_typed_xdrs.sql"),
];
/// After so many entries the state is kept again.
const STATE_EVERY: i64 = 1_000_000;
/// The length of a piece of a state, in octets.
const PIECE: usize = 8 << 20;
/// How often a transaction is repeated that the server asks to be.
const REPEATS_MAX: u32 = 5;
/// Entries read at a time.
const PAGE: i64 = 10_000;

const BALANCES: &str = "INSERT INTO balance (i_env, subject, name, number, amount, currency) \
     SELECT * FROM unnest($1::BIGINT[], $2::TEXT[], $3::TEXT[], $4::BIGINT[], $5::BIGINT[], $6::TEXT[]) \
     ON CONFLICT (i_env, subject, name) DO UPDATE SET amount = excluded.amount";
const EVENTS: &str = "INSERT INTO event (position, ordinal, at, name, subject, variables) \
     SELECT a, b, c, d, e, f::JSONB FROM unnest($1::BIGINT[], $2::INTEGER[], $3::TIMESTAMPTZ[], $4::TEXT[], \
     $5::TEXT[], $6::TEXT[]) AS row (a, b, c, d, e, f)";

/// A durable record in a database.
pub struct Postgres {
    runtime: Runtime,
    client: Client,
    statements: Statements,
    world: World,
    batch: Batch,
    /// How many entries there are, with those that wait.
    position: i64,
    /// The place of the next thing that came of the last entry.
    ordinal: i32,
    /// Whether what is noted next came of a command.
    of_command: bool,
    state_at: i64,
    failed: Option<RecordError>,
}

struct Statements {
    entries: Statement,
    xdrs: Statement,
    balances: Statement,
    events: Statement,
}

impl Postgres {
    /// Opens the store of a database, and brings it to this version's tables.
    ///
    /// # Errors
    /// The address is wrong, there is no way to it, it lets nobody in, or it was made by another version.
    pub fn open(url: &str, world: World) -> Result<Self, PostgresError> {
        let address = Address::parse(url)?;
        let connector = tls::connector(&address)?;
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let (client, statements) = runtime.block_on(async {
            let connected = address.config.connect(connector).await;
            let (mut client, connection) =
                connected.map_err(|error| PostgresError::of_connecting(error, &address))?;
            // It ends with the client, and an error of it is met by whatever is asked next.
            tokio::spawn(connection);
            is_readable(&client).await?;
            migrate(&mut client).await.map_err(|error| error.of_making(&address))?;
            let statements = Statements {
                entries: client.prepare(&Entries::insert()).await?,
                xdrs: client.prepare(&Xdrs::insert()).await?,
                balances: client.prepare(BALANCES).await?,
                events: client.prepare(EVENTS).await?,
            };
            Ok::<_, PostgresError>((client, statements))
        })?;
        Ok(Self {
            runtime,
            client,
            statements,
            world,
            batch: Batch::default(),
            position: 0,
            ordinal: 0,
            of_command: false,
            state_at: 0,
            failed: None,
        })
    }

    fn read(&mut self, catalogue: &Catalogue) -> Result<Recovered, PostgresError> {
        (self.batch, self.failed, self.of_command) = (Batch::default(), None, false);
        let Self { runtime, client, world, .. } = self;
        let (ocs, position, state_at, replayed) = runtime.block_on(async {
            belongs(client, *world).await?;
            let (mut ocs, from) = state(client, catalogue).await?;
            let (mut next, mut replayed, mut effects) = (from, 0, Vec::new());
            loop {
                let page =
                    "SELECT position, octets FROM entry WHERE position >= $1 ORDER BY position LIMIT $2";
                let rows = client.query(page, &[&next, &PAGE]).await?;
                for row in &rows {
                    let (position, octets): (i64, &[u8]) = (row.try_get(0)?, row.try_get(1)?);
                    if position != next {
                        return Err(PostgresError::Damaged(next));
                    }
                    match encoding::items(octets).next() {
                        Some(Ok(Item::Command(at, command))) => {
                            ocs.apply_into(at, &command, &mut effects);
                            effects.clear();
                            replayed += 1;
                        }
                        Some(Ok(Item::Passed(now))) => drop(ocs.expire(now)),
                        _ => return Err(PostgresError::Damaged(position)),
                    }
                    next += 1;
                }
                if rows.is_empty() {
                    return Ok((ocs, next, from, replayed));
                }
            }
        })?;
        (self.position, self.state_at) = (position, state_at);
        Ok(Recovered { ocs, replayed })
    }

    fn add(&mut self, item: &ItemRef<'_>) -> Result<(), RecordError> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        let octets = encoding::push(Vec::new(), item)
            .map_err(|error| RecordError::Failed(format!("a command cannot be written: {error}")))?;
        self.batch.entry(self.position, octets);
        (self.position, self.ordinal) = (self.position + 1, 0);
        Ok(())
    }

    fn keep(&mut self, ocs: &Ocs) -> Result<(), RecordError> {
        let octets = postcard::to_stdvec(&ocs.state())
            .map_err(|error| RecordError::Failed(format!("the state cannot be written: {error}")))?;
        let Self { runtime, client, position, .. } = self;
        let kept = runtime.block_on(async {
            let transaction = client.transaction().await?;
            transaction.execute("DELETE FROM state", &[]).await?;
            let shape = i64::from(encoding::state_shape());
            let insert = "INSERT INTO state (position, piece, shape, octets) VALUES ($1, $2, $3, $4)";
            for (piece, octets) in (0_i32..).zip(octets.chunks(PIECE)) {
                transaction.execute(insert, &[&*position, &piece, &shape, &octets]).await?;
            }
            transaction.commit().await?;
            Ok::<_, PostgresError>(())
        });
        self.state_at = self.position;
        Ok(kept?)
    }
}

/// Makes sure that nothing of another version is in the database, before anything in it is changed.
async fn is_readable(client: &Client) -> Result<(), PostgresError> {
    let there = client.query_one("SELECT to_regclass('store') IS NOT NULL", &[]).await?;
    if !there.try_get::<_, bool>(0)? {
        return Ok(());
    }
    match client.query_opt("SELECT format FROM store", &[]).await? {
        Some(row) if row.try_get::<_, i32>(0)? != FORMAT_VERSION.cast_signed() => {
            Err(PostgresError::OtherVersion { found: row.try_get(0)? })
        }
        _ => Ok(()),
    }
}

/// Makes the migrations that are missing.
async fn migrate(client: &mut Client) -> Result<(), PostgresError> {
    client.batch_execute("CREATE TABLE IF NOT EXISTS migration (number INTEGER PRIMARY KEY)").await?;
    let row = client.query_one("SELECT coalesce(max(number), 0) FROM migration", &[]).await?;
    let (found, known) = (row.try_get(0)?, i32::try_from(MIGRATIONS.len()).unwrap_or(i32::MAX));
    if found > known {
        return Err(PostgresError::Newer { found, known });
    }
    for (number, sql) in (1..).zip(MIGRATIONS).skip_while(|(number, _)| *number <= found) {
        let transaction = client.transaction().await?;
        // Of two that migrate at a time, one is refused here.
        transaction.execute("INSERT INTO migration (number) VALUES ($1)", &[&number]).await?;
        transaction.batch_execute(sql).await?;
        transaction.commit().await?;
    }
    Ok(())
}

/// Makes sure that the database is this world's in this encoding.
async fn belongs(client: &Client, world: World) -> Result<(), PostgresError> {
    let (world, shape) = (world.sum().cast_signed(), i64::from(encoding::shape()));
    let format = FORMAT_VERSION.cast_signed();
    let begin = "INSERT INTO store (world, format, shape) VALUES ($1, $2, $3) ON CONFLICT (one) DO NOTHING";
    client.execute(begin, &[&world, &format, &shape]).await?;
    let row = client.query_one("SELECT world, format, shape FROM store", &[]).await?;
    let found: i32 = row.try_get(1)?;
    if found != format {
        return Err(PostgresError::OtherVersion { found });
    }
    if row.try_get::<_, i64>(2)? != shape {
        return Err(PostgresError::OtherShape);
    }
    if row.try_get::<_, i64>(0)? != world {
        return Err(PostgresError::OtherWorld);
    }
    Ok(())
}

/// The state that was kept, and its position.
async fn state(client: &Client, catalogue: &Catalogue) -> Result<(Ocs, i64), PostgresError> {
    // The entries hold everything: a state that another build wrote is passed over.
    let query = "SELECT position, octets FROM state WHERE shape = $1 ORDER BY position, piece";
    let rows = client.query(query, &[&i64::from(encoding::state_shape())]).await?;
    let Some(first) = rows.first() else { return Ok((Ocs::new(catalogue.clone()), 0)) };
    let mut octets = Vec::new();
    for row in &rows {
        octets.extend_from_slice(row.try_get::<_, &[u8]>(1)?);
    }
    let Ok((stored, [])) = postcard::take_from_bytes::<StoredState>(&octets) else {
        return Ok((Ocs::new(catalogue.clone()), 0));
    };
    let ocs = Ocs::restored(catalogue.clone(), stored).map_err(|_| PostgresError::OtherWorld)?;
    Ok((ocs, first.try_get(0)?))
}

/// Stores a batch, all of it or nothing.
async fn store(client: &Client, with: &Statements, batch: &Batch) -> Result<(), tokio_postgres::Error> {
    let Batch { entries, xdrs, balances, events } = batch;
    let (mut env, mut subject, mut name, mut number) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let (mut amount, mut currency) = (Vec::new(), Vec::new());
    for ((i_env, kind, own), (id, units, letters)) in balances {
        env.push(*i_env);
        subject.push(*kind);
        name.push(own.as_str());
        number.push(*id);
        amount.push(*units);
        currency.push(letters.as_str());
    }
    let (entries_row, xdrs_row) = (entries.row(), xdrs.row());
    let balances_row: [&(dyn ToSql + Sync); 6] = [&env, &subject, &name, &number, &amount, &currency];
    let events_row: [&(dyn ToSql + Sync); 6] =
        [&events.position, &events.ordinal, &events.at, &events.name, &events.subject, &events.variables];
    // All are on their way, in this order, before the first is answered.
    tokio::try_join!(
        biased;
        client.batch_execute("BEGIN"),
        client.execute(&with.entries, &entries_row),
        client.execute(&with.xdrs, &xdrs_row),
        client.execute(&with.balances, &balances_row),
        client.execute(&with.events, &events_row),
        client.batch_execute("COMMIT"),
    )
    .map(|_| ())
}

impl Record for Postgres {
    fn recover(&mut self, catalogue: &Catalogue) -> Result<Recovered, RecordError> {
        self.read(catalogue).map_err(|error| {
            let error = RecordError::from(error);
            self.failed = Some(error.clone());
            error
        })
    }

    fn append(&mut self, now: Instant, command: &Command) -> Result<(), RecordError> {
        self.of_command = true;
        self.add(&ItemRef::Command(now, command))
    }

    fn note(&mut self, now: Instant, effects: &[Effect]) -> Result<(), RecordError> {
        let of_command = std::mem::take(&mut self.of_command);
        if !of_command && !effects.is_empty() {
            self.add(&ItemRef::Passed(now))?;
        }
        let position = self.position - 1;
        for effect in effects {
            match effect {
                Effect::Xdr(xdr) | Effect::XdrMoved(xdr) => self.batch.xdr(position, self.ordinal, xdr),
                Effect::Balance(change) => self.batch.balance(change),
                Effect::Event(event) => self.batch.event(position, self.ordinal, now, event),
                _ => {}
            }
            self.ordinal += 1;
        }
        Ok(())
    }

    fn is_pending(&self) -> bool {
        !self.batch.is_empty() || self.failed.is_some()
    }

    fn commit(&mut self) -> Result<(), RecordError> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        if self.batch.is_empty() {
            return Ok(());
        }
        let Self { runtime, client, statements, batch, .. } = self;
        let mut repeats = 0;
        let stored = runtime.block_on(async {
            loop {
                match store(client, statements, batch).await {
                    Err(error)
                        if error.code() == Some(&SqlState::T_R_SERIALIZATION_FAILURE)
                            && repeats < REPEATS_MAX =>
                    {
                        repeats += 1;
                        client.batch_execute("ROLLBACK").await?;
                    }
                    stored => return stored,
                }
            }
        });
        match stored {
            Ok(()) => {
                self.batch = Batch::default();
                Ok(())
            }
            Err(error) => {
                let error = RecordError::from(PostgresError::from(error));
                self.failed = Some(error.clone());
                Err(error)
            }
        }
    }

    fn maintain(&mut self, ocs: &Ocs) -> Result<(), RecordError> {
        if self.position - self.state_at < STATE_EVERY {
            return Ok(());
        }
        self.keep(ocs)
    }

    fn close(&mut self, ocs: &Ocs) -> Result<(), RecordError> {
        self.commit()?;
        self.keep(ocs)
    }
}
