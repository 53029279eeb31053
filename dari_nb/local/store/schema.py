"""The tables of the store, and its rows as records."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from ...models import format_time
from ...models.nesting import MAX_NESTING, is_nested_deeper
from .records import (
    PLATFORM,
    AgentRecord,
    EventRecord,
    JsonObject,
    Payload,
    SessionRecord,
    VersionRecord,
)

SCHEMA = """
CREATE TABLE IF NOT EXISTS agents (
    ordinal INTEGER PRIMARY KEY, id TEXT UNIQUE NOT NULL, name TEXT NOT NULL,
    active_version_id TEXT NOT NULL, created_at TEXT NOT NULL,
    org_id TEXT NOT NULL DEFAULT 'org_local', deleted_at TEXT);
CREATE UNIQUE INDEX IF NOT EXISTS live_agents ON agents (org_id, name) WHERE deleted_at IS NULL;
CREATE TABLE IF NOT EXISTS versions (
    ordinal INTEGER PRIMARY KEY, id TEXT UNIQUE NOT NULL, agent_id TEXT NOT NULL,
    manifest TEXT NOT NULL, created_at TEXT NOT NULL, snapshot_id TEXT);
CREATE TABLE IF NOT EXISTS snapshots (
    id TEXT PRIMARY KEY, org_id TEXT NOT NULL, token TEXT UNIQUE NOT NULL, sha256 TEXT NOT NULL,
    size_bytes INTEGER NOT NULL, metadata TEXT NOT NULL, status TEXT NOT NULL,
    failure_reason TEXT, expires_at TEXT NOT NULL, content BLOB);
CREATE TABLE IF NOT EXISTS organizations (
    ordinal INTEGER PRIMARY KEY, id TEXT UNIQUE NOT NULL, name TEXT UNIQUE NOT NULL,
    internet_access INTEGER NOT NULL DEFAULT 0, max_cost TEXT);
