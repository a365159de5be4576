-- A driver is an account that may drive. `revision` grows with every change, so that the live fleet can re-read
-- what it missed.
CREATE SEQUENCE driver_revisions;
CREATE TABLE drivers (
    id uuid PRIMARY KEY REFERENCES accounts (id),
    company_id uuid NOT NULL REFERENCES companies (id),
    status text NOT NULL CHECK (status IN ('applied', 'approved', 'suspended')),
    duty text NOT NULL CHECK (duty IN ('on', 'off')),
    duty_changed_at timestamptz NOT NULL,
    services text[] NOT NULL,
    created_at timestamptz NOT NULL,
    version integer NOT NULL,
    revision bigint NOT NULL DEFAULT nextval('driver_revisions'),
    CHECK (duty = 'off' OR status = 'approved')
) WITH (fillfactor = 80);
CREATE INDEX drivers_of_company ON drivers (company_id, id);
CREATE INDEX drivers_by_revision ON drivers (revision);
CREATE INDEX drivers_on_duty ON drivers (company_id) WHERE duty = 'on';

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

CREATE VIEW drivers_public AS
SELECT d.id, d.company_id, d.status, d.duty, d.services, d.revision FROM drivers d;
