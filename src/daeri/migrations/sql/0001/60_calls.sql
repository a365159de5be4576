-- A call: the spine. Orthogonal facts; what people call it is derived (R-001).
CREATE TABLE calls (
    id uuid PRIMARY KEY,
    company_id uuid NOT NULL REFERENCES companies (id),
    number text NOT NULL UNIQUE,
    version integer NOT NULL,
    state text NOT NULL CHECK (state IN ('reserved', 'requested', 'assigned', 'arrived', 'driving', 'completed',
        'cancelled_before_assignment', 'cancelled_after_assignment', 'expired')),
    source text NOT NULL CHECK (source IN ('own', 'affiliate', 'phone')),
    orderer_id uuid NOT NULL REFERENCES companies (id),
    performer_id uuid REFERENCES companies (id),
    driver_id uuid REFERENCES accounts (id),
    customer_id uuid REFERENCES accounts (id),
    service text NOT NULL CHECK (service IN ('general', 'vip', 'tailored', 'delivery')),
    timing text NOT NULL CHECK (timing IN ('now', 'reserved')),
    options text[] NOT NULL,
    payment text NOT NULL CHECK (payment IN ('card', 'cash')),
    fare_amount bigint NOT NULL CHECK (fare_amount >= 0),
    fare_plan text NOT NULL,
    tariff_version bigint NOT NULL,
    origin_lat double precision NOT NULL,
    origin_lon double precision NOT NULL,
    origin_name text NOT NULL,
    origin_region text,
    destination_lat double precision NOT NULL,
    destination_lon double precision NOT NULL,
    destination_name text NOT NULL,
    destination_region text,
    vias jsonb NOT NULL,
    note text NOT NULL,
    requested_at timestamptz NOT NULL,
    reserved_for timestamptz,
    dispatch_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    assigned_at timestamptz,
    arrived_at timestamptz,
    started_at timestamptz,
    ended_at timestamptz,
    ended_by text,
    ended_by_id uuid,
    cancelled_from text,
    end_reason text,
    releases integer NOT NULL DEFAULT 0,
    policy_version bigint NOT NULL,
    reconnects_call_id uuid UNIQUE REFERENCES calls (id),
    -- What the calculator said when it was requested, and what the drive came to cost.
    quote jsonb,
    final_amount bigint CHECK (final_amount >= 0),
    -- By which record the driver's waiting counts (kept at the arrival), what it added when the drive began, what a
    -- customer who did not come is to pay, whether the driver was given cash, and the vias passed so far.
    waiting jsonb,
    waiting_won bigint NOT NULL DEFAULT 0 CHECK (waiting_won >= 0),
    no_show_fee_won bigint CHECK (no_show_fee_won >= 0),
    cash_received boolean,
    vias_reached integer[] NOT NULL DEFAULT '{}',
    -- Who is driven home, or receives the car, when that is not the caller (I-058). The number is sealed, is found by
    -- its hashes and is shown masked.
    rider_name text,
    rider_phone_sealed bytea,
    rider_phone_hash bytea,
    rider_phone_last4_hash bytea,
    rider_phone_masked text,
    car jsonb,
    business_account_id uuid REFERENCES business_accounts (id),
    business_name text,
    business_payer text CHECK (business_payer IN ('company', 'customer')),
    -- The calls of one request for several cars.
    group_id uuid,
    group_size integer CHECK (group_size >= 2),
    group_place integer CHECK (group_place BETWEEN 1 AND group_size),
    CHECK (num_nulls(rider_name, rider_phone_sealed, rider_phone_hash, rider_phone_last4_hash, rider_phone_masked)
        IN (0, 5)),
    CHECK (num_nulls(business_account_id, business_name, business_payer) IN (0, 3)),
    CHECK (num_nulls(group_id, group_size, group_place) IN (0, 3)),
    CHECK ((timing = 'reserved') = (reserved_for IS NOT NULL)),
    -- An own call is ordered by its company; a partner's order by another one.
    CHECK ((source = 'own') = (orderer_id = company_id)),
    CHECK ((state IN ('assigned', 'arrived', 'driving')) <= (driver_id IS NOT NULL AND performer_id IS NOT NULL)),
    CHECK ((ended_at IS NOT NULL) = (state IN ('completed', 'cancelled_before_assignment',
        'cancelled_after_assignment', 'expired')))
) WITH (fillfactor = 80);
CREATE INDEX calls_waiting ON calls (dispatch_at) WHERE state = 'requested';
CREATE INDEX calls_expiring ON calls (expires_at) WHERE state = 'requested';
CREATE INDEX calls_reserved ON calls (dispatch_at) WHERE state = 'reserved';
CREATE INDEX calls_running ON calls (company_id, id)
    WHERE state IN ('reserved', 'requested', 'assigned', 'arrived', 'driving');
