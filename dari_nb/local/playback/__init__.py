"""The tape in a server: what is recorded on it, and what plays from it."""
