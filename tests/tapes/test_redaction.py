"""No secret of the three kinds gets into a tape, in whichever field, form or pieces."""

from __future__ import annotations

import base64
import json
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dari_nb.errors import InvalidRequestError
from dari_nb.tapes import AgentLine, DraftLine, Scrubber, parsed, tape_bytes

from .canaries import DECLARED, HELD, OWN, PROVIDERS, SECRETS, scrubber
from .conftest import piece, said, taken, tape_of

SOME = [OWN, HELD, DECLARED, PROVIDERS[0]]


def test_each_kind_of_key_is_redacted() -> None:
    for secret in SECRETS:
        assert scrubber().text(f"Use {secret}, please.") == "Use [scrubbed], please.", secret


@pytest.mark.parametrize("secret", SOME)
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
        "result": json.dumps({"key": secret}),
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


@pytest.mark.parametrize("secret", SOME)
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


def tellings(secret: str) -> dict[str, list[DraftLine]]:
    """Drafts in which an agent takes back what it has written, and that hold a secret."""
    half = len(secret) // 2
    return {
        "in what comes instead": [piece("I will show wor"), piece(f"{secret} is it", anew=True)],
        "in what is taken back": [piece(f"look {secret}"), piece("nothing", anew=True)],
        "behind nothing at all": [piece("Hello wor"), piece("", anew=True), piece(f"{secret} is")],
        "cut in what comes instead": [
            *(piece("wor"), piece(secret[:half], anew=True), piece(f"{secret[half:]} is it"))
        ],
        "cut where it begins anew": [piece(secret[:half]), piece(secret[half:], anew=True)],
        "in thoughts": [
            *(piece("wor", "reasoning"), piece(f"{secret} is it", "reasoning", anew=True))
        ],
    }


@pytest.mark.parametrize("how", tellings(""))
@pytest.mark.parametrize("secret", [HELD, PROVIDERS[0]])
def test_no_secret_passes_where_a_draft_begins_anew(secret: str, how: str) -> None:
    pieces = tellings(secret)[how]
    turn = taken("Hi", [*pieces, said("I do.")], scrubber=scrubber())
    drafts = [line.text for line in turn.body[: len(pieces)]]  # type: ignore[union-attr]
    texts = [*drafts, "".join(drafts), "".join(drafts[1:])]
    assert not any(secret in text for text in texts)
    assert "".join(drafts).count("[scrubbed]") == 1


def test_ordinary_words_stay() -> None:
    text = (
        "The task-management-of-many-things and risk-averse-people-of-the-world are local; "
        "ghp_ and sk-short and AKIA are named, 100% of /home/somebody-long, too."
    )
    assert scrubber().text(text) == text


@pytest.mark.parametrize("word", ["ask", "Desk", r"C:\risk"])
def test_what_is_a_word_with_its_first_letters_is_no_key(word: str) -> None:
    for number in ("0123456789abcdef0123", "0123456789abcdef" * 2, "proj-of-people-2024-and-so-on"):
        for text in (f"{word}-{number}", f"a_{word}-{number}"):
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


def test_a_pattern_that_is_none_is_named() -> None:
    with pytest.raises(InvalidRequestError, match=r"'\('"):
        Scrubber(["("])


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: Bearer {}",
        "authorization: token {}",
        "curl -H 'x-api-key: {}' https://example.org",
        "https://example.org/?access_token={}&page=2",
        '{{"user": "me", "password": "{}", "n": 1}}',
        'json.dumps({{\\"client_secret\\": \\"{}\\"}})',
        "export MISTRAL_API_KEY={}",
        "postgres://user:{}@db.example.org/x",
        "password={}",
    ],
)
def test_text_next_to_a_secret_name_is_redacted(text: str) -> None:
    given = text.format("zq8XvB21mmTT0aLpWW33")
    assert scrubber().text(given) == given.replace("zq8XvB21mmTT0aLpWW33", "[scrubbed]")


@pytest.mark.parametrize(
    ("value", "left"),
    [
        ({"password": "swordfish"}, {"password": "[scrubbed]"}),
        ({"x-api-key": "zq8XvB21mm"}, {"x-api-key": "[scrubbed]"}),
        ({"Authorization": "Basic YWJjZGVmZw=="}, {"Authorization": "Basic [scrubbed]"}),
        ({"api_key": ["zq8XvB21mm"]}, {"api_key": ["[scrubbed]"]}),
        (
            {"name": "x-api-key", "value": "zq8XvB21mm"},
            {"name": "x-api-key", "value": "[scrubbed]"},
        ),
        ({"token": "the", "tokens": 12}, {"token": "the", "tokens": 12}),
    ],
)
def test_field_with_a_secret_name_is_redacted(value: object, left: object) -> None:
    assert scrubber().scrub(value) == left


@pytest.mark.parametrize("before", ["", "a", "ab"])
def test_held_secret_in_base64_is_redacted(before: str) -> None:
    encoded = base64.b64encode(f"{before}{HELD} and more".encode()).decode()
    assert encoded[8:24] not in scrubber().text(f"data:{encoded}")


@pytest.mark.parametrize(
    "code",
    [
        "token = get_token(1)",
        "password: str | None = None",
        "def f(api_key: str = '', secret=None): ...",
        "https://example.org:8080/users/@me",
        'sort_key = "customer_id"',
    ],
)
def test_code_without_secrets_stays(code: str) -> None:
    assert Scrubber(variables={"SORT_KEY": "customer_id"}).text(code) == code


def test_pattern_never_redacts_words_of_the_format() -> None:
    own = Scrubber(["text|completed|user"], keys=tuple, variables={})
    data = {"content": [{"type": "text", "text": "a text"}], "status": "completed"}
    left = {"content": [{"type": "text", "text": "a [scrubbed]"}], "status": "completed"}
    assert own.scrub(data) == left


@pytest.mark.parametrize("end", ["\n-----END RSA PRIVATE KEY-----", ""])
def test_private_key_is_redacted_whole(end: str) -> None:
    key = f"-----BEGIN RSA PRIVATE KEY-----\ncanaryCanary0123456789\nMIIB{end}"
    assert scrubber().text(f"key:\n{key}") == "key:\n[scrubbed]"


def test_name_of_a_credential_in_settings_stays() -> None:
    settings = {"small": {"api_key_secret": "GPT4_LLM_KEY", "api_key_env": "GPT4_LLM_KEY"}}
    assert scrubber().scrub(settings) == settings
