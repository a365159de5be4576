"""Card providers: Toss Payments over HTTP, and a sandbox provider of our own, a server with books of its own."""
