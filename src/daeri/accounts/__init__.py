"""Identity: who someone is, how they sign in, what they may do, and the trail of what was done."""
