-- Who may see and move money (I-050).
INSERT INTO role_permissions (role, permission) VALUES
('dispatcher', 'payments.read'),
('support_agent', 'payments.read'),
('support_agent', 'payments.settle'),
('support_agent', 'payments.adjust'),
('operator', 'payments.read'),
('operator', 'payments.settle'),
('operator', 'payments.adjust'),
('operator', 'payments.write_off'),
('operator', 'ledger.read'),
('operator', 'payouts.manage'),
('admin', 'payments.read'),
('admin', 'payments.settle'),
('admin', 'payments.adjust'),
('admin', 'payments.write_off'),
('admin', 'ledger.read'),
('admin', 'payouts.manage');
