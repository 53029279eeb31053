"""Reading many sessions, from a server and from files."""
