"""Whose a database is: looked at before anything is written."""

from __future__ import annotations

import sqlite3
import stat
from contextlib import closing
from pathlib import Path

from ....errors import InvalidRequestError

APPLICATION_ID = 0x44617269
"""What a local Dari writes into the head of its databases: ``Dari``."""
SCHEMA_VERSION = 1
"""The version of the tables; one more whenever an older dari_nb could not live with them."""

_HEAD, _MAGIC = 100, b"SQLite format 3\0"
_TABLES = frozenset(
    {"agents", "versions", "snapshots", "organizations", "api_keys", "storage_bindings"}
    | {"invitations", "sessions", "events", "messages", "batches", "batch_items"}
    | {"webhooks", "deliveries", "costs", "files", "idempotency"}
)
"""The tables of databases from before they were stamped."""
_OF_AGENTS = frozenset({"ordinal", "id", "name", "active_version_id", "created_at"})


def is_blank(path: Path) -> bool:
    """Whether there is no file yet, or an empty one."""
    return not path.exists() or (path.is_file() and path.stat().st_size == 0)


def check_identity(path: Path) -> None:
    """See that a database is a local Dari's, of this version or an earlier one.

    Raises:
        InvalidRequestError: It is not; the text says what it is.
        OSError: It cannot be read.
        sqlite3.Error: It is damaged, or another program has locked it.
    """
    if not stat.S_ISREG(path.stat().st_mode):
        raise InvalidRequestError(_no_database(path, "it is no file"), code="invalid_database")
    with path.open("rb") as file:
        head = file.read(_HEAD)
    if len(head) < _HEAD or not head.startswith(_MAGIC):
        raise InvalidRequestError(
            _no_database(path, "file is not a database"), code="invalid_database"
        )
    application_id, version = (int.from_bytes(head[at : at + 4], "big") for at in (68, 60))
    if application_id == 0:
        # What an earlier server left in the log is not in the file's head yet.
        application_id, version = _read(path)
    if application_id != APPLICATION_ID:
        raise InvalidRequestError(
            _no_database(path, "it is another program's"), code="invalid_database"
        )
    check_version(path, version)


def check_version(path: Path, version: int) -> None:
    """Refuse tables that a later dari_nb made.

    Raises:
        InvalidRequestError: The version is later than this one's.
    """
    if version > SCHEMA_VERSION:
        raise InvalidRequestError(
            f"{path} was made by a newer dari_nb (tables of version {version}, this one knows "
            f"{SCHEMA_VERSION}): pip install -U dari-nb, or choose another path.",
            code="unsupported_version",
        )


def _read(path: Path) -> tuple[int, int]:
    """Ask SQLite; what has no stamp and is empty or like a local Dari's counts as one."""
    with closing(_looking(path)) as db:
        [application_id] = db.execute("PRAGMA application_id").fetchone()
        [version] = db.execute("PRAGMA user_version").fetchone()
        if application_id == 0 and version == 0 and _has_our_tables(db):
            return APPLICATION_ID, 0
    return application_id, version


def _looking(path: Path) -> sqlite3.Connection:
    """Open a database so that nothing of it can change, nor anything appear beside it."""
    beside = [path.with_name(path.name + suffix) for suffix in ("-wal", "-journal")]
    still = "" if any(file.exists() for file in beside) else "&immutable=1"
    return sqlite3.connect(f"{path.as_uri()}?mode=ro{still}", uri=True, timeout=1)


def _has_our_tables(db: sqlite3.Connection) -> bool:
    rows = db.execute("SELECT type, name FROM sqlite_master WHERE type <> 'index'").fetchall()
    names = {name for kind, name in rows if kind == "table" and not name.startswith("sqlite_")}
    if not rows:
        return True
    if not names <= _TABLES or "versions" not in names or any(kind != "table" for kind, _ in rows):
        return False
    return {row[1] for row in db.execute("PRAGMA table_info(agents)")} >= _OF_AGENTS


def _no_database(path: Path, why: str) -> str:
    return f"{path} cannot be opened as a local Dari's database: {why}."
