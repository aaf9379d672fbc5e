-- One name may stand in several environments. What was written before is of the first.
ALTER TABLE balance ADD COLUMN i_env BIGINT NOT NULL DEFAULT 1;
ALTER TABLE balance DROP CONSTRAINT balance_pkey, ADD PRIMARY KEY (i_env, subject, name);
ALTER TABLE balance ALTER COLUMN i_env DROP DEFAULT;
