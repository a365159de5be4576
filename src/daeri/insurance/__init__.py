"""By what a drive is insured, from when until when, and what a partner's cover must be."""