CREATE TABLE IF NOT EXISTS api_keys (
    ordinal INTEGER PRIMARY KEY, id TEXT UNIQUE NOT NULL, org_id TEXT NOT NULL,
    label TEXT NOT NULL, key_type TEXT NOT NULL, digest TEXT UNIQUE NOT NULL,
    created_at TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS storage_bindings (
    ordinal INTEGER PRIMARY KEY, id TEXT UNIQUE NOT NULL, org_id TEXT NOT NULL,
    name TEXT NOT NULL, settings TEXT NOT NULL, UNIQUE (org_id, name));
CREATE TABLE IF NOT EXISTS invitations (
    ordinal INTEGER PRIMARY KEY, id TEXT UNIQUE NOT NULL, org_id TEXT NOT NULL,
    email TEXT NOT NULL, role TEXT NOT NULL, created_at TEXT NOT NULL, UNIQUE (org_id, email));
CREATE TABLE IF NOT EXISTS sessions (
    ordinal INTEGER PRIMARY KEY, id TEXT UNIQUE NOT NULL, agent_id TEXT NOT NULL,
    version_id TEXT NOT NULL, llm_id TEXT, name TEXT, internet_access INTEGER NOT NULL,
    metadata TEXT NOT NULL, status TEXT NOT NULL, last_message_id TEXT,
    last_message_status TEXT, created_at TEXT NOT NULL, storage_binding_id TEXT,
    last_message_stop_reason TEXT);
CREATE INDEX IF NOT EXISTS sessions_by_agent ON sessions (agent_id);
CREATE TABLE IF NOT EXISTS events (
    session_id TEXT NOT NULL, sequence_number INTEGER NOT NULL, message_id TEXT,
    type TEXT NOT NULL, source TEXT NOT NULL, actor TEXT NOT NULL, data TEXT NOT NULL,
    created_at TEXT NOT NULL, copied_from TEXT,
    PRIMARY KEY (session_id, sequence_number)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS events_by_message ON events (message_id, sequence_number);
CREATE TABLE IF NOT EXISTS messages (
    id TEXT PRIMARY KEY, session_id TEXT NOT NULL, number INTEGER, files TEXT,
    workspace TEXT) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS messages_by_number ON messages (session_id, number);
CREATE INDEX IF NOT EXISTS messages_with_files ON messages (session_id, number)
    WHERE files IS NOT NULL;
CREATE TABLE IF NOT EXISTS batches (
    id TEXT PRIMARY KEY, org_id TEXT NOT NULL, key TEXT, created_at TEXT NOT NULL,
    UNIQUE (org_id, key)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS batch_items (
    batch_id TEXT NOT NULL, position INTEGER NOT NULL, agent_id TEXT NOT NULL, version_id TEXT,
    llm_id TEXT, metadata TEXT NOT NULL, session_id TEXT, message_id TEXT, error TEXT,
    PRIMARY KEY (batch_id, position)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS batch_items_by_message ON batch_items (message_id);
CREATE TABLE IF NOT EXISTS webhooks (
    agent_id TEXT PRIMARY KEY, url TEXT NOT NULL, event_types TEXT NOT NULL,
    secret TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS deliveries (
    ordinal INTEGER PRIMARY KEY, id TEXT UNIQUE NOT NULL, agent_id TEXT NOT NULL,
    body TEXT NOT NULL, session_id TEXT, message_id TEXT, event_id TEXT,
    attempts INTEGER NOT NULL, due REAL NOT NULL);
CREATE TABLE IF NOT EXISTS costs (
    ordinal INTEGER PRIMARY KEY, session_id TEXT NOT NULL, cost_usd TEXT, seen_from REAL NOT NULL);
CREATE INDEX IF NOT EXISTS costs_by_session ON costs (session_id);
CREATE TABLE IF NOT EXISTS files (
    id TEXT PRIMARY KEY, filename TEXT NOT NULL, content BLOB NOT NULL,
    org_id TEXT NOT NULL DEFAULT 'org_local');
CREATE TABLE IF NOT EXISTS idempotency (
    scope TEXT NOT NULL, key TEXT NOT NULL, session_id TEXT NOT NULL,
    sequence_number INTEGER NOT NULL, PRIMARY KEY (scope, key)) WITHOUT ROWID;
"""
AGENT = "id, name, active_version_id, created_at, org_id, deleted_at"
VERSION = (
    "versions.id, agent_id, manifest, created_at, snapshot_id, "
    "snapshots.sha256, snapshots.size_bytes"
)
VERSIONS = "versions LEFT JOIN snapshots ON snapshots.id = versions.snapshot_id"
SNAPSHOT = "id, org_id, token, sha256, size_bytes, status, failure_reason, expires_at"
SESSION = (
    "id, agent_id, version_id, llm_id, name, internet_access, metadata, "
    "status, last_message_id, last_message_status, created_at, storage_binding_id, "
    "last_message_stop_reason"
)
EVENT = (
    "session_id, sequence_number, message_id, type, source, actor, data, created_at, copied_from"
)


def now() -> str:
    """Return this moment in the API's form."""
    return format_time(datetime.now(UTC))


def to_json(value: Any) -> str:
    """Return JSON text; characters that no JSON text can carry become question marks.

    Raises:
        ValueError: The value is nested so deeply that it could not be answered with again.
        TypeError: It holds something that JSON has no word for.
    """
    if is_nested_deeper(value, MAX_NESTING):
        raise ValueError(f"the JSON is nested more than {MAX_NESTING} levels deep")
    try:
        return msgspec.json.encode(value).decode()
    except UnicodeEncodeError:
        return msgspec.json.encode(whole(value)).decode()


def whole(value: Any) -> Any:
    """Put question marks for halves of characters, which agents, models and callers may send."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {whole(key): whole(part) for key, part in value.items()}
    return [whole(part) for part in value] if isinstance(value, list | tuple) else value


def agent_row(row: Sequence[Any]) -> AgentRecord:
    """Read a row of ``agents``."""
    return AgentRecord(**dict(zip(AGENT.split(", "), row, strict=True)))


def version_row(row: Sequence[Any]) -> VersionRecord:
    """Read a row of ``versions``."""
    version_id, agent_id, manifest, created_at, snapshot_id, sha256, size_bytes = row
    return VersionRecord(
        id=version_id,
        agent_id=agent_id,
        manifest=msgspec.json.decode(manifest),
        created_at=created_at,
        snapshot_id=snapshot_id,
        archive_sha256=sha256,
        size_bytes=size_bytes,
    )


def session_row(row: Sequence[Any]) -> SessionRecord:
    """Read a row of ``sessions``."""
    fields = dict(zip(SESSION.split(", "), row, strict=True))
    fields["internet_access"] = bool(fields["internet_access"])
    fields["metadata"] = msgspec.json.decode(fields["metadata"])
    return SessionRecord(**fields)


def event_row(
    session_id: str, number: int, payload: Payload, at: str, origin: JsonObject | None = None
) -> EventRecord:
    """Make a row of ``events``; a copy has its origin with it."""
    return EventRecord(
        session_id=session_id,
        sequence_number=number,
        message_id=payload.message_id,
        type=payload.type,
        source=payload.source,
        actor=to_json(payload.actor or PLATFORM),
        data=to_json(payload.data),
        created_at=at,
        copied_from=None if origin is None else to_json(origin),
    )
