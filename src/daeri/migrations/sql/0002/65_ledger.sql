-- The ledger: double entry, append-only, in won. A line's amount is added to its account: what a company has, is owed
-- or has spent stands above zero, what it owes or has earned below. The lines of an entry sum to zero.
--   cards       the card provider holds it for us       commission  what the company has earned
--   bank        on the company's own account            premium     collected for insurers
--   customer    a customer owes it                      payouts     on its way to drivers' banks
--   business    a business account owes it              write_offs  claims that were given up
--   orderer     the company that ordered a call owes it
--   driver      below zero: we owe it to the driver; above: the driver owes it
CREATE TABLE ledger_entries (
    id uuid PRIMARY KEY,
    seq bigint GENERATED ALWAYS AS IDENTITY,
    company_id uuid NOT NULL REFERENCES companies (id),
    kind text NOT NULL CHECK (kind IN ('fare_due', 'fare_undone', 'card_captured', 'card_cancelled', 'cash_collected',
        'cash_undone', 'written_off', 'transfer_received', 'topped_up', 'payout_begun', 'payout_done',
        'payout_returned', 'account_settled')),
    -- Always the customer's own call, never the one that reconnected it (R-114).
    call_id uuid REFERENCES calls (id),
    -- The row or event behind it: one entry of a kind for each.
    cause_id uuid NOT NULL,
    reverses_id uuid UNIQUE REFERENCES ledger_entries (id),
    at timestamptz NOT NULL,
    actor_kind text NOT NULL,
    actor_id uuid,
    note text NOT NULL DEFAULT '',
    CONSTRAINT ledger_entries_once UNIQUE (cause_id, kind),
    CHECK (call_id IS NOT NULL
           OR kind IN ('topped_up', 'card_captured', 'card_cancelled', 'payout_begun', 'payout_done',
                       'payout_returned', 'account_settled')),
    CHECK ((reverses_id IS NOT NULL) = (kind IN ('fare_undone', 'cash_undone')))
);
CREATE INDEX ledger_entries_of_company ON ledger_entries (company_id, seq DESC);
CREATE INDEX ledger_entries_of_call ON ledger_entries (call_id, seq) WHERE call_id IS NOT NULL;

CREATE TABLE ledger_lines (
    entry_id uuid NOT NULL REFERENCES ledger_entries (id),
    place smallint NOT NULL,
    company_id uuid NOT NULL,
    account text NOT NULL CHECK (account IN ('cards', 'bank', 'customer', 'business', 'orderer', 'driver',
        'commission', 'premium', 'payouts', 'write_offs')),
    owner_id uuid,
    amount bigint NOT NULL CHECK (amount <> 0),
    at timestamptz NOT NULL,
    PRIMARY KEY (entry_id, place),
    CHECK ((owner_id IS NOT NULL) = (account IN ('customer', 'business', 'orderer', 'driver')))
);
CREATE INDEX ledger_lines_of_owner ON ledger_lines (owner_id, account, at, entry_id) WHERE owner_id IS NOT NULL;
CREATE INDEX ledger_lines_of_account ON ledger_lines (company_id, account, at, entry_id);

-- The sum of an owner's lines, kept by the trigger below and by nothing else, so that it is derived and always true.
-- The company's own accounts have none: every completed call would wait for their one row.
CREATE TABLE ledger_balances (
    company_id uuid NOT NULL,
    account text NOT NULL,
    owner_id uuid NOT NULL,
    balance bigint NOT NULL,
    PRIMARY KEY (owner_id, account, company_id)
) WITH (fillfactor = 70);

CREATE FUNCTION keep_books_balanced() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    wrong uuid;
BEGIN
    -- The lines of one statement alone: an entry that sums to zero at each statement does so altogether, and the search
    -- does not grow with the books.
    SELECT entry_id INTO wrong FROM added GROUP BY entry_id HAVING sum(amount) <> 0 LIMIT 1;
    IF wrong IS NOT NULL THEN
        RAISE EXCEPTION 'entry % does not sum to zero', wrong USING ERRCODE = 'check_violation',
            CONSTRAINT = 'ledger_balanced';
    END IF;
    -- In one order, so that two entries over the same owners wait for each other and never deadlock.
    INSERT INTO ledger_balances AS b (company_id, account, owner_id, balance)
    SELECT company_id, account, owner_id, sum(amount) FROM added WHERE owner_id IS NOT NULL
    GROUP BY company_id, account, owner_id ORDER BY owner_id, account, company_id
    ON CONFLICT (owner_id, account, company_id) DO UPDATE SET balance = b.balance + excluded.balance;
    RETURN NULL;
END $$;
CREATE TRIGGER ledger_lines_balanced AFTER INSERT ON ledger_lines REFERENCING NEW TABLE AS added
FOR EACH STATEMENT EXECUTE FUNCTION keep_books_balanced();

CREATE FUNCTION refuse_ledger_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the ledger is append-only' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER ledger_entries_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_entries
FOR EACH STATEMENT EXECUTE FUNCTION refuse_ledger_change();
CREATE TRIGGER ledger_lines_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_lines
FOR EACH STATEMENT EXECUTE FUNCTION refuse_ledger_change();

-- Writes an entry with its lines; false, and nothing written, when there is one of that kind for that cause already.
-- Lines of zero won are left out; an entry without any is not written.
CREATE FUNCTION post_entry(
    p_id uuid, p_company uuid, p_kind text, p_call uuid, p_cause uuid, p_reverses uuid, p_at timestamptz,
    p_actor_kind text, p_actor uuid, p_note text, p_accounts text[], p_owners uuid[], p_amounts bigint[]
) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM unnest(p_amounts) AS a (amount) WHERE a.amount <> 0) THEN
        RETURN false;
    END IF;
    INSERT INTO ledger_entries (id, company_id, kind, call_id, cause_id, reverses_id, at, actor_kind, actor_id, note)
    VALUES (p_id, p_company, p_kind, p_call, p_cause, p_reverses, p_at, p_actor_kind, p_actor, p_note)
    ON CONFLICT (cause_id, kind) DO NOTHING;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    INSERT INTO ledger_lines (entry_id, place, company_id, account, owner_id, amount, at)
    SELECT p_id, t.place, p_company, t.account, t.owner_id, t.amount, p_at
    FROM unnest(p_accounts, p_owners, p_amounts) WITH ORDINALITY AS t (account, owner_id, amount, place)
    WHERE t.amount <> 0;
    RETURN true;
END $$;
