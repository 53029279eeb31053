"""The SQLite file under the store: whose it is, who serves it, and copies of it."""
