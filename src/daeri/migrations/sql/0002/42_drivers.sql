-- Whose prepaid balance is too low for new calls; written with the ledger line that made it so.
ALTER TABLE drivers ADD COLUMN is_short boolean NOT NULL DEFAULT false;
CREATE INDEX drivers_short_on_duty ON drivers (id) WHERE duty = 'on' AND is_short;

CREATE OR REPLACE VIEW drivers_public AS
SELECT d.id, d.company_id, d.status, d.duty, d.services, d.revision, d.papers_until, d.is_short FROM drivers d;

-- The fee of a customer who did not come is an earning, but no run.
ALTER TABLE driver_runs ADD COLUMN is_drive boolean NOT NULL DEFAULT true;

-- What a driver's own insurance is known by once its application was approved; the number is masked when it is handed
-- in, empty where that was before this column was. Whoever covers drives reads it.
ALTER TABLE driver_applications ADD COLUMN policy_masked text NOT NULL DEFAULT '';

CREATE VIEW driver_insurances_public AS
SELECT DISTINCT ON (a.driver_id) a.driver_id, a.company_id, a.id AS application_id, a.insurer, a.policy_masked,
       a.insurance_expires_on
FROM driver_applications a WHERE a.state = 'approved' ORDER BY a.driver_id, a.id DESC;
