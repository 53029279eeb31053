"""Organizations, their API keys and storage bindings in the store."""

from __future__ import annotations

import hashlib
import secrets
from typing import NamedTuple

import msgspec

from ... import ids
from .database import Database
from .records import FIRST_ORG, JsonObject
from .schema import now, to_json

KEY_TYPES = ("management", "routing")


class KeyRecord(NamedTuple):
    """An API key without its text, of which only the digest is stored."""

    id: str
    label: str
    key_type: str
    created_at: str

    def to_wire(self) -> JsonObject:
        """Return the key object (contract, section 14)."""
        return self._asdict()


class InvitationRecord(NamedTuple):
    """Whom an organization has invited."""

    id: str
    email: str
    role: str
    created_at: str

    def to_wire(self) -> JsonObject:
        """Return the invitation object (contract, section 14)."""
        return self._asdict()


class Organizations(Database):
    """Organizations with what belongs to them besides agents and files."""

    def organization(self, name: str) -> str:
        """The id of the organization of this name, made when missing."""
        with self.transaction():
            row = self._row("SELECT id FROM organizations WHERE name = ?", name)
            if row:
                return str(row[0])
            org_id = ids.new_id(ids.ORGANIZATION)
            self._rows("INSERT INTO organizations (id, name) VALUES (?, ?)", org_id, name)
            return org_id

    def limits(self, org_id: str) -> tuple[bool, str | None]:
        """Whether an organization may reach the internet, and what it may cost in US dollars."""
        sql = "SELECT internet_access, max_cost FROM organizations WHERE id = ?"
        row = self._row(sql, org_id)
        return (bool(row[0]), row[1]) if row else (False, None)

    def set_limits(self, org_id: str, *, internet_access: bool, max_cost: str | None) -> None:
        """Say what an organization may do from now on."""
        with self.transaction():
            sql = "UPDATE organizations SET internet_access = ?, max_cost = ? WHERE id = ?"
            self._rows(sql, internet_access, max_cost, org_id)

    def organizations(self) -> list[str]:
        """The ids of all organizations, the first one's in front."""
        rows = self._rows("SELECT id FROM organizations ORDER BY ordinal")
        return [FIRST_ORG, *(row[0] for row in rows)]

    def add_key(
        self, org_id: str, label: str, key_type: str = "management", text: str | None = None
    ) -> tuple[KeyRecord, str]:
        """Make an API key; returns it with its text, which is not kept."""
        text = text or f"dari_local_{secrets.token_hex(16)}"
        key = KeyRecord(ids.new_id(ids.API_KEY), label, key_type, now())
        with self.transaction():
            self._rows(
                "INSERT INTO api_keys (id, org_id, label, key_type, digest, created_at)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                *(key.id, org_id, label, key_type, _digest(text), key.created_at),
            )
        return key, text

    def keys(self, org_id: str) -> list[KeyRecord]:
        """The API keys of an organization, oldest first."""
        sql = "SELECT id, label, key_type, created_at FROM api_keys WHERE org_id = ?"
        return [KeyRecord(*row) for row in self._rows(f"{sql} ORDER BY ordinal", org_id)]

    def owner_of_key(self, key_id: str) -> str | None:
        """The id of the organization that has the key of this id."""
        row = self._row("SELECT org_id FROM api_keys WHERE id = ?", key_id)
        return row[0] if row else None

    def organization_of(self, text: str) -> str | None:
        """The id of the organization that a management key lets in."""
        sql = "SELECT org_id FROM api_keys WHERE digest = ? AND key_type = 'management'"
        row = self._row(sql, _digest(text))
        return row[0] if row else None

    def delete_key(self, key_id: str) -> None:
        """Forget an API key: it lets nobody in any more."""
        with self.transaction():
            self._rows("DELETE FROM api_keys WHERE id = ?", key_id)

    def add_storage_binding(self, org_id: str, name: str, settings: JsonObject) -> JsonObject:
        """Keep a storage binding, whose name the organization must not have yet."""
        binding_id = ids.new_id(ids.STORAGE_BINDING)
        with self.transaction():
            self._rows(
                "INSERT INTO storage_bindings (id, org_id, name, settings) VALUES (?, ?, ?, ?)",
                *(binding_id, org_id, name, to_json(settings)),
            )
        return {"id": binding_id, "name": name, **settings}

    def storage_bindings(self, org_id: str) -> list[JsonObject]:
        """The storage bindings of an organization, oldest first."""
        sql = "SELECT id, name, settings FROM storage_bindings WHERE org_id = ? ORDER BY ordinal"
        return [
            {"id": row[0], "name": row[1], **msgspec.json.decode(row[2])}
            for row in self._rows(sql, org_id)
        ]

    def has_storage_binding(self, org_id: str, binding_id: str) -> bool:
        """Whether an organization has the storage binding of this id."""
        sql = "SELECT 1 FROM storage_bindings WHERE org_id = ? AND id = ?"
        return self._row(sql, org_id, binding_id) is not None

    def storage_binding_named(self, org_id: str, name: str) -> str | None:
        """The id of an organization's storage binding of this name."""
        sql = "SELECT id FROM storage_bindings WHERE org_id = ? AND name = ?"
        row = self._row(sql, org_id, name)
        return row[0] if row else None

    def invite(self, org_id: str, email: str, role: str) -> InvitationRecord:
        """Keep an invitation; who is invited already keeps the invitation and gets the role."""
        with self.transaction():
            self._rows(
                "INSERT INTO invitations (id, org_id, email, role, created_at)"
                " VALUES (?, ?, ?, ?, ?) ON CONFLICT (org_id, email) DO UPDATE SET role = ?",
                *(ids.new_id(ids.INVITATION), org_id, email, role, now(), role),
            )
            return next(one for one in self.invitations(org_id) if one.email == email)

    def invitations(self, org_id: str) -> list[InvitationRecord]:
        """The invitations of an organization, oldest first."""
        sql = "SELECT id, email, role, created_at FROM invitations WHERE org_id = ?"
        return [InvitationRecord(*row) for row in self._rows(f"{sql} ORDER BY ordinal", org_id)]


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
