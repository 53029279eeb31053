"""The workspaces of sessions: real folders, of which nothing leads out."""
