CREATE TYPE public.pgqueuer_status AS ENUM (
    'queued',
    'picked',
    'successful',
    'exception',
    'canceled',
    'deleted',
    'failed'
);
CREATE FUNCTION public.call_group(p_group uuid) RETURNS jsonb
    LANGUAGE sql STABLE STRICT
    AS $$
    SELECT jsonb_agg(jsonb_build_object('place', group_place, 'id', id, 'number', number, 'state', state))
    FROM calls WHERE group_id = p_group
$$;
CREATE FUNCTION public.call_number(p_count bigint) RETURNS text
    LANGUAGE plpgsql IMMUTABLE
    AS $$
DECLARE
    alphabet constant text := '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
    -- Odd factors and shifts each permute the numbers below 2^35: no two counts share a number.
    scrambled bigint := (p_count * 155846203 + 17179869183) & 34359738367;
    body text := '';
    total integer := 0;
    digit integer;
BEGIN
    scrambled := ((scrambled # (scrambled >> 17)) * 121998301) & 34359738367;
    scrambled := ((scrambled # (scrambled >> 18)) * 186583121) & 34359738367;
    scrambled := scrambled # (scrambled >> 17);
    FOR place IN 0..6 LOOP
        digit := (scrambled >> (5 * place)) & 31;
        body := substr(alphabet, digit + 1, 1) || body;
        digit := digit * CASE WHEN place % 2 = 0 THEN 2 ELSE 1 END;
        total := total + digit / 32 + digit % 32;
    END LOOP;
    RETURN body || substr(alphabet, (32 - total % 32) % 32 + 1, 1);
END $$;
CREATE FUNCTION public.emit(p_id uuid, p_company uuid, p_kind text, p_aggregate text, p_aggregate_id uuid, p_version integer, p_at timestamp with time zone, p_actor_kind text, p_actor_id uuid, p_cause uuid, p_data jsonb) RETURNS uuid
    LANGUAGE plpgsql
    AS $$
BEGIN
    INSERT INTO events (id, company_id, kind, aggregate, aggregate_id, version, at, actor_kind, actor_id, cause, data)
    VALUES (p_id, p_company, p_kind, p_aggregate, p_aggregate_id, p_version, p_at, p_actor_kind, p_actor_id, p_cause,
            p_data);
    -- The queue's trigger notifies even for no rows, so it is not touched when nobody listens.
    IF EXISTS (SELECT FROM event_handlers h WHERE h.kind = p_kind) THEN
        INSERT INTO pgqueuer (priority, status, entrypoint, payload)
        SELECT 0, 'queued', h.handler, convert_to(p_id::text, 'UTF8') FROM event_handlers h WHERE h.kind = p_kind;
    END IF;
    RETURN p_id;
END $$;
CREATE FUNCTION public.fn_pgqueuer_changed() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
DECLARE
    to_emit BOOLEAN := false;  -- Flag to decide whether to emit a notification
BEGIN
    -- Check operation type and set the emit flag accordingly
    IF TG_OP = 'UPDATE' AND OLD IS DISTINCT FROM NEW THEN
        to_emit := true;
    ELSIF TG_OP = 'DELETE' THEN
        to_emit := true;
    ELSIF TG_OP = 'INSERT' THEN
        to_emit := true;
    ELSIF TG_OP = 'TRUNCATE' THEN
        to_emit := true;
    END IF;

    -- Perform notification if the emit flag is set
    IF to_emit THEN
        PERFORM pg_notify(
            'ch_pgqueuer',
            json_build_object(
                'channel', 'ch_pgqueuer',
                'operation', lower(TG_OP),
                'sent_at', NOW(),
                'table', TG_TABLE_NAME,
                'type', 'table_changed_event'
            )::text
        );
    END IF;

    -- Return appropriate value based on the operation
    IF TG_OP IN ('INSERT', 'UPDATE') THEN
        RETURN NEW;
    ELSIF TG_OP = 'DELETE' THEN
        RETURN OLD;
    ELSE
        RETURN NULL; -- For TRUNCATE and other non-row-specific contexts
    END IF;

END;
$$;
CREATE FUNCTION public.keep_books_balanced() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
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
CREATE FUNCTION public.open_calls_in_turn(p_customer uuid) RETURNS bigint
    LANGUAGE plpgsql
    AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('open calls ' || p_customer::text, 0));
    RETURN (SELECT count(*) FROM calls WHERE customer_id = p_customer
            AND state IN ('reserved', 'requested', 'assigned', 'arrived', 'driving'));
END $$;
CREATE FUNCTION public.post_entry(p_id uuid, p_company uuid, p_kind text, p_call uuid, p_cause uuid, p_reverses uuid, p_at timestamp with time zone, p_actor_kind text, p_actor uuid, p_note text, p_accounts text[], p_owners uuid[], p_amounts bigint[]) RETURNS boolean
    LANGUAGE plpgsql
    AS $$
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
CREATE FUNCTION public.refuse_audit_change() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    IF TG_OP = 'DELETE' AND current_setting('daeri.retention', true) = 'on' THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION 'the audit log is append-only' USING ERRCODE = 'restrict_violation';
END $$;
CREATE FUNCTION public.refuse_cover_change() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    RAISE EXCEPTION 'a period of cover is only ever ended, once' USING ERRCODE = 'restrict_violation';
END $$;
CREATE FUNCTION public.refuse_fixed_facts() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    RAISE EXCEPTION 'call %: who ordered it, and after its ending who performed it, is fixed', OLD.number
        USING ERRCODE = 'check_violation';
END $$;
CREATE FUNCTION public.refuse_ledger_change() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    RAISE EXCEPTION 'the ledger is append-only' USING ERRCODE = 'restrict_violation';
END $$;
CREATE FUNCTION public.refuse_memo_change() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    RAISE EXCEPTION 'memos are append-only: write another one instead' USING ERRCODE = 'restrict_violation';
END $$;
CREATE FUNCTION public.refuse_policy_change() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    RAISE EXCEPTION 'policy records are append-only: write a later record instead'
        USING ERRCODE = 'restrict_violation';
END $$;
CREATE FUNCTION public.refuse_reward_change() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    RAISE EXCEPTION 'rewards are append-only' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TABLE public.customer_restrictions (
    id uuid NOT NULL,
    company_id uuid NOT NULL,
    customer_id uuid NOT NULL,
    call_id uuid NOT NULL,
    reason text NOT NULL,
    starts_at timestamp with time zone NOT NULL,
    ends_at timestamp with time zone NOT NULL,
    count integer NOT NULL,
    count_limit integer NOT NULL,
    window_days integer NOT NULL,
    policy_version bigint NOT NULL,
    lifted_at timestamp with time zone,
    lifted_as text,
    lifted_by uuid,
    lifted_for text,
    CONSTRAINT customer_restrictions_check CHECK ((ends_at > starts_at)),
    CONSTRAINT customer_restrictions_check1 CHECK ((((lifted_at IS NULL) = (lifted_as IS NULL)) AND ((lifted_at IS NULL) = (lifted_for IS NULL)))),
    CONSTRAINT customer_restrictions_lifted_as_check CHECK ((lifted_as = ANY (ARRAY['by_staff'::text, 'forgiven'::text]))),
    CONSTRAINT customer_restrictions_lifted_for_check CHECK ((lifted_for <> ''::text)),
    CONSTRAINT customer_restrictions_reason_check CHECK ((reason = 'cancellations'::text))
);
CREATE FUNCTION public.restrictions_in_turn(p_customer uuid, p_now timestamp with time zone) RETURNS SETOF public.customer_restrictions
    LANGUAGE plpgsql
    AS $$
BEGIN
    PERFORM FROM customers WHERE id = p_customer FOR SHARE;
    RETURN QUERY SELECT * FROM customer_restrictions
                 WHERE customer_id = p_customer AND ends_at > p_now AND lifted_at IS NULL ORDER BY id;
END $$;
CREATE TABLE public.account_roles (
    company_id uuid NOT NULL,
    account_id uuid NOT NULL,
    role text NOT NULL,
    granted_at timestamp with time zone NOT NULL,
    granted_by uuid
);
CREATE TABLE public.accounts (
    id uuid NOT NULL,
    company_id uuid NOT NULL,
    kind text NOT NULL,
    display_name text DEFAULT ''::text NOT NULL,
    phone_sealed bytea,
    phone_hash bytea,
    phone_last4_hash bytea,
    email text,
    password_hash text,
    totp_sealed bytea,
    totp_last_step bigint DEFAULT 0 NOT NULL,
    status text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    CONSTRAINT accounts_display_name_check CHECK ((char_length(display_name) <= 80)),
    CONSTRAINT accounts_email_check CHECK (((email = lower(email)) AND (char_length(email) <= 254))),
    CONSTRAINT accounts_kind_check CHECK ((kind = ANY (ARRAY['customer'::text, 'driver'::text, 'staff'::text, 'gateway'::text]))),
    CONSTRAINT accounts_people_phone CHECK (((kind <> ALL (ARRAY['customer'::text, 'driver'::text])) OR (phone_hash IS NOT NULL))),
    CONSTRAINT accounts_phone_whole CHECK ((((phone_sealed IS NULL) = (phone_hash IS NULL)) AND ((phone_hash IS NULL) = (phone_last4_hash IS NULL)))),
    CONSTRAINT accounts_staff_credentials CHECK (((kind = 'staff'::text) = ((email IS NOT NULL) AND (password_hash IS NOT NULL) AND (totp_sealed IS NOT NULL)))),
    CONSTRAINT accounts_status_check CHECK ((status = ANY (ARRAY['active'::text, 'closed'::text, 'blocked'::text])))
);
CREATE VIEW public.accounts_public AS
 SELECT id,
    company_id,
    kind,
    display_name,
    status
   FROM public.accounts;
CREATE TABLE public.agreed_fares (
    call_id uuid NOT NULL,
    company_id uuid NOT NULL,
    amount bigint NOT NULL,
    reason text NOT NULL,
    at timestamp with time zone NOT NULL,
    by_id uuid NOT NULL,
    CONSTRAINT agreed_fares_amount_check CHECK ((amount > 0)),
    CONSTRAINT agreed_fares_reason_check CHECK ((reason <> ''::text))
);
CREATE TABLE public.alembic_version (
    version_num character varying(32) NOT NULL
);
CREATE TABLE public.audit_log (
    seq bigint NOT NULL,
    id uuid NOT NULL,
    company_id uuid NOT NULL,
    at timestamp with time zone NOT NULL,
    actor_kind text NOT NULL,
    actor_id uuid,
    action text NOT NULL,
    subject_kind text NOT NULL,
    subject_id uuid,
    request_id text,
    facts jsonb NOT NULL
);
ALTER TABLE public.audit_log ALTER COLUMN seq ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.audit_log_seq_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.bank_accounts (
    driver_id uuid NOT NULL,
    company_id uuid NOT NULL,
    bank text NOT NULL,
    number_sealed bytea NOT NULL,
    number_masked text NOT NULL,
    holder text NOT NULL,
    changed_at timestamp with time zone NOT NULL,
    version integer NOT NULL,
    CONSTRAINT bank_accounts_bank_check CHECK ((bank ~ '^[0-9]{3}$'::text)),
    CONSTRAINT bank_accounts_holder_check CHECK ((holder <> ''::text))
);
CREATE TABLE public.bank_receipts (
    id uuid NOT NULL,
    company_id uuid NOT NULL,
    reference text NOT NULL,
    amount bigint NOT NULL,
    purpose text NOT NULL,
    owner_id uuid NOT NULL,
    call_id uuid,
    month date,
    at timestamp with time zone NOT NULL,
    by_id uuid NOT NULL,
    CONSTRAINT bank_receipts_amount_check CHECK ((amount > 0)),
    CONSTRAINT bank_receipts_check CHECK (((purpose = 'claim'::text) = (call_id IS NOT NULL))),
    CONSTRAINT bank_receipts_check1 CHECK (((purpose = 'account'::text) = (month IS NOT NULL))),
    CONSTRAINT bank_receipts_purpose_check CHECK ((purpose = ANY (ARRAY['top_up'::text, 'claim'::text, 'account'::text]))),
    CONSTRAINT bank_receipts_reference_check CHECK ((reference <> ''::text))
);
CREATE TABLE public.bills (
    call_id uuid NOT NULL,
    company_id uuid NOT NULL,
    number text NOT NULL,
    kind text NOT NULL,
    payer text NOT NULL,
    payer_id uuid NOT NULL,
    driver_id uuid NOT NULL,
    customer_id uuid,
    method text NOT NULL,
    state text NOT NULL,
    amount bigint NOT NULL,
    commission bigint NOT NULL,
    premium bigint NOT NULL,
    net bigint NOT NULL,
    commission_percent integer NOT NULL,
    commission_version bigint NOT NULL,
    premium_version bigint NOT NULL,
    split integer NOT NULL,
    opened_at timestamp with time zone NOT NULL,
    drive_ended_at timestamp with time zone NOT NULL,
    settled_at timestamp with time zone,
    claimed_at timestamp with time zone,
    claim_reason text,
    version integer NOT NULL,
    CONSTRAINT bills_amount_check CHECK ((amount >= 0)),
    CONSTRAINT bills_check CHECK ((net = ((amount - commission) - premium))),
    CONSTRAINT bills_check1 CHECK (((state = ANY (ARRAY['paid'::text, 'written_off'::text])) = (settled_at IS NOT NULL))),
    CONSTRAINT bills_check2 CHECK (((state = 'claimed'::text) <= ((claimed_at IS NOT NULL) AND (claim_reason IS NOT NULL)))),
    CONSTRAINT bills_claim_reason_check CHECK ((claim_reason = ANY (ARRAY['no_card'::text, 'declined'::text, 'cash_not_paid'::text, 'no_show'::text]))),
    CONSTRAINT bills_kind_check CHECK ((kind = ANY (ARRAY['fare'::text, 'no_show'::text]))),
    CONSTRAINT bills_method_check CHECK ((method = ANY (ARRAY['card'::text, 'cash'::text, 'account'::text]))),
    CONSTRAINT bills_payer_check CHECK ((payer = ANY (ARRAY['customer'::text, 'business'::text, 'orderer'::text]))),
    CONSTRAINT bills_state_check CHECK ((state = ANY (ARRAY['open'::text, 'paid'::text, 'claimed'::text, 'written_off'::text])))
)
WITH (fillfactor='80');
CREATE TABLE public.business_accounts (
    id uuid NOT NULL,
    company_id uuid NOT NULL,
    version integer NOT NULL,
    name text NOT NULL,
    payer text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    closed_at timestamp with time zone,
    CONSTRAINT business_accounts_name_check CHECK ((name <> ''::text)),
    CONSTRAINT business_accounts_payer_check CHECK ((payer = ANY (ARRAY['company'::text, 'customer'::text])))
);
CREATE TABLE public.business_members (
    account_id uuid NOT NULL,
    customer_id uuid NOT NULL,
    company_id uuid NOT NULL,
    since timestamp with time zone NOT NULL
);
CREATE TABLE public.call_fare_calculations (
    id uuid NOT NULL,
    company_id uuid NOT NULL,
    call_id uuid NOT NULL,
    by_id uuid NOT NULL,
    at timestamp with time zone NOT NULL,
    service text NOT NULL,
    departure timestamp with time zone NOT NULL,
    way jsonb NOT NULL,
    quote jsonb NOT NULL,
    CONSTRAINT call_fare_calculations_service_check CHECK ((service = ANY (ARRAY['general'::text, 'vip'::text, 'tailored'::text, 'delivery'::text])))
);
CREATE TABLE public.call_memo_links (
    memo_id uuid NOT NULL,
    call_id uuid NOT NULL
);
CREATE TABLE public.call_memos (
    id uuid NOT NULL,
    company_id uuid NOT NULL,
    call_id uuid NOT NULL,
    author_id uuid NOT NULL,
    at timestamp with time zone NOT NULL,
    body text NOT NULL,
    CONSTRAINT call_memos_body_check CHECK ((body <> ''::text))
);
CREATE SEQUENCE public.call_numbers
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
CREATE TABLE public.call_tracks (
    call_id uuid NOT NULL,
    chunk integer NOT NULL,
    company_id uuid NOT NULL,
    first_at timestamp with time zone NOT NULL,
    points bytea NOT NULL
);
CREATE TABLE public.calls (
    id uuid NOT NULL,
    company_id uuid NOT NULL,
    number text NOT NULL,
    version integer NOT NULL,
    state text NOT NULL,
    source text NOT NULL,
    orderer_id uuid NOT NULL,
    performer_id uuid,
    driver_id uuid,
    customer_id uuid,
    service text NOT NULL,
    timing text NOT NULL,
    options text[] NOT NULL,
    payment text NOT NULL,
    fare_amount bigint NOT NULL,
    fare_plan text NOT NULL,
    tariff_version bigint NOT NULL,
    origin_lat double precision NOT NULL,
    origin_lon double precision NOT NULL,
    origin_name text NOT NULL,
    origin_region text,
    destination_lat double precision NOT NULL,
    destination_lon double precision NOT NULL,
    destination_name text NOT NULL,
    destination_region text,
    vias jsonb NOT NULL,
    note text NOT NULL,
    requested_at timestamp with time zone NOT NULL,
    reserved_for timestamp with time zone,
    dispatch_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    assigned_at timestamp with time zone,
    arrived_at timestamp with time zone,
    started_at timestamp with time zone,
    ended_at timestamp with time zone,
    ended_by text,
    ended_by_id uuid,
    cancelled_from text,
    end_reason text,
    releases integer DEFAULT 0 NOT NULL,
    policy_version bigint NOT NULL,
    reconnects_call_id uuid,
    quote jsonb,
    final_amount bigint,
    waiting jsonb,
    waiting_won bigint DEFAULT 0 NOT NULL,
    no_show_fee_won bigint,
    cash_received boolean,
    vias_reached integer[] DEFAULT '{}'::integer[] NOT NULL,
    rider_name text,
    rider_phone_sealed bytea,
    rider_phone_hash bytea,
    rider_phone_last4_hash bytea,
    rider_phone_masked text,
    car jsonb,
    business_account_id uuid,
    business_name text,
    business_payer text,
    group_id uuid,
    group_size integer,
    group_place integer,
    CONSTRAINT calls_business_payer_check CHECK ((business_payer = ANY (ARRAY['company'::text, 'customer'::text]))),
    CONSTRAINT calls_check CHECK (((group_place >= 1) AND (group_place <= group_size))),
    CONSTRAINT calls_check1 CHECK ((num_nulls(rider_name, rider_phone_sealed, rider_phone_hash, rider_phone_last4_hash, rider_phone_masked) = ANY (ARRAY[0, 5]))),
    CONSTRAINT calls_check2 CHECK ((num_nulls(business_account_id, business_name, business_payer) = ANY (ARRAY[0, 3]))),
    CONSTRAINT calls_check3 CHECK ((num_nulls(group_id, group_size, group_place) = ANY (ARRAY[0, 3]))),
    CONSTRAINT calls_check4 CHECK (((timing = 'reserved'::text) = (reserved_for IS NOT NULL))),
    CONSTRAINT calls_check5 CHECK (((source = 'own'::text) = (orderer_id = company_id))),
    CONSTRAINT calls_check6 CHECK (((state = ANY (ARRAY['assigned'::text, 'arrived'::text, 'driving'::text])) <= ((driver_id IS NOT NULL) AND (performer_id IS NOT NULL)))),
    CONSTRAINT calls_check7 CHECK (((ended_at IS NOT NULL) = (state = ANY (ARRAY['completed'::text, 'cancelled_before_assignment'::text, 'cancelled_after_assignment'::text, 'expired'::text])))),
    CONSTRAINT calls_fare_amount_check CHECK ((fare_amount >= 0)),
    CONSTRAINT calls_final_amount_check CHECK ((final_amount >= 0)),
    CONSTRAINT calls_group_size_check CHECK ((group_size >= 2)),
    CONSTRAINT calls_no_show_fee_won_check CHECK ((no_show_fee_won >= 0)),
    CONSTRAINT calls_payment_check CHECK ((payment = ANY (ARRAY['card'::text, 'cash'::text]))),
    CONSTRAINT calls_service_check CHECK ((service = ANY (ARRAY['general'::text, 'vip'::text, 'tailored'::text, 'delivery'::text]))),
    CONSTRAINT calls_source_check CHECK ((source = ANY (ARRAY['own'::text, 'affiliate'::text, 'phone'::text]))),
    CONSTRAINT calls_state_check CHECK ((state = ANY (ARRAY['reserved'::text, 'requested'::text, 'assigned'::text, 'arrived'::text, 'driving'::text, 'completed'::text, 'cancelled_before_assignment'::text, 'cancelled_after_assignment'::text, 'expired'::text]))),
    CONSTRAINT calls_timing_check CHECK ((timing = ANY (ARRAY['now'::text, 'reserved'::text]))),
    CONSTRAINT calls_waiting_won_check CHECK ((waiting_won >= 0))
)
WITH (fillfactor='80');
CREATE VIEW public.calls_public AS
 SELECT id,
    company_id,
    number,
    version,
    state,
    source,
    orderer_id,
    performer_id,
    driver_id,
    customer_id,
    service,
    timing,
    options,
    payment,
    fare_amount,
    origin_lat,
    origin_lon,
    origin_name,
    origin_region,
    destination_lat,
    destination_lon,
    destination_name,
    vias,
    requested_at,
    dispatch_at,
    expires_at,
    assigned_at,
    ended_at
   FROM public.calls;
CREATE SEQUENCE public.case_numbers
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
CREATE TABLE public.cases (
    id uuid NOT NULL,
    company_id uuid NOT NULL,
    number text NOT NULL,
    kind text NOT NULL,
    call_id uuid NOT NULL,
    opened_by_kind text NOT NULL,
    opened_by uuid NOT NULL,
    state text NOT NULL,
    text text NOT NULL,
    facts jsonb NOT NULL,
    phone_sealed bytea,
    opened_at timestamp with time zone NOT NULL,
    closed_at timestamp with time zone,
    closed_by uuid,
    note text,
    version integer NOT NULL,
    CONSTRAINT cases_check CHECK (((state = 'closed'::text) = ((closed_at IS NOT NULL) AND (closed_by IS NOT NULL) AND (note IS NOT NULL)))),
    CONSTRAINT cases_kind_check CHECK ((kind = ANY (ARRAY['lost_item'::text, 'accident'::text, 'complaint'::text]))),
    CONSTRAINT cases_state_check CHECK ((state = ANY (ARRAY['open'::text, 'closed'::text]))),
    CONSTRAINT cases_text_check CHECK ((text <> ''::text))
);
CREATE TABLE public.charge_cancels (
    id uuid NOT NULL,
    company_id uuid NOT NULL,
    charge_id uuid NOT NULL,
    call_id uuid,
    amount bigint NOT NULL,
    then_amount bigint,
    state text NOT NULL,
    reason text NOT NULL,
    refusal text,
    attempts integer DEFAULT 0 NOT NULL,
    next_attempt_at timestamp with time zone NOT NULL,
    created_at timestamp with time zone NOT NULL,
    by_kind text NOT NULL,
    by_id uuid,
    ended_at timestamp with time zone,
    version integer NOT NULL,
    CONSTRAINT charge_cancels_amount_check CHECK ((amount > 0)),
    CONSTRAINT charge_cancels_check CHECK (((state = ANY (ARRAY['done'::text, 'refused'::text])) = (ended_at IS NOT NULL))),
    CONSTRAINT charge_cancels_reason_check CHECK ((reason <> ''::text)),
    CONSTRAINT charge_cancels_state_check CHECK ((state = ANY (ARRAY['intended'::text, 'done'::text, 'refused'::text, 'unknown'::text]))),
    CONSTRAINT charge_cancels_then_amount_check CHECK ((then_amount > 0))
)
WITH (fillfactor='80');
CREATE TABLE public.charges (
    id uuid NOT NULL,
    company_id uuid NOT NULL,
    call_id uuid,
    payer_id uuid NOT NULL,
    card_id uuid NOT NULL,
    purpose text NOT NULL,
    amount bigint NOT NULL,
    cancelled bigint DEFAULT 0 NOT NULL,
    state text NOT NULL,
    order_id text NOT NULL,
    payment_key text,
    refusal text,
    attempts integer DEFAULT 0 NOT NULL,
    next_attempt_at timestamp with time zone NOT NULL,
    created_at timestamp with time zone NOT NULL,
    by_kind text NOT NULL,
    by_id uuid,
    ended_at timestamp with time zone,
    version integer NOT NULL,
    CONSTRAINT charges_amount_check CHECK ((amount > 0)),
    CONSTRAINT charges_check CHECK (((cancelled >= 0) AND (cancelled <= amount))),
    CONSTRAINT charges_check1 CHECK (((call_id IS NULL) = (purpose = 'top_up'::text))),
    CONSTRAINT charges_check2 CHECK (((state = ANY (ARRAY['authorised'::text, 'captured'::text])) <= (payment_key IS NOT NULL))),
    CONSTRAINT charges_check3 CHECK (((state = ANY (ARRAY['captured'::text, 'declined'::text])) = (ended_at IS NOT NULL))),
    CONSTRAINT charges_purpose_check CHECK ((purpose = ANY (ARRAY['fare'::text, 'by_agent'::text, 'adjustment'::text, 'claim'::text, 'top_up'::text]))),
    CONSTRAINT charges_state_check CHECK ((state = ANY (ARRAY['intended'::text, 'authorised'::text, 'captured'::text, 'declined'::text, 'unknown'::text])))
)
WITH (fillfactor='80');
CREATE TABLE public.claim_steps (
    call_id uuid NOT NULL,
    place integer NOT NULL,
    company_id uuid NOT NULL,
    kind text NOT NULL,
    due_at timestamp with time zone NOT NULL,
    done_at timestamp with time zone,
    CONSTRAINT claim_steps_kind_check CHECK ((kind = ANY (ARRAY['remind'::text, 'give_up'::text])))
);
CREATE TABLE public.companies (
    id uuid NOT NULL,
    slug text NOT NULL,
    name_ko text NOT NULL,
    name_en text NOT NULL,
    settings jsonb DEFAULT '{}'::jsonb NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT companies_name_en_check CHECK ((name_en <> ''::text)),
    CONSTRAINT companies_name_ko_check CHECK ((name_ko <> ''::text)),
    CONSTRAINT companies_settings_check CHECK ((jsonb_typeof(settings) = 'object'::text)),
    CONSTRAINT companies_slug_check CHECK ((slug ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'::text))
);
CREATE VIEW public.companies_public AS
 SELECT id,
    slug,
    name_ko,
    name_en
   FROM public.companies;
CREATE TABLE public.covers (
    call_id uuid NOT NULL,
    ride_id uuid NOT NULL,
    company_id uuid NOT NULL,
    driver_id uuid NOT NULL,
    performer_id uuid NOT NULL,
    source text NOT NULL,
    insurer text NOT NULL,
    policy_shown text NOT NULL,
    policy_until date,
    application_id uuid,
    injury_won bigint NOT NULL,
    property_won bigint NOT NULL,
    own_car_won bigint NOT NULL,
    deductible_won bigint NOT NULL,
    policy_version bigint NOT NULL,
    starts_at timestamp with time zone NOT NULL,
    ends_at timestamp with time zone,
    CONSTRAINT covers_check CHECK ((ends_at >= starts_at)),
    CONSTRAINT covers_check1 CHECK (((application_id IS NOT NULL) <= (source = 'driver'::text))),
    CONSTRAINT covers_deductible_won_check CHECK ((deductible_won >= 0)),
    CONSTRAINT covers_injury_won_check CHECK ((injury_won >= 0)),
    CONSTRAINT covers_own_car_won_check CHECK ((own_car_won >= 0)),
    CONSTRAINT covers_property_won_check CHECK ((property_won >= 0)),
    CONSTRAINT covers_source_check CHECK ((source = ANY (ARRAY['driver'::text, 'company'::text, 'partner'::text])))
)
WITH (fillfactor='90');
CREATE TABLE public.customer_cancels (
    call_id uuid NOT NULL,
    company_id uuid NOT NULL,
    customer_id uuid NOT NULL,
    cancelled_from text NOT NULL,
    at timestamp with time zone NOT NULL,
    forgiven_at timestamp with time zone,
    forgiven_by uuid,
    forgiven_for text,
    CONSTRAINT customer_cancels_cancelled_from_check CHECK ((cancelled_from = ANY (ARRAY['assigned'::text, 'arrived'::text, 'driving'::text]))),
    CONSTRAINT customer_cancels_check CHECK (((forgiven_at IS NULL) = (forgiven_for IS NULL))),
    CONSTRAINT customer_cancels_forgiven_for_check CHECK ((forgiven_for <> ''::text))
);
CREATE TABLE public.customer_cars (
    id uuid NOT NULL,
    company_id uuid NOT NULL,
    customer_id uuid NOT NULL,
    plate text NOT NULL,
    model text NOT NULL,
    transmission text NOT NULL,
    note text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT customer_cars_plate_check CHECK ((plate <> ''::text)),
    CONSTRAINT customer_cars_transmission_check CHECK ((transmission = ANY (ARRAY['auto'::text, 'manual'::text])))
);
CREATE TABLE public.customer_places (
    id uuid NOT NULL,
    company_id uuid NOT NULL,
    customer_id uuid NOT NULL,
    label text NOT NULL,
    name text NOT NULL,
    address text NOT NULL,
    lat double precision NOT NULL,
    lon double precision NOT NULL,
    created_at timestamp with time zone NOT NULL
);
CREATE TABLE public.customers (
    id uuid NOT NULL,
    company_id uuid NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    created_at timestamp with time zone NOT NULL
);
CREATE VIEW public.customers_public AS
 SELECT id,
    company_id,
    created_at
   FROM public.customers;
CREATE TABLE public.decisions (
    call_id uuid NOT NULL,
    company_id uuid NOT NULL,
    decided_at timestamp with time zone NOT NULL,
    outcome text NOT NULL,
    radius_m integer NOT NULL,
    beaten_by uuid,
    driver_ids uuid[] NOT NULL,
    metres integer[] NOT NULL,
    reasons smallint[] NOT NULL,
    others uuid[] NOT NULL,
    ages integer[] NOT NULL,
    rest jsonb NOT NULL,
    policy_version bigint NOT NULL
)
PARTITION BY RANGE (decided_at);
CREATE TABLE public.decisions_elsewhere (
    call_id uuid NOT NULL,
    company_id uuid NOT NULL,
    decided_at timestamp with time zone NOT NULL,
    outcome text NOT NULL,
    radius_m integer NOT NULL,
    beaten_by uuid,
    driver_ids uuid[] NOT NULL,
    metres integer[] NOT NULL,
    reasons smallint[] NOT NULL,
    others uuid[] NOT NULL,
    ages integer[] NOT NULL,
    rest jsonb NOT NULL,
    policy_version bigint NOT NULL
);
CREATE TABLE public.driver_appeals (
    id uuid NOT NULL,
    suspension_id uuid NOT NULL,
    driver_id uuid NOT NULL,
    company_id uuid NOT NULL,
    text text NOT NULL,
    at timestamp with time zone NOT NULL,
    answer text,
    answered_at timestamp with time zone,
    answered_by uuid,
    upheld boolean,
    CONSTRAINT driver_appeals_answer_check CHECK ((answer <> ''::text)),
    CONSTRAINT driver_appeals_check CHECK ((((answered_at IS NULL) = (answer IS NULL)) AND ((answer IS NULL) = (upheld IS NULL)))),
    CONSTRAINT driver_appeals_text_check CHECK ((text <> ''::text))
);
CREATE TABLE public.driver_applications (
    id uuid NOT NULL,
    driver_id uuid NOT NULL,
    company_id uuid NOT NULL,
    state text NOT NULL,
    name text NOT NULL,
    licence_sealed bytea NOT NULL,
    licence_hash bytea NOT NULL,
    licence_kind text NOT NULL,
    licence_expires_on date NOT NULL,
    insurer text NOT NULL,
    policy_number_sealed bytea NOT NULL,
    insurance_expires_on date NOT NULL,
    services text[] NOT NULL,
    submitted_at timestamp with time zone NOT NULL,
    decided_at timestamp with time zone,
    decided_by uuid,
    reason text DEFAULT ''::text NOT NULL,
    policy_masked text DEFAULT ''::text NOT NULL,
    CONSTRAINT driver_applications_check CHECK (((state = 'open'::text) = (decided_at IS NULL))),
    CONSTRAINT driver_applications_check1 CHECK (((state = 'refused'::text) <= (reason <> ''::text))),
    CONSTRAINT driver_applications_name_check CHECK (((name <> ''::text) AND (char_length(name) <= 80))),
    CONSTRAINT driver_applications_services_check CHECK ((cardinality(services) > 0)),
    CONSTRAINT driver_applications_state_check CHECK ((state = ANY (ARRAY['open'::text, 'approved'::text, 'refused'::text])))
);
CREATE TABLE public.driver_days (
    driver_id uuid NOT NULL,
    day date NOT NULL,
    company_id uuid NOT NULL,
    runs integer NOT NULL,
    fares bigint NOT NULL
);
CREATE TABLE public.driver_documents (
    id uuid NOT NULL,
    driver_id uuid NOT NULL,
    company_id uuid NOT NULL,
    kind text NOT NULL,
    media_type text NOT NULL,
    size integer NOT NULL,
    content_sealed bytea NOT NULL,
    uploaded_at timestamp with time zone NOT NULL,
    CONSTRAINT driver_documents_kind_check CHECK ((kind = ANY (ARRAY['licence'::text, 'insurance'::text, 'photo'::text, 'bank'::text]))),
    CONSTRAINT driver_documents_size_check CHECK ((size > 0))
);
CREATE VIEW public.driver_insurances_public AS
 SELECT DISTINCT ON (driver_id) driver_id,
    company_id,
    id AS application_id,
    insurer,
    policy_masked,
    insurance_expires_on
   FROM public.driver_applications a
  WHERE (state = 'approved'::text)
  ORDER BY driver_id, id DESC;
CREATE TABLE public.driver_positions (
    driver_id uuid NOT NULL,
    company_id uuid NOT NULL,
    lat double precision NOT NULL,
    lon double precision NOT NULL,
    at timestamp with time zone NOT NULL,
    accuracy_m real NOT NULL
)
WITH (fillfactor='50');
CREATE TABLE public.driver_ratings (
    driver_id uuid NOT NULL,
    company_id uuid NOT NULL,
    ratings integer NOT NULL,
    stars bigint NOT NULL,
    CONSTRAINT driver_ratings_check CHECK (((stars >= ratings) AND (stars <= (5 * ratings)))),
    CONSTRAINT driver_ratings_ratings_check CHECK ((ratings > 0))
);
CREATE VIEW public.driver_ratings_public AS
 SELECT driver_id,
    company_id,
    ratings,
    round(((stars)::numeric / (ratings)::numeric), 2) AS average
   FROM public.driver_ratings;
CREATE TABLE public.driver_reminders (
    driver_id uuid NOT NULL,
    paper text NOT NULL,
    expires_on date NOT NULL,
    days integer NOT NULL,
    company_id uuid NOT NULL,
    due_at timestamp with time zone NOT NULL,
    done_at timestamp with time zone,
    CONSTRAINT driver_reminders_days_check CHECK ((days > 0)),
    CONSTRAINT driver_reminders_paper_check CHECK ((paper = ANY (ARRAY['licence'::text, 'insurance'::text])))
);
CREATE SEQUENCE public.driver_revisions
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
CREATE TABLE public.driver_runs (
    call_id uuid NOT NULL,
    driver_id uuid NOT NULL,
    company_id uuid NOT NULL,
    day date NOT NULL,
    ended_at timestamp with time zone NOT NULL,
    number text NOT NULL,
    kind text NOT NULL,
    payment text NOT NULL,
    fare bigint NOT NULL,
    commission bigint NOT NULL,
    premium bigint NOT NULL,
    net bigint NOT NULL,
    commission_version bigint NOT NULL,
    premium_version bigint NOT NULL,
    is_drive boolean DEFAULT true NOT NULL,
    CONSTRAINT driver_runs_check CHECK ((net = ((fare - commission) - premium)))
);
CREATE TABLE public.driver_suspensions (
    id uuid NOT NULL,
    driver_id uuid NOT NULL,
    company_id uuid NOT NULL,
    reason text NOT NULL,
    evidence text NOT NULL,
    starts_at timestamp with time zone NOT NULL,
    ends_at timestamp with time zone,
    decided_by uuid,
    ended_at timestamp with time zone,
    lifted_at timestamp with time zone,
    lifted_by uuid,
    lift_reason text DEFAULT ''::text NOT NULL,
    CONSTRAINT driver_suspensions_check CHECK ((ends_at > starts_at)),
    CONSTRAINT driver_suspensions_check1 CHECK (((lifted_at IS NULL) OR (lifted_at = ended_at))),
    CONSTRAINT driver_suspensions_check2 CHECK (((lifted_at IS NULL) = (lift_reason = ''::text))),
    CONSTRAINT driver_suspensions_reason_check CHECK ((reason <> ''::text))
);
CREATE TABLE public.drivers (
    id uuid NOT NULL,
    company_id uuid NOT NULL,
    status text NOT NULL,
    duty text NOT NULL,
    duty_changed_at timestamp with time zone NOT NULL,
    services text[] NOT NULL,
    created_at timestamp with time zone NOT NULL,
    version integer NOT NULL,
    revision bigint DEFAULT nextval('public.driver_revisions'::regclass) NOT NULL,
    licence_expires_on date,
    insurance_expires_on date,
    papers_until timestamp with time zone GENERATED ALWAYS AS ((((LEAST(licence_expires_on, insurance_expires_on) + 1))::timestamp without time zone AT TIME ZONE 'Asia/Seoul'::text)) STORED,
    is_short boolean DEFAULT false NOT NULL,
    CONSTRAINT drivers_check CHECK (((duty = 'off'::text) OR (status = ANY (ARRAY['approved'::text, 'suspended'::text])))),
    CONSTRAINT drivers_duty_check CHECK ((duty = ANY (ARRAY['on'::text, 'off'::text]))),
    CONSTRAINT drivers_status_check CHECK ((status = ANY (ARRAY['applied'::text, 'refused'::text, 'approved'::text, 'suspended'::text])))
)
WITH (fillfactor='80');
CREATE VIEW public.drivers_public AS
 SELECT id,
    company_id,
    status,
    duty,
    services,
    revision,
    papers_until,
    is_short
   FROM public.drivers d;
CREATE TABLE public.engagements (
    driver_id uuid NOT NULL,
    slot text NOT NULL,
    company_id uuid NOT NULL,
    call_id uuid NOT NULL,
    since timestamp with time zone NOT NULL,
    CONSTRAINT engagements_slot_check CHECK ((slot = ANY (ARRAY['now'::text, 'next'::text])))
)
WITH (fillfactor='80');
CREATE TABLE public.event_handlers (
    kind text NOT NULL,
    handler text NOT NULL
);
CREATE TABLE public.events (
    seq bigint NOT NULL,
    id uuid NOT NULL,
    company_id uuid NOT NULL,
    kind text NOT NULL,
    aggregate text NOT NULL,
    aggregate_id uuid NOT NULL,
    version integer NOT NULL,
    at timestamp with time zone NOT NULL,
    actor_kind text NOT NULL,
    actor_id uuid,
    cause uuid,
    data jsonb NOT NULL
);
ALTER TABLE public.events ALTER COLUMN seq ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.events_seq_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.free_drivers (
    company_id uuid NOT NULL,
    counted_at timestamp with time zone NOT NULL,
    cells integer[] NOT NULL,
    free integer[] NOT NULL
)
WITH (fillfactor='50');
CREATE TABLE public.handled_events (
    event_id uuid NOT NULL,
    handler text NOT NULL,
    at timestamp with time zone NOT NULL
);
CREATE TABLE public.idempotency_keys (
    actor_id uuid NOT NULL,
    route text NOT NULL,
    key text NOT NULL,
    fingerprint bytea NOT NULL,
    created_at timestamp with time zone NOT NULL,
    status integer NOT NULL,
    answer bytea NOT NULL
);
CREATE TABLE public.ledger_balances (
    company_id uuid NOT NULL,
    account text NOT NULL,
    owner_id uuid NOT NULL,
    balance bigint NOT NULL
)
WITH (fillfactor='70');
CREATE TABLE public.ledger_entries (
    id uuid NOT NULL,
    seq bigint NOT NULL,
    company_id uuid NOT NULL,
    kind text NOT NULL,
    call_id uuid,
    cause_id uuid NOT NULL,
    reverses_id uuid,
    at timestamp with time zone NOT NULL,
    actor_kind text NOT NULL,
    actor_id uuid,
    note text DEFAULT ''::text NOT NULL,
    CONSTRAINT ledger_entries_check CHECK (((call_id IS NOT NULL) OR (kind = ANY (ARRAY['topped_up'::text, 'card_captured'::text, 'card_cancelled'::text, 'payout_begun'::text, 'payout_done'::text, 'payout_returned'::text, 'account_settled'::text])))),
    CONSTRAINT ledger_entries_check1 CHECK (((reverses_id IS NOT NULL) = (kind = ANY (ARRAY['fare_undone'::text, 'cash_undone'::text])))),
    CONSTRAINT ledger_entries_kind_check CHECK ((kind = ANY (ARRAY['fare_due'::text, 'fare_undone'::text, 'card_captured'::text, 'card_cancelled'::text, 'cash_collected'::text, 'cash_undone'::text, 'written_off'::text, 'transfer_received'::text, 'topped_up'::text, 'payout_begun'::text, 'payout_done'::text, 'payout_returned'::text, 'account_settled'::text])))
);
ALTER TABLE public.ledger_entries ALTER COLUMN seq ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.ledger_entries_seq_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.ledger_lines (
    entry_id uuid NOT NULL,
    place smallint NOT NULL,
    company_id uuid NOT NULL,
    account text NOT NULL,
    owner_id uuid,
    amount bigint NOT NULL,
    at timestamp with time zone NOT NULL,
    CONSTRAINT ledger_lines_account_check CHECK ((account = ANY (ARRAY['cards'::text, 'bank'::text, 'customer'::text, 'business'::text, 'orderer'::text, 'driver'::text, 'commission'::text, 'premium'::text, 'payouts'::text, 'write_offs'::text]))),
    CONSTRAINT ledger_lines_amount_check CHECK ((amount <> 0)),
    CONSTRAINT ledger_lines_check CHECK (((owner_id IS NOT NULL) = (account = ANY (ARRAY['customer'::text, 'business'::text, 'orderer'::text, 'driver'::text]))))
);
CREATE TABLE public.listings (
    call_id uuid NOT NULL,
    company_id uuid NOT NULL,
    driver_ids uuid[] NOT NULL,
    metres integer[] NOT NULL,
    listed_at timestamp with time zone NOT NULL
);
CREATE TABLE public.never_meetings (
    id uuid NOT NULL,
    company_id uuid NOT NULL,
    customer_id uuid NOT NULL,
    driver_id uuid NOT NULL,
    asked_by text NOT NULL,
    call_id uuid NOT NULL,
    reason text NOT NULL,
    asked_at timestamp with time zone NOT NULL,
    lifted_at timestamp with time zone,
    lifted_by_kind text,
    lifted_by uuid,
    lifted_for text,
    CONSTRAINT never_meetings_asked_by_check CHECK ((asked_by = ANY (ARRAY['customer'::text, 'driver'::text]))),
    CONSTRAINT never_meetings_check CHECK (((lifted_at IS NULL) = (lifted_by_kind IS NULL)))
);
CREATE VIEW public.never_meet_public AS
 SELECT DISTINCT company_id,
    customer_id,
    driver_id
   FROM public.never_meetings
  WHERE (lifted_at IS NULL);
CREATE TABLE public.notices (
    id uuid NOT NULL,
    company_id uuid NOT NULL,
    audience text NOT NULL,
    title_ko text NOT NULL,
    title_en text NOT NULL,
    body_ko text NOT NULL,
    body_en text NOT NULL,
    shown_from timestamp with time zone NOT NULL,
    shown_until timestamp with time zone,
    created_at timestamp with time zone NOT NULL,
    created_by uuid,
    withdrawn_at timestamp with time zone,
    withdrawn_by uuid,
    CONSTRAINT notices_audience_check CHECK ((audience = ANY (ARRAY['drivers'::text, 'customers'::text, 'all'::text]))),
    CONSTRAINT notices_check CHECK ((shown_until > shown_from)),
    CONSTRAINT notices_title_en_check CHECK ((title_en <> ''::text)),
    CONSTRAINT notices_title_ko_check CHECK ((title_ko <> ''::text))
);
CREATE TABLE public.offers (
    id uuid NOT NULL,
    company_id uuid NOT NULL,
    call_id uuid NOT NULL,
    driver_id uuid NOT NULL,
    mode text NOT NULL,
    slot text NOT NULL,
    state text NOT NULL,
    offered_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    closed_at timestamp with time zone,
    pickup_m integer NOT NULL,
    pickup_s integer NOT NULL,
    policy_version bigint NOT NULL,
    CONSTRAINT offers_check CHECK (((state = 'live'::text) = (closed_at IS NULL))),
    CONSTRAINT offers_mode_check CHECK ((mode = ANY (ARRAY['exclusive'::text, 'open_list'::text, 'by_hand'::text]))),
    CONSTRAINT offers_pickup_m_check CHECK ((pickup_m >= 0)),
    CONSTRAINT offers_pickup_s_check CHECK ((pickup_s >= 0)),
    CONSTRAINT offers_slot_check CHECK ((slot = ANY (ARRAY['now'::text, 'next'::text]))),
    CONSTRAINT offers_state_check CHECK ((state = ANY (ARRAY['live'::text, 'accepted'::text, 'declined'::text, 'ignored'::text, 'withdrawn'::text])))
)
WITH (fillfactor='80');
CREATE TABLE public.past_engagements (
    id bigint NOT NULL,
    company_id uuid NOT NULL,
    call_id uuid NOT NULL,
    driver_id uuid NOT NULL,
    slot text NOT NULL,
    since timestamp with time zone NOT NULL,
    until timestamp with time zone NOT NULL
);
ALTER TABLE public.past_engagements ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.past_engagements_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.payment_cards (
    id uuid NOT NULL,
    company_id uuid NOT NULL,
    owner_id uuid NOT NULL,
    customer_key text NOT NULL,
    billing_key_sealed bytea NOT NULL,
    issuer text NOT NULL,
    number_masked text NOT NULL,
    is_default boolean NOT NULL,
    registered_at timestamp with time zone NOT NULL,
    removed_at timestamp with time zone,
    CONSTRAINT payment_cards_number_masked_check CHECK ((number_masked !~ '[0-9]{7}'::text))
);
CREATE TABLE public.payment_tasks (
    id uuid NOT NULL,
    company_id uuid NOT NULL,
    kind text NOT NULL,
    call_id uuid,
    charge_id uuid,
    opened_at timestamp with time zone NOT NULL,
    due_at timestamp with time zone NOT NULL,
    owner_id uuid,
    escalated_at timestamp with time zone,
    done_at timestamp with time zone,
    done_by uuid,
    note text DEFAULT ''::text NOT NULL,
    version integer NOT NULL,
    CONSTRAINT payment_tasks_check CHECK (((call_id IS NOT NULL) OR (charge_id IS NOT NULL))),
    CONSTRAINT payment_tasks_kind_check CHECK ((kind = ANY (ARRAY['settle'::text, 'adjust'::text, 'unknown'::text, 'unpaid'::text, 'cancel_refused'::text, 'cash'::text])))
);
CREATE TABLE public.payout_files (
    id uuid NOT NULL,
    company_id uuid NOT NULL,
    made_at timestamp with time zone NOT NULL,
    made_by uuid NOT NULL,
    payouts integer NOT NULL,
    total bigint NOT NULL,
    CONSTRAINT payout_files_payouts_check CHECK ((payouts > 0)),
    CONSTRAINT payout_files_total_check CHECK ((total > 0))
);
CREATE TABLE public.payouts (
    id uuid NOT NULL,
    company_id uuid NOT NULL,
    driver_id uuid NOT NULL,
    amount bigint NOT NULL,
    state text NOT NULL,
    bank text NOT NULL,
    number_sealed bytea NOT NULL,
    number_masked text NOT NULL,
    holder text NOT NULL,
    file_id uuid,
    requested_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone,
    reference text DEFAULT ''::text NOT NULL,
    version integer NOT NULL,
    CONSTRAINT payouts_amount_check CHECK ((amount > 0)),
    CONSTRAINT payouts_check CHECK (((state = 'requested'::text) <= (file_id IS NULL))),
    CONSTRAINT payouts_check1 CHECK (((state = ANY (ARRAY['sent'::text, 'paid'::text])) <= (file_id IS NOT NULL))),
    CONSTRAINT payouts_check2 CHECK (((state = ANY (ARRAY['paid'::text, 'returned'::text])) = (ended_at IS NOT NULL))),
    CONSTRAINT payouts_state_check CHECK ((state = ANY (ARRAY['requested'::text, 'sent'::text, 'paid'::text, 'returned'::text])))
);
CREATE TABLE public.pgqueuer (
    id bigint NOT NULL,
    priority integer NOT NULL,
    queue_manager_id uuid,
    created timestamp with time zone DEFAULT now() NOT NULL,
    updated timestamp with time zone DEFAULT now() NOT NULL,
    heartbeat timestamp with time zone DEFAULT now() NOT NULL,
    execute_after timestamp with time zone DEFAULT now() NOT NULL,
    status public.pgqueuer_status NOT NULL,
    entrypoint text NOT NULL,
    dedupe_key text,
    payload bytea,
    headers jsonb,
    attempts integer DEFAULT 0 NOT NULL,
    slot bigint
);
CREATE SEQUENCE public.pgqueuer_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.pgqueuer_id_seq OWNED BY public.pgqueuer.id;
CREATE TABLE public.pgqueuer_log (
    id bigint NOT NULL,
    created timestamp with time zone DEFAULT now() NOT NULL,
    job_id bigint NOT NULL,
    status public.pgqueuer_status NOT NULL,
    priority integer NOT NULL,
    entrypoint text NOT NULL,
    traceback jsonb,
    aggregated boolean DEFAULT false
);
ALTER TABLE public.pgqueuer_log ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.pgqueuer_log_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.pgqueuer_schedules (
    id bigint NOT NULL,
    expression text NOT NULL,
    entrypoint text NOT NULL,
    heartbeat timestamp with time zone DEFAULT now() NOT NULL,
    created timestamp with time zone DEFAULT now() NOT NULL,
    updated timestamp with time zone DEFAULT now() NOT NULL,
    next_run timestamp with time zone DEFAULT now() NOT NULL,
    last_run timestamp with time zone,
    status public.pgqueuer_status DEFAULT 'queued'::public.pgqueuer_status
);
CREATE SEQUENCE public.pgqueuer_schedules_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.pgqueuer_schedules_id_seq OWNED BY public.pgqueuer_schedules.id;
CREATE TABLE public.pgqueuer_statistics (
    id bigint NOT NULL,
    created timestamp with time zone DEFAULT date_trunc('sec'::text, now()) NOT NULL,
    count bigint NOT NULL,
    priority integer NOT NULL,
    status public.pgqueuer_status NOT NULL,
    entrypoint text NOT NULL
);
CREATE SEQUENCE public.pgqueuer_statistics_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.pgqueuer_statistics_id_seq OWNED BY public.pgqueuer_statistics.id;
CREATE TABLE public.policy_records (
    id uuid NOT NULL,
    company_id uuid NOT NULL,
    name text NOT NULL,
    version bigint NOT NULL,
    region text,
    service text,
    value jsonb,
    effective_from timestamp with time zone NOT NULL,
    created_at timestamp with time zone NOT NULL,
    created_by uuid,
    note text DEFAULT ''::text NOT NULL,
    CONSTRAINT policy_records_name_check CHECK ((name <> ''::text)),
    CONSTRAINT policy_records_region_check CHECK ((region <> ''::text)),
    CONSTRAINT policy_records_service_check CHECK ((service <> ''::text)),
    CONSTRAINT policy_records_value_check CHECK ((jsonb_typeof(value) = 'object'::text)),
    CONSTRAINT policy_records_version_check CHECK ((version > 0))
);
CREATE TABLE public.rate_limits (
    scope text NOT NULL,
    subject bytea NOT NULL,
    window_start timestamp with time zone NOT NULL,
    window_end timestamp with time zone NOT NULL,
    hits integer NOT NULL
);
CREATE TABLE public.ratings (
    call_id uuid NOT NULL,
    company_id uuid NOT NULL,
    customer_id uuid NOT NULL,
    driver_id uuid NOT NULL,
    stars smallint NOT NULL,
    tags text[] NOT NULL,
    comment text NOT NULL,
    rated_at timestamp with time zone NOT NULL,
    changed_at timestamp with time zone NOT NULL,
    version integer NOT NULL,
    CONSTRAINT ratings_stars_check CHECK (((stars >= 1) AND (stars <= 5)))
);
CREATE TABLE public.refresh_tokens (
    token_hash bytea NOT NULL,
    session_id uuid NOT NULL,
    issued_at timestamp with time zone NOT NULL,
    used_at timestamp with time zone
);
CREATE TABLE public.region_boundaries (
    code text NOT NULL,
    as_of date NOT NULL,
    file_name text NOT NULL,
    imported_at timestamp with time zone NOT NULL,
    shape bytea NOT NULL
);
CREATE TABLE public.regions (
    code text NOT NULL,
    parent text,
    level text NOT NULL,
    name_ko text NOT NULL,
    name_en text NOT NULL,
    lat double precision NOT NULL,
    lon double precision NOT NULL,
    valid_from date,
    valid_to date,
    successors text[] DEFAULT '{}'::text[] NOT NULL,
    point_source text NOT NULL,
    CONSTRAINT regions_check CHECK (((level = 'province'::text) = (parent IS NULL))),
    CONSTRAINT regions_check1 CHECK ((valid_from < valid_to)),
    CONSTRAINT regions_code_check CHECK ((code ~ '^[0-9]{2}([0-9]{3})?$'::text)),
    CONSTRAINT regions_lat_check CHECK (((lat >= ('-90'::integer)::double precision) AND (lat <= (90)::double precision))),
    CONSTRAINT regions_level_check CHECK ((level = ANY (ARRAY['province'::text, 'municipality'::text, 'district'::text]))),
    CONSTRAINT regions_lon_check CHECK (((lon >= ('-180'::integer)::double precision) AND (lon <= (180)::double precision))),
    CONSTRAINT regions_name_en_check CHECK ((name_en <> ''::text)),
    CONSTRAINT regions_name_ko_check CHECK ((name_ko <> ''::text)),
    CONSTRAINT regions_point_source_check CHECK ((point_source = ANY (ARRAY['boundary'::text, 'parts'::text, 'approximate'::text])))
);
CREATE VIEW public.regions_public AS
 SELECT code,
    parent,
    level,
    name_ko,
    name_en,
    lat,
    lon,
    valid_from,
    valid_to
   FROM public.regions;
CREATE TABLE public.rewards (
    call_id uuid NOT NULL,
    company_id uuid NOT NULL,
    driver_id uuid NOT NULL,
    number text NOT NULL,
    kind text NOT NULL,
    score integer NOT NULL,
    points integer NOT NULL,
    slot jsonb,
    wanted_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone NOT NULL,
    day date NOT NULL,
    policy_version bigint NOT NULL,
    CONSTRAINT rewards_check CHECK (((kind = ANY (ARRAY['own'::text, 'phone'::text])) OR ((score = 0) AND (points = 0)))),
    CONSTRAINT rewards_kind_check CHECK ((kind = ANY (ARRAY['own'::text, 'affiliate'::text, 'phone'::text, 'consigned'::text]))),
    CONSTRAINT rewards_points_check CHECK ((points >= 0)),
    CONSTRAINT rewards_score_check CHECK ((score >= 0))
);
CREATE TABLE public.role_permissions (
    role text NOT NULL,
    permission text NOT NULL
);
CREATE TABLE public.roles (
    name text NOT NULL
);
CREATE TABLE public.sessions (
    id uuid NOT NULL,
    company_id uuid NOT NULL,
    account_id uuid NOT NULL,
    kind text NOT NULL,
    user_agent text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    revoked_at timestamp with time zone,
    revoked_for text,
    changed_at timestamp with time zone,
    CONSTRAINT sessions_kind_check CHECK ((kind = ANY (ARRAY['app'::text, 'page'::text]))),
    CONSTRAINT sessions_user_agent_check CHECK ((char_length(user_agent) <= 200))
);
CREATE TABLE public.sign_in_challenges (
    id uuid NOT NULL,
    company_id uuid NOT NULL,
    purpose text NOT NULL,
    kind text NOT NULL,
    phone_sealed bytea NOT NULL,
    code_hash bytea NOT NULL,
    attempts smallint DEFAULT 0 NOT NULL,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    used_at timestamp with time zone,
    CONSTRAINT sign_in_challenges_kind_check CHECK ((kind = ANY (ARRAY['customer'::text, 'driver'::text]))),
    CONSTRAINT sign_in_challenges_purpose_check CHECK ((purpose = 'sign_in'::text))
);
CREATE TABLE public.weather (
    id uuid NOT NULL,
    company_id uuid NOT NULL,
    region text,
    condition text NOT NULL,
    starts_at timestamp with time zone NOT NULL,
    ends_at timestamp with time zone,
    by_id uuid,
    CONSTRAINT weather_check CHECK ((ends_at > starts_at)),
    CONSTRAINT weather_condition_check CHECK ((condition = ANY (ARRAY['clear'::text, 'rain'::text, 'snow'::text, 'storm'::text])))
);
ALTER TABLE ONLY public.decisions ATTACH PARTITION public.decisions_elsewhere DEFAULT;
ALTER TABLE ONLY public.pgqueuer ALTER COLUMN id SET DEFAULT nextval('public.pgqueuer_id_seq'::regclass);
ALTER TABLE ONLY public.pgqueuer_schedules ALTER COLUMN id SET DEFAULT nextval('public.pgqueuer_schedules_id_seq'::regclass);
ALTER TABLE ONLY public.pgqueuer_statistics ALTER COLUMN id SET DEFAULT nextval('public.pgqueuer_statistics_id_seq'::regclass);
ALTER TABLE ONLY public.account_roles
    ADD CONSTRAINT account_roles_pkey PRIMARY KEY (account_id, role);
ALTER TABLE ONLY public.accounts
    ADD CONSTRAINT accounts_company_id_id_key UNIQUE (company_id, id);
ALTER TABLE ONLY public.accounts
    ADD CONSTRAINT accounts_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.agreed_fares
    ADD CONSTRAINT agreed_fares_pkey PRIMARY KEY (call_id);
ALTER TABLE ONLY public.alembic_version
    ADD CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num);
ALTER TABLE ONLY public.audit_log
    ADD CONSTRAINT audit_log_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.bank_accounts
    ADD CONSTRAINT bank_accounts_pkey PRIMARY KEY (driver_id);
ALTER TABLE ONLY public.bank_receipts
    ADD CONSTRAINT bank_receipts_once UNIQUE (company_id, reference);
ALTER TABLE ONLY public.bank_receipts
    ADD CONSTRAINT bank_receipts_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.bills
    ADD CONSTRAINT bills_pkey PRIMARY KEY (call_id);
ALTER TABLE ONLY public.business_accounts
    ADD CONSTRAINT business_accounts_company_id_id_key UNIQUE (company_id, id);
ALTER TABLE ONLY public.business_accounts
    ADD CONSTRAINT business_accounts_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.business_members
    ADD CONSTRAINT business_members_pkey PRIMARY KEY (account_id, customer_id);
ALTER TABLE ONLY public.call_fare_calculations
    ADD CONSTRAINT call_fare_calculations_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.call_memo_links
    ADD CONSTRAINT call_memo_links_pkey PRIMARY KEY (memo_id, call_id);
ALTER TABLE ONLY public.call_memos
    ADD CONSTRAINT call_memos_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.call_tracks
    ADD CONSTRAINT call_tracks_pkey PRIMARY KEY (call_id, chunk);
ALTER TABLE ONLY public.calls
    ADD CONSTRAINT calls_number_key UNIQUE (number);
ALTER TABLE ONLY public.calls
    ADD CONSTRAINT calls_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.calls
    ADD CONSTRAINT calls_reconnects_call_id_key UNIQUE (reconnects_call_id);
ALTER TABLE ONLY public.cases
    ADD CONSTRAINT cases_number_key UNIQUE (number);
ALTER TABLE ONLY public.cases
    ADD CONSTRAINT cases_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.charge_cancels
    ADD CONSTRAINT charge_cancels_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.charges
    ADD CONSTRAINT charges_order_id_key UNIQUE (order_id);
ALTER TABLE ONLY public.charges
    ADD CONSTRAINT charges_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.claim_steps
    ADD CONSTRAINT claim_steps_pkey PRIMARY KEY (call_id, place);
ALTER TABLE ONLY public.companies
    ADD CONSTRAINT companies_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.companies
    ADD CONSTRAINT companies_slug_key UNIQUE (slug);
ALTER TABLE ONLY public.covers
    ADD CONSTRAINT covers_pkey PRIMARY KEY (call_id);
ALTER TABLE ONLY public.customer_cancels
    ADD CONSTRAINT customer_cancels_pkey PRIMARY KEY (call_id);
ALTER TABLE ONLY public.customer_cars
    ADD CONSTRAINT customer_cars_customer_id_plate_key UNIQUE (customer_id, plate);
ALTER TABLE ONLY public.customer_cars
    ADD CONSTRAINT customer_cars_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.customer_places
    ADD CONSTRAINT customer_places_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.customer_restrictions
    ADD CONSTRAINT customer_restrictions_call_id_key UNIQUE (call_id);
ALTER TABLE ONLY public.customer_restrictions
    ADD CONSTRAINT customer_restrictions_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.customers
    ADD CONSTRAINT customers_company_id_id_key UNIQUE (company_id, id);
ALTER TABLE ONLY public.customers
    ADD CONSTRAINT customers_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.driver_appeals
    ADD CONSTRAINT driver_appeals_once UNIQUE (suspension_id);
ALTER TABLE ONLY public.driver_appeals
    ADD CONSTRAINT driver_appeals_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.driver_applications
    ADD CONSTRAINT driver_applications_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.driver_days
    ADD CONSTRAINT driver_days_pkey PRIMARY KEY (driver_id, day);
ALTER TABLE ONLY public.driver_documents
    ADD CONSTRAINT driver_documents_driver_id_kind_key UNIQUE (driver_id, kind);
ALTER TABLE ONLY public.driver_documents
    ADD CONSTRAINT driver_documents_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.driver_positions
    ADD CONSTRAINT driver_positions_pkey PRIMARY KEY (driver_id);
ALTER TABLE ONLY public.driver_ratings
    ADD CONSTRAINT driver_ratings_pkey PRIMARY KEY (driver_id);
ALTER TABLE ONLY public.driver_reminders
    ADD CONSTRAINT driver_reminders_pkey PRIMARY KEY (driver_id, paper, expires_on, days);
ALTER TABLE ONLY public.driver_runs
    ADD CONSTRAINT driver_runs_pkey PRIMARY KEY (call_id);
ALTER TABLE ONLY public.driver_suspensions
    ADD CONSTRAINT driver_suspensions_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.drivers
    ADD CONSTRAINT drivers_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.engagements
    ADD CONSTRAINT engagements_one_a_call UNIQUE (call_id);
ALTER TABLE ONLY public.engagements
    ADD CONSTRAINT engagements_pkey PRIMARY KEY (driver_id, slot);
ALTER TABLE ONLY public.event_handlers
    ADD CONSTRAINT event_handlers_pkey PRIMARY KEY (kind, handler);
ALTER TABLE ONLY public.events
    ADD CONSTRAINT events_aggregate_id_aggregate_version_key UNIQUE (aggregate_id, aggregate, version);
ALTER TABLE ONLY public.events
    ADD CONSTRAINT events_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.free_drivers
    ADD CONSTRAINT free_drivers_pkey PRIMARY KEY (company_id);
ALTER TABLE ONLY public.handled_events
    ADD CONSTRAINT handled_events_pkey PRIMARY KEY (event_id, handler);
ALTER TABLE ONLY public.idempotency_keys
    ADD CONSTRAINT idempotency_keys_pkey PRIMARY KEY (actor_id, route, key);
ALTER TABLE ONLY public.ledger_balances
    ADD CONSTRAINT ledger_balances_pkey PRIMARY KEY (owner_id, account, company_id);
ALTER TABLE ONLY public.ledger_entries
    ADD CONSTRAINT ledger_entries_once UNIQUE (cause_id, kind);
ALTER TABLE ONLY public.ledger_entries
    ADD CONSTRAINT ledger_entries_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.ledger_entries
    ADD CONSTRAINT ledger_entries_reverses_id_key UNIQUE (reverses_id);
ALTER TABLE ONLY public.ledger_lines
    ADD CONSTRAINT ledger_lines_pkey PRIMARY KEY (entry_id, place);
ALTER TABLE ONLY public.listings
    ADD CONSTRAINT listings_pkey PRIMARY KEY (call_id);
ALTER TABLE ONLY public.never_meetings
    ADD CONSTRAINT never_meetings_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.notices
    ADD CONSTRAINT notices_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.offers
    ADD CONSTRAINT offers_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.past_engagements
    ADD CONSTRAINT past_engagements_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.payment_cards
    ADD CONSTRAINT payment_cards_customer_key_key UNIQUE (customer_key);
ALTER TABLE ONLY public.payment_cards
    ADD CONSTRAINT payment_cards_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.payment_tasks
    ADD CONSTRAINT payment_tasks_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.payout_files
    ADD CONSTRAINT payout_files_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.payouts
    ADD CONSTRAINT payouts_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.pgqueuer_log
    ADD CONSTRAINT pgqueuer_log_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.pgqueuer
    ADD CONSTRAINT pgqueuer_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.pgqueuer_schedules
    ADD CONSTRAINT pgqueuer_schedules_expression_entrypoint_key UNIQUE (expression, entrypoint);
ALTER TABLE ONLY public.pgqueuer_schedules
    ADD CONSTRAINT pgqueuer_schedules_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.pgqueuer_statistics
    ADD CONSTRAINT pgqueuer_statistics_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.policy_records
    ADD CONSTRAINT policy_records_company_id_name_version_key UNIQUE (company_id, name, version);
ALTER TABLE ONLY public.policy_records
    ADD CONSTRAINT policy_records_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.rate_limits
    ADD CONSTRAINT rate_limits_pkey PRIMARY KEY (scope, subject, window_start);
ALTER TABLE ONLY public.ratings
    ADD CONSTRAINT ratings_pkey PRIMARY KEY (call_id);
ALTER TABLE ONLY public.refresh_tokens
    ADD CONSTRAINT refresh_tokens_pkey PRIMARY KEY (token_hash);
ALTER TABLE ONLY public.region_boundaries
    ADD CONSTRAINT region_boundaries_pkey PRIMARY KEY (code);
ALTER TABLE ONLY public.regions
    ADD CONSTRAINT regions_pkey PRIMARY KEY (code);
ALTER TABLE ONLY public.rewards
    ADD CONSTRAINT rewards_pkey PRIMARY KEY (call_id);
ALTER TABLE ONLY public.role_permissions
    ADD CONSTRAINT role_permissions_pkey PRIMARY KEY (role, permission);
ALTER TABLE ONLY public.roles
    ADD CONSTRAINT roles_pkey PRIMARY KEY (name);
ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT sessions_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.sign_in_challenges
    ADD CONSTRAINT sign_in_challenges_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.weather
    ADD CONSTRAINT weather_pkey PRIMARY KEY (id);
CREATE INDEX accounts_by_email ON public.accounts USING btree (email) WHERE (email IS NOT NULL);
CREATE INDEX accounts_by_last4 ON public.accounts USING btree (company_id, phone_last4_hash) WHERE (phone_last4_hash IS NOT NULL);
CREATE INDEX accounts_by_phone ON public.accounts USING btree (company_id, phone_hash) WHERE (phone_hash IS NOT NULL);
CREATE UNIQUE INDEX accounts_email_once ON public.accounts USING btree (company_id, email) WHERE ((email IS NOT NULL) AND (status <> 'closed'::text));
CREATE UNIQUE INDEX accounts_phone_once ON public.accounts USING btree (company_id, kind, phone_hash) WHERE ((phone_hash IS NOT NULL) AND (status <> 'closed'::text));
CREATE INDEX audit_log_by_seq ON public.audit_log USING btree (company_id, seq);
CREATE INDEX audit_log_by_subject ON public.audit_log USING btree (company_id, subject_id, seq);
CREATE INDEX bank_receipts_of_owner ON public.bank_receipts USING btree (owner_id, id DESC);
CREATE INDEX bills_not_paid ON public.bills USING btree (company_id, opened_at) WHERE (state = ANY (ARRAY['open'::text, 'claimed'::text]));
CREATE INDEX bills_of_company ON public.bills USING btree (company_id, call_id DESC);
CREATE INDEX bills_of_driver ON public.bills USING btree (driver_id, drive_ended_at DESC);
CREATE INDEX bills_of_payer ON public.bills USING btree (payer_id, opened_at DESC);
CREATE INDEX bills_of_rider ON public.bills USING btree (customer_id, opened_at DESC) WHERE (payer = 'business'::text);
CREATE UNIQUE INDEX business_accounts_by_name ON public.business_accounts USING btree (company_id, name) WHERE (closed_at IS NULL);
CREATE INDEX business_members_of_customer ON public.business_members USING btree (customer_id);
CREATE INDEX call_fare_calculations_of_call ON public.call_fare_calculations USING btree (call_id, id);
CREATE INDEX call_memo_links_of_call ON public.call_memo_links USING btree (call_id);
CREATE INDEX call_memos_of_call ON public.call_memos USING btree (call_id, id);
CREATE INDEX calls_expiring ON public.calls USING btree (expires_at) WHERE (state = 'requested'::text);
CREATE INDEX calls_of_company ON public.calls USING btree (company_id, id DESC);
CREATE INDEX calls_of_customer ON public.calls USING btree (customer_id, id DESC);
CREATE INDEX calls_of_driver ON public.calls USING btree (driver_id, id DESC);
CREATE UNIQUE INDEX calls_of_group ON public.calls USING btree (group_id, group_place) WHERE (group_id IS NOT NULL);
CREATE INDEX calls_of_rider ON public.calls USING btree (company_id, rider_phone_hash) WHERE (rider_phone_hash IS NOT NULL);
CREATE INDEX calls_of_rider_last4 ON public.calls USING btree (company_id, rider_phone_last4_hash) WHERE (rider_phone_last4_hash IS NOT NULL);
CREATE INDEX calls_open_of_customer ON public.calls USING btree (customer_id) WHERE (state = ANY (ARRAY['reserved'::text, 'requested'::text, 'assigned'::text, 'arrived'::text, 'driving'::text]));
CREATE INDEX calls_reserved ON public.calls USING btree (dispatch_at) WHERE (state = 'reserved'::text);
CREATE INDEX calls_running ON public.calls USING btree (company_id, id) WHERE (state = ANY (ARRAY['reserved'::text, 'requested'::text, 'assigned'::text, 'arrived'::text, 'driving'::text]));
CREATE INDEX calls_waiting ON public.calls USING btree (dispatch_at) WHERE (state = 'requested'::text);
CREATE INDEX cases_of_call ON public.cases USING btree (call_id);
CREATE INDEX cases_of_company ON public.cases USING btree (company_id, id DESC);
CREATE INDEX cases_of_opener ON public.cases USING btree (opened_by, id DESC);
CREATE INDEX cases_open ON public.cases USING btree (company_id, id DESC) WHERE (state = 'open'::text);
CREATE INDEX charge_cancels_of_call ON public.charge_cancels USING btree (call_id, id);
CREATE UNIQUE INDEX charge_cancels_one_open ON public.charge_cancels USING btree (charge_id) WHERE (state = ANY (ARRAY['intended'::text, 'unknown'::text]));
CREATE INDEX charge_cancels_to_do ON public.charge_cancels USING btree (next_attempt_at) WHERE (state = ANY (ARRAY['intended'::text, 'unknown'::text]));
CREATE INDEX charges_of_call ON public.charges USING btree (call_id, id);
CREATE INDEX charges_of_company ON public.charges USING btree (company_id, id DESC);
CREATE INDEX charges_of_payer ON public.charges USING btree (payer_id, id);
CREATE UNIQUE INDEX charges_one_a_call ON public.charges USING btree (call_id) WHERE ((state = ANY (ARRAY['intended'::text, 'authorised'::text, 'unknown'::text])) OR ((state = 'captured'::text) AND (cancelled < amount)));
CREATE INDEX charges_to_do ON public.charges USING btree (next_attempt_at) WHERE (state = ANY (ARRAY['intended'::text, 'authorised'::text, 'unknown'::text]));
CREATE INDEX claim_steps_due ON public.claim_steps USING btree (due_at) WHERE (done_at IS NULL);
CREATE INDEX covers_of_driver ON public.covers USING btree (driver_id, starts_at DESC);
CREATE INDEX covers_of_ride ON public.covers USING btree (ride_id, starts_at);
CREATE INDEX customer_cancels_of_customer ON public.customer_cancels USING btree (customer_id, at);
CREATE INDEX customer_places_of_customer ON public.customer_places USING btree (customer_id, id);
CREATE INDEX customer_restrictions_of_company ON public.customer_restrictions USING btree (company_id, id DESC);
CREATE INDEX customer_restrictions_of_customer ON public.customer_restrictions USING btree (customer_id, ends_at);
CREATE INDEX decisions_of_call ON ONLY public.decisions USING btree (call_id, decided_at);
CREATE INDEX decisions_elsewhere_call_id_decided_at_idx ON public.decisions_elsewhere USING btree (call_id, decided_at);
CREATE INDEX decisions_of_driver ON ONLY public.decisions USING gin (driver_ids) WITH (fastupdate='on', gin_pending_list_limit='65536');
CREATE INDEX decisions_elsewhere_driver_ids_idx ON public.decisions_elsewhere USING gin (driver_ids) WITH (fastupdate='on', gin_pending_list_limit='65536');
CREATE INDEX driver_appeals_of_driver ON public.driver_appeals USING btree (driver_id);
CREATE INDEX driver_appeals_unanswered ON public.driver_appeals USING btree (company_id, at) WHERE (answered_at IS NULL);
CREATE INDEX driver_applications_by_licence ON public.driver_applications USING btree (company_id, licence_hash);
CREATE INDEX driver_applications_of_driver ON public.driver_applications USING btree (driver_id, id DESC);
CREATE UNIQUE INDEX driver_applications_one_open ON public.driver_applications USING btree (driver_id) WHERE (state = 'open'::text);
CREATE INDEX driver_reminders_due ON public.driver_reminders USING btree (due_at) WHERE (done_at IS NULL);
CREATE INDEX driver_runs_of_driver ON public.driver_runs USING btree (driver_id, day);
CREATE INDEX driver_suspensions_due ON public.driver_suspensions USING btree (ends_at) WHERE (ended_at IS NULL);
CREATE INDEX driver_suspensions_of_driver ON public.driver_suspensions USING btree (driver_id, id DESC);
CREATE UNIQUE INDEX driver_suspensions_one_open ON public.driver_suspensions USING btree (driver_id) WHERE (ended_at IS NULL);
CREATE INDEX drivers_by_revision ON public.drivers USING btree (revision);
CREATE INDEX drivers_of_company ON public.drivers USING btree (company_id, id);
CREATE INDEX drivers_on_duty ON public.drivers USING btree (company_id) WHERE (duty = 'on'::text);
CREATE INDEX drivers_papers_on_duty ON public.drivers USING btree (papers_until) WHERE (duty = 'on'::text);
CREATE INDEX drivers_short_on_duty ON public.drivers USING btree (id) WHERE ((duty = 'on'::text) AND is_short);
CREATE INDEX drivers_suspended_on_duty ON public.drivers USING btree (id) WHERE ((duty = 'on'::text) AND (status = 'suspended'::text));
CREATE INDEX events_by_time ON public.events USING btree (at);
CREATE INDEX handled_events_by_time ON public.handled_events USING btree (at);
CREATE INDEX idempotency_keys_by_time ON public.idempotency_keys USING btree (created_at);
CREATE INDEX ledger_entries_of_call ON public.ledger_entries USING btree (call_id, seq) WHERE (call_id IS NOT NULL);
CREATE INDEX ledger_entries_of_company ON public.ledger_entries USING btree (company_id, seq DESC);
CREATE INDEX ledger_lines_of_account ON public.ledger_lines USING btree (company_id, account, at, entry_id);
CREATE INDEX ledger_lines_of_owner ON public.ledger_lines USING btree (owner_id, account, at, entry_id) WHERE (owner_id IS NOT NULL);
CREATE INDEX listings_by_driver ON public.listings USING gin (driver_ids);
CREATE INDEX never_meetings_of_company ON public.never_meetings USING btree (company_id, id DESC);
CREATE INDEX never_meetings_of_driver ON public.never_meetings USING btree (driver_id) WHERE (lifted_at IS NULL);
CREATE UNIQUE INDEX never_meetings_once ON public.never_meetings USING btree (customer_id, driver_id, asked_by) WHERE (lifted_at IS NULL);
CREATE INDEX notices_of_company ON public.notices USING btree (company_id, shown_from DESC);
CREATE INDEX offers_by_time ON public.offers USING btree (offered_at);
CREATE INDEX offers_live_by_expiry ON public.offers USING btree (expires_at) WHERE (state = 'live'::text);
CREATE INDEX offers_of_call ON public.offers USING btree (call_id);
CREATE UNIQUE INDEX offers_one_live_a_call ON public.offers USING btree (call_id) WHERE (state = 'live'::text);
CREATE UNIQUE INDEX offers_one_live_a_driver ON public.offers USING btree (driver_id) WHERE (state = 'live'::text);
CREATE INDEX past_engagements_of_call ON public.past_engagements USING btree (call_id, since);
CREATE INDEX past_engagements_of_driver ON public.past_engagements USING btree (driver_id, since);
CREATE INDEX payment_cards_of_owner ON public.payment_cards USING btree (owner_id) WHERE (removed_at IS NULL);
CREATE UNIQUE INDEX payment_cards_one_default ON public.payment_cards USING btree (owner_id) WHERE (is_default AND (removed_at IS NULL));
CREATE INDEX payment_tasks_of_call ON public.payment_tasks USING btree (call_id);
CREATE UNIQUE INDEX payment_tasks_one_open ON public.payment_tasks USING btree (kind, COALESCE(call_id, charge_id)) WHERE (done_at IS NULL);
CREATE INDEX payment_tasks_open ON public.payment_tasks USING btree (company_id, due_at) WHERE (done_at IS NULL);
CREATE INDEX payout_files_of_company ON public.payout_files USING btree (company_id, id DESC);
CREATE INDEX payouts_of_company ON public.payouts USING btree (company_id, id DESC);
CREATE INDEX payouts_of_driver ON public.payouts USING btree (driver_id, id DESC);
CREATE INDEX payouts_of_file ON public.payouts USING btree (file_id, id) WHERE (file_id IS NOT NULL);
CREATE UNIQUE INDEX payouts_one_open ON public.payouts USING btree (driver_id) WHERE (state = ANY (ARRAY['requested'::text, 'sent'::text]));
CREATE INDEX payouts_requested ON public.payouts USING btree (company_id, id) WHERE (state = 'requested'::text);
CREATE INDEX pgqueuer_ep_ea_idx ON public.pgqueuer USING btree (entrypoint, execute_after) WHERE (status = 'queued'::public.pgqueuer_status);
CREATE INDEX pgqueuer_ep_prio_id_idx ON public.pgqueuer USING btree (entrypoint, priority DESC, id) WHERE (status = 'queued'::public.pgqueuer_status);
CREATE INDEX pgqueuer_log_created ON public.pgqueuer_log USING btree (created);
CREATE INDEX pgqueuer_log_job_id_status ON public.pgqueuer_log USING btree (job_id, created DESC);
CREATE INDEX pgqueuer_log_not_aggregated ON public.pgqueuer_log USING btree ((1)) WHERE (NOT aggregated);
CREATE INDEX pgqueuer_log_status ON public.pgqueuer_log USING btree (status);
CREATE INDEX pgqueuer_picked_heartbeat_idx ON public.pgqueuer USING btree (heartbeat) WHERE (status = 'picked'::public.pgqueuer_status);
CREATE UNIQUE INDEX pgqueuer_picked_slot_idx ON public.pgqueuer USING btree (entrypoint, slot) WHERE ((status = 'picked'::public.pgqueuer_status) AND (slot IS NOT NULL));
CREATE INDEX pgqueuer_priority_id_id1_idx ON public.pgqueuer USING btree (priority, id DESC) INCLUDE (id) WHERE (status = 'queued'::public.pgqueuer_status);
CREATE INDEX pgqueuer_queue_manager_id_idx ON public.pgqueuer USING btree (queue_manager_id) WHERE (queue_manager_id IS NOT NULL);
CREATE UNIQUE INDEX pgqueuer_statistics_unique_count ON public.pgqueuer_statistics USING btree (priority, date_trunc('sec'::text, timezone('UTC'::text, created)), status, entrypoint);
CREATE UNIQUE INDEX pgqueuer_unique_dedupe_key ON public.pgqueuer USING btree (dedupe_key) WHERE ((status = ANY (ARRAY['queued'::public.pgqueuer_status, 'picked'::public.pgqueuer_status])) AND (dedupe_key IS NOT NULL));
CREATE INDEX pgqueuer_updated_id_id1_idx ON public.pgqueuer USING btree (updated, id DESC) INCLUDE (id) WHERE (status = 'picked'::public.pgqueuer_status);
CREATE INDEX rate_limits_by_end ON public.rate_limits USING btree (window_end);
CREATE INDEX ratings_of_customer ON public.ratings USING btree (customer_id, rated_at);
CREATE INDEX ratings_of_driver ON public.ratings USING btree (driver_id, rated_at);
CREATE INDEX refresh_tokens_by_session ON public.refresh_tokens USING btree (session_id);
CREATE INDEX refresh_tokens_by_use ON public.refresh_tokens USING btree (used_at) WHERE (used_at IS NOT NULL);
CREATE INDEX rewards_of_driver ON public.rewards USING btree (driver_id, ended_at DESC, call_id DESC);
CREATE INDEX sessions_by_account ON public.sessions USING btree (account_id) WHERE (revoked_at IS NULL);
CREATE INDEX sessions_by_change ON public.sessions USING btree (changed_at) WHERE (changed_at IS NOT NULL);
CREATE INDEX sessions_by_expiry ON public.sessions USING btree (expires_at);
CREATE INDEX sign_in_challenges_by_expiry ON public.sign_in_challenges USING btree (expires_at);
CREATE INDEX weather_of_company ON public.weather USING btree (company_id, starts_at DESC);
ALTER INDEX public.decisions_of_call ATTACH PARTITION public.decisions_elsewhere_call_id_decided_at_idx;
ALTER INDEX public.decisions_of_driver ATTACH PARTITION public.decisions_elsewhere_driver_ids_idx;
CREATE TRIGGER audit_log_append_only BEFORE DELETE OR UPDATE ON public.audit_log FOR EACH ROW EXECUTE FUNCTION public.refuse_audit_change();
CREATE TRIGGER call_memo_links_append_only BEFORE DELETE OR UPDATE ON public.call_memo_links FOR EACH ROW EXECUTE FUNCTION public.refuse_memo_change();
CREATE TRIGGER call_memos_append_only BEFORE DELETE OR UPDATE ON public.call_memos FOR EACH ROW EXECUTE FUNCTION public.refuse_memo_change();
CREATE TRIGGER calls_orderer_fixed BEFORE UPDATE OF source, orderer_id ON public.calls FOR EACH ROW WHEN (((new.source <> old.source) OR (new.orderer_id <> old.orderer_id))) EXECUTE FUNCTION public.refuse_fixed_facts();
CREATE TRIGGER calls_performer_fixed BEFORE UPDATE OF performer_id ON public.calls FOR EACH ROW WHEN (((old.ended_at IS NOT NULL) AND (new.performer_id IS DISTINCT FROM old.performer_id))) EXECUTE FUNCTION public.refuse_fixed_facts();
CREATE TRIGGER covers_fixed BEFORE UPDATE ON public.covers FOR EACH ROW WHEN (((old.ends_at IS NOT NULL) OR (new.ends_at IS NULL) OR ((to_jsonb(old.*) - 'ends_at'::text) IS DISTINCT FROM (to_jsonb(new.*) - 'ends_at'::text)))) EXECUTE FUNCTION public.refuse_cover_change();
CREATE TRIGGER covers_kept BEFORE DELETE OR TRUNCATE ON public.covers FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_cover_change();
CREATE TRIGGER ledger_entries_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.ledger_entries FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_ledger_change();
CREATE TRIGGER ledger_lines_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.ledger_lines FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_ledger_change();
CREATE TRIGGER ledger_lines_balanced AFTER INSERT ON public.ledger_lines REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION public.keep_books_balanced();
CREATE TRIGGER policy_records_append_only BEFORE DELETE OR UPDATE ON public.policy_records FOR EACH ROW EXECUTE FUNCTION public.refuse_policy_change();
CREATE TRIGGER policy_records_never_emptied BEFORE TRUNCATE ON public.policy_records FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_policy_change();
CREATE TRIGGER rewards_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.rewards FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_reward_change();
CREATE TRIGGER tg_pgqueuer_changed AFTER INSERT OR DELETE OR UPDATE OR TRUNCATE ON public.pgqueuer FOR EACH STATEMENT EXECUTE FUNCTION public.fn_pgqueuer_changed();
ALTER TABLE ONLY public.account_roles
    ADD CONSTRAINT account_roles_company_id_account_id_fkey FOREIGN KEY (company_id, account_id) REFERENCES public.accounts(company_id, id);
ALTER TABLE ONLY public.account_roles
    ADD CONSTRAINT account_roles_role_fkey FOREIGN KEY (role) REFERENCES public.roles(name);
ALTER TABLE ONLY public.accounts
    ADD CONSTRAINT accounts_company_id_fkey FOREIGN KEY (company_id) REFERENCES public.companies(id);
ALTER TABLE ONLY public.agreed_fares
    ADD CONSTRAINT agreed_fares_call_id_fkey FOREIGN KEY (call_id) REFERENCES public.calls(id);
ALTER TABLE ONLY public.audit_log
    ADD CONSTRAINT audit_log_company_id_fkey FOREIGN KEY (company_id) REFERENCES public.companies(id);
ALTER TABLE ONLY public.bank_accounts
    ADD CONSTRAINT bank_accounts_driver_id_fkey FOREIGN KEY (driver_id) REFERENCES public.drivers(id);
ALTER TABLE ONLY public.bank_receipts
    ADD CONSTRAINT bank_receipts_call_id_fkey FOREIGN KEY (call_id) REFERENCES public.bills(call_id);
ALTER TABLE ONLY public.bank_receipts
    ADD CONSTRAINT bank_receipts_company_id_fkey FOREIGN KEY (company_id) REFERENCES public.companies(id);
ALTER TABLE ONLY public.bills
    ADD CONSTRAINT bills_call_id_fkey FOREIGN KEY (call_id) REFERENCES public.calls(id);
ALTER TABLE ONLY public.business_accounts
    ADD CONSTRAINT business_accounts_company_id_fkey FOREIGN KEY (company_id) REFERENCES public.companies(id);
ALTER TABLE ONLY public.business_members
    ADD CONSTRAINT business_members_company_id_account_id_fkey FOREIGN KEY (company_id, account_id) REFERENCES public.business_accounts(company_id, id);
ALTER TABLE ONLY public.business_members
    ADD CONSTRAINT business_members_company_id_customer_id_fkey FOREIGN KEY (company_id, customer_id) REFERENCES public.customers(company_id, id);
ALTER TABLE ONLY public.call_fare_calculations
    ADD CONSTRAINT call_fare_calculations_call_id_fkey FOREIGN KEY (call_id) REFERENCES public.calls(id);
ALTER TABLE ONLY public.call_fare_calculations
    ADD CONSTRAINT call_fare_calculations_company_id_by_id_fkey FOREIGN KEY (company_id, by_id) REFERENCES public.accounts(company_id, id);
ALTER TABLE ONLY public.call_memo_links
    ADD CONSTRAINT call_memo_links_call_id_fkey FOREIGN KEY (call_id) REFERENCES public.calls(id);
ALTER TABLE ONLY public.call_memo_links
    ADD CONSTRAINT call_memo_links_memo_id_fkey FOREIGN KEY (memo_id) REFERENCES public.call_memos(id);
ALTER TABLE ONLY public.call_memos
    ADD CONSTRAINT call_memos_call_id_fkey FOREIGN KEY (call_id) REFERENCES public.calls(id);
ALTER TABLE ONLY public.call_memos
    ADD CONSTRAINT call_memos_company_id_author_id_fkey FOREIGN KEY (company_id, author_id) REFERENCES public.accounts(company_id, id);
ALTER TABLE ONLY public.call_tracks
    ADD CONSTRAINT call_tracks_call_id_fkey FOREIGN KEY (call_id) REFERENCES public.calls(id);
ALTER TABLE ONLY public.calls
    ADD CONSTRAINT calls_business_account_id_fkey FOREIGN KEY (business_account_id) REFERENCES public.business_accounts(id);
ALTER TABLE ONLY public.calls
    ADD CONSTRAINT calls_company_id_fkey FOREIGN KEY (company_id) REFERENCES public.companies(id);
ALTER TABLE ONLY public.calls
    ADD CONSTRAINT calls_customer_id_fkey FOREIGN KEY (customer_id) REFERENCES public.accounts(id);
ALTER TABLE ONLY public.calls
    ADD CONSTRAINT calls_driver_id_fkey FOREIGN KEY (driver_id) REFERENCES public.accounts(id);
ALTER TABLE ONLY public.calls
    ADD CONSTRAINT calls_orderer_id_fkey FOREIGN KEY (orderer_id) REFERENCES public.companies(id);
ALTER TABLE ONLY public.calls
    ADD CONSTRAINT calls_performer_id_fkey FOREIGN KEY (performer_id) REFERENCES public.companies(id);
ALTER TABLE ONLY public.calls
    ADD CONSTRAINT calls_reconnects_call_id_fkey FOREIGN KEY (reconnects_call_id) REFERENCES public.calls(id);
ALTER TABLE ONLY public.cases
    ADD CONSTRAINT cases_call_id_fkey FOREIGN KEY (call_id) REFERENCES public.calls(id);
ALTER TABLE ONLY public.cases
    ADD CONSTRAINT cases_closed_by_fkey FOREIGN KEY (closed_by) REFERENCES public.accounts(id);
ALTER TABLE ONLY public.cases
    ADD CONSTRAINT cases_company_id_fkey FOREIGN KEY (company_id) REFERENCES public.companies(id);
ALTER TABLE ONLY public.cases
    ADD CONSTRAINT cases_opened_by_fkey FOREIGN KEY (opened_by) REFERENCES public.accounts(id);
ALTER TABLE ONLY public.charge_cancels
    ADD CONSTRAINT charge_cancels_call_id_fkey FOREIGN KEY (call_id) REFERENCES public.bills(call_id);
ALTER TABLE ONLY public.charge_cancels
    ADD CONSTRAINT charge_cancels_charge_id_fkey FOREIGN KEY (charge_id) REFERENCES public.charges(id);
ALTER TABLE ONLY public.charges
    ADD CONSTRAINT charges_call_id_fkey FOREIGN KEY (call_id) REFERENCES public.bills(call_id);
ALTER TABLE ONLY public.charges
    ADD CONSTRAINT charges_card_id_fkey FOREIGN KEY (card_id) REFERENCES public.payment_cards(id);
ALTER TABLE ONLY public.claim_steps
    ADD CONSTRAINT claim_steps_call_id_fkey FOREIGN KEY (call_id) REFERENCES public.bills(call_id);
ALTER TABLE ONLY public.covers
    ADD CONSTRAINT covers_application_id_fkey FOREIGN KEY (application_id) REFERENCES public.driver_applications(id);
ALTER TABLE ONLY public.covers
    ADD CONSTRAINT covers_company_id_fkey FOREIGN KEY (company_id) REFERENCES public.companies(id);
ALTER TABLE ONLY public.covers
    ADD CONSTRAINT covers_driver_id_fkey FOREIGN KEY (driver_id) REFERENCES public.accounts(id);
ALTER TABLE ONLY public.covers
    ADD CONSTRAINT covers_performer_id_fkey FOREIGN KEY (performer_id) REFERENCES public.companies(id);
ALTER TABLE ONLY public.customer_cancels
    ADD CONSTRAINT customer_cancels_company_id_customer_id_fkey FOREIGN KEY (company_id, customer_id) REFERENCES public.accounts(company_id, id);
ALTER TABLE ONLY public.customer_cancels
    ADD CONSTRAINT customer_cancels_forgiven_by_fkey FOREIGN KEY (forgiven_by) REFERENCES public.accounts(id);
ALTER TABLE ONLY public.customer_cars
    ADD CONSTRAINT customer_cars_company_id_customer_id_fkey FOREIGN KEY (company_id, customer_id) REFERENCES public.customers(company_id, id);
ALTER TABLE ONLY public.customer_places
    ADD CONSTRAINT customer_places_company_id_customer_id_fkey FOREIGN KEY (company_id, customer_id) REFERENCES public.customers(company_id, id);
ALTER TABLE ONLY public.customer_restrictions
    ADD CONSTRAINT customer_restrictions_call_id_fkey FOREIGN KEY (call_id) REFERENCES public.customer_cancels(call_id);
ALTER TABLE ONLY public.customer_restrictions
    ADD CONSTRAINT customer_restrictions_company_id_customer_id_fkey FOREIGN KEY (company_id, customer_id) REFERENCES public.accounts(company_id, id);
ALTER TABLE ONLY public.customer_restrictions
    ADD CONSTRAINT customer_restrictions_lifted_by_fkey FOREIGN KEY (lifted_by) REFERENCES public.accounts(id);
ALTER TABLE ONLY public.customers
    ADD CONSTRAINT customers_company_id_fkey FOREIGN KEY (company_id) REFERENCES public.companies(id);
ALTER TABLE ONLY public.customers
    ADD CONSTRAINT customers_company_id_id_fkey FOREIGN KEY (company_id, id) REFERENCES public.accounts(company_id, id);
ALTER TABLE ONLY public.driver_appeals
    ADD CONSTRAINT driver_appeals_driver_id_fkey FOREIGN KEY (driver_id) REFERENCES public.drivers(id);
ALTER TABLE ONLY public.driver_appeals
    ADD CONSTRAINT driver_appeals_suspension_id_fkey FOREIGN KEY (suspension_id) REFERENCES public.driver_suspensions(id);
ALTER TABLE ONLY public.driver_applications
    ADD CONSTRAINT driver_applications_driver_id_fkey FOREIGN KEY (driver_id) REFERENCES public.drivers(id);
ALTER TABLE ONLY public.driver_days
    ADD CONSTRAINT driver_days_driver_id_fkey FOREIGN KEY (driver_id) REFERENCES public.drivers(id);
ALTER TABLE ONLY public.driver_documents
    ADD CONSTRAINT driver_documents_driver_id_fkey FOREIGN KEY (driver_id) REFERENCES public.drivers(id);
ALTER TABLE ONLY public.driver_positions
    ADD CONSTRAINT driver_positions_driver_id_fkey FOREIGN KEY (driver_id) REFERENCES public.drivers(id);
ALTER TABLE ONLY public.driver_ratings
    ADD CONSTRAINT driver_ratings_company_id_driver_id_fkey FOREIGN KEY (company_id, driver_id) REFERENCES public.accounts(company_id, id);
ALTER TABLE ONLY public.driver_reminders
    ADD CONSTRAINT driver_reminders_driver_id_fkey FOREIGN KEY (driver_id) REFERENCES public.drivers(id);
ALTER TABLE ONLY public.driver_runs
    ADD CONSTRAINT driver_runs_driver_id_fkey FOREIGN KEY (driver_id) REFERENCES public.drivers(id);
ALTER TABLE ONLY public.driver_suspensions
    ADD CONSTRAINT driver_suspensions_driver_id_fkey FOREIGN KEY (driver_id) REFERENCES public.drivers(id);
ALTER TABLE ONLY public.drivers
    ADD CONSTRAINT drivers_company_id_fkey FOREIGN KEY (company_id) REFERENCES public.companies(id);
ALTER TABLE ONLY public.drivers
    ADD CONSTRAINT drivers_id_fkey FOREIGN KEY (id) REFERENCES public.accounts(id);
ALTER TABLE ONLY public.engagements
    ADD CONSTRAINT engagements_call_id_fkey FOREIGN KEY (call_id) REFERENCES public.calls(id);
ALTER TABLE ONLY public.engagements
    ADD CONSTRAINT engagements_driver_id_fkey FOREIGN KEY (driver_id) REFERENCES public.drivers(id);
ALTER TABLE ONLY public.free_drivers
    ADD CONSTRAINT free_drivers_company_id_fkey FOREIGN KEY (company_id) REFERENCES public.companies(id);
ALTER TABLE ONLY public.ledger_entries
    ADD CONSTRAINT ledger_entries_call_id_fkey FOREIGN KEY (call_id) REFERENCES public.calls(id);
ALTER TABLE ONLY public.ledger_entries
    ADD CONSTRAINT ledger_entries_company_id_fkey FOREIGN KEY (company_id) REFERENCES public.companies(id);
ALTER TABLE ONLY public.ledger_entries
    ADD CONSTRAINT ledger_entries_reverses_id_fkey FOREIGN KEY (reverses_id) REFERENCES public.ledger_entries(id);
ALTER TABLE ONLY public.ledger_lines
    ADD CONSTRAINT ledger_lines_entry_id_fkey FOREIGN KEY (entry_id) REFERENCES public.ledger_entries(id);
ALTER TABLE ONLY public.listings
    ADD CONSTRAINT listings_call_id_fkey FOREIGN KEY (call_id) REFERENCES public.calls(id);
ALTER TABLE ONLY public.never_meetings
    ADD CONSTRAINT never_meetings_company_id_customer_id_fkey FOREIGN KEY (company_id, customer_id) REFERENCES public.accounts(company_id, id);
ALTER TABLE ONLY public.never_meetings
    ADD CONSTRAINT never_meetings_company_id_driver_id_fkey FOREIGN KEY (company_id, driver_id) REFERENCES public.accounts(company_id, id);
ALTER TABLE ONLY public.never_meetings
    ADD CONSTRAINT never_meetings_lifted_by_fkey FOREIGN KEY (lifted_by) REFERENCES public.accounts(id);
ALTER TABLE ONLY public.notices
    ADD CONSTRAINT notices_company_id_fkey FOREIGN KEY (company_id) REFERENCES public.companies(id);
ALTER TABLE ONLY public.offers
    ADD CONSTRAINT offers_call_id_fkey FOREIGN KEY (call_id) REFERENCES public.calls(id);
ALTER TABLE ONLY public.offers
    ADD CONSTRAINT offers_driver_id_fkey FOREIGN KEY (driver_id) REFERENCES public.drivers(id);
ALTER TABLE ONLY public.payment_cards
    ADD CONSTRAINT payment_cards_company_id_owner_id_fkey FOREIGN KEY (company_id, owner_id) REFERENCES public.accounts(company_id, id);
ALTER TABLE ONLY public.payment_tasks
    ADD CONSTRAINT payment_tasks_call_id_fkey FOREIGN KEY (call_id) REFERENCES public.bills(call_id);
ALTER TABLE ONLY public.payment_tasks
    ADD CONSTRAINT payment_tasks_charge_id_fkey FOREIGN KEY (charge_id) REFERENCES public.charges(id);
ALTER TABLE ONLY public.payment_tasks
    ADD CONSTRAINT payment_tasks_done_by_fkey FOREIGN KEY (done_by) REFERENCES public.accounts(id);
ALTER TABLE ONLY public.payment_tasks
    ADD CONSTRAINT payment_tasks_owner_id_fkey FOREIGN KEY (owner_id) REFERENCES public.accounts(id);
ALTER TABLE ONLY public.payout_files
    ADD CONSTRAINT payout_files_company_id_fkey FOREIGN KEY (company_id) REFERENCES public.companies(id);
ALTER TABLE ONLY public.payouts
    ADD CONSTRAINT payouts_driver_id_fkey FOREIGN KEY (driver_id) REFERENCES public.drivers(id);
ALTER TABLE ONLY public.payouts
    ADD CONSTRAINT payouts_file_id_fkey FOREIGN KEY (file_id) REFERENCES public.payout_files(id);
ALTER TABLE ONLY public.policy_records
    ADD CONSTRAINT policy_records_company_id_fkey FOREIGN KEY (company_id) REFERENCES public.companies(id);
ALTER TABLE ONLY public.ratings
    ADD CONSTRAINT ratings_company_id_customer_id_fkey FOREIGN KEY (company_id, customer_id) REFERENCES public.accounts(company_id, id);
ALTER TABLE ONLY public.ratings
    ADD CONSTRAINT ratings_company_id_driver_id_fkey FOREIGN KEY (company_id, driver_id) REFERENCES public.accounts(company_id, id);
ALTER TABLE ONLY public.refresh_tokens
    ADD CONSTRAINT refresh_tokens_session_id_fkey FOREIGN KEY (session_id) REFERENCES public.sessions(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.region_boundaries
    ADD CONSTRAINT region_boundaries_code_fkey FOREIGN KEY (code) REFERENCES public.regions(code);
ALTER TABLE ONLY public.regions
    ADD CONSTRAINT regions_parent_fkey FOREIGN KEY (parent) REFERENCES public.regions(code);
ALTER TABLE ONLY public.rewards
    ADD CONSTRAINT rewards_company_id_fkey FOREIGN KEY (company_id) REFERENCES public.companies(id);
ALTER TABLE ONLY public.rewards
    ADD CONSTRAINT rewards_driver_id_fkey FOREIGN KEY (driver_id) REFERENCES public.drivers(id);
ALTER TABLE ONLY public.role_permissions
    ADD CONSTRAINT role_permissions_role_fkey FOREIGN KEY (role) REFERENCES public.roles(name);
ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT sessions_company_id_account_id_fkey FOREIGN KEY (company_id, account_id) REFERENCES public.accounts(company_id, id);
ALTER TABLE ONLY public.sign_in_challenges
    ADD CONSTRAINT sign_in_challenges_company_id_fkey FOREIGN KEY (company_id) REFERENCES public.companies(id);
ALTER TABLE ONLY public.weather
    ADD CONSTRAINT weather_company_id_fkey FOREIGN KEY (company_id) REFERENCES public.companies(id);
