"""A fast look at texts: whether a secret may be in one, so that most need no closer look."""

from __future__ import annotations

import re
import string
from base64 import b64encode
from collections.abc import Iterable, Iterator

import msgspec

from . import named
from .provider_keys import COMMON, FORMS, WORDS
from .views import ENCODED, INVISIBLE, OF_TERMINALS, plain_of

_COMMON = [re.compile(form.encode()) for *_, form in COMMON]
_BEGINNINGS = tuple({begin.encode(): None for _, begin, _ in FORMS if len(begin) > 1})
_ENCODED = re.compile(ENCODED.pattern.encode())
_SIGNS_IN_JSON, _SIGNS = (b"%", b"&", b"\\\\"), (b"%", b"&", b"\\")
"""What all that is encoded has, in JSON and else."""
_ENCODED_IN_JSON = re.compile(rb"%[0-9A-Fa-f]{2}|\\\\|&(?:#|[A-Za-z][A-Za-z0-9]{1,30};)")
_ENDS_IN_JSON, _ENDS = (rb"\n", rb"\r", rb"\t"), (b"\n", b"\r")
"""What ends lines and begins them, in JSON and else."""
_CONTROLS_IN_JSON = re.compile(rb"\\(?:[bfnrt]|u00[01][0-9A-Fa-f])")
_UNSEEN = re.compile(rf"\\u001b{OF_TERMINALS}|\\u0000|{INVISIBLE}")
"""What is invisible, as it is written in a file or in JSON."""
_NO_WORDS = bytes(byte for byte in range(256) if not chr(byte).isalnum() or byte > 127)
_LEAST = 6
"""Letters and digits that a secret must have to be looked for by them alone."""
_IN_BASE64 = string.ascii_letters.encode() + string.digits.encode() + b"+/-_"
_MASK = bytes(ord("a") if byte in _IN_BASE64 else ord(" ") for byte in range(256))
_SHORT_RUN = b"a" * 10
"""What base64 of a secret has at least, whatever is around it."""
_LONG_RUN = b"a" * 22
"""What base64 of a provider's key has at least, and of a secret with two bytes a character."""
_END_OF_BOTS = b"a" * 27
_OF_BOTS = b" aaaaaa " + _END_OF_BOTS
"""What a key of Discord's bots, which begins in no special way, is of."""
_STANDARD = bytes.maketrans(b"-_", b"+/")
_IN_HEX = string.hexdigits.encode()
_HEX_MASK = bytes(ord("h") if byte in _IN_HEX else ord(" ") for byte in range(256))
_HEX_RUN = b"h" * 16
"""What a secret has at least where its bytes are written as digits."""
_OF_WORDS = [*{begin.encode(): None for _, begin, _ in WORDS}]
_AROUND_WORDS = [begin for begin in _OF_WORDS if b" " in begin.translate(_MASK) and begin != b"."]
_IN_WORDS = [begin for begin in _OF_WORDS if b" " not in begin.translate(_MASK)]
_END = re.compile(rb"[A-Za-z0-9]{3}[-_]")
_WITH_END = [begin for begin in _IN_WORDS if _END.fullmatch(begin[-4:])]
_LAST = frozenset(begin[-4:] for begin in _WITH_END)
"""The last characters of most beginnings, which are looked for all at once."""
_WITHOUT_END = [begin for begin in _IN_WORDS if begin not in _WITH_END]
_LONGEST, _MOST = 100, 10_000
"""Characters of a run, such as a name of a tool, that is looked at once; and how many are known."""
_DIGIT = re.compile(r"\d")
_SAFE = re.compile(r"[ !#-\[\]-~]+")
"""What is written the same in whichever case and spelling of the characters around it."""


