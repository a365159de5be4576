-- What staff keep beside a call: memos, which are never changed, and fares that they had calculated.
CREATE TABLE call_memos (
    id uuid PRIMARY KEY,
    company_id uuid NOT NULL,
    call_id uuid NOT NULL REFERENCES calls (id),
    author_id uuid NOT NULL,
    at timestamptz NOT NULL,
    body text NOT NULL CHECK (body <> ''),
    FOREIGN KEY (company_id, author_id) REFERENCES accounts (company_id, id)
);
CREATE INDEX call_memos_of_call ON call_memos (call_id, id);

CREATE TABLE call_memo_links (
    memo_id uuid NOT NULL REFERENCES call_memos (id),
    call_id uuid NOT NULL REFERENCES calls (id),
    PRIMARY KEY (memo_id, call_id)
);
CREATE INDEX call_memo_links_of_call ON call_memo_links (call_id);

CREATE FUNCTION refuse_memo_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'memos are append-only: write another one instead' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER call_memos_append_only BEFORE UPDATE OR DELETE ON call_memos
    FOR EACH ROW EXECUTE FUNCTION refuse_memo_change();
CREATE TRIGGER call_memo_links_append_only BEFORE UPDATE OR DELETE ON call_memo_links
    FOR EACH ROW EXECUTE FUNCTION refuse_memo_change();

-- The trip as it was asked for (which may differ from the call's) and the calculator's answer.
CREATE TABLE call_fare_calculations (
    id uuid PRIMARY KEY,
    company_id uuid NOT NULL,
    call_id uuid NOT NULL REFERENCES calls (id),
    by_id uuid NOT NULL,
    at timestamptz NOT NULL,
    service text NOT NULL CHECK (service IN ('general', 'vip', 'tailored', 'delivery')),
    departure timestamptz NOT NULL,
    way jsonb NOT NULL,
    quote jsonb NOT NULL,
    FOREIGN KEY (company_id, by_id) REFERENCES accounts (company_id, id)
);
CREATE INDEX call_fare_calculations_of_call ON call_fare_calculations (call_id, id);
