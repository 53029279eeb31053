"""Of files that hide a secret, packed or in two bytes a character, only the hash is kept."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import random
import zipfile
import zlib
from base64 import b64encode, encodebytes, urlsafe_b64encode
from pathlib import Path
from typing import Any

import pytest

from dari_nb.tapes import Scrubber
from dari_nb.tapes.files import MOST_BYTES, file_line

SECRET = "Zebra-Quartz+77/Lantern_Xq"
SHEET = "<row><c>{}</c></row>".format
WORDS = "Nothing is secret here. " * 40


def zipped(*contents: bytes, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as packed:
        for number, content in enumerate(contents):
            packed.writestr(f"xl/sheet{number}.xml", content)
    return file.getvalue()


def is_stored(data: bytes, folder: Path) -> bool:
    scrubber = Scrubber(keys=list, variables={"MYLAB_API_KEY": SECRET})
    line = file_line("out.xlsx", data, scrubber, folder)
    assert line.sha256
    return line.base64 is not None or line.beside or line.text is not None


PACKED = {
    "xlsx": lambda data: zipped(b"<xml/>", SHEET(data.decode()).encode()),
    "gz": gzip.compress,
    "zlib": zlib.compress,
    "zip in base64": lambda data: b64encode(zipped(data)),
    "gz in base64, in lines": lambda data: b"A: 1\n" + encodebytes(gzip.compress(data)),
    "zlib in base64, in JSON": lambda data: json.dumps(
        {"a": encodebytes(zlib.compress(data)).decode()}
    ).encode(),
    "zip in base64, for addresses": lambda data: b"?zip=" + urlsafe_b64encode(zipped(data)),
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "gz of two": lambda data: gzip.compress(b"First") + gzip.compress(data),
    "zip in zip": lambda data: zipped(zipped(data)),
    "zip in gz": lambda data: gzip.compress(zipped(data)),
    "bzip2 in zip": lambda data: zipped(data, method=zipfile.ZIP_BZIP2),
    "zip behind something": lambda data: b"\0\xff" * 40 + zipped(data),
}


@pytest.mark.parametrize("name", PACKED)
def test_a_packed_file_is_kept_unless_a_secret_is_in_it(name: str, tmp_path: Path) -> None:
    pack = PACKED[name]
    assert is_stored(pack(WORDS.encode()), tmp_path)
    assert not is_stored(pack(f"{WORDS}{SECRET} {WORDS}".encode()), tmp_path)
    assert not is_stored(pack(f"{WORDS}sk-proj-canary-0123456789".encode()), tmp_path)


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_a_secret_across_two_parts_of_a_packed_file_is_found(pack: Any, tmp_path: Path) -> None:
    data = f"{WORDS}{SECRET} {WORDS}".encode()
    border = len(WORDS) + 9
    assert not is_stored(pack(data[:border]) + pack(data[border:]), tmp_path)


def test_texts_that_begin_as_what_is_packed_are_kept(tmp_path: Path) -> None:
    for text in (
        "x^2 + y^2 = 1",
        "eJournal_of_Many_Things_and_more eNormous_words_in_a_row_of_text",
    ):
        assert is_stored(text.encode(), tmp_path)
    assert is_stored(b"\x78\x9c" + random.Random(2).randbytes(99), tmp_path)


def test_what_cannot_be_looked_into_is_not_kept(tmp_path: Path) -> None:
    locked = bytearray(zipped(WORDS.encode()))
    at = locked.index(b"PK\x01\x02")
    locked[6] |= 1
    locked[at + 8] |= 1
    large = bytes(MOST_BYTES + 1)
    for data in (
        bytes(locked),
        gzip.compress(random.Random(1).randbytes(5000))[:-400],
        gzip.compress(large),
        zipped(large),
        zipped(*[b"x"] * 1001),
        zipped(zipped(zipped(b"x"))),
        b"7z\xbc\xaf\x27\x1c\0\xff",
        b"\x28\xb5\x2f\xfd\0\xff",
    ):
        assert not is_stored(data, tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("code", ["utf-16", "utf-16-le", "utf-16-be"])
def test_a_file_with_two_bytes_a_character_is_kept_unless_a_secret_is_in_it(
    code: str, tmp_path: Path
) -> None:
    assert is_stored(WORDS.encode(code), tmp_path)
    assert not is_stored(f"{WORDS}{SECRET}".encode(code), tmp_path)
    assert not is_stored(f"{WORDS}sk-proj-canary-0123456789".encode(code), tmp_path)
    assert code != "utf-16" or not is_stored(f"x-api-key: {'9f8e' * 8}\n".encode(code), tmp_path)


@pytest.mark.parametrize("at", [0, 1024 * 1024 - 9, 1024 * 1024 + 64 * 1024 - 9, 3_000_000])
def test_a_secret_is_found_anywhere_in_a_large_file(at: int, tmp_path: Path) -> None:
    data = b"\0\xff" * 1_600_000
    assert not is_stored(data[:at] + SECRET.encode() + data[at:], tmp_path)
