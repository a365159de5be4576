-- Customers: the id is that of the account that they sign in with.

CREATE TABLE customers (
    id uuid PRIMARY KEY REFERENCES accounts (id),
    company_id uuid NOT NULL REFERENCES companies (id),
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL
);
CREATE INDEX customers_of_company ON customers (company_id, id);

CREATE VIEW customers_public AS
SELECT id, company_id, created_at FROM customers;
