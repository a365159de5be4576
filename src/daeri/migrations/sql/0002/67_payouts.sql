-- Where a driver's money goes; the number is sealed and shown masked.
CREATE TABLE bank_accounts (
    driver_id uuid PRIMARY KEY REFERENCES drivers (id),
    company_id uuid NOT NULL,
    bank text NOT NULL CHECK (bank ~ '^[0-9]{3}$'), -- the code of the clearing house
    number_sealed bytea NOT NULL,
    number_masked text NOT NULL,
    holder text NOT NULL CHECK (holder <> ''),
    changed_at timestamptz NOT NULL,
    version integer NOT NULL
);

-- Payouts that go to the bank together.
CREATE TABLE payout_files (
    id uuid PRIMARY KEY,
    company_id uuid NOT NULL REFERENCES companies (id),
    made_at timestamptz NOT NULL,
    made_by uuid NOT NULL,
    payouts integer NOT NULL CHECK (payouts > 0),
    total bigint NOT NULL CHECK (total > 0)
);
CREATE INDEX payout_files_of_company ON payout_files (company_id, id DESC);

-- A driver's withdrawals: debited when they are asked for, given back when the bank returns them.
CREATE TABLE payouts (
    id uuid PRIMARY KEY,
    company_id uuid NOT NULL,
    driver_id uuid NOT NULL REFERENCES drivers (id),
    amount bigint NOT NULL CHECK (amount > 0),
    state text NOT NULL CHECK (state IN ('requested', 'sent', 'paid', 'returned')),
    bank text NOT NULL,
    number_sealed bytea NOT NULL,
    number_masked text NOT NULL,
    holder text NOT NULL,
    file_id uuid REFERENCES payout_files (id),
    requested_at timestamptz NOT NULL,
    ended_at timestamptz,
    reference text NOT NULL DEFAULT '', -- the bank's word, or why it came back
    version integer NOT NULL,
    -- One that staff turned down went to no bank.
    CHECK ((state = 'requested') <= (file_id IS NULL)),
    CHECK ((state IN ('sent', 'paid')) <= (file_id IS NOT NULL)),
    CHECK ((state IN ('paid', 'returned')) = (ended_at IS NOT NULL))
);
CREATE UNIQUE INDEX payouts_one_open ON payouts (driver_id) WHERE state IN ('requested', 'sent');
CREATE INDEX payouts_of_driver ON payouts (driver_id, id DESC);
CREATE INDEX payouts_of_company ON payouts (company_id, id DESC);
CREATE INDEX payouts_requested ON payouts (company_id, id) WHERE state = 'requested';
CREATE INDEX payouts_of_file ON payouts (file_id, id) WHERE file_id IS NOT NULL;

-- Money that came to the company's bank: a driver's top-up, a customer's transfer, a business account's month. The
-- reference of the bank is taken once.
CREATE TABLE bank_receipts (
    id uuid PRIMARY KEY,
    company_id uuid NOT NULL REFERENCES companies (id),
    reference text NOT NULL CHECK (reference <> ''),
    amount bigint NOT NULL CHECK (amount > 0),
    purpose text NOT NULL CHECK (purpose IN ('top_up', 'claim', 'account')),
    owner_id uuid NOT NULL,
    call_id uuid REFERENCES bills (call_id),
    month date, -- the first day of the month whose statement was paid
    at timestamptz NOT NULL,
    by_id uuid NOT NULL,
    CHECK ((purpose = 'claim') = (call_id IS NOT NULL)),
    CHECK ((purpose = 'account') = (month IS NOT NULL)),
    CONSTRAINT bank_receipts_once UNIQUE (company_id, reference)
);
CREATE INDEX bank_receipts_of_owner ON bank_receipts (owner_id, id DESC);
