"""The sandbox provider itself: books in memory, a hosted page, two faces, faults on request."""
