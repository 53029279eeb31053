"""Files that are attached to a message."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from ... import models

if TYPE_CHECKING:
    from .link import Link

Attachment = str | Path


def as_content_files(link: Link, files: Iterable[Attachment]) -> models.Content:
    """Upload files and return the blocks that attach them."""
    return [models.file_block(link.client.files.upload(file).id) for file in files]
