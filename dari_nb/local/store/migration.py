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
    """Add what this version keeps besides; what has no organization is the first one's."""
    if _lacks(db, "agents", "org_id"):
        db.executescript(_OWNED_AGENTS)
    if _lacks(db, "sessions", "storage_binding_id"):
        db.execute("ALTER TABLE sessions ADD COLUMN storage_binding_id TEXT")


def _lacks(db: sqlite3.Connection, table: str, column: str) -> bool:
    """Whether a table is there, from an earlier version, without this column."""
    columns = {row[1] for row in db.execute(f"PRAGMA table_info({table})")}
    return bool(columns) and column not in columns
