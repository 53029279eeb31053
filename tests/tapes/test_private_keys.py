"""Of private keys the key is taken out, and what people write about such keys stays."""

from __future__ import annotations

import json
import random
import textwrap
from base64 import b64encode
from urllib.parse import quote

import pytest

from dari_nb.tapes import Scrubber

from .conftest import taken

BEGIN, END = "-----BEGIN PRIVATE KEY-----", "-----END PRIVATE KEY-----"
BODY = "\n".join(textwrap.wrap(b64encode(random.Random(7).randbytes(440)).decode(), 64))
HEADERS = "Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,0123456789ABCDEF0123456789ABCDEF\n\n"


def scrubbed(text: str) -> str:
    return Scrubber(keys=list, variables={}).text(text)


@pytest.mark.parametrize(
    "text",
    [
        BEGIN,
        f"Fix:\necho '{BEGIN}' > k\nTranslate to French.",
        f"A file begins with `{BEGIN}`, then comes base64, and at last `{END}`. Explain!",
        f"{BEGIN} Internationalization of everything in 2024 {END}",
        f"{BEGIN}\n{END}\nIt is empty: why, and what do 20 lines of it say?",
    ],
)
def test_words_about_private_keys_stay(text: str) -> None:
    assert scrubbed(text) == text
    assert scrubbed(json.dumps({"a": text})) == json.dumps({"a": text})


@pytest.mark.parametrize("head", ["", HEADERS])
def test_a_key_goes_whether_or_not_its_last_line_is_there(head: str) -> None:
    for body in (BODY, BODY[:300], BODY[:-1] + "="):
        key = f"{BEGIN}\n{head}{body}"
        for form in (key, quote(key), json.dumps(key)[1:-1]):
            assert scrubbed(f"Mine: {form}\nNext words.") == "Mine: [scrubbed]\nNext words."
        for form in (f"{key}\n{END}", key.replace("\n", "\r\n") + f"\r\n{END}"):
            assert scrubbed(f"Mine: {form}\nNext words.") == "Mine: [scrubbed]\nNext words."


@pytest.mark.parametrize("before", ["    ", "> ", "+", "| "])
def test_a_key_goes_that_is_quoted_or_indented(before: str) -> None:
    for key in (f"{BEGIN}\n{BODY}", f"{BEGIN}\n{BODY}\n{END}"):
        text = f"{textwrap.indent(key, before)}\nNext words."
        assert scrubbed(text) == f"{before}[scrubbed]\nNext words."


def test_a_key_of_putty_goes() -> None:
    file = f"PuTTY-User-Key-File-3: ssh-rsa\nPrivate-Lines: 14\n{BODY}\nPrivate-MAC: 19ec"
    for text in (file, json.dumps({"a": file})):
        assert BODY[-9:] not in scrubbed(text)
        assert scrubbed(text) in (
            file.replace(BODY, "[scrubbed]"),
            json.dumps({"a": file.replace(BODY, "[scrubbed]")}),
        )


def test_two_questions_about_the_beginning_of_a_key_are_two_turns() -> None:
    question = f"Fix:\necho '{BEGIN}' > k\n"
    first, second = (taken(question + what) for what in ("Translate it.", "Count the lines."))
    assert first.line.key != second.line.key
