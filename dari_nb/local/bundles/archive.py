"""The archive of an agent's source, read under the rules of the contract (section 3)."""

from __future__ import annotations

import io
import stat
import tarfile
import zlib
from pathlib import PurePosixPath

MAX_ARCHIVE = 25 * 1024 * 1024
"""Largest archive in bytes."""
MAX_UNPACKED = 100 * 1024 * 1024
"""Largest unpacked archive in bytes, tar headers included."""
MAX_FILES = 10_000
"""Most files in one archive."""

Files = dict[str, bytes]
"""The bytes of each file by its path in the bundle."""


class Program(bytes):
    """The bytes of a file that is executable in its bundle."""


class BundleError(ValueError):
    """The archive breaks a rule; the text says which and where."""


def read_bundle(archive: bytes) -> Files:
    """Unpack a tar.gz in memory: regular files only, no links, nothing outside.

    Raises:
        BundleError: It is no such archive, breaks a rule, or is too large.
    """
    if len(archive) > MAX_ARCHIVE:
        raise BundleError(f"The archive is larger than {MAX_ARCHIVE} bytes")
    try:
        with tarfile.open(fileobj=io.BytesIO(_unzipped(archive)), mode="r:") as tar:
            return _files(tar)
    except BundleError:
        raise
    except (tarfile.TarError, ValueError, EOFError, OSError, OverflowError) as error:
        raise BundleError(f"The archive is no readable tar: {error}") from None


def _unzipped(archive: bytes) -> bytes:
    gzip = zlib.decompressobj(wbits=31)
    try:
        data = gzip.decompress(archive, MAX_UNPACKED + 1)
    except zlib.error as error:
        raise BundleError(f"The archive is no readable gzip: {error}") from None
    if len(data) > MAX_UNPACKED:
        raise BundleError(f"The archive unpacks to more than {MAX_UNPACKED} bytes")
    if not gzip.eof:
        raise BundleError("The archive is cut off")
    return data


def _files(tar: tarfile.TarFile) -> Files:
    files: Files = {}
    for member in tar:
        _check(member)
        if member.name in files:
            raise BundleError(f"{member.name!r} is in the archive twice")
        if len(files) == MAX_FILES:
            raise BundleError(f"The archive has more than {MAX_FILES} files")
        content = tar.extractfile(member)
        assert content is not None
        data = content.read()
        files[member.name] = Program(data) if member.mode & stat.S_IXUSR else data
    return files


def _check(member: tarfile.TarInfo) -> None:
    if not member.isreg() or member.issparse():
        raise BundleError(f"{member.name!r} is not a regular file")
    path = PurePosixPath(member.name)
    # Names that are no UTF-8 hold surrogates, which are not printable.
    is_plain = member.name == str(path) and "\\" not in member.name and member.name.isprintable()
    if path.is_absolute() or ".." in path.parts or not path.parts or not is_plain:
        raise BundleError(f"{member.name!r} is no plain path below the bundle's root")
