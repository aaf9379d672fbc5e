-- The record of the reference OCS. Money is a whole number of 10^-5 of the currency unit, in BIGINT.
CREATE TABLE store (
    one    BOOLEAN PRIMARY KEY DEFAULT TRUE CHECK (one),
    world  BIGINT  NOT NULL,
    format INTEGER NOT NULL,
    shape  BIGINT  NOT NULL
);

-- Commands and the passing of time, in the encoding of the embedded store, in the order in which they were applied.
CREATE TABLE entry (
    position BIGINT PRIMARY KEY,
    octets   BYTEA  NOT NULL
);

-- The state before the entry at a position, in pieces.
CREATE TABLE state (
    position BIGINT  NOT NULL,
    piece    INTEGER NOT NULL,
    -- The build's encoding of states.
    shape    BIGINT  NOT NULL,
    octets   BYTEA   NOT NULL,
    PRIMARY KEY (position, piece)
);

CREATE TABLE xdr (
    -- The entry that it came of, and its place among what came of that.
    position         BIGINT  NOT NULL,
    ordinal          INTEGER NOT NULL,
    id               BIGINT  NOT NULL,
    -- Whom it charges: account, customer, reseller or vendor.
    entity           TEXT NOT NULL,
    bill_time        TIMESTAMPTZ NOT NULL,
    connect_time     TIMESTAMPTZ,
    disconnect_time  TIMESTAMPTZ,
    session_id       TEXT NOT NULL,
    account_id       TEXT NOT NULL,
    i_account        BIGINT,
    i_customer       BIGINT,
    i_service        INTEGER NOT NULL,
    cli              TEXT,
    cld              TEXT,
    used_quantity    BIGINT NOT NULL,
    charged_quantity BIGINT NOT NULL,
    charged_amount   BIGINT NOT NULL,
    currency         TEXT,
    failed           BOOLEAN NOT NULL,
    history          TEXT NOT NULL,
    -- All fields of the documents' xDR table by their names, as text.
    fields           JSONB NOT NULL,
    PRIMARY KEY (position, ordinal)
);
CREATE INDEX xdr_by_account ON xdr (account_id, bill_time);
CREATE INDEX xdr_by_session ON xdr (session_id);

-- Balances as they are; whose has never changed is not in it, and has the world file's.
CREATE TABLE balance (
    subject  TEXT   NOT NULL CHECK (subject IN ('account', 'customer', 'vendor')),
    name     TEXT   NOT NULL,
    number   BIGINT NOT NULL,
    amount   BIGINT NOT NULL,
    currency TEXT   NOT NULL,
    PRIMARY KEY (subject, name)
);

CREATE TABLE event (
    position  BIGINT  NOT NULL,
    ordinal   INTEGER NOT NULL,
    at        TIMESTAMPTZ NOT NULL,
    name      TEXT NOT NULL,
    subject   TEXT NOT NULL,
    -- The event's variables, as an object of texts.
    variables JSONB NOT NULL,
    PRIMARY KEY (position, ordinal)
);
