"""JSON of files, decoded: strictly, but for what Python writes and JSON does not have."""

from __future__ import annotations

import json
import re
from typing import Any

import msgspec

MAX_DOCUMENT = 256 * 2**20
"""Bytes of one JSON document, or one line: what is larger would fill the memory."""
MAX_UNPACKED = 2 * 2**30
"""Bytes that all of a compressed file may become."""
UNPACKED_TOO_LARGE = (
    f"unpacked it is larger than {MAX_UNPACKED >> 30} GiB, more than is read of one compressed "
    "file: split it into several"
)
_NO_JSON = re.compile(rb"\b(NaN|Infinity)\b")


def decoded(text: bytes) -> Any:
    """Decode JSON; NaN and Infinity, which JSON does not have, are null.

    Raises:
        ValueError: It is no JSON.
    """
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError as error:
        if not _NO_JSON.search(text):
            raise ValueError(f"not JSON ({error})") from None
    except UnicodeDecodeError:
        raise ValueError("not JSON (no UTF-8)") from None
    except RecursionError:
        raise ValueError("nested too deeply") from None
    try:
        read = json.loads(text, parse_constant=lambda _: None)
        msgspec.json.encode(read)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    except ValueError as error:
        raise ValueError(f"not JSON ({error})") from None
    return read
