-- An offer: one call to one driver, exclusive while it is live. A call taken from the open list leaves one too.
CREATE TABLE offers (
    id uuid PRIMARY KEY,
    company_id uuid NOT NULL,
    call_id uuid NOT NULL REFERENCES calls (id),
    driver_id uuid NOT NULL REFERENCES drivers (id),
    mode text NOT NULL CHECK (mode IN ('exclusive', 'open_list', 'by_hand')),
    -- 'next': for after the drive that was under way when it was offered.
    slot text NOT NULL CHECK (slot IN ('now', 'next')),
    state text NOT NULL CHECK (state IN ('live', 'accepted', 'declined', 'ignored', 'withdrawn')),
    offered_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    closed_at timestamptz,
    pickup_m integer NOT NULL CHECK (pickup_m >= 0),
    pickup_s integer NOT NULL CHECK (pickup_s >= 0),
    policy_version bigint NOT NULL,
    CHECK ((state = 'live') = (closed_at IS NULL))
) WITH (fillfactor = 80);
CREATE UNIQUE INDEX offers_one_live_a_driver ON offers (driver_id) WHERE state = 'live';
CREATE UNIQUE INDEX offers_one_live_a_call ON offers (call_id) WHERE state = 'live';
CREATE INDEX offers_live_by_expiry ON offers (expires_at) WHERE state = 'live';
CREATE INDEX offers_of_call ON offers (call_id);
CREATE INDEX offers_by_time ON offers (offered_at);

-- The database decides who drives what: one active call a driver and slot, one driver a call.
CREATE TABLE engagements (
    driver_id uuid NOT NULL REFERENCES drivers (id),
    slot text NOT NULL CHECK (slot IN ('now', 'next')),
    company_id uuid NOT NULL,
    call_id uuid NOT NULL REFERENCES calls (id),
    since timestamptz NOT NULL,
    PRIMARY KEY (driver_id, slot),
    CONSTRAINT engagements_one_a_call UNIQUE (call_id)
) WITH (fillfactor = 80);

-- Every engagement that ever was: with it anyone can check that no two overlapped.
CREATE TABLE past_engagements (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    company_id uuid NOT NULL,
    call_id uuid NOT NULL,
    driver_id uuid NOT NULL,
    slot text NOT NULL,
    since timestamptz NOT NULL,
    until timestamptz NOT NULL
);
CREATE INDEX past_engagements_of_driver ON past_engagements (driver_id, since);
CREATE INDEX past_engagements_of_call ON past_engagements (call_id, since);

-- Who sees a call of the open list at the moment, nearest first.
CREATE TABLE listings (
    call_id uuid PRIMARY KEY REFERENCES calls (id),
    company_id uuid NOT NULL,
    driver_ids uuid[] NOT NULL,
    metres integer[] NOT NULL,
    listed_at timestamptz NOT NULL
);
CREATE INDEX listings_by_driver ON listings USING gin (driver_ids);

-- Why each call went where it went: one row a change of a call's outcome; arrays of one length, nearest first.
CREATE TABLE decisions (
    call_id uuid NOT NULL,
    company_id uuid NOT NULL,
    decided_at timestamptz NOT NULL,
    outcome text NOT NULL,
    radius_m integer NOT NULL,
    beaten_by uuid,
    driver_ids uuid[] NOT NULL,
    metres integer[] NOT NULL,
    reasons smallint[] NOT NULL,
    others uuid[] NOT NULL,
    -- Seconds since the position of those who were left out for its age, 0 for the others; empty when nobody was.
    ages integer[] NOT NULL,
    rest jsonb NOT NULL,
    policy_version bigint NOT NULL
) PARTITION BY RANGE (decided_at);
CREATE INDEX decisions_of_call ON decisions (call_id, decided_at);
-- Days get partitions of their own ahead of time; this one catches what comes before they exist.
CREATE TABLE decisions_elsewhere PARTITION OF decisions DEFAULT;
-- "Why did I not get this call?" New rows wait in the index's pending list, which the engine empties beside its ticks:
-- no decision pays for the 64 entries of a row.
CREATE INDEX decisions_of_driver ON decisions USING gin (driver_ids) WITH (fastupdate = on, gin_pending_list_limit = 65536);

-- How many drivers are free where, as the engine last counted: squares of a grid of degrees and the free ones in each.
CREATE TABLE free_drivers (
    company_id uuid PRIMARY KEY REFERENCES companies (id),
    counted_at timestamptz NOT NULL,
    cells integer[] NOT NULL,
    free integer[] NOT NULL
) WITH (fillfactor = 50);

-- The weather that raises the shortage signal (R-052), by hand or from an adapter. Null region: everywhere.
CREATE TABLE weather (
    id uuid PRIMARY KEY,
    company_id uuid NOT NULL REFERENCES companies (id),
    region text,
    condition text NOT NULL CHECK (condition IN ('clear', 'rain', 'snow', 'storm')),
    starts_at timestamptz NOT NULL,
    ends_at timestamptz,
    by_id uuid,
    CHECK (ends_at > starts_at)
);
CREATE INDEX weather_of_company ON weather (company_id, starts_at DESC);
