-- Identity: who someone is, how they sign in, what they may do, and what was done.

CREATE TABLE accounts (
    id uuid PRIMARY KEY,
    company_id uuid NOT NULL REFERENCES companies (id),
    kind text NOT NULL CHECK (kind IN ('customer', 'driver', 'staff', 'gateway')),
    display_name text NOT NULL DEFAULT '' CHECK (char_length(display_name) <= 80),
    phone_sealed bytea,
    phone_hash bytea,
    phone_last4_hash bytea,
    email text CHECK (email = lower(email) AND char_length(email) <= 254),
    password_hash text,
    totp_sealed bytea,
    totp_last_step bigint NOT NULL DEFAULT 0,
    status text NOT NULL CHECK (status IN ('active', 'closed', 'blocked')),
    created_at timestamptz NOT NULL,
    version integer NOT NULL DEFAULT 1,
    UNIQUE (company_id, id),
    CONSTRAINT accounts_phone_whole CHECK (
        (phone_sealed IS NULL) = (phone_hash IS NULL) AND (phone_hash IS NULL) = (phone_last4_hash IS NULL)
    ),
    CONSTRAINT accounts_staff_credentials CHECK (
        (kind = 'staff') = (email IS NOT NULL AND password_hash IS NOT NULL AND totp_sealed IS NOT NULL)
    ),
    CONSTRAINT accounts_people_phone CHECK (kind NOT IN ('customer', 'driver') OR phone_hash IS NOT NULL)
);

-- A number whose account was closed may sign up again.
CREATE UNIQUE INDEX accounts_phone_once ON accounts (company_id, kind, phone_hash)
WHERE phone_hash IS NOT NULL AND status <> 'closed';
CREATE INDEX accounts_by_phone ON accounts (company_id, phone_hash) WHERE phone_hash IS NOT NULL;
CREATE INDEX accounts_by_last4 ON accounts (company_id, phone_last4_hash) WHERE phone_last4_hash IS NOT NULL;
CREATE UNIQUE INDEX accounts_email_once ON accounts (company_id, email)
WHERE email IS NOT NULL AND status <> 'closed';
CREATE INDEX accounts_by_email ON accounts (email) WHERE email IS NOT NULL;

CREATE VIEW accounts_public AS
SELECT id, company_id, kind, display_name, status FROM accounts;

CREATE TABLE sign_in_challenges (
    id uuid PRIMARY KEY,
    company_id uuid NOT NULL REFERENCES companies (id),
    purpose text NOT NULL CHECK (purpose IN ('sign_in')),
    kind text NOT NULL CHECK (kind IN ('customer', 'driver')),
    phone_sealed bytea NOT NULL,
    code_hash bytea NOT NULL,
    attempts smallint NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at timestamptz
);
CREATE INDEX sign_in_challenges_by_expiry ON sign_in_challenges (expires_at);

CREATE TABLE sessions (
    id uuid PRIMARY KEY,
    company_id uuid NOT NULL,
    account_id uuid NOT NULL,
    kind text NOT NULL CHECK (kind IN ('app', 'page')),
    user_agent text NOT NULL CHECK (char_length(user_agent) <= 200),
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    revoked_at timestamptz,
    revoked_for text,
    -- When what the session may do changed (revoked, roles, status): processes re-read what changed lately.
    changed_at timestamptz,
    FOREIGN KEY (company_id, account_id) REFERENCES accounts (company_id, id)
);
CREATE INDEX sessions_by_account ON sessions (account_id) WHERE revoked_at IS NULL;
CREATE INDEX sessions_by_change ON sessions (changed_at) WHERE changed_at IS NOT NULL;
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

-- All refresh tokens of a session's life, so that the second use of one is known for what it is.
CREATE TABLE refresh_tokens (
    token_hash bytea PRIMARY KEY,
    session_id uuid NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    issued_at timestamptz NOT NULL,
    used_at timestamptz
);
CREATE INDEX refresh_tokens_by_session ON refresh_tokens (session_id);
CREATE INDEX refresh_tokens_by_use ON refresh_tokens (used_at) WHERE used_at IS NOT NULL;

CREATE TABLE roles (
    name text PRIMARY KEY
);

CREATE TABLE role_permissions (
    role text NOT NULL REFERENCES roles (name),
    permission text NOT NULL,
    PRIMARY KEY (role, permission)
);

CREATE TABLE account_roles (
    company_id uuid NOT NULL,
    account_id uuid NOT NULL,
    role text NOT NULL REFERENCES roles (name),
    granted_at timestamptz NOT NULL,
    granted_by uuid,
    PRIMARY KEY (account_id, role),
    FOREIGN KEY (company_id, account_id) REFERENCES accounts (company_id, id)
);

