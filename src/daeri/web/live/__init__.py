"""What stays open: drivers' sockets, and one stream of events a browser."""
