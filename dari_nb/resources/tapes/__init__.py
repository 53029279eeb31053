"""Tapes as people hold them: played to look at, asked about, and as pages of their own."""
