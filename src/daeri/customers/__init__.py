"""The customers of a company: people who ask for a driver."""
