"""Money: bills, charges on cards, the ledger, drivers' balances and payouts."""
