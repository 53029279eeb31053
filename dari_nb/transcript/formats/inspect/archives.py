"""Inspect's ``.eval``: a zip of a header and samples, read one by one and in bounded memory.

Members are stored, deflated, or Zstandard-compressed, as newer Inspect writes them, which Python
itself reads from 3.14 on; before, the extra ``dari_nb[inspect]`` brings what is needed. Nothing is
written to the disk, and names in the zip are only looked up. A log that was not finished is read
as far as it goes.
"""

from __future__ import annotations

import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from importlib import import_module
from io import RawIOBase
from pathlib import PurePosixPath
from typing import IO, Any

from ..json_bytes import MAX_DOCUMENT, MAX_UNPACKED, UNPACKED_TOO_LARGE, decoded
from ..runs import Run
from . import logs
from .states import state_of

MAX_MEMBERS = 200_000
"""Members of an archive; real ones have some thousand."""
_ZSTANDARD = 93
_LOCAL_HEADER = struct.Struct("<4s22xHH")
_MAGIC = b"PK\x03\x04"
_ENCRYPTED = 1
_HEADERS = ("header.json", "_journal/start.json")
_SAMPLES = "samples/"
_SAMPLE = re.compile(r"samples/(?P<folder>.+_epoch_\d+)/sample\.json|samples/.+_epoch_\d+\.json")
_CHUNK = re.compile(r"(samples/.+/(?:messages|attachments))/(\d{1,12})\.json")
_MISSING = (
    "its members are compressed with Zstandard: pip install 'dari_nb[inspect]' brings what reads it"
)


def is_archive(begin: bytes) -> bool:
    """Whether a file that begins so is a zip."""
    return begin.startswith(_MAGIC)


def read_archive(file: IO[bytes], place: list[str]) -> Iterator[Run]:
    """Read the samples of an archive; ``place`` says where it is.

    Raises:
        ValueError: It is no log of Inspect, or too large.
    """
    try:
        archive = _Archive(file)
        place[0] = "the header"
        log = archive.header()
        samples = archive.samples()
        state = state_of(log, len(samples), archive.left_out())
        for number, name in enumerate(samples, 1):
            place[0] = f"sample {number} ({name:.120})"
            yield logs.run_of(log, archive.sample(name), state)
    except (zipfile.BadZipFile, zlib.error, struct.error, EOFError, NotImplementedError) as error:
        raise ValueError(f"the zip is damaged: {error}") from None


