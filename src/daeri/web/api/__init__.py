"""The JSON API: a module a subject, each route one use case."""