INSERT INTO roles (name) VALUES ('operator'), ('dispatcher'), ('support_agent'), ('agency_staff'), ('admin');

INSERT INTO role_permissions (role, permission) VALUES
('dispatcher', 'calls.read'),
('dispatcher', 'calls.request_for_customer'),
('dispatcher', 'calls.assign'),
('dispatcher', 'calls.cancel'),
('dispatcher', 'calls.change_status'),
('dispatcher', 'calls.note'),
('dispatcher', 'drivers.read'),
('dispatcher', 'customers.read'),
('dispatcher', 'cases.read'),
('dispatcher', 'policies.read'),
('dispatcher', 'figures.read'),
('support_agent', 'calls.read'),
('support_agent', 'calls.request_for_customer'),
('support_agent', 'calls.cancel'),
('support_agent', 'calls.note'),
('support_agent', 'drivers.read'),
('support_agent', 'customers.read'),
('support_agent', 'customers.forgive'),
('support_agent', 'never_meet.lift'),
('support_agent', 'cases.read'),
('support_agent', 'cases.close'),
('support_agent', 'phones.unmask'),
('agency_staff', 'calls.read'),
('agency_staff', 'calls.request_for_customer'),
('agency_staff', 'calls.cancel'),
('agency_staff', 'calls.note'),
('agency_staff', 'drivers.read'),
('agency_staff', 'customers.read'),
('operator', 'calls.read'),
('operator', 'calls.request_for_customer'),
('operator', 'calls.assign'),
('operator', 'calls.cancel'),
('operator', 'calls.change_status'),
('operator', 'calls.note'),
('operator', 'drivers.read'),
('operator', 'drivers.approve'),
('operator', 'drivers.suspend'),
('operator', 'customers.read'),
('operator', 'customers.block'),
('operator', 'customers.forgive'),
('operator', 'never_meet.lift'),
('operator', 'cases.read'),
('operator', 'cases.close'),
('operator', 'phones.unmask'),
('operator', 'policies.read'),
('operator', 'policies.write'),
('operator', 'jobs.read'),
('operator', 'jobs.retry'),
('operator', 'figures.read'),
('operator', 'notices.write'),
('admin', 'calls.read'),
('admin', 'calls.request_for_customer'),
('admin', 'calls.assign'),
('admin', 'calls.cancel'),
('admin', 'calls.change_status'),
('admin', 'calls.note'),
('admin', 'drivers.read'),
('admin', 'drivers.approve'),
('admin', 'drivers.suspend'),
('admin', 'customers.read'),
('admin', 'customers.block'),
('admin', 'customers.forgive'),
('admin', 'never_meet.lift'),
('admin', 'cases.read'),
('admin', 'cases.close'),
('admin', 'phones.unmask'),
('admin', 'policies.read'),
('admin', 'policies.write'),
('admin', 'jobs.read'),
('admin', 'jobs.retry'),
('admin', 'audit.read'),
('admin', 'figures.read'),
('admin', 'staff.manage'),
('admin', 'notices.write');

CREATE TABLE audit_log (
    seq bigint GENERATED ALWAYS AS IDENTITY,
    id uuid PRIMARY KEY,
    company_id uuid NOT NULL REFERENCES companies (id),
    at timestamptz NOT NULL,
    actor_kind text NOT NULL,
    actor_id uuid,
    action text NOT NULL,
    subject_kind text NOT NULL,
    subject_id uuid,
    request_id text,
    facts jsonb NOT NULL
);
CREATE INDEX audit_log_by_seq ON audit_log (company_id, seq);
CREATE INDEX audit_log_by_subject ON audit_log (company_id, subject_id, seq);

-- Append-only; retention alone may delete, and says so in its transaction.
CREATE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND current_setting('daeri.retention', true) = 'on' THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION 'the audit log is append-only' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER audit_log_append_only BEFORE UPDATE OR DELETE ON audit_log
FOR EACH ROW EXECUTE FUNCTION refuse_audit_change();

-- Fixed windows of wall time; the subject is a keyed hash of a number, an e-mail or an address.
CREATE TABLE rate_limits (
    scope text NOT NULL,
    subject bytea NOT NULL,
    window_start timestamptz NOT NULL,
    window_end timestamptz NOT NULL,
    hits integer NOT NULL,
    PRIMARY KEY (scope, subject, window_start)
);
CREATE INDEX rate_limits_by_end ON rate_limits (window_end);
