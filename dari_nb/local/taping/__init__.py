"""The tape in a server: what is recorded on it."""
