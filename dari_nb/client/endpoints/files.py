"""Uploaded files (contract, section 2)."""

from __future__ import annotations

from io import TextIOBase
from os import PathLike
from pathlib import PurePath
from typing import IO

from ...errors import InvalidRequestError
from ...models import File
from .._answers import outcome
from .._request import Request, Upload

_UNNAMED = "file"


def upload(
    source: str | PathLike[str] | bytes | IO[bytes], *, filename: str | None = None
) -> Request[File]:
    """Upload a file, to attach it to messages by its id (contract, section 2).

    Args:
        source: A path, the bytes themselves, or a file opened in binary mode.
        filename: Its name for the agent; by default the path's last part.

    Raises:
        InvalidRequestError: The path cannot be read, or the file is opened as text.
        PayloadTooLargeError: It exceeds the server's limit.

    >>> from dari_nb.models import as_content
    >>> file = client.files.upload("ticket.txt")
    >>> sent = client.sessions.send(session.id, as_content("How many words?", [file.id]))
    """
    if isinstance(source, TextIOBase):
        raise InvalidRequestError(
            "The file is opened as text: open it with mode 'rb'.", code="invalid_file"
        )
    name = PurePath(filename or _name_of(source)).name or _UNNAMED
    return Request(
        method="POST",
        path="/files",
        parse=outcome(File, "file", filename=name),
        upload=Upload(source=source, filename=name),
    )


def _name_of(source: str | PathLike[str] | bytes | IO[bytes]) -> str:
    if isinstance(source, bytes):
        return _UNNAMED
    name = getattr(source, "name", _UNNAMED) if hasattr(source, "read") else source
    return str(name) if isinstance(name, str | PathLike) else _UNNAMED
