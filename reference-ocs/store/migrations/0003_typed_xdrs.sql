-- Every field of an xDR in a column of its own type, none of them twice; columns of eight octets first, so that no row has
-- gaps. Databases with rows of the first form have format 1 and are refused before this.
DROP TABLE xdr;
CREATE TABLE xdr (
    -- The entry that it came of, and its place among what came of that.
    position              BIGINT  NOT NULL,
    id                    BIGINT  NOT NULL,
    bill_time             TIMESTAMPTZ NOT NULL,
    connect_time          TIMESTAMPTZ,
    disconnect_time       TIMESTAMPTZ,
    used_quantity         BIGINT NOT NULL,
    charged_quantity      BIGINT NOT NULL,
    -- Whole numbers of 10^-5 of the currency unit.
    charged_amount        BIGINT NOT NULL,
    revenue               BIGINT,
    -- Milliseconds from the set-up to the ringing, or to the answer.
    setup_time            BIGINT,
    -- What it is the record of: xDRs of one usage have the same number.
    usage                 BIGINT NOT NULL,
    ordinal               INTEGER NOT NULL,
    i_env                 INTEGER NOT NULL,
    i_service             INTEGER NOT NULL,
    i_account             INTEGER,
    i_customer            INTEGER,
    i_vendor              INTEGER,
    i_tariff              INTEGER,
    i_rate                INTEGER,
    i_dest                INTEGER,
    i_dest_group          INTEGER,
    i_accessibility       INTEGER,
    i_invoice             INTEGER,
    split_order           INTEGER,
    voice_quality         INTEGER,
    disconnect_cause      SMALLINT,
    peak_level            SMALLINT,
    billing_model         SMALLINT,
    failed                BOOLEAN NOT NULL,
    -- Whom it charges: account, customer, reseller, reseller[2] and so on, vendor; and its store: Account, AccountFail…
    entity                TEXT NOT NULL,
    storage               TEXT NOT NULL,
    leg                   TEXT NOT NULL,
    session_id            TEXT NOT NULL,
    account_id            TEXT NOT NULL,
    currency              TEXT,
    cli                   TEXT,
    cld                   TEXT,
    call_id               TEXT,
    parent_session_id     TEXT,
    rating_pattern        TEXT,
    subscriber_ip         TEXT,
    history               TEXT NOT NULL,
    -- What is worth knowing about it, phrases with a comma between them.
    notes                 TEXT,
    PRIMARY KEY (position, ordinal)
);
CREATE INDEX xdr_by_account ON xdr (account_id, bill_time);
CREATE INDEX xdr_by_session ON xdr (session_id);

-- The fields of the documents' xDR table by their names there, with money in units of its currency.
CREATE VIEW xdr_record AS SELECT
    id, i_env, session_id AS h323_conf_id, call_id, cli AS "CLI", cld AS "CLD", setup_time, connect_time, disconnect_time,
    bill_time, to_hex(disconnect_cause::INTEGER) AS disconnect_cause, voice_quality, used_quantity, account_id, i_account,
    i_dest, i_dest_group, i_tariff, i_rate, charged_quantity, (charged_amount / 100000.0)::NUMERIC(20, 5) AS charged_amount,
    history, peak_level, i_vendor, i_service, i_accessibility, i_customer, parent_session_id AS h323_incoming_conf_id,
    rating_pattern, subscriber_ip, split_order, billing_model, i_invoice, (revenue / 100000.0)::NUMERIC(20, 5) AS revenue,
    currency, entity, storage, notes
FROM xdr;

-- Balances in units of their currencies.
CREATE VIEW balance_now AS
SELECT i_env, subject, name, (amount / 100000.0)::NUMERIC(20, 5) AS amount, currency FROM balance;
