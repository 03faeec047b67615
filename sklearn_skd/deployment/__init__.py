"""Bringing a fitted model to its users: what it can do, and what it cannot (paper section 4.4)."""
