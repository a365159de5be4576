-- By what each drive was insured and from when until when (I-028): one row a drive, written in the transactions that
-- start and end it. `ride_id` is the customer's own call, so that a reconnected drive stands beside the one that was
-- cut off, and the gap between them can be proved (R-030). The terms are those of the record in force when it began.
CREATE TABLE covers (
    call_id uuid PRIMARY KEY,
    ride_id uuid NOT NULL,
    company_id uuid NOT NULL REFERENCES companies (id),
    driver_id uuid NOT NULL REFERENCES accounts (id),
    performer_id uuid NOT NULL REFERENCES companies (id),
    source text NOT NULL CHECK (source IN ('driver', 'company', 'partner')),
    insurer text NOT NULL,
    policy_shown text NOT NULL,
    policy_until date,
    application_id uuid REFERENCES driver_applications (id),
    injury_won bigint NOT NULL CHECK (injury_won >= 0),
    property_won bigint NOT NULL CHECK (property_won >= 0),
    own_car_won bigint NOT NULL CHECK (own_car_won >= 0),
    deductible_won bigint NOT NULL CHECK (deductible_won >= 0),
    policy_version bigint NOT NULL,
    starts_at timestamptz NOT NULL,
    ends_at timestamptz CHECK (ends_at >= starts_at),
    CHECK ((application_id IS NOT NULL) <= (source = 'driver'))
) WITH (fillfactor = 90);
CREATE INDEX covers_of_ride ON covers (ride_id, starts_at);
CREATE INDEX covers_of_driver ON covers (driver_id, starts_at DESC);

-- Proof is what nobody can write over: a period is ended once, and nothing else of it changes.
CREATE FUNCTION refuse_cover_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a period of cover is only ever ended, once' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER covers_fixed BEFORE UPDATE ON covers FOR EACH ROW
WHEN (OLD.ends_at IS NOT NULL OR NEW.ends_at IS NULL
      OR to_jsonb(OLD) - 'ends_at' IS DISTINCT FROM to_jsonb(NEW) - 'ends_at')
EXECUTE FUNCTION refuse_cover_change();
CREATE TRIGGER covers_kept BEFORE DELETE OR TRUNCATE ON covers
FOR EACH STATEMENT EXECUTE FUNCTION refuse_cover_change();
