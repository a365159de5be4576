"""The companies of one installation: who they are and how they speak to people."""
