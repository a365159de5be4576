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
