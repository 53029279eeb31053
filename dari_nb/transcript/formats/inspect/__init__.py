"""Logs of Inspect: plain ones, archives of samples, and how far a log has come."""
