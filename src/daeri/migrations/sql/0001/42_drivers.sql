-- A driver is an account that may drive. `revision` grows with every change, so that the live fleet can re-read
-- what it missed.
CREATE SEQUENCE driver_revisions;
CREATE TABLE drivers (
    id uuid PRIMARY KEY REFERENCES accounts (id),
    company_id uuid NOT NULL REFERENCES companies (id),
    status text NOT NULL CHECK (status IN ('applied', 'refused', 'approved', 'suspended')),
    duty text NOT NULL CHECK (duty IN ('on', 'off')),
    duty_changed_at timestamptz NOT NULL,
    services text[] NOT NULL,
    created_at timestamptz NOT NULL,
    version integer NOT NULL,
    revision bigint NOT NULL DEFAULT nextval('driver_revisions'),
    -- The last Korean days on which licence and insurance hold; null where nobody has said.
    licence_expires_on date,
    insurance_expires_on date,
    -- The first instant at which one of them holds no more: the driver may not work from then on.
    papers_until timestamptz GENERATED ALWAYS AS (
        ((least(licence_expires_on, insurance_expires_on) + 1)::timestamp) AT TIME ZONE 'Asia/Seoul') STORED,
    -- Who is suspended on a call finishes it, on duty until then.
    CHECK (duty = 'off' OR status IN ('approved', 'suspended'))
) WITH (fillfactor = 80);
CREATE INDEX drivers_of_company ON drivers (company_id, id);
CREATE INDEX drivers_by_revision ON drivers (revision);
CREATE INDEX drivers_on_duty ON drivers (company_id) WHERE duty = 'on';
CREATE INDEX drivers_papers_on_duty ON drivers (papers_until) WHERE duty = 'on';
CREATE INDEX drivers_suspended_on_duty ON drivers (id) WHERE duty = 'on' AND status = 'suspended';

-- What a driver has said of themselves, to be approved or refused; an approved driver renews papers with another one.
CREATE TABLE driver_applications (
    id uuid PRIMARY KEY,
    driver_id uuid NOT NULL REFERENCES drivers (id),
    company_id uuid NOT NULL,
    state text NOT NULL CHECK (state IN ('open', 'approved', 'refused')),
    name text NOT NULL CHECK (name <> '' AND char_length(name) <= 80),
    licence_sealed bytea NOT NULL,
    licence_hash bytea NOT NULL,
    licence_kind text NOT NULL,
    licence_expires_on date NOT NULL,
    insurer text NOT NULL,
    policy_number_sealed bytea NOT NULL,
    insurance_expires_on date NOT NULL,
    services text[] NOT NULL CHECK (cardinality(services) > 0),
    submitted_at timestamptz NOT NULL,
    decided_at timestamptz,
    decided_by uuid,
    reason text NOT NULL DEFAULT '',
    CHECK ((state = 'open') = (decided_at IS NULL)),
    CHECK ((state = 'refused') <= (reason <> ''))
);
CREATE UNIQUE INDEX driver_applications_one_open ON driver_applications (driver_id) WHERE state = 'open';
CREATE INDEX driver_applications_of_driver ON driver_applications (driver_id, id DESC);
CREATE INDEX driver_applications_by_licence ON driver_applications (company_id, licence_hash);

-- Pictures of papers, sealed; the newest of each kind.
CREATE TABLE driver_documents (
    id uuid PRIMARY KEY,
    driver_id uuid NOT NULL REFERENCES drivers (id),
    company_id uuid NOT NULL,
    kind text NOT NULL CHECK (kind IN ('licence', 'insurance', 'photo', 'bank')),
    media_type text NOT NULL,
    size integer NOT NULL CHECK (size > 0),
    content_sealed bytea NOT NULL,
    uploaded_at timestamptz NOT NULL,
    UNIQUE (driver_id, kind)
);

-- What a driver is told before a paper expires; worked off once its time has come.
CREATE TABLE driver_reminders (
    driver_id uuid NOT NULL REFERENCES drivers (id),
    paper text NOT NULL CHECK (paper IN ('licence', 'insurance')),
    expires_on date NOT NULL,
    days integer NOT NULL CHECK (days > 0),
    company_id uuid NOT NULL,
    due_at timestamptz NOT NULL,
    done_at timestamptz,
    PRIMARY KEY (driver_id, paper, expires_on, days)
);
CREATE INDEX driver_reminders_due ON driver_reminders (due_at) WHERE done_at IS NULL;

