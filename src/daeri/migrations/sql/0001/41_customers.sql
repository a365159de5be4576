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
