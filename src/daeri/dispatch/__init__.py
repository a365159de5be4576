"""Dispatch: the live fleet, matching, offers, engagements and the log of decisions."""
