"""A known secret is found in the spellings that people, tools and models give it."""

from __future__ import annotations

import html
import json
import re
import textwrap
from base64 import b64encode
from itertools import pairwise

import pytest

from dari_nb.tapes import Scrubber

SECRET = "Zebra-Quartz+77/Lantern_Xq"
PROVIDED = "sk-proj-aB3dE5fG7hJ9kL1mN3pQ5rS7"
HALF = 10
BASE = "A long line of words comes before it, so that it is broken: "


def scrubbed(value: object, secret: str = SECRET) -> object:
    return Scrubber(keys=list, variables={"MYLAB_API_KEY": secret}).scrub(value)


def broken(by: str) -> str:
    return SECRET[:HALF] + by + SECRET[HALF:]


LINES = {
    "yaml": f"key: {broken(chr(10) + '    ')}",
    "windows": f"key: {broken(chr(13) + chr(10) + chr(9))}",
    "shell": f"export X={broken(chr(92) + chr(10))}",
    "shell, indented": f"export X={broken(' ' + chr(92) + chr(10) + '  ')}",
    "difference": "\n".join(f"+{line}" for line in broken("\n").splitlines()),
    "what was": "\n".join(f"-    {line}" for line in broken("\n").splitlines()),
    "quotation": f"> key: {broken(chr(10) + '> ')}",
    "comment": f"# key: {broken(chr(10) + '  # ')}",
    "mail": broken("=\n"),
    "python": f'"{broken(chr(34) + chr(10) + chr(9) + chr(34))}"',
    "at its plus": "key: Zebra-Quartz\n+77/Lantern_Xq",
    "at its plus, in a difference": "+key: Zebra-Quartz\n++77/Lantern_Xq",
    "textwrap": textwrap.fill(BASE + SECRET, 68, subsequent_indent="  ", break_on_hyphens=True),
    "narrow": "\n".join(f"  {SECRET[at : at + 4]}" for at in range(0, len(SECRET), 4)),
}
MARKS = {
    "entities": "Zebra-Quartz&#43;77&#x2F;Lantern_Xq",
    "entities twice": "Zebra-Quartz&amp;#43;77&amp;#x2F;Lantern_Xq",
    "entities with names": "Zebra-Quartz&plus;77&sol;Lan&shy;tern&lowbar;Xq",
    "escapes": r"Zebra-Quartz\x2b77\x2FLantern_Xq",
    "written colours": r"\x1b[31mZebra-\x1b[0mQuartz+77/Lantern_Xq",
    "markdown": r"Zebra\-Quartz\+77/Lantern\_Xq",
    "colours": "Zebra-\x1b[1;31mQuartz+77\x1b[0m/Lantern_Xq",
    "no width": "Zebra-\u200bQuartz\u200b+77/\ufeffLantern_Xq",
    "soft hyphens": "Ze\u00adbra-Quartz+77/Lan\u00adtern_Xq",
}


@pytest.mark.parametrize("name", [*LINES, *MARKS])
def test_a_known_secret_is_found_however_it_is_broken(name: str) -> None:
    text = (LINES | MARKS)[name]
    for value in (text, {"a": [text]}, json.dumps({"a": text}), f"First\n{text}\nLast line 2"):
        left = json.dumps(scrubbed(value))
        assert "[scrubbed]" in left
        assert "First" in left or "Last" not in left
        assert ("Last line 2" in left) == ("Last line 2" in json.dumps(value))
        kept = re.sub(r"\W|_|\\n|u00..", "", left)
        assert not any(a + b in kept for a, b in pairwise(["Zebra", "Quartz", "77", "Lantern"]))
        assert "Lantern" not in left
    pieces = Scrubber(keys=list, variables={"MYLAB_API_KEY": SECRET}).pieces([*text])
    assert "Lantern" not in "".join(pieces)


@pytest.mark.parametrize(
    "secret",
    [
        "Zq7+vK/9mPax2Lw=aB4tY6uuw3Kd",
        "Zq7svKd9mPax2LwraB4t//6uuw3Kd",
        "abcd1234#efgh5678|ijkl9012",
        "dGhpcyBpc3NlY3JldDEyMw==",
        "Ab12Cd34-Ef56Gh78-Ij90Kl12",
        "Zq7+vK/9&mP_x2Lw=aB4tY6'u\"w3",
    ],
)
@pytest.mark.parametrize("end", ["\n", "\n    ", "\n> ", "=\n", "\\\n", "\n+", '"\n    "', "\n| "])
def test_a_secret_with_signs_is_found_broken_at_any_of_them(secret: str, end: str) -> None:
    for width in range(5, len(secret)):
        broken = end.join(textwrap.wrap(secret, width, break_on_hyphens=False))
        assert scrubbed(f"First {broken} and on.", secret) == "First [scrubbed] and on."


