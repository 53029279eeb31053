"""No secret of the three kinds gets into a tape, in whichever field, form or pieces."""

from __future__ import annotations

import base64
import json
import re
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dari_nb._secret import remembered
from dari_nb.errors import InvalidRequestError
from dari_nb.tapes import AgentLine, Scrubber, parsed, tape_bytes

from .conftest import piece, said, taken, tape_of

OWN = remembered('own/canary "of" the+process é&1')
HELD = "held-by-a-variable-7"
DECLARED = "CASE-20417"
PROVIDERS = [
    "sk-canaryCanary0123456789",
    "sk-proj-ca_na-ry0123456789-abc",
    "sk-ant-api03-canary-0123456789-abcdef",
    "ghp_canaryCanary0123456789abcd",
    "github_pat_11CANARY0_canary0123456789",
    "glpat-canary0123456789abc",
    "xoxb-123456789-canary-abc",
    "AKIACANARY0123456789",
    "AIzaCanary0123456789-abcdefghijklmnop",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJjYW5hcnkifQ.c2lnbmF0dXJl",
    "hf_canaryCanary0123456789",
    "gsk_canaryCanary0123456789",
    "sk_live_canary0123456789",
    "dari_local_0123456789abcdef0123456789abcdef",
    "-----BEGIN RSA PRIVATE KEY-----\ncanaryCanary0123456789\n-----END RSA PRIVATE KEY-----",
]
HEX, MIXED = "0123456789abcdef", "canary0AB-cd_EF12"
PROVIDERS += [
    f"nvapi-{MIXED * 4}",
    "fw_canary0123456789AbCdEf",
    f"tgp_v1_{MIXED * 2}",
    f"lsv2_pt_{HEX * 2}_0123456789",
    f"tvly-dev-{MIXED}",
    f"pcsk_{'canary0AB_' * 6}",
    f"pa-{MIXED * 2}012345678",
    f"SG.{MIXED}.{MIXED * 2}",
    f"sk_{HEX * 3}",
    f"GOCSPX-{MIXED * 2}",
    f"dop_v1_{HEX * 4}",
    f"dapi{HEX * 2}",
    f"ntn_{'canary0AB1' * 4}",
    f"lin_api_{'canary0AB1' * 4}",
    f"shpat_{HEX * 2}",
    f"sbp_{HEX * 2}01234567",
    f"phx_{'canary0AB1' * 4}",
]
SECRETS = [OWN, HELD, DECLARED, *PROVIDERS]


def scrubber() -> Scrubber:
    variables = {"MY_API_KEY": HELD, "SHORT_TOKEN": "local", "HOME": "/home/somebody-long"}
    return Scrubber([r"CASE-\d+"], variables=variables)


@pytest.mark.parametrize("secret", SECRETS)
def test_no_field_of_a_turn_lets_a_secret_through(secret: str) -> None:
    agent = AgentLine(
        agent=f"agent {secret}",
        description=f"uses {secret}",
        llms={f"llm {secret}": {"model": secret}},
        default=f"llm {secret}",
    )
    data: dict[str, Any] = {
        "tool_name": secret,
        "arguments": {"headers": {"Authorization": f"Bearer {secret}"}, secret: [secret, 1]},
        "result": json.dumps({"nested": json.dumps({"key": secret})}),
        "error": f"401 for https://example.org/?key={quote(secret, safe='')}&x=1",
        "url": f"https://u:{quote_plus(secret)}@example.org/{quote(secret)}",
    }
    turn = taken(
        f"Use {secret}, please.",
        [
            piece(f"I use {secret}"),
            piece(secret, "arguments", tool=secret, call=7),
            ("x", data),
        ],
        scrubber=scrubber(),
        agent=agent,
        llm=f"llm {secret}",
        metadata={secret: secret},
        opening={"more": {"file": secret}, "metadata": {"key": secret}},
    )
    written = tape_bytes(tape_of(turn)).decode()
    for form in (secret, quote(secret, safe=""), json.dumps(secret)[1:-1], quote_plus(secret)):
        assert form not in written
    assert "canary" not in written.lower().replace("[scrubbed]", "")
    assert parsed(written.encode(), "x.tape").turns[0].line.key == turn.line.key


