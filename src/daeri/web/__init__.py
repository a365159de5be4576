"""What people and programs see: pages, the JSON API and live streams."""
