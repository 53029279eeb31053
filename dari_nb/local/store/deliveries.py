"""Deliveries to webhooks that are still to be made, in the store."""

from __future__ import annotations

from typing import NamedTuple

from .database import Database

_COLUMNS = "id, agent_id, body, session_id, message_id, event_id, attempts, due"

# ruff: noqa: S608  (what is put into the statements below are constant column lists; values are bound)


class DeliveryRecord(NamedTuple):
    """One delivery: what to send to an agent's webhook, for which event, and how far it is.

    Attributes:
        body: The JSON text, the same at each try.
        session_id: Whose ledger takes the note when all tries fail; batches that never began
            have none.
        attempts: Tries that have begun.
        due: Unix time of the next try.
    """

    id: str
    agent_id: str
    body: str
    session_id: str | None = None
    message_id: str | None = None
    event_id: str | None = None
    attempts: int = 0
    due: float = 0.0


class Deliveries(Database):
    """Deliveries from the event that makes them until they are taken or given up."""

    def add_delivery(self, delivery: DeliveryRecord) -> None:
        """Keep a delivery that is to be made."""
        with self.transaction():
            self._rows(
                f"INSERT INTO deliveries ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)", *delivery
            )

    def delivery(self, delivery_id: str) -> DeliveryRecord | None:
        """The delivery of this id, unless it is made or given up."""
        row = self._row(f"SELECT {_COLUMNS} FROM deliveries WHERE id = ?", delivery_id)
        return DeliveryRecord(*row) if row else None

    def delivery_due(self, delivery_id: str) -> tuple[str, float] | None:
        """The agent of a delivery that is to be made, and the time of its next try."""
        row = self._row("SELECT agent_id, due FROM deliveries WHERE id = ?", delivery_id)
        return (row[0], row[1]) if row else None

    def open_deliveries(self) -> list[str]:
        """Ids of the deliveries that are to be made, oldest first."""
        return [row[0] for row in self._rows("SELECT id FROM deliveries ORDER BY ordinal")]

    def count_try(self, delivery_id: str) -> None:
        """Count a try that begins."""
        with self.transaction():
            sql = "UPDATE deliveries SET attempts = attempts + 1 WHERE id = ?"
            self._rows(sql, delivery_id)

    def put_off_delivery(self, delivery_id: str, due: float) -> None:
        """Say when the next try is due."""
        with self.transaction():
            self._rows("UPDATE deliveries SET due = ? WHERE id = ?", due, delivery_id)

    def drop_delivery(self, delivery_id: str) -> None:
        """Forget a delivery, which is made or given up."""
        with self.transaction():
            self._rows("DELETE FROM deliveries WHERE id = ?", delivery_id)
