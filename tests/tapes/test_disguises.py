"""No secret gets into a tape in disguise: encoded, broken, in another case."""

from __future__ import annotations

import base64
import json
import re
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dari_nb.tapes import Scrubber

from .canaries import APART, DECLARED, HELD, OWN, PROVIDERS, scrubber
from .conftest import piece, said, taken


@pytest.mark.parametrize("secret", [OWN, HELD])
def test_a_secret_is_found_deep_in_json_and_addresses(secret: str) -> None:
    text = secret
    for depth in range(4):
        text = json.dumps({"a": text}) if depth % 2 else quote(text)
        scrubbed = scrubber().text(text)
        assert "[scrubbed]" in scrubbed
        assert len(scrubbed) < len(text)


@pytest.mark.parametrize("secret", [HELD, PROVIDERS[0], PROVIDERS[1]])
def test_a_secret_is_found_whichever_characters_are_percent_encoded(secret: str) -> None:
    whole = "".join(f"%{byte:02x}" for byte in secret.encode())
    some = "".join(c if n % 3 else f"%{ord(c):02X}" for n, c in enumerate(secret))
    address = "https://example.org/?a=%C3%A9&key={}&b=%20c"
    for form in (whole, some):
        assert scrubber().text(address.format(form)) == address.format("[scrubbed]")


KNOWN = [OWN, HELD]
LONG = [secret for secret in PROVIDERS if len(secret) > 18]


def disguised(secret: str) -> dict[str, str]:
    """A secret as it may stand in what tools and models write."""
    data = secret.encode()
    forms = {
        f"base64 at {n}": base64.b64encode(b":::"[:n] + data + b"!").decode() for n in range(3)
    }
    forms |= {f"{name}, for addresses": url_safe(form) for name, form in forms.items()}
    user = base64.b64encode(b"somebody:" + data).decode()
    half = len(secret) // 2
    forms["basic"] = f"Authorization: Basic {user}"
    forms["mime"] = base64.encodebytes(b"a long line of text before it, and then " + data).decode()
    forms["base64 in json"] = json.dumps({"mime": forms["mime"]})
    for name, end in (
        ("unix", "\n"),
        ("windows", "\r\n"),
        ("json", "\\n"),
        ("json twice", "\\\\n"),
    ):
        forms[f"broken, {name}"] = f"{secret[:half]}{end}{secret[half:]}"
    return forms


def url_safe(text: str) -> str:
    return text.replace("+", "-").replace("/", "_").rstrip("=")


