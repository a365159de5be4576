-- Customers: the id is that of the account that they sign in with.

CREATE TABLE customers (
    id uuid PRIMARY KEY,
    company_id uuid NOT NULL REFERENCES companies (id),
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL,
    UNIQUE (company_id, id),
    FOREIGN KEY (company_id, id) REFERENCES accounts (company_id, id)
);

CREATE VIEW customers_public AS
SELECT id, company_id, created_at FROM customers;

-- Where a customer goes again and again, and the cars that they are driven home in.
CREATE TABLE customer_places (
    id uuid PRIMARY KEY,
    company_id uuid NOT NULL,
    customer_id uuid NOT NULL,
    label text NOT NULL,
    name text NOT NULL,
    address text NOT NULL,
    lat double precision NOT NULL,
    lon double precision NOT NULL,
    created_at timestamptz NOT NULL,
    FOREIGN KEY (company_id, customer_id) REFERENCES customers (company_id, id)
);
CREATE INDEX customer_places_of_customer ON customer_places (customer_id, id);

CREATE TABLE customer_cars (
    id uuid PRIMARY KEY,
    company_id uuid NOT NULL,
    customer_id uuid NOT NULL,
    plate text NOT NULL CHECK (plate <> ''),
    model text NOT NULL,
    transmission text NOT NULL CHECK (transmission IN ('auto', 'manual')),
    note text NOT NULL,
    created_at timestamptz NOT NULL,
    UNIQUE (customer_id, plate),
    FOREIGN KEY (company_id, customer_id) REFERENCES customers (company_id, id)
);

-- Business accounts: who of the company's customers may call on whose account, and who pays (R-005).
CREATE TABLE business_accounts (
    id uuid PRIMARY KEY,
    company_id uuid NOT NULL REFERENCES companies (id),
    version integer NOT NULL,
    name text NOT NULL CHECK (name <> ''),
    payer text NOT NULL CHECK (payer IN ('company', 'customer')),
    created_at timestamptz NOT NULL,
    closed_at timestamptz,
    UNIQUE (company_id, id)
);
CREATE UNIQUE INDEX business_accounts_by_name ON business_accounts (company_id, name) WHERE closed_at IS NULL;

CREATE TABLE business_members (
    account_id uuid NOT NULL,
    customer_id uuid NOT NULL,
    company_id uuid NOT NULL,
    since timestamptz NOT NULL,
    PRIMARY KEY (account_id, customer_id),
    FOREIGN KEY (company_id, account_id) REFERENCES business_accounts (company_id, id),
    FOREIGN KEY (company_id, customer_id) REFERENCES customers (company_id, id)
);
CREATE INDEX business_members_of_customer ON business_members (customer_id);

-- Bonds: what customers and the company hold against or for one another. `call_id` names a call, which is made later
-- than these tables.

-- A customer's own cancels after assignment (R-062, I-053): a row is written with the cancel and never with another
-- ending. What was forgiven stays, and does not count (I-009).
CREATE TABLE customer_cancels (
    call_id uuid PRIMARY KEY,
    company_id uuid NOT NULL,
    customer_id uuid NOT NULL,
    cancelled_from text NOT NULL CHECK (cancelled_from IN ('assigned', 'arrived', 'driving')),
    at timestamptz NOT NULL,
    forgiven_at timestamptz,
    forgiven_by uuid REFERENCES accounts (id),
    forgiven_for text CHECK (forgiven_for <> ''),
    FOREIGN KEY (company_id, customer_id) REFERENCES accounts (company_id, id),
    CHECK ((forgiven_at IS NULL) = (forgiven_for IS NULL))
);
CREATE INDEX customer_cancels_of_customer ON customer_cancels (customer_id, at);

