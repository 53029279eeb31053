"""Files of runs: JSON and JSON lines, plain or gzipped, in bounded memory."""

from __future__ import annotations

import gzip
import re
import stat
import zlib
from collections.abc import Iterator
from io import BufferedReader
from pathlib import Path
from typing import IO, Any

from ...errors import InvalidRequestError
from .inspect.archives import is_archive, read_archive
from .json_bytes import MAX_DOCUMENT, MAX_UNPACKED, UNPACKED_TOO_LARGE, decoded
from .paths import SUFFIXES
from .registry import completed, read_document
from .runs import Run
from .tape import is_tape, read_tape

_GZIP = b"\x1f\x8b"
_MARK = b"\xef\xbb\xbf"
_NOT_TEXT = b"\0"
_TRAILING = "trailing characters"
_CHUNK = 2**20
_BYTE = re.compile(r"\(byte (\d+)\)")


def agent_name_of(path: Path) -> str:
    """The name that the agent of a recording gets when nobody says another."""
    name = path.name
    for suffix in SUFFIXES:
        name = name.removesuffix(suffix)
    return name or path.name


def read_runs(source: Any) -> Iterator[Run]:
    """Read runs from a file or a document, one by one; the format is recognised.

    Args:
        source: A path (a text is one, too), or what the JSON of such a file is: a list of messages,
            an object, or a list of objects.

    Raises:
        InvalidRequestError: A file cannot be read; the text names the line or the place.
        ValueError: A document is of no known format, or breaks it.

    >>> from dari_nb.transcript.formats import read_runs
    >>> [run.metadata["task_id"] for run in read_runs("runs.jsonl")]
    ['tea', 'sugar']
    """
    if isinstance(source, str | Path):
        return read_file(Path(source))
    return read_document(source)


def read_file(path: Path) -> Iterator[Run]:
    """Read the runs of a file one by one.

    Args:
        path: JSON lines, each a document, or one JSON document; plain or gzipped. Inspect's
            ``.eval`` is a zip.

    Raises:
        InvalidRequestError: The file cannot be read; the text names the line or the place.
    """
    place = ["line 1"]
    try:
        with _open(path) as file:
            begin = file.peek(4)[:4]
            for run in (_archive if is_archive(begin) else _runs)(file, place):
                if run.named is not None:
                    run.metadata.setdefault(run.named, agent_name_of(path))
                yield run
    except (OSError, EOFError, zlib.error) as error:
        cause = getattr(error, "strerror", None) or error
        raise InvalidRequestError(
            f"{path} cannot be read: {cause}",
            code="file_not_found" if isinstance(error, FileNotFoundError) else "file_unreadable",
        ) from None
    except (ValueError, RecursionError) as error:
        raise InvalidRequestError(f"{path}, {place[0]}: {error}", code="invalid_file") from None


def _open(path: Path) -> BufferedReader:
    if not stat.S_ISREG(path.stat().st_mode):
        raise OSError("it is a folder, a pipe or a device, not a file")
    with path.open("rb") as file:
        is_gzip = file.read(2) == _GZIP
    opener: Any = gzip.open if is_gzip else open
    opened: BufferedReader = opener(path, "rb")
    return opened


def _archive(file: IO[bytes], place: list[str]) -> Iterator[Run]:
    place[0] = "the archive"
    while isinstance(file, gzip.GzipFile) and file.read(_CHUNK):
        _check_size(file)
    return map(completed, read_archive(file, place))


def _check_size(file: IO[bytes]) -> None:
    """Refuse a gzipped file that becomes too large, as far as it was read."""
    if isinstance(file, gzip.GzipFile) and file.tell() > MAX_UNPACKED:
        raise ValueError(UNPACKED_TOO_LARGE)


def _runs(file: IO[bytes], place: list[str]) -> Iterator[Run]:
    """Read JSON lines, or else the whole as one document; ``place`` says where it is."""
    is_first = True
    for number, line in enumerate(_lines(file, place), 1):
        place[0] = f"line {number}"
        text = line.removeprefix(_MARK) if number == 1 else line
        if not text.strip():
            continue
        if is_first and is_tape(text):
            yield from read_tape(text + _rest(file, len(text)), place)
            return
        if is_first and not _is_whole(text):
            yield from _long(text + _rest(file, len(text)), place, number)
            return
        is_first = False
        yield from read_document(decoded(text))


def _is_whole(line: bytes) -> bool:
    """Whether a line is a document, and not the beginning of one that goes on in the next."""
    try:
        decoded(line)
    except ValueError:
        return False
    return True


def _lines(file: IO[bytes], place: list[str]) -> Iterator[bytes]:
    number = 1
    while line := file.readline(MAX_DOCUMENT + 1):
        if len(line) > MAX_DOCUMENT:
            place[0] = f"line {number}"
            raise ValueError(f"longer than {MAX_DOCUMENT >> 20} MiB")
        _check_size(file)
        yield line
        number += 1


def _rest(file: IO[bytes], read: int) -> bytes:
    rest = file.read(MAX_DOCUMENT + 1 - read)
    if len(rest) + read > MAX_DOCUMENT:
        raise ValueError(f"a document of more than {MAX_DOCUMENT >> 20} MiB")
    return rest


def _long(text: bytes, place: list[str], number: int) -> Iterator[Run]:
    """Read one document that begins in a line and goes on behind it."""
    try:
        document = decoded(text)
    except ValueError as error:
        found = _BYTE.search(str(error))
        lines = text.count(b"\n", 0, int(found[1])) if found else 0
        place[0] = f"line {number + lines}"
        raise ValueError(f"{error}{_hint(text, str(error))}") from None
    place[0] = "the document"
    yield from read_document(document)


def _hint(text: bytes, error: str) -> str:
    """Say what a file is instead, and what would be read."""
    if _NOT_TEXT in text or not _is_utf8(text):
        return ": this is no UTF-8 text"
    if _TRAILING in error:
        return ": write one document a line, or a list of them"
    if text.lstrip()[:1] not in (b"{", b"["):
        return ": runs are JSON, or JSON lines with a document each"
    return ""


def _is_utf8(text: bytes) -> bool:
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True
