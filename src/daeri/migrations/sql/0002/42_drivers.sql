-- Whose prepaid balance is too low for new calls; written with the ledger line that made it so.
ALTER TABLE drivers ADD COLUMN is_short boolean NOT NULL DEFAULT false;
CREATE INDEX drivers_short_on_duty ON drivers (id) WHERE duty = 'on' AND is_short;

CREATE OR REPLACE VIEW drivers_public AS
SELECT d.id, d.company_id, d.status, d.duty, d.services, d.revision, d.papers_until, d.is_short FROM drivers d;

-- The fee of a customer who did not come is an earning, but no run.
ALTER TABLE driver_runs ADD COLUMN is_drive boolean NOT NULL DEFAULT true;