-- New own calls of the customer are refused from `starts_at` until `ends_at`, unless lifted. The figures are those of
-- the policy by which the cancel that filled the count was judged.
CREATE TABLE customer_restrictions (
    id uuid PRIMARY KEY,
    company_id uuid NOT NULL,
    customer_id uuid NOT NULL,
    call_id uuid NOT NULL UNIQUE REFERENCES customer_cancels (call_id),
    reason text NOT NULL CHECK (reason IN ('cancellations')),
    starts_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    count integer NOT NULL,
    count_limit integer NOT NULL,
    window_days integer NOT NULL,
    policy_version bigint NOT NULL,
    lifted_at timestamptz,
    lifted_as text CHECK (lifted_as IN ('by_staff', 'forgiven')),
    lifted_by uuid REFERENCES accounts (id),
    lifted_for text CHECK (lifted_for <> ''),
    FOREIGN KEY (company_id, customer_id) REFERENCES accounts (company_id, id),
    CHECK (ends_at > starts_at),
    CHECK ((lifted_at IS NULL) = (lifted_as IS NULL) AND (lifted_at IS NULL) = (lifted_for IS NULL))
);
CREATE INDEX customer_restrictions_of_customer ON customer_restrictions (customer_id, ends_at);
CREATE INDEX customer_restrictions_of_company ON customer_restrictions (company_id, id DESC);

-- Who shall not meet again (I-006). Each side asks and takes back for itself; the pair is barred while one row holds.
CREATE TABLE never_meetings (
    id uuid PRIMARY KEY,
    company_id uuid NOT NULL,
    customer_id uuid NOT NULL,
    driver_id uuid NOT NULL,
    asked_by text NOT NULL CHECK (asked_by IN ('customer', 'driver')),
    call_id uuid NOT NULL,
    reason text NOT NULL,
    asked_at timestamptz NOT NULL,
    lifted_at timestamptz,
    lifted_by_kind text,
    lifted_by uuid REFERENCES accounts (id),
    lifted_for text,
    FOREIGN KEY (company_id, customer_id) REFERENCES accounts (company_id, id),
    FOREIGN KEY (company_id, driver_id) REFERENCES accounts (company_id, id),
    CHECK ((lifted_at IS NULL) = (lifted_by_kind IS NULL))
);
CREATE UNIQUE INDEX never_meetings_once ON never_meetings (customer_id, driver_id, asked_by) WHERE lifted_at IS NULL;
CREATE INDEX never_meetings_of_driver ON never_meetings (driver_id) WHERE lifted_at IS NULL;
CREATE INDEX never_meetings_of_company ON never_meetings (company_id, id DESC);

-- The pairs that are barred now; once each, whoever asked.
CREATE VIEW never_meet_public AS
SELECT DISTINCT company_id, customer_id, driver_id FROM never_meetings WHERE lifted_at IS NULL;

-- What a customer says of a completed call, and what it adds up to for its driver.
CREATE TABLE ratings (
    call_id uuid PRIMARY KEY,
    company_id uuid NOT NULL,
    customer_id uuid NOT NULL,
    driver_id uuid NOT NULL,
    stars smallint NOT NULL CHECK (stars BETWEEN 1 AND 5),
    tags text[] NOT NULL,
    comment text NOT NULL,
    rated_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL,
    version integer NOT NULL,
    FOREIGN KEY (company_id, customer_id) REFERENCES accounts (company_id, id),
    FOREIGN KEY (company_id, driver_id) REFERENCES accounts (company_id, id)
);
CREATE INDEX ratings_of_customer ON ratings (customer_id, rated_at);
CREATE INDEX ratings_of_driver ON ratings (driver_id, rated_at);

CREATE TABLE driver_ratings (
    driver_id uuid PRIMARY KEY,
    company_id uuid NOT NULL,
    ratings integer NOT NULL CHECK (ratings > 0),
    stars bigint NOT NULL CHECK (stars BETWEEN ratings AND 5 * ratings),
    FOREIGN KEY (company_id, driver_id) REFERENCES accounts (company_id, id)
);

CREATE VIEW driver_ratings_public AS
SELECT driver_id, company_id, ratings, round(stars::numeric / ratings, 2) AS average FROM driver_ratings;

-- What stands against new calls of a customer, once whoever counts a cancel of theirs at this instant is done: a
-- function, because its second statement sees what the transaction that the first one waited for has written.
CREATE FUNCTION restrictions_in_turn(p_customer uuid, p_now timestamptz) RETURNS SETOF customer_restrictions
LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    PERFORM FROM customers WHERE id = p_customer FOR SHARE;
    RETURN QUERY SELECT * FROM customer_restrictions
                 WHERE customer_id = p_customer AND ends_at > p_now AND lifted_at IS NULL ORDER BY id;
END $$;
