-- What each ride was worth beside money: one row a ride, keyed by the customer's own call, so that a reconnected pair
-- counts once (I-010). Nothing is taken back or added later: a level is the sum over a window, points are the sum of all.
CREATE TABLE rewards (
    call_id uuid PRIMARY KEY,
    company_id uuid NOT NULL REFERENCES companies (id),
    driver_id uuid NOT NULL REFERENCES drivers (id),
    number text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('own', 'affiliate', 'phone', 'consigned')),
    score integer NOT NULL CHECK (score >= 0),
    points integer NOT NULL CHECK (points >= 0),
    -- The hours that decided, as the record had them; null where none did.
    slot jsonb,
    wanted_at timestamptz NOT NULL,
    ended_at timestamptz NOT NULL,
    day date NOT NULL, -- in Korea, on which the drive ended
    policy_version bigint NOT NULL,
    CHECK (kind IN ('own', 'phone') OR (score = 0 AND points = 0))
);
CREATE INDEX rewards_of_driver ON rewards (driver_id, ended_at DESC, call_id DESC);

CREATE FUNCTION refuse_reward_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'rewards are append-only' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER rewards_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON rewards
FOR EACH STATEMENT EXECUTE FUNCTION refuse_reward_change();
