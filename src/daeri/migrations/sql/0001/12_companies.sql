-- Companies: one installation hosts one or more; every row that grows carries the id of its company.

CREATE TABLE companies (
    id uuid PRIMARY KEY,
    slug text NOT NULL UNIQUE CHECK (slug ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'),
    name_ko text NOT NULL CHECK (name_ko <> ''),
    name_en text NOT NULL CHECK (name_en <> ''),
    -- Brand, centre names, telephone numbers and links (I-046), in the shape of companies.model.CompanySettings.
    settings jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(settings) = 'object'),
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL
);

CREATE VIEW companies_public AS
SELECT id, slug, name_ko, name_en FROM companies;

-- What a company tells its drivers or customers for a time.
CREATE TABLE notices (
    id uuid PRIMARY KEY,
    company_id uuid NOT NULL REFERENCES companies (id),
    audience text NOT NULL CHECK (audience IN ('drivers', 'customers', 'all')),
    title_ko text NOT NULL CHECK (title_ko <> ''),
    title_en text NOT NULL CHECK (title_en <> ''),
    body_ko text NOT NULL,
    body_en text NOT NULL,
    shown_from timestamptz NOT NULL,
    shown_until timestamptz CHECK (shown_until > shown_from),
    created_at timestamptz NOT NULL,
    -- No foreign keys: the notice outlives the accounts of those who wrote it and took it down.
    created_by uuid,
    withdrawn_at timestamptz,
    withdrawn_by uuid
);
CREATE INDEX notices_of_company ON notices (company_id, shown_from DESC);