@pytest.mark.parametrize("secret", SECRETS)
def test_no_secret_passes_in_two_pieces_of_a_draft(secret: str) -> None:
    text = f"before {secret} after"
    for cut in range(len(text) + 1):
        pieces = [text[:cut], text[cut : cut + 3], text[cut + 3 :]]
        turn = taken("Hi", [*map(piece, pieces), said(text)], scrubber=scrubber())
        drafts = [line.text for line in turn.body[:3]]  # type: ignore[union-attr]
        assert "".join(drafts) == "before [scrubbed] after"
        assert len([each for each in drafts if "[scrubbed]" in each]) == 1


@given(
    st.lists(st.sampled_from([*SECRETS, " ", "text", "%41", "%", "sk-", "é", "\ud83d"])), st.data()
)
def test_pieces_are_cuts_into_the_scrubbed_text(parts: list[str], data: st.DataObject) -> None:
    text = " ".join(parts)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=5)))
    pieces = [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    scrubbed = scrubber().pieces(pieces)
    assert len(scrubbed) == len(pieces)
    assert "".join(scrubbed) == scrubber().text(text)
    assert not any(secret in "".join(scrubbed) for secret in SECRETS)


ENCODED = [base64.b64encode(secret.encode()).decode() for secret in SECRETS]
BROKEN = [f"{secret[:5]}\n{secret[5:]}" for secret in SECRETS]
SPELLED = [*SECRETS, *map(quote, SECRETS), *map(json.dumps, SECRETS), *ENCODED, *BROKEN]
PARTS = st.sampled_from([*SPELLED, HELD.upper(), HELD.encode().hex(), " ", "é", "\n", "\r"])
TEXTS = st.lists(PARTS, max_size=3).map("".join)


@given(
    st.recursive(TEXTS, lambda v: st.lists(v, max_size=2) | st.dictionaries(TEXTS, v, max_size=2))
)
def test_a_look_at_the_whole_finds_what_a_look_at_each_text_finds(value: Any) -> None:
    held = {"MY_API_KEY": HELD}
    each = Scrubber([r"(?!)"], variables=held).scrub(value)  # with patterns it looks at each
    assert Scrubber(variables=held).scrub(value) == each


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
    plain = Scrubber(keys=list, variables={"THE_KEY": "Production"})
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


def test_drafts_side_by_side_are_texts_of_their_own() -> None:
    key = PROVIDERS[0]
    drafts = [
        piece(key[:9], "arguments", call=0),
        piece("plain", "arguments", call=1),
        piece(key[9:], "arguments", call=0),
        piece("I ", "text"),
    ]
    turn = taken("Hi", [*drafts, said("I do.")], scrubber=scrubber())
    assert [line.text for line in turn.body[:4]] == [  # type: ignore[union-attr]
        *("[scrubbed]", "plain", "", "I ")
    ]


def test_nothing_can_be_had_of_a_draft_before_it_is_settled() -> None:
    turn = taken("Hi", [piece("sk-canary"), ("tool.call_completed", {})], ends=False)
    assert turn.body == []


def test_ordinary_words_stay() -> None:
    text = (
        "The task-management-of-many-things and risk-averse-people-of-the-world are local; "
        "ghp_ and sk-short and AKIA are named, 100% of /home/somebody-long, too."
    )
    assert scrubber().text(text) == text


def test_a_number_that_is_a_secret_is_taken_out_as_well() -> None:
    pin = Scrubber(variables={"THE_PASSWORD": "1234567890"}, keys=list)
    assert pin.scrub({"pin": 1234567890, "n": 12}) == {"pin": "[scrubbed]", "n": 12}


def test_two_secrets_as_names_of_fields_lose_no_value() -> None:
    scrubbed = scrubber().scrub({HELD: 1, DECLARED: 2})
    assert sorted(scrubbed.values()) == [1, 2]


def test_what_is_secret_later_is_looked_for_later() -> None:
    keys = ["first-secret-0"]
    own = Scrubber(keys=lambda: keys, variables={})
    keys.append("second-secret-0")
    assert own.text("second-secret-0") == "second-secret-0"
    own.look()
    assert own.text("second-secret-0") == "[scrubbed]"


def test_the_last_line_says_how_many_were_found_by_what() -> None:
    own = scrubber()
    turn = taken(f"{HELD} {PROVIDERS[0]} {DECLARED} {OWN} {OWN}", scrubber=own)
    tape = tape_of(turn)
    tape.note_scrubbed(own.counts)
    assert tape_bytes(tape).splitlines()[-1] == (
        b'{"scrubbed":{"keys":2,"variables":1,"providers":1,"patterns":1}}'
    )


def test_a_pattern_that_is_none_is_named() -> None:
    with pytest.raises(InvalidRequestError, match=r"'\(' is no regular expression"):
        Scrubber(["("])
