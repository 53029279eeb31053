"""The files of a folder as they go into an archive: regular ones, opened through no link."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import BinaryIO

from ..descriptors import file_below
from ..errors import InvalidRequestError
from .archive import Source

_NO_FILE = (errno.ELOOP, errno.ENOTDIR, errno.EISDIR, errno.EINVAL, errno.ENXIO, errno.EMLINK)


def sources(root: Path, names: Iterable[str], most_bytes: int) -> Iterator[Source]:
    """Open files below a folder, one after another; each is open until the next is asked for.

    Args:
        root: The folder.
        names: Their paths in it.
        most_bytes: Bytes that they may have together.

    Raises:
        InvalidRequestError: One is no regular file, lies behind a link, changes while it is read,
            cannot be read, or is too much.
    """
    left = most_bytes
    for name in names:
        with closing(_opened(root, name)) as content:
            found = os.fstat(content.fileno())
            if found.st_size > left:
                size = f"{most_bytes >> 20} MiB" if most_bytes >> 20 else f"{most_bytes} bytes"
                raise InvalidRequestError(
                    f"The bundle exceeds {size} at {name!r}.", code="too_large"
                )
            left -= found.st_size
            yield Source(name, content, found.st_size, bool(found.st_mode & stat.S_IXUSR))
            now = os.fstat(content.fileno())
            if (now.st_size, now.st_mtime_ns) != (found.st_size, found.st_mtime_ns):
                raise InvalidRequestError(
                    f"{name!r} changed while it was packed: try again.", code="file_changed"
                )


def _opened(root: Path, name: str) -> BinaryIO:
    try:
        name.encode()
        return file_below(root, name.split("/"))
    except UnicodeEncodeError:
        raise InvalidRequestError(
            f"The name {name!r} is not valid text.", code="invalid_path"
        ) from None
    except OSError as error:
        if error.errno in _NO_FILE:
            raise InvalidRequestError(
                f"{name!r} is no regular file: a bundle holds only those, and no links.",
                code="invalid_path",
            ) from None
        raise InvalidRequestError(
            f"Cannot read {name!r}: {error.strerror or error}.", code="file_unreadable"
        ) from None