-- Suspensions, kept for good (I-005). One runs until it is lifted or its end has come.
CREATE TABLE driver_suspensions (
    id uuid PRIMARY KEY,
    driver_id uuid NOT NULL REFERENCES drivers (id),
    company_id uuid NOT NULL,
    reason text NOT NULL CHECK (reason <> ''),
    evidence text NOT NULL,
    starts_at timestamptz NOT NULL,
    ends_at timestamptz CHECK (ends_at > starts_at),
    -- Who decided it by hand; null: a rule.
    decided_by uuid,
    ended_at timestamptz,
    lifted_at timestamptz,
    lifted_by uuid,
    lift_reason text NOT NULL DEFAULT '',
    CHECK (lifted_at IS NULL OR lifted_at = ended_at),
    CHECK ((lifted_at IS NULL) = (lift_reason = ''))
);
CREATE UNIQUE INDEX driver_suspensions_one_open ON driver_suspensions (driver_id) WHERE ended_at IS NULL;
CREATE INDEX driver_suspensions_of_driver ON driver_suspensions (driver_id, id DESC);
CREATE INDEX driver_suspensions_due ON driver_suspensions (ends_at) WHERE ended_at IS NULL;

-- A driver's answer to a suspension, once each, and the person's answer to it. Upheld: the driver is right, and it is lifted.
CREATE TABLE driver_appeals (
    id uuid PRIMARY KEY,
    suspension_id uuid NOT NULL CONSTRAINT driver_appeals_once UNIQUE REFERENCES driver_suspensions (id),
    driver_id uuid NOT NULL REFERENCES drivers (id),
    company_id uuid NOT NULL,
    text text NOT NULL CHECK (text <> ''),
    at timestamptz NOT NULL,
    answer text CHECK (answer <> ''),
    answered_at timestamptz,
    answered_by uuid,
    upheld boolean,
    CHECK ((answered_at IS NULL) = (answer IS NULL) AND (answer IS NULL) = (upheld IS NULL))
);
CREATE INDEX driver_appeals_of_driver ON driver_appeals (driver_id);
CREATE INDEX driver_appeals_unanswered ON driver_appeals (company_id, at) WHERE answered_at IS NULL;

-- Where each driver was last heard of: a snapshot, overwritten every few seconds while on duty.
CREATE TABLE driver_positions (
    driver_id uuid PRIMARY KEY REFERENCES drivers (id),
    company_id uuid NOT NULL,
    lat double precision NOT NULL,
    lon double precision NOT NULL,
    at timestamptz NOT NULL,
    accuracy_m real NOT NULL
) WITH (fillfactor = 50);

-- What a driver drove, by Korean day: kept up to date by a reaction to completed calls.
CREATE TABLE driver_days (
    driver_id uuid NOT NULL REFERENCES drivers (id),
    day date NOT NULL,
    company_id uuid NOT NULL,
    runs integer NOT NULL,
    fares bigint NOT NULL,
    PRIMARY KEY (driver_id, day)
);

-- What each run left to its driver, by the policies in force when it ended.
CREATE TABLE driver_runs (
    call_id uuid PRIMARY KEY,
    driver_id uuid NOT NULL REFERENCES drivers (id),
    company_id uuid NOT NULL,
    day date NOT NULL,
    ended_at timestamptz NOT NULL,
    number text NOT NULL,
    kind text NOT NULL,
    payment text NOT NULL,
    fare bigint NOT NULL,
    commission bigint NOT NULL,
    premium bigint NOT NULL,
    net bigint NOT NULL CHECK (net = fare - commission - premium),
    commission_version bigint NOT NULL,
    premium_version bigint NOT NULL
);
CREATE INDEX driver_runs_of_driver ON driver_runs (driver_id, day);

CREATE VIEW drivers_public AS
SELECT d.id, d.company_id, d.status, d.duty, d.services, d.revision, d.papers_until FROM drivers d;
