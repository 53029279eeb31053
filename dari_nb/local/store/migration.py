"""Bringing a database of an earlier version up to the schema of this one."""

import sqlite3

_OWNED_AGENTS = """
BEGIN IMMEDIATE;
CREATE TABLE owned_agents (
    ordinal INTEGER PRIMARY KEY, id TEXT UNIQUE NOT NULL, name TEXT NOT NULL,
    active_version_id TEXT NOT NULL, created_at TEXT NOT NULL,
    org_id TEXT NOT NULL DEFAULT 'org_local', deleted_at TEXT);
INSERT INTO owned_agents (ordinal, id, name, active_version_id, created_at)
    SELECT ordinal, id, name, active_version_id, created_at FROM agents;
DROP TABLE agents;
ALTER TABLE owned_agents RENAME TO agents;
ALTER TABLE versions ADD COLUMN snapshot_id TEXT;
ALTER TABLE files ADD COLUMN org_id TEXT NOT NULL DEFAULT 'org_local';
COMMIT;
"""


def migrate(db: sqlite3.Connection) -> None:
    """Give the agents and files of a database without organizations to the first one."""
    columns = {row[1] for row in db.execute("PRAGMA table_info(agents)")}
    if columns and "org_id" not in columns:
        db.executescript(_OWNED_AGENTS)