CREATE INDEX calls_of_company ON calls (company_id, id DESC);
CREATE INDEX calls_of_customer ON calls (customer_id, id DESC);
CREATE INDEX calls_open_of_customer ON calls (customer_id)
    WHERE state IN ('reserved', 'requested', 'assigned', 'arrived', 'driving');
CREATE INDEX calls_of_driver ON calls (driver_id, id DESC);
CREATE UNIQUE INDEX calls_of_group ON calls (group_id, group_place) WHERE group_id IS NOT NULL;
CREATE INDEX calls_of_rider ON calls (company_id, rider_phone_hash) WHERE rider_phone_hash IS NOT NULL;
CREATE INDEX calls_of_rider_last4 ON calls (company_id, rider_phone_last4_hash)
    WHERE rider_phone_last4_hash IS NOT NULL;

-- The calls that were requested together, as they stand; not even asked for where there is no group.
CREATE FUNCTION call_group(p_group uuid) RETURNS jsonb LANGUAGE sql STABLE STRICT AS $$
    SELECT jsonb_agg(jsonb_build_object('place', group_place, 'id', id, 'number', number, 'state', state))
    FROM calls WHERE group_id = p_group
$$;

-- A customer's calls that have not ended, for one transaction at a time. A function, because its second statement sees
-- what the transaction that the first one waited for has written, in one round trip.
CREATE FUNCTION open_calls_in_turn(p_customer uuid) RETURNS bigint LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('open calls ' || p_customer::text, 0));
    RETURN (SELECT count(*) FROM calls WHERE customer_id = p_customer
            AND state IN ('reserved', 'requested', 'assigned', 'arrived', 'driving'));
END $$;

-- Who ordered a call, and a partner's grade, are fixed at its intake; who performs it, at its ending (I-037).
CREATE FUNCTION refuse_fixed_facts() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'call %: who ordered it, and after its ending who performed it, is fixed', OLD.number
        USING ERRCODE = 'check_violation';
END $$;
CREATE TRIGGER calls_orderer_fixed BEFORE UPDATE OF source, orderer_id ON calls FOR EACH ROW
WHEN (NEW.source <> OLD.source OR NEW.orderer_id <> OLD.orderer_id) EXECUTE FUNCTION refuse_fixed_facts();
CREATE TRIGGER calls_performer_fixed BEFORE UPDATE OF performer_id ON calls FOR EACH ROW
WHEN (OLD.ended_at IS NOT NULL AND NEW.performer_id IS DISTINCT FROM OLD.performer_id)
EXECUTE FUNCTION refuse_fixed_facts();

-- The drive's positions, appended in chunks of 20-byte records (see drivers); for meter, map and disputes.
CREATE TABLE call_tracks (
    call_id uuid NOT NULL REFERENCES calls (id),
    chunk integer NOT NULL,
    company_id uuid NOT NULL,
    first_at timestamptz NOT NULL,
    points bytea NOT NULL,
    PRIMARY KEY (call_id, chunk)
);

-- What the floors above may read of a call.
CREATE VIEW calls_public AS
SELECT id, company_id, number, version, state, source, orderer_id, performer_id, driver_id, customer_id, service,
       timing, options, payment, fare_amount, origin_lat, origin_lon, origin_name, origin_region, destination_lat,
       destination_lon, destination_name, vias, requested_at, dispatch_at, expires_at, assigned_at, ended_at
FROM calls;
