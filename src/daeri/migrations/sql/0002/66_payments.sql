-- Cards that people have registered with the provider: a billing key, sealed, and what they know their card by.
CREATE TABLE payment_cards (
    id uuid PRIMARY KEY,
    company_id uuid NOT NULL,
    owner_id uuid NOT NULL,
    customer_key text NOT NULL UNIQUE, -- what the provider knows the owner of this card by
    billing_key_sealed bytea NOT NULL,
    issuer text NOT NULL,
    number_masked text NOT NULL CHECK (number_masked !~ '[0-9]{7}'), -- never enough of a number to be one
    is_default boolean NOT NULL,
    registered_at timestamptz NOT NULL,
    removed_at timestamptz,
    FOREIGN KEY (company_id, owner_id) REFERENCES accounts (company_id, id)
);
CREATE INDEX payment_cards_of_owner ON payment_cards (owner_id) WHERE removed_at IS NULL;
CREATE UNIQUE INDEX payment_cards_one_default ON payment_cards (owner_id) WHERE is_default AND removed_at IS NULL;

-- What both sides agreed to before a reconnected drive (R-118 … R-123); the newest amount stands.
CREATE TABLE agreed_fares (
    call_id uuid PRIMARY KEY REFERENCES calls (id),
    company_id uuid NOT NULL,
    amount bigint NOT NULL CHECK (amount > 0),
    reason text NOT NULL CHECK (reason <> ''),
    at timestamptz NOT NULL,
    by_id uuid NOT NULL
);

-- What is owed for a ride, once for each, on the customer's own call: what it costs, what that leaves to its driver, and
-- how far it is paid. `split` counts how often the fare was booked anew.
CREATE TABLE bills (
    call_id uuid PRIMARY KEY REFERENCES calls (id),
    company_id uuid NOT NULL,
    number text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('fare', 'no_show')),
    payer text NOT NULL CHECK (payer IN ('customer', 'business', 'orderer')),
    payer_id uuid NOT NULL,
    driver_id uuid NOT NULL,
    customer_id uuid,
    method text NOT NULL CHECK (method IN ('card', 'cash', 'account')),
    state text NOT NULL CHECK (state IN ('open', 'paid', 'claimed', 'written_off')),
    amount bigint NOT NULL CHECK (amount >= 0),
    commission bigint NOT NULL,
    premium bigint NOT NULL,
    net bigint NOT NULL,
    commission_percent integer NOT NULL,
    commission_version bigint NOT NULL,
    premium_version bigint NOT NULL,
    split integer NOT NULL,
    opened_at timestamptz NOT NULL,
    drive_ended_at timestamptz NOT NULL,
    settled_at timestamptz,
    claimed_at timestamptz,
    claim_reason text CHECK (claim_reason IN ('no_card', 'declined', 'cash_not_paid', 'no_show')),
    version integer NOT NULL,
    CHECK (net = amount - commission - premium),
    CHECK ((state IN ('paid', 'written_off')) = (settled_at IS NOT NULL)),
    CHECK ((state = 'claimed') <= (claimed_at IS NOT NULL AND claim_reason IS NOT NULL))
) WITH (fillfactor = 80);
CREATE INDEX bills_of_company ON bills (company_id, call_id DESC);
CREATE INDEX bills_of_driver ON bills (driver_id, drive_ended_at DESC);
CREATE INDEX bills_of_payer ON bills (payer_id, opened_at DESC);
-- Who rode on a business account: everybody else is the payer of their rides.
CREATE INDEX bills_of_rider ON bills (customer_id, opened_at DESC) WHERE payer = 'business';
CREATE INDEX bills_not_paid ON bills (company_id, opened_at) WHERE state IN ('open', 'claimed');

