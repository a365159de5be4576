"""The spine: a call's facts, its lifecycle and its timeline."""
