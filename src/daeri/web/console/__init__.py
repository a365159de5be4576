"""The console: pages for dispatchers and operators."""
