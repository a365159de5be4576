"""The rows behind the console's pages and its JSON: who may look, and what they see of their own company."""
