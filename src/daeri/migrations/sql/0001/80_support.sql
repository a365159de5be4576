-- Cases: what people report and staff see to. Their history is in the events of the aggregate `case`.
CREATE SEQUENCE case_numbers;
CREATE TABLE cases (
    id uuid PRIMARY KEY,
    company_id uuid NOT NULL REFERENCES companies (id),
    number text NOT NULL UNIQUE,
    kind text NOT NULL CHECK (kind IN ('lost_item', 'accident', 'complaint')),
    call_id uuid NOT NULL REFERENCES calls (id),
    opened_by_kind text NOT NULL,
    opened_by uuid NOT NULL REFERENCES accounts (id),
    state text NOT NULL CHECK (state IN ('open', 'closed')),
    text text NOT NULL CHECK (text <> ''),
    facts jsonb NOT NULL,
    phone_sealed bytea, -- where the reporter wants to be called, when not on their own number
    opened_at timestamptz NOT NULL,
    closed_at timestamptz,
    closed_by uuid REFERENCES accounts (id),
    note text,
    version integer NOT NULL,
    CHECK ((state = 'closed') = (closed_at IS NOT NULL AND closed_by IS NOT NULL AND note IS NOT NULL))
);
CREATE INDEX cases_of_company ON cases (company_id, id DESC);
CREATE INDEX cases_open ON cases (company_id, id DESC) WHERE state = 'open';
CREATE INDEX cases_of_call ON cases (call_id);
CREATE INDEX cases_of_opener ON cases (opened_by, id DESC);
