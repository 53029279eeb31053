"""Uploaded files in the store."""

from __future__ import annotations

from ... import ids
from .database import Database
from .records import FIRST_ORG, FileRecord


class Files(Database):
    """Files with their bytes."""

    def add_file(self, filename: str, content: bytes, org_id: str = FIRST_ORG) -> FileRecord:
        """Keep an uploaded file."""
        size = len(content)
        file = FileRecord(
            id=ids.new_id(ids.FILE), filename=filename, size_bytes=size, org_id=org_id
        )
        with self.transaction():
            self._rows("INSERT INTO files VALUES (?, ?, ?, ?)", file.id, filename, content, org_id)
        return file

    def file(self, file_id: str) -> FileRecord | None:
        """The file of this id, without its bytes."""
        sql = "SELECT id, filename, length(content), org_id FROM files WHERE id = ?"
        row = self._row(sql, file_id)
        return (
            FileRecord(id=row[0], filename=row[1], size_bytes=row[2], org_id=row[3])
            if row
            else None
        )

    def file_content(self, file_id: str) -> bytes:
        """The bytes of a file that exists."""
        return bytes(self._row("SELECT content FROM files WHERE id = ?", file_id)[0])