def leaks(text: str, secret: str) -> bool:
    """Whether a secret, or eight bytes of it, can be read out of a text by whoever tries."""
    flat = re.sub(r"\\*[nr]|[\r\n]", "", text) if secret in KNOWN or "\n" not in secret else text
    found = [text, flat]
    for run in re.findall(r"[A-Za-z0-9+/_-]{8,}", f"{text} {flat}"):
        standard = run.replace("-", "+").replace("_", "/")
        for skipped in range(4):
            part = standard[skipped:]
            part = part[: len(part) // 4 * 4]
            found.append(base64.b64decode(part).decode("utf-8", "replace"))
    pieces = {secret[at : at + 8] for at in range(len(secret) - 7)}
    return any(piece.lower() in each.lower() for piece in pieces for each in found)


@pytest.mark.parametrize("secret", [*KNOWN, DECLARED, *LONG])
def test_no_disguise_lets_a_secret_through(secret: str) -> None:
    for name, form in disguised(secret).items():
        if "broken" in name and secret not in KNOWN and "canary" not in secret[len(secret) // 2 :]:
            continue  # what is before the line end is a whole key of its form
        for value in (form, {"a": [form]}, {form: 1}, json.dumps({"a": form})):
            told = json.dumps(scrubber().scrub(value))
            assert "[scrubbed]" in told, (name, form)
            assert not leaks(json.loads(told) if isinstance(value, str) else told, secret), name


@pytest.mark.parametrize("secret", [*KNOWN, PROVIDERS[1]])
def test_no_disguise_passes_in_pieces_of_a_draft(secret: str) -> None:
    for name, form in disguised(secret).items():
        if "broken" in name and secret not in KNOWN:
            continue
        for cut in range(0, len(form), 3):
            turn = taken(
                "Hi", [piece(form[:cut]), piece(form[cut:]), said("")], scrubber=scrubber()
            )
            drafts = "".join(line.text for line in turn.body[:2])  # type: ignore[union-attr]
            assert "[scrubbed]" in drafts, (name, cut)
            assert not leaks(drafts, secret)


@pytest.mark.parametrize("key", ["0123abcd4567ef89", "a-Key-In-Letters-7"])
def test_a_known_secret_is_found_in_upper_and_lower_case(key: str) -> None:
    own = Scrubber(keys=list, variables={"THE_KEY": key})
    for form in (key.upper(), key.lower(), key.swapcase()):
        assert own.text(f"é {form}.") == "é [scrubbed]."
        assert own.scrub({"a": form}) == {"a": "[scrubbed]"}
    plain = Scrubber(keys=list, variables={"THE_PASSWORD": "Production"})
    assert plain.text("production Production") == "production [scrubbed]"  # a word like any other


def test_the_rest_of_a_broken_key_goes_and_the_next_line_stays() -> None:
    key = PROVIDERS[0]
    assert scrubber().text(f"{key}\nNext words") == "[scrubbed]\nNext words"
    assert scrubber().text(f"{key}\n0a1b2c3d\nNext") == "[scrubbed]\nNext"
    assert scrubber().text(f"{key[:12]}\n{key[12:]} and") == "[scrubbed] and"
    assert scrubber().text(f"a {HELD[:9]}\n{HELD[9:]}\nNext") == "a [scrubbed]\nNext"


@given(st.binary(max_size=60), st.text("abcdefgh \n\r\\n0123+/_-=", max_size=60))
def test_ordinary_base64_and_lines_stay(data: bytes, text: str) -> None:
    own = Scrubber(keys=lambda: [OWN], variables={"MY_API_KEY": HELD})
    for each in (base64.b64encode(data).decode(), text):
        assert own.text(each) == each
        assert own.scrub({"a": [each]}) == {"a": [each]}


BESIDE = [
    *("\n", "\r\n", "\t", "\b", "\v", "\f", "\0", "\x01", "\x1e", "\u2028", "\u200b"),
    *(
        "\x1b[0m",
        "\x1b[K",
        "\x1b(B",
        "\x1b[?25l",
        "\x1b[38:5:1m",
        "é",
        "密",
        "_",
        "-",
        "*",
        "`",
        "+",
    ),
    *(r"\033[1m", r"\e[32m", r"\E[1m", r"\012", r"\0", r"\303\251", r"\v", r"\U0001F511"),
    *(r"\n", r"\r\n", r"\t", r"\\n", r"\u000a", r"\x0a", "%0A", "%0d%0a", "%20", "&#10;"),
]


@pytest.mark.parametrize("own", [scrubber(), Scrubber(keys=list, variables={})])
@pytest.mark.parametrize("beside", BESIDE)
def test_a_key_is_found_whatever_it_has_beside_itself_but_letters(
    own: Scrubber, beside: str
) -> None:
    for key in (*APART, *PROVIDERS):
        if key.startswith("key-") and beside in "_-":
            continue  # such as cache-key-…
        text = f"a{beside}{key}{beside}b"
        pieces = [text[:9], text[9:20], text[20:]]
        for value in (text, {"x": text}, {text: 1}, [text, "word " * 60], json.dumps([text])):
            assert key not in str(own.scrub(value)), (key, value)
        assert key not in "".join(own.pieces(pieces)), key


@pytest.mark.parametrize("key", ["gsk_QwErTyUiOpAsDfGhJkLzXcVb", "dari_sk_QwErTyUiOpAsDfGhJk"])
def test_a_key_that_has_no_digit_by_chance_is_found(key: str) -> None:
    for own in (scrubber(), Scrubber(keys=list, variables={})):
        assert own.scrub({"x": f"it is {key}."}) == {"x": "it is [scrubbed]."}


@pytest.mark.parametrize(
    "text",
    [
        "cache-key-0123456789abcdef0123456789abcdef",
        "https://cdn.example/0123456789abcdef0123456789abcdef-us1.png",
        "tsk-0123456789abcdef0123456789abcdef",
        "explain npm_ConfigurationManagementServiceProvider",
        "dari_recordingcontextmanagerimplementation",
        "pypi-publish-to-artifact-registry-1",
        "xoxo-2024-11-30",
    ],
)
def test_ordinary_names_are_no_keys(text: str) -> None:
    assert Scrubber(keys=list, variables={}).scrub({"x": text, text: text}) == {
        "x": text,
        text: text,
    }
