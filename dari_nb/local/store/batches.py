"""Session batches in the store."""

from __future__ import annotations

import msgspec

from ... import ids
from .database import Database
from .records import BatchItemRecord, BatchRecord
from .schema import now, to_json


class Batches(Database):
    """Batches and their items; the status of both follows from the ledgers."""

    def add_batch(self, org_id: str, key: str | None) -> BatchRecord:
        """Make a batch without items; the key is the organization's and must be new."""
        batch = BatchRecord(id=ids.new_id(ids.BATCH), org_id=org_id)
        with self.transaction():
            self._rows("INSERT INTO batches VALUES (?, ?, ?, ?)", batch.id, org_id, key, now())
        return batch

    def add_batch_item(self, batch_id: str, position: int, item: BatchItemRecord) -> None:
        """Put an item at its place in a batch."""
        with self.transaction():
            self._rows(
                "INSERT INTO batch_items VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                *(batch_id, position, item.agent_id, item.version_id, item.llm_id),
                *(to_json(dict(item.metadata)), item.session_id, item.message_id, item.error),
            )

    def batch(self, batch_id: str) -> BatchRecord | None:
        """The batch of this id."""
        row = self._row("SELECT id, org_id FROM batches WHERE id = ?", batch_id)
        return BatchRecord(id=row[0], org_id=row[1]) if row else None

    def batch_with_key(self, org_id: str, key: str) -> BatchRecord | None:
        """The batch that an organization made with this key."""
        row = self._row("SELECT id FROM batches WHERE org_id = ? AND key = ?", org_id, key)
        return BatchRecord(id=row[0], org_id=org_id) if row else None

    def batch_items(self, batch_id: str) -> list[BatchItemRecord]:
        """The items of a batch in order."""
        rows = self._rows(
            "SELECT agent_id, version_id, llm_id, metadata, session_id, message_id, error"
            " FROM batch_items WHERE batch_id = ? ORDER BY position",
            batch_id,
        )
        names = ("agent_id", "version_id", "llm_id", "metadata", "session_id", "message_id")
        items = [dict(zip((*names, "error"), row, strict=True)) for row in rows]
        return [
            BatchItemRecord(**{**item, "metadata": msgspec.json.decode(item["metadata"])})
            for item in items
        ]

    def item_status(self, item: BatchItemRecord) -> str:
        """An item's status, which follows its first message."""
        if item.session_id is None or item.message_id is None:
            return "failed"
        status = self.message_status(item.message_id)
        return "running" if status == "waiting_for_tool" else status

    def batch_status(self, batch_id: str) -> str:
        """A batch's status, which follows from those of its items (contract, section 16)."""
        seen = {self.item_status(item) for item in self.batch_items(batch_id)}
        if not seen & {"queued", "running"}:
            return seen.pop() if len(seen) == 1 else "partial_failed"
        return "running" if seen & {"running", "completed"} else "queued"

    def message_status(self, message_id: str) -> str:
        """The status that a message's last change gave it."""
        row = self._row(
            "SELECT json_extract(data, '$.status') FROM events"
            " WHERE message_id = ? AND type = 'message.status_changed'"
            " ORDER BY sequence_number DESC LIMIT 1",
            message_id,
        )
        return str(row[0]) if row else "queued"

    def batch_of_message(self, message_id: str) -> str | None:
        """The batch that this message is the first of an item of."""
        row = self._row("SELECT batch_id FROM batch_items WHERE message_id = ?", message_id)
        return row[0] if row else None