@pytest.mark.parametrize("secret", ["a<b>&c\"d'e-99", 'Qu"ote & <Tag> 77'])
def test_a_secret_with_signs_of_html_is_found_in_html(secret: str) -> None:
    for form in (html.escape(secret), html.escape(html.escape(secret)), html.escape(secret, False)):
        assert scrubbed(f"<b>{form}</b> &c.", secret) == "<b>[scrubbed]</b> &c."


@pytest.mark.parametrize("secret", [SECRET, PROVIDED])
def test_two_bytes_a_character_hide_no_secret_in_base64_or_digits(secret: str) -> None:
    command = f"Connect -Key '{secret}' -Verbose"
    for code in ("utf-16-le", "utf-16-be"):
        for shift in range(3):
            form = b64encode(("é" * shift + command).encode(code)).decode()
            left = str(scrubbed(f"powershell -EncodedCommand {form}"))
            assert "[scrubbed]" in left
            assert scrubbed({"a": form}) != {"a": form}
    if secret == SECRET:
        form = SECRET.encode("utf-16-le").hex()
        assert scrubbed(f"0x{form}.") == "0x[scrubbed]00."


@pytest.mark.parametrize(
    "unseen",
    ["\u200b", "\u00ad", "\x1b[0m", "\ufeff", "\ufe0f", "\u034f", "\u3164", "\U000e0041"],
)
def test_a_providers_key_is_found_with_what_nobody_sees_in_it(unseen: str) -> None:
    forms = [f"{PROVIDED[:at]}{unseen}{PROVIDED[at:]}" for at in (4, 12, 20)]
    for form in (*forms, unseen.join(PROVIDED)):
        assert scrubbed(f"Use {form} here.") == "Use [scrubbed] here."
        assert scrubbed({"a": [form]}) == {"a": ["[scrubbed]"]}


WRAPPED = {
    "indents": "key: {}\n    {}",
    "a difference": "+{}\n+{}",
    "a difference, indented": "-  {}\n-    {}",
    "a quotation": "> {}\n> {}",
    "a comment": "  # {}\n  # {}",
    "a table": "| {} |\n| {} |",
    "a sum": '"{}" + "{}"',
    "a sum in two lines": '"{}" +\n    "{}"',
    "a sum, its plus below": '"{}"\n    + "{}"',
    "a shell": "export X={}\\\n{}",
    "mail": "{}=\n{}",
}


@pytest.mark.parametrize("name", WRAPPED)
@pytest.mark.parametrize("at", [10, 14, 24])
def test_a_providers_key_is_found_as_code_and_differences_wrap_it(name: str, at: int) -> None:
    key = f"{PROVIDED}tU9vW2xY4zA6bC8dE1fG3hJ5"
    text = WRAPPED[name].format(key[:at], key[at:])
    for value in (text, {"a": [text]}, json.dumps({"a": text}), f"First\n{text}\n  Next 2"):
        left = json.dumps(scrubbed(value))
        assert "[scrubbed]" in left
        assert "sk-" not in left
        assert key[at : at + 8] not in left
        assert ("Next 2" in left) == ("Next 2" in json.dumps(value))
    assert scrubbed(text.replace(key[:at], SECRET[:at]).replace(key[at:], SECRET[at:])) != text


@pytest.mark.parametrize(
    "rest", ["+B2=foo", "  - 2024-01-01", "| key 2 | x |", "    and 2 more", "> 20240101"]
)
def test_the_line_below_a_whole_key_stays(rest: str) -> None:
    assert scrubbed(f"+A={PROVIDED}\n{rest}") == f"+A=[scrubbed]\n{rest}"


def test_lines_and_marks_that_hold_no_secret_stay() -> None:
    text = (
        "Zebra-Quartz and\n   77 of a Lantern &amp; more: zebra\\_quartz, \x1b[1mbold\x1b[0m,\n"
        "+ added Zebra\n- Quartz\n> 77\u200b Lantern Xq; Zebra Quartz 77 Lantern Xq"
    )
    assert scrubbed(text) == text
    assert scrubbed({"a": [text]}) == {"a": [text]}
