"""Sending a batch: what is left to send, in pieces, and finding it again."""
