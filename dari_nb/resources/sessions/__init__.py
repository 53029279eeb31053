"""Sessions, their turns, ledgers, transcripts and workspaces."""