class Glance:
    """Knows of secrets what is enough to see that none is in a text.

    Args:
        forms: Known secrets in all spellings.
        in_hex: The same, where their bytes are written as digits.
    """

    def __init__(self, forms: Iterable[str], in_hex: Iterable[str]):
        forms = list(forms)
        bare = {form: _bare(form.encode().lower()) for form in forms}
        few = [form for form in forms if len(bare[form]) < _LEAST]
        written = [msgspec.json.encode(form)[1:-1] for form in few]
        needles = {each.lower() for each in (*written, *(form.encode() for form in few))}
        self._needles = tuple(needles - {b""})
        self._bare = tuple({each for each in bare.values() if len(each) >= _LEAST})
        self._pieces = tuple({_pieces(form) for form in forms if not form.isascii()} - {()})
        self._in_hex = tuple(form.encode() for form in in_hex)
        self._cores = tuple({core for form in forms for core in _cores(form.encode())})
        wide = [form.encode("utf-16-le")[:-1] for form in forms]
        self._wide_cores = tuple({core for form in wide for core in _cores(form)})
        self._clean: set[bytes] = set()

    def may_be_in(self, data: bytes, *, is_json: bool) -> bool:
        """Whether a secret may be in a text, or in the JSON of a value, be it encoded there.

        Where it says no, there is none; what is found by patterns is not looked for.
        """
        signs, look = (_SIGNS_IN_JSON, _ENCODED_IN_JSON) if is_json else (_SIGNS, _ENCODED)
        if _one_is_in(signs, data) and look.search(data):
            return True
        return self.may_be_plain_in(data, is_json=is_json)

    def may_be_plain_in(self, data: bytes, *, is_json: bool = False) -> bool:
        """The same, but for what is encoded."""
        apart = data
        if not data.isascii() or b"\x1b" in data or b"\0" in data or b"\\u00" in data:
            text = data.decode()
            data, apart = (_UNSEEN.sub(by, text).encode() for by in ("", "\n"))
        if is_json:
            apart = _CONTROLS_IN_JSON.sub(b"\n", apart)
        for end in _ENDS_IN_JSON if is_json else _ENDS:
            data = data.replace(end, b"")
        low = data.lower()
        if _one_is_in(self._bare, _bare(low)) or _one_is_in(self._needles, low):
            return True
        # What ends with its line goes on in the next one where both are one.
        if named.one_finds(_COMMON, data) or (apart != data and named.one_finds(_COMMON, apart)):
            return True
        if named.may_be_in(low):
            return True
        if any(all(piece in low for piece in pieces) for pieces in self._pieces):
            return True
        mask = data.translate(_MASK)
        if _SHORT_RUN not in mask:
            return False
        if _END_OF_BOTS in mask and _OF_BOTS in mask:
            return True
        return _one_is_in(_AROUND_WORDS, data) or self._may_be_in_runs(_runs(data, mask))

    def may_be_in_base64(self, run: bytes) -> bool:
        """Whether a secret may be in a piece of base64."""
        return _one_is_in(self._cores, run) or self._may_be_in_long([run])

    def _may_be_in_runs(self, runs: Iterable[bytes]) -> bool:
        """Whether a secret may be in one of the runs, most of which come again and again."""
        new = set(runs) - self._clean
        if not new:
            return False
        if self._may_be_in_words(b" ".join(new)):
            return True
        if len(self._clean) >= _MOST:
            self._clean.clear()
        self._clean |= {run for run in new if len(run) <= _LONGEST}
        return False

    def _may_be_in_words(self, words: bytes) -> bool:
        if _one_is_in(_WITHOUT_END, words):
            return True
        if not _LAST.isdisjoint(_END.findall(words)) and _one_is_in(_WITH_END, words):
            return True
        if _HEX_RUN in words.translate(_HEX_MASK) and _one_is_in(self._in_hex, words.lower()):
            return True
        words = words.translate(_STANDARD)
        return _one_is_in(self._cores, words) or self._may_be_in_long(words.split())

    def _may_be_in_long(self, runs: Iterable[bytes]) -> bool:
        """Whether pieces of base64 may hold a key of a provider, or a secret in UTF-16."""
        texts = [run.decode() for run in runs if len(run) >= len(_LONG_RUN)]
        if not texts:
            return False
        if _one_is_in(self._wide_cores, " ".join(texts).encode()):
            return True
        decoded = [plain_of(text[skipped:]) for text in texts for skipped in range(4)]
        return _one_is_in(_BEGINNINGS, b"\n".join(decoded).replace(b"\0", b""))


def _bare(data: bytes) -> bytes:
    """Letters and digits alone: what stands between them may be broken, quoted or escaped."""
    return data.translate(None, _NO_WORDS)


def _pieces(form: str) -> tuple[bytes, ...]:
    """What stands in a text that has this form, in whichever case and spelling."""
    return (
        tuple(piece.encode().lower() for piece in _SAFE.findall(form))
        if _DIGIT.search(form)
        else ()
    )


def _cores(secret: bytes) -> Iterator[bytes]:
    """What of a secret stands in base64 whatever is around it, for each place in a group."""
    for offset, skipped in enumerate((0, 2, 3)):
        whole = (offset + len(secret)) * 8 // 6
        yield b64encode(bytes(offset) + secret)[skipped:whole]


def _runs(data: bytes, mask: bytes) -> Iterator[bytes]:
    """Give what may be base64, of at least as many characters as a known secret has there."""
    end = 0
    while (begin := mask.find(_SHORT_RUN, end)) >= 0:
        end = mask.find(b" ", begin)
        end = len(mask) if end < 0 else end
        yield data[begin:end]


def _one_is_in(needles: Iterable[bytes], data: bytes) -> bool:
    # A loop, since regular expressions try all of many words at each place.
    for needle in needles:  # noqa: SIM110
        if needle in data:
            return True
    return False
