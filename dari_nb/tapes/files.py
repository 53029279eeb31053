"""Files of turns on a tape: small ones in its lines, larger ones in a folder beside it."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from contextlib import suppress
from pathlib import Path
from secrets import token_hex

from ..descriptors import file_below
from .complaints import WIDE
from .lines import FileLine
from .redaction import Scrubber
from .writing import put_whole

MOST_INLINE = 8 * 1024
"""Bytes of a file that stand in its line."""
MOST_BYTES = 16 * 1024 * 1024
"""Bytes of a file that is kept; of a larger one, only its hash is."""
MOST_FILES = 1000
"""Files that a turn leaves."""
_STEP, _OVERLAP = 1024 * 1024, 64 * 1024
"""Characters of what is no text that are searched at once, and of what is searched twice."""
DIGEST = re.compile(r"[0-9a-f]{64}")
"""What the hash of a file looks like."""
_OTHERWISE = "{name!r} is not the file that was recorded: its hash is another one"
_MISSING = "{name!r} cannot be read in the folder {folder}, beside the tape"


def files_folder(tape: Path) -> Path:
    """Where the larger files of a tape are."""
    return tape.with_name(f"{tape.name}.files")


def file_line(
    name: str,
    data: bytes,
    scrubber: Scrubber,
    folder: Path,
    *,
    attached: bool = False,
    executable: bool = False,
) -> FileLine:
    """Make the line of a file, and put a larger one into the folder.

    Secrets are replaced in texts. Of a binary file that contains one, only the hash is kept.
    Archives aren't searched.

    Args:
        name: Its path in the workspace, or the ordinal of an attached file.
        data: What is in it.
        scrubber: What takes the secrets out.
        folder: The one beside the tape, which is made when there is something to put there.
        attached: Whether it was attached.
        executable: Whether it may be run.

    Raises:
        OSError: It cannot be written.
    """
    line = FileLine(file=scrubber.text(name), attached=attached, executable=executable)
    text = _text_in(data) if len(data) <= MOST_BYTES else None
    is_hiding = text is None and len(data) <= MOST_BYTES and _holds_secret(data, scrubber)
    if text is not None:
        text = scrubber.text(text)
        line.sha256, data = _digest(text.encode()), text.encode()
    else:
        line.sha256 = digest_of_file(data, scrubber)
    line.size = len(data)
    if len(data) > MOST_BYTES or is_hiding:
        return line
    if len(data) > MOST_INLINE:
        line.beside = True
        _put_into(folder, line.sha256, data)
    elif text is not None:
        line.text = text
    else:
        line.base64 = base64.b64encode(data).decode()
    return line


def digest_of_file(data: bytes, scrubber: Scrubber) -> str:
    """The hash of a file, and of a text that of what is left without the secrets in it.

    Else it would be a check for who guesses them.

    >>> digest_of_file(b"sk-proj-0123456789abcdef-0123", Scrubber())[:8]
    'ec65fd43'
    """
    text = _text_in(data) if len(data) <= MOST_BYTES else None
    if text is None and len(data) <= MOST_BYTES and data.startswith(WIDE):
        text = data.decode("utf-16", "replace")
    left = text if text is None else scrubber.text(text)
    return _digest(data if left is None or left == text else left.encode())


def content_of(line: FileLine, folder: Path) -> bytes | None:
    """What was in a file; ``None`` where only its hash is known.

    Args:
        line: The file.
        folder: The one beside the tape.

    Raises:
        ValueError: It is not what was recorded, or is not there; the text says which.
    """
    if line.beside:
        data = _in_folder(line, folder)
    elif line.base64 is not None:
        try:
            data = base64.b64decode(line.base64, validate=True)
        except binascii.Error:
            raise ValueError(_OTHERWISE.format(name=line.file)) from None
    elif line.text is not None:
        data = line.text.encode()
    else:
        return None
    if len(data) > MOST_BYTES or _digest(data) != line.sha256:
        raise ValueError(_OTHERWISE.format(name=line.file))
    return data


def _in_folder(line: FileLine, folder: Path) -> bytes:
    digest = line.sha256 or ""
    if not DIGEST.fullmatch(digest):
        raise ValueError(_OTHERWISE.format(name=line.file))
    try:
        with file_below(folder, [digest]) as file:
            return file.read(MOST_BYTES + 1)
    except OSError:
        raise ValueError(_MISSING.format(name=line.file, folder=folder.name)) from None


def _text_in(data: bytes) -> str | None:
    if b"\0" in data:
        return None
    with suppress(UnicodeDecodeError):
        return data.decode()
    return None


def _holds_secret(data: bytes, scrubber: Scrubber) -> bool:
    texts = [data.decode("latin-1")]
    if data.startswith(WIDE):
        texts.append(data.decode("utf-16", "replace"))
    places = ((text, at) for text in texts for at in range(0, len(text), _STEP))
    pieces = (text[at : at + _STEP + _OVERLAP] for text, at in places)
    return any(scrubber.text(piece) != piece for piece in pieces)


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _put_into(folder: Path, name: str, data: bytes) -> None:
    if folder.is_symlink():
        raise NotADirectoryError(f"{folder} is a link")
    folder.mkdir(exist_ok=True)
    if not (folder / name).is_file():
        put_whole([data], folder / name, folder / f".{token_hex(8)}")
