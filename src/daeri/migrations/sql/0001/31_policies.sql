-- Policies: what was in force when. A record is never changed; a later record takes its place.

CREATE TABLE policy_records (
    id uuid PRIMARY KEY,
    company_id uuid NOT NULL REFERENCES companies (id),
    name text NOT NULL CHECK (name <> ''),
    -- Counts the records of one name within one company: what decisions keep and people say ("dispatch, version 3").
    version bigint NOT NULL CHECK (version > 0),
    -- The scope; null means everywhere, or every service.
    region text CHECK (region <> ''),
    service text CHECK (service <> ''),
    -- Null: from then on this scope has no record of its own, and the next wider scope speaks.
    value jsonb CHECK (jsonb_typeof(value) = 'object'),
    effective_from timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    -- No foreign key: the record outlives the account of the person who wrote it.
    created_by uuid,
    note text NOT NULL DEFAULT '',
    UNIQUE (company_id, name, version)
);

CREATE FUNCTION refuse_policy_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'policy records are append-only: write a later record instead'
        USING ERRCODE = 'restrict_violation';
END $$;

CREATE TRIGGER policy_records_append_only BEFORE UPDATE OR DELETE ON policy_records
    FOR EACH ROW EXECUTE FUNCTION refuse_policy_change();
CREATE TRIGGER policy_records_never_emptied BEFORE TRUNCATE ON policy_records
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_policy_change();
