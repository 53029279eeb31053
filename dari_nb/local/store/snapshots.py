"""Source snapshots in the store."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any

from ... import ids
from .database import Database
from .records import JsonObject
from .schema import SNAPSHOT, to_json

# ruff: noqa: S608  (what is put into the statements below are constant column lists; values are bound)


@dataclass(frozen=True)
class SnapshotRecord:
    """A source snapshot without its bytes; the fields are columns."""

    id: str
    org_id: str
    token: str
    sha256: str
    size_bytes: int
    status: str
    failure_reason: str | None
    expires_at: str

    def to_wire(self) -> JsonObject:
        """Return the snapshot object (contract, section 3)."""
        return {
            "source_snapshot_id": self.id,
            "status": self.status,
            "failure_reason": self.failure_reason,
        }


class Snapshots(Database):
    """Source snapshots and their archives."""

    def add_snapshot(
        self, org_id: str, sha256: str, size_bytes: int, metadata: JsonObject, expires_at: str
    ) -> SnapshotRecord:
        """Reserve a snapshot; its token is the secret part of the upload address."""
        snapshot_id, token = ids.new_id(ids.SNAPSHOT), secrets.token_urlsafe(24)
        snapshot = SnapshotRecord(
            *(snapshot_id, org_id, token, sha256, size_bytes, "pending_upload", None, expires_at)
        )
        with self.transaction():
            self._rows(
                f"INSERT INTO snapshots ({SNAPSHOT}, metadata) VALUES (?,?,?,?,?,?,?,?,?)",
                *(snapshot.id, org_id, token, sha256, size_bytes, snapshot.status, None),
                *(expires_at, to_json(metadata)),
            )
        return snapshot

    def snapshot(self, snapshot_id: str) -> SnapshotRecord | None:
        """The snapshot of this id."""
        return self._snapshot("id", snapshot_id)

    def snapshot_to_upload(self, token: str) -> SnapshotRecord | None:
        """The snapshot whose upload address has this token."""
        return self._snapshot("token", token)

    def _snapshot(self, column: str, value: str) -> SnapshotRecord | None:
        row: Any = self._row(f"SELECT {SNAPSHOT} FROM snapshots WHERE {column} = ?", value)
        return SnapshotRecord(*row) if row else None

    def archive(self, snapshot_id: str) -> bytes | None:
        """The uploaded bytes, if there are any."""
        row = self._row("SELECT content FROM snapshots WHERE id = ?", snapshot_id)
        return None if row is None or row[0] is None else bytes(row[0])

    def keep_archive(self, snapshot_id: str, content: bytes) -> None:
        """Keep uploaded bytes, right or wrong; finalizing looks at them."""
        with self.transaction():
            self._rows("UPDATE snapshots SET content = ? WHERE id = ?", content, snapshot_id)

    def settle_snapshot(self, snapshot_id: str, failure_reason: str | None) -> None:
        """Make a snapshot ready, or failed for a reason."""
        status = "failed" if failure_reason else "ready"
        sql = "UPDATE snapshots SET status = ?, failure_reason = ? WHERE id = ?"
        with self.transaction():
            self._rows(sql, status, failure_reason, snapshot_id)

    def is_snapshot_used(self, snapshot_id: str) -> bool:
        """Whether a version was published from this snapshot."""
        sql = "SELECT 1 FROM versions WHERE snapshot_id = ? LIMIT 1"
        return self._row(sql, snapshot_id) is not None

    def delete_snapshot(self, snapshot_id: str) -> None:
        """Forget a snapshot and its archive."""
        with self.transaction():
            self._rows("DELETE FROM snapshots WHERE id = ?", snapshot_id)