class _Archive:
    """A zip whose members are read with a limit."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._zip = zipfile.ZipFile(file)
        members = self._zip.infolist()
        if len(members) > MAX_MEMBERS:
            raise ValueError(f"it has more than {MAX_MEMBERS:,} members")
        self._members = {member.filename: member for member in members}
        self._chunks: dict[str, dict[int, str]] = {}
        for name in self._members:
            if match := _CHUNK.fullmatch(name):
                self._chunks.setdefault(match[1], {})[int(match[2])] = name
        self._left = MAX_UNPACKED
        if sum(m.file_size for m in members if m.filename.startswith(_SAMPLES)) > self._left:
            raise ValueError(UNPACKED_TOO_LARGE)

    def header(self) -> dict[str, Any]:
        for name in _HEADERS:
            if name in self._members:
                log = self._json(name)
                about = log if isinstance(log, dict) else {}
                if isinstance(about.get("eval"), dict):
                    return about
        raise ValueError("it is no log of Inspect: it has no header.json with the evaluation")

    def samples(self) -> list[str]:
        return [name for name in self._members if _SAMPLE.fullmatch(name)]

    def left_out(self) -> list[str]:
        """What lies where samples do, and is neither one nor a part of one."""
        found = [_SAMPLE.fullmatch(name) for name in self._members]
        folders = {f"{_SAMPLES}{m['folder']}" for m in found if m and m["folder"]}
        return [
            name
            for name, match in zip(self._members, found, strict=True)
            if name.casefold().startswith(_SAMPLES)
            and not (match or name.endswith("/"))
            and folders.isdisjoint(map(str, PurePosixPath(name).parents))
        ]

    def sample(self, name: str) -> Any:
        """Read a sample, which may lie in parts."""
        sample = self._json(name)
        match = _SAMPLE.fullmatch(name)
        folder = match["folder"] if match else None
        if folder is None or not isinstance(sample, dict):
            return sample
        pooled = self._sequence(f"samples/{folder}", "messages")
        messages = [pooled[i] for i in _places(sample.get("message_refs"), len(pooled))]
        parts = {"attachments": self._sequence(f"samples/{folder}", "attachments")}
        if f"samples/{folder}/metadata.json" in self._members:
            parts["metadata"] = self._json(f"samples/{folder}/metadata.json")
        return {**sample, "messages": messages, **parts}

    def _sequence(self, folder: str, kind: str) -> list[Any]:
        """Read a sequence that lies in chunks, each named by the place of its first entry."""
        found = self._chunks.get(f"{folder}/{kind}", {})
        chunks = [self._json(found[start]) for start in sorted(found)]
        return [entry for chunk in chunks if isinstance(chunk, list) for entry in chunk]

    def _json(self, name: str) -> Any:
        data = self._bytes(self._members[name])
        self._left -= len(data)
        if len(data) > MAX_DOCUMENT:
            raise ValueError(f"{name:.120} is larger than {MAX_DOCUMENT >> 20} MiB")
        if self._left < 0:
            raise ValueError(UNPACKED_TOO_LARGE)
        try:
            return decoded(data)
        except ValueError as error:
            raise ValueError(f"{name:.120}: {error}") from None

    def _bytes(self, member: zipfile.ZipInfo) -> bytes:
        """Read a member up to the limit, whatever it says of its size."""
        if member.flag_bits & _ENCRYPTED:
            raise ValueError("its members are encrypted")
        if member.compress_type == _ZSTANDARD:
            return self._zstandard(member)
        if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise ValueError(
                f"its members are compressed in a way ({member.compress_type}) of no log"
            )
        with self._zip.open(member) as opened:
            return opened.read(MAX_DOCUMENT + 1)

    def _zstandard(self, member: zipfile.ZipInfo) -> bytes:
        self._file.seek(member.header_offset)
        header = self._file.read(_LOCAL_HEADER.size)
        magic, name_length, extra_length = _LOCAL_HEADER.unpack(header)
        if magic != _MAGIC:
            raise ValueError("the zip is damaged: a member is not where it should be")
        self._file.seek(name_length + extra_length, 1)
        data = _decompressed(_Part(self._file, member.compress_size))
        if len(data) <= MAX_DOCUMENT and zlib.crc32(data) != member.CRC:
            raise ValueError(f"the zip is damaged: {member.filename:.120} is not what it was")
        return data


def _places(ranges: Any, count: int) -> list[int]:
    """The places in half-open ranges, as far as they are there."""
    places: list[int] = []
    for one in ranges if isinstance(ranges, list) else ():
        is_range = isinstance(one, list) and len(one) == 2 and all(type(n) is int for n in one)
        if is_range and 0 <= one[0] <= one[1] <= count:
            places += range(one[0], one[1])
        if len(places) > MAX_MEMBERS:
            raise ValueError(f"a sample has more than {MAX_MEMBERS:,} messages")
    return places


class _Part(RawIOBase):
    """A part of a file as a file: a member's own bytes."""

    def __init__(self, file: IO[bytes], size: int) -> None:
        self._file = file
        self._left = size

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._file.read(min(len(buffer), self._left))
        buffer[: len(data)] = data
        self._left -= len(data)
        return len(data)


def _decompressed(source: _Part) -> bytes:
    """Decompress at most a little more than a document may have, of all frames.

    Raises:
        ValueError: It is damaged, or nothing here reads Zstandard.
    """
    for name, read in _READERS.items():
        try:
            module = import_module(name)
        except ImportError:
            continue
        return read(module, source)
    raise ValueError(_MISSING)


def _with_python(zstd: Any, source: _Part) -> bytes:
    """Decompress with Python itself, from 3.14 on."""
    try:
        with zstd.ZstdFile(source) as file:
            data: bytes = file.read(MAX_DOCUMENT + 1)
    except (zstd.ZstdError, EOFError) as error:
        raise ValueError(f"the zip is damaged: {error}") from None
    return data


def _with_zstandard(zstandard: Any, source: _Part) -> bytes:
    decompressor = zstandard.ZstdDecompressor(max_window_size=_MAX_WINDOW)
    try:
        with decompressor.stream_reader(source, read_across_frames=True) as reader:
            data: bytes = reader.read(MAX_DOCUMENT + 1)
    except zstandard.ZstdError as error:
        raise ValueError(f"the zip is damaged: {error}") from None
    return data


def _with_arrow(arrow: Any, source: _Part) -> bytes:
    """Decompress with Arrow, which is there with other extras."""
    try:
        with arrow.CompressedInputStream(arrow.PythonFile(source, "r"), "zstd") as stream:
            data: bytes = stream.read(MAX_DOCUMENT + 1)
    except (arrow.ArrowInvalid, OSError) as error:
        raise ValueError(f"the zip is damaged: {error}") from None
    return data


_READERS = {
    "compression.zstd": _with_python,
    "zstandard": _with_zstandard,
    "pyarrow": _with_arrow,
}
"""What reads Zstandard, best first."""
_MAX_WINDOW = 2**27
