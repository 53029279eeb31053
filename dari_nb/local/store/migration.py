"""Bringing a database of an earlier version up to the schema of this one."""

import sqlite3

from .schema import SCHEMA
from .sqlite_file.identity import APPLICATION_ID, SCHEMA_VERSION

_OWNED_AGENTS = """
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
"""
_BINDINGS = "ALTER TABLE sessions ADD COLUMN storage_binding_id TEXT;"
_STOP_REASONS = "ALTER TABLE sessions ADD COLUMN last_message_stop_reason TEXT;"
_COPIES = "ALTER TABLE events ADD COLUMN copied_from TEXT;"
_KEPT_WORKSPACES = "ALTER TABLE messages ADD COLUMN workspace TEXT;"
_LIMITED_ORGANIZATIONS = """
ALTER TABLE organizations ADD COLUMN internet_access INTEGER NOT NULL DEFAULT 0;
ALTER TABLE organizations ADD COLUMN max_cost TEXT;
"""
_NUMBERED_MESSAGES = """
ALTER TABLE messages ADD COLUMN number INTEGER;
ALTER TABLE messages ADD COLUMN files TEXT;
UPDATE messages SET number = asked.number FROM (
    SELECT message_id, row_number() OVER (PARTITION BY session_id ORDER BY sequence_number)
    AS number FROM events WHERE type = 'user.message') AS asked
    WHERE asked.message_id = messages.id;
UPDATE messages SET files = attached.files FROM (
    SELECT message_id, json_group_array(json_extract(block.value, '$.file_id')) AS files
    FROM events, json_each(events.data, '$.content') AS block
    WHERE events.type = 'user.message' AND json_extract(block.value, '$.file_id') IS NOT NULL
    GROUP BY message_id) AS attached
    WHERE attached.message_id = messages.id;
"""
_STAMP = f"PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {SCHEMA_VERSION};"


def migrate(db: sqlite3.Connection) -> None:
    """Make the tables of this version, all or nothing, of whatever is there.

    What has no organization is the first one's.
    """
    steps = [
        _OWNED_AGENTS if _lacks(db, "agents", "org_id") else "",
        _BINDINGS if _lacks(db, "sessions", "storage_binding_id") else "",
        _STOP_REASONS if _lacks(db, "sessions", "last_message_stop_reason") else "",
        _LIMITED_ORGANIZATIONS if _lacks(db, "organizations", "max_cost") else "",
        _NUMBERED_MESSAGES if _lacks(db, "messages", "number") else "",
        _COPIES if _lacks(db, "events", "copied_from") else "",
        _KEPT_WORKSPACES if _lacks(db, "messages", "workspace") else "",
        SCHEMA,
        "" if _is_stamped(db) else _STAMP,
    ]
    db.executescript(f"BEGIN IMMEDIATE;{''.join(steps)}COMMIT;")


def _lacks(db: sqlite3.Connection, table: str, column: str) -> bool:
    """Whether a table is there, from an earlier version, without this column."""
    columns = {row[1] for row in db.execute(f"PRAGMA table_info({table})")}
    return bool(columns) and column not in columns


def _is_stamped(db: sqlite3.Connection) -> bool:
    [application_id] = db.execute("PRAGMA application_id").fetchone()
    [version] = db.execute("PRAGMA user_version").fetchone()
    return (application_id, version) == (APPLICATION_ID, SCHEMA_VERSION)