-- What was asked of the card provider: the intent is written first, the answer after it. `order_id` is the provider's
-- name for it and the key that it is asked with, so that it happens once however often it is asked.
CREATE TABLE charges (
    id uuid PRIMARY KEY,
    company_id uuid NOT NULL,
    call_id uuid REFERENCES bills (call_id), -- null: a driver's top-up
    payer_id uuid NOT NULL,
    card_id uuid NOT NULL REFERENCES payment_cards (id),
    purpose text NOT NULL CHECK (purpose IN ('fare', 'by_agent', 'adjustment', 'claim', 'top_up')),
    amount bigint NOT NULL CHECK (amount > 0),
    cancelled bigint NOT NULL DEFAULT 0 CHECK (cancelled BETWEEN 0 AND amount),
    state text NOT NULL CHECK (state IN ('intended', 'authorised', 'captured', 'declined', 'unknown')),
    order_id text NOT NULL UNIQUE,
    payment_key text,
    refusal text, -- the provider's reason as one of ours
    attempts integer NOT NULL DEFAULT 0,
    next_attempt_at timestamptz NOT NULL, -- wall time
    created_at timestamptz NOT NULL,
    by_kind text NOT NULL,
    by_id uuid,
    ended_at timestamptz,
    version integer NOT NULL,
    CHECK ((call_id IS NULL) = (purpose = 'top_up')),
    CHECK ((state IN ('authorised', 'captured')) <= (payment_key IS NOT NULL)),
    CHECK ((state IN ('captured', 'declined')) = (ended_at IS NOT NULL))
) WITH (fillfactor = 80);
-- A ride is charged once: one charge that is under way, of unknown fate, or stands.
CREATE UNIQUE INDEX charges_one_a_call ON charges (call_id)
WHERE state IN ('intended', 'authorised', 'unknown') OR (state = 'captured' AND cancelled < amount);
CREATE INDEX charges_of_call ON charges (call_id, id);
CREATE INDEX charges_of_payer ON charges (payer_id, id);
CREATE INDEX charges_to_do ON charges (next_attempt_at) WHERE state IN ('intended', 'authorised', 'unknown');
CREATE INDEX charges_of_company ON charges (company_id, id DESC);

-- What shall be given back of a charge. `then_amount` is what the ride costs instead: the new charge is intended in the
-- transaction that records the cancel, so that a crash between the two loses neither (I-017, I-020).
CREATE TABLE charge_cancels (
    id uuid PRIMARY KEY,
    company_id uuid NOT NULL,
    charge_id uuid NOT NULL REFERENCES charges (id),
    call_id uuid REFERENCES bills (call_id),
    amount bigint NOT NULL CHECK (amount > 0),
    then_amount bigint CHECK (then_amount > 0),
    state text NOT NULL CHECK (state IN ('intended', 'done', 'refused', 'unknown')),
    reason text NOT NULL CHECK (reason <> ''),
    refusal text,
    attempts integer NOT NULL DEFAULT 0,
    next_attempt_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    by_kind text NOT NULL,
    by_id uuid,
    ended_at timestamptz,
    version integer NOT NULL,
    CHECK ((state IN ('done', 'refused')) = (ended_at IS NOT NULL))
) WITH (fillfactor = 80);
CREATE UNIQUE INDEX charge_cancels_one_open ON charge_cancels (charge_id) WHERE state IN ('intended', 'unknown');
CREATE INDEX charge_cancels_of_call ON charge_cancels (call_id, id);
CREATE INDEX charge_cancels_to_do ON charge_cancels (next_attempt_at) WHERE state IN ('intended', 'unknown');

-- What a person must see to (I-016). Done when the bill is settled, or by hand with a note.
CREATE TABLE payment_tasks (
    id uuid PRIMARY KEY,
    company_id uuid NOT NULL,
    kind text NOT NULL CHECK (kind IN ('settle', 'adjust', 'unknown', 'unpaid', 'cancel_refused', 'cash')),
    call_id uuid REFERENCES bills (call_id),
    charge_id uuid REFERENCES charges (id),
    opened_at timestamptz NOT NULL,
    due_at timestamptz NOT NULL,
    owner_id uuid REFERENCES accounts (id),
    escalated_at timestamptz,
    done_at timestamptz,
    done_by uuid REFERENCES accounts (id), -- null: what it waited for came about
    note text NOT NULL DEFAULT '',
    version integer NOT NULL,
    CHECK (call_id IS NOT NULL OR charge_id IS NOT NULL)
);
CREATE UNIQUE INDEX payment_tasks_one_open ON payment_tasks (kind, (coalesce(call_id, charge_id)))
WHERE done_at IS NULL;
CREATE INDEX payment_tasks_open ON payment_tasks (company_id, due_at) WHERE done_at IS NULL;
CREATE INDEX payment_tasks_of_call ON payment_tasks (call_id);

-- When a customer is reminded of a claim, and when it is given up; worked off once its time has come.
CREATE TABLE claim_steps (
    call_id uuid NOT NULL REFERENCES bills (call_id),
    place integer NOT NULL,
    company_id uuid NOT NULL,
    kind text NOT NULL CHECK (kind IN ('remind', 'give_up')),
    due_at timestamptz NOT NULL,
    done_at timestamptz,
    PRIMARY KEY (call_id, place)
);
CREATE INDEX claim_steps_due ON claim_steps (due_at) WHERE done_at IS NULL;
