"""Files that are attached to a message."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from ... import models
from ...errors import InvalidRequestError

if TYPE_CHECKING:
    from .link import Link

Attachment = str | Path


def as_content_files(link: Link, files: Iterable[Attachment]) -> models.Content:
    """Upload files and return the blocks that attach them.

    Raises:
        InvalidRequestError: They are no paths, or a file is missing.
    """
    if isinstance(files, Attachment):
        files = [files]
    if not isinstance(files, Iterable):
        raise InvalidRequestError(
            f"files is a list of paths, not {files!r:.80}.", code="invalid_files"
        )
    return [models.file_block(link.client.files.upload(file).id) for file in files]
