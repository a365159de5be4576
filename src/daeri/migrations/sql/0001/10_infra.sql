-- Events: what happened, in rows. One row a state change, never altered.
CREATE TABLE events (
    seq bigint GENERATED ALWAYS AS IDENTITY,
    id uuid PRIMARY KEY,
    company_id uuid NOT NULL,
    kind text NOT NULL,
    aggregate text NOT NULL,
    aggregate_id uuid NOT NULL,
    version integer NOT NULL,
    at timestamptz NOT NULL,
    actor_kind text NOT NULL,
    actor_id uuid,
    cause uuid,
    data jsonb NOT NULL,
    UNIQUE (aggregate_id, aggregate, version)
);
CREATE INDEX events_by_time ON events (at);

-- Which handlers an event kind has; filled from the table of reactions when a process starts.
CREATE TABLE event_handlers (
    kind text NOT NULL,
    handler text NOT NULL,
    PRIMARY KEY (kind, handler)
);

-- What a handler has already done: makes every handler idempotent by (event, handler).
CREATE TABLE handled_events (
    event_id uuid NOT NULL,
    handler text NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (event_id, handler)
);
CREATE INDEX handled_events_by_time ON handled_events (at);

-- Inserts an event and one job for each of its handlers, in the caller's statement.
-- The queue's own columns default to the queue's clock, which is the database's.
CREATE FUNCTION emit(
    p_id uuid, p_company uuid, p_kind text, p_aggregate text, p_aggregate_id uuid, p_version integer,
    p_at timestamptz, p_actor_kind text, p_actor_id uuid, p_cause uuid, p_data jsonb
) RETURNS uuid LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO events (id, company_id, kind, aggregate, aggregate_id, version, at, actor_kind, actor_id, cause, data)
    VALUES (p_id, p_company, p_kind, p_aggregate, p_aggregate_id, p_version, p_at, p_actor_kind, p_actor_id, p_cause,
            p_data);
    -- The queue's trigger notifies even for no rows, so it is not touched when nobody listens.
    IF EXISTS (SELECT FROM event_handlers h WHERE h.kind = p_kind) THEN
        INSERT INTO pgqueuer (priority, status, entrypoint, payload)
        SELECT 0, 'queued', h.handler, convert_to(p_id::text, 'UTF8') FROM event_handlers h WHERE h.kind = p_kind;
    END IF;
    RETURN p_id;
END $$;

-- The answer of a command, kept with its effects so that a repeated command gets it again.
CREATE TABLE idempotency_keys (
    actor_id uuid NOT NULL,
    route text NOT NULL,
    key text NOT NULL,
    fingerprint bytea NOT NULL,
    created_at timestamptz NOT NULL,
    status integer NOT NULL,
    answer bytea NOT NULL,
    PRIMARY KEY (actor_id, route, key)
);
CREATE INDEX idempotency_keys_by_time ON idempotency_keys (created_at);

-- People read call numbers aloud: seven characters that hide the count, and a Luhn mod 32 check character.
CREATE SEQUENCE call_numbers;
CREATE FUNCTION call_number(p_count bigint) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    alphabet constant text := '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
    -- Odd factors and shifts each permute the numbers below 2^35: no two counts share a number.
    scrambled bigint := (p_count * 155846203 + 17179869183) & 34359738367;
    body text := '';
    total integer := 0;
    digit integer;
BEGIN
    scrambled := ((scrambled # (scrambled >> 17)) * 121998301) & 34359738367;
    scrambled := ((scrambled # (scrambled >> 18)) * 186583121) & 34359738367;
    scrambled := scrambled # (scrambled >> 17);
    FOR place IN 0..6 LOOP
        digit := (scrambled >> (5 * place)) & 31;
        body := substr(alphabet, digit + 1, 1) || body;
        digit := digit * CASE WHEN place % 2 = 0 THEN 2 ELSE 1 END;
        total := total + digit / 32 + digit % 32;
    END LOOP;
    RETURN body || substr(alphabet, (32 - total % 32) % 32 + 1, 1);
END $$;
