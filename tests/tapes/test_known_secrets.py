"""Which secrets are known by their names, by their forms, and in which spellings."""

from __future__ import annotations

import inspect
import json
import pydoc
import re
from base64 import b64encode
from pathlib import Path
from unicodedata import normalize
from urllib.parse import quote

import pytest

import dari_nb
from dari_nb.local import Draft, LocalDari, ToolCall, ToolResult
from dari_nb.tapes import Scrubber
from dari_nb.tapes.scrubbing.provider_keys import OWNERS

HELD = "held-by-a-variable-7"


def scrubber() -> Scrubber:
    return Scrubber(keys=list, variables={"MY_API_KEY": HELD})


HELD_THERE = "canary0123456789/ABCDEF+ghijklmnopqrstuvw"[:40]
IN_CONTEXT = [
    "Authorization: Bearer {}",
    "AUTHORIZATION: BEARER {}",
    "authorization: bearer {}",
    "postgres://user:{}@db.example.org/x",
    "aws_secret_access_key = {}",
    'export AWS_SECRET_ACCESS_KEY="{}"',
    "Endpoint=https;AccountKey={}==",
]


@pytest.mark.parametrize("text", [*IN_CONTEXT, "https://hooks.slack.com/services/{}"])
def test_what_stands_before_a_key_gives_it_away(text: str) -> None:
    held = "T0AB/B0CD/canary0123456789abcdef" if "slack" in text else HELD_THERE
    held = held.replace("/", "-") if "@" in text else held
    for given in (text.format(held), f"curl -H '{text.format(held)}' and on"):
        told = given.replace(held, "[scrubbed]").replace("[scrubbed]==", "[scrubbed]")
        assert scrubber().text(given) == told
        assert scrubber().scrub({"a": [given]}) == {"a": [told]}
        assert scrubber().text(told) == told


@pytest.mark.parametrize(
    "password", ["p@ss#1", "p%40ss/w0rd", "aa@bb@cc", "p@ss?w0rd", "a1/b2/c3", "swordfish"]
)
def test_a_password_in_an_address_goes_whole(password: str) -> None:
    for text in ("mysql://root:{}@host:3306/db", "See https://bob:{}@host/org@v2?mail=a@b.org."):
        assert scrubber().text(text.format(password)) == text.format("[scrubbed]")


def test_addresses_without_a_password_stay() -> None:
    text = (
        "https://example.org:8080/users2/@me/x http://host:8080?x=a2@b http://[::1]:8080/a/@user1 "
        "docker://python:3.11-slim@sha256:0123 docker://registry:5000/img2@v1 ssh://git@host:22/x"
    )
    assert scrubber().text(text) == text
    assert scrubber().text("://" * 20000) == "://" * 20000


@pytest.mark.parametrize(
    "name",
    [
        "DB_PASSWD",
        "KEY_PASSPHRASE",
        "GITHUB_PAT",
        "AWS_CREDENTIALS",
        "API_KEYS",
        "MY_KEY_1",
        "T_TOKEN2",
        "PGPASS",
        "DB_PASS",
        "MYSQL_PWD",
        "NPM_AUTH",
        "DB_CREDS",
        "SITE_COOKIE",
        "ROOT_PW",
        "HASH_SALT",
        "SENTRY_DSN",
        "DSN",
    ],
)
def test_the_names_of_variables_that_hold_secrets_have_many_endings(name: str) -> None:
    own = Scrubber(keys=list, variables={name: "canary-0123456789", "COMPAT": "compat-0123456789"})
    assert own.text("canary-0123456789 compat-0123456789") == "[scrubbed] compat-0123456789"


def test_folders_and_methods_are_no_secrets_whatever_their_variables_are_called() -> None:
    held = {"PWD": "/home/user/work-2024", "OLDPWD": "lesson-2024", "BUILD_PWD": "/srv/work-2024"}
    held |= {"MY_PWD": "C:\\work-2024", "PROXY_AUTH": "kerberos", "COMPASS": "north-2024"}
    held |= {
        "A_CREDS": "/run/creds-2024",
        "B_COOKIE": "chocolate",
        "DSN": "sqlite",
        "SPW": "spw-2024",
    }
    own, text = Scrubber(keys=list, variables=held), " ".join(held.values())
    assert own.text(text) == text


def test_each_secret_of_a_variable_with_several_is_found() -> None:
    own = Scrubber(keys=list, variables={"API_KEYS": "canary-0123456789, canary-9876543210"})
    assert own.text("It is canary-9876543210.") == "It is [scrubbed]."


def test_words_that_begin_like_keys_stay() -> None:
    text = (
        "Use task_id, disk_0123456789abcdef, europa-conference-of-many-people-in-2024-and-so-on, "
        "a Bearer of bad news, Bearer $TOKEN, https://user:password@example.org/, AccountKey, "
        "https://example.org:8080/@somebody, fw_configuration_of_2024, SG.com, dapier, ntn_, "
        "postgres://${USER}:${PASSWORD}@host, mailto:a@b.org, aws_secret_access_key = …, shp. "
        '<div class="sk-text-repr-fallback sk-toggleable__content sk-estimator-doc-link">, '
        "sk-toggleable__label-arrow, sk-learn-contrib-imbalanced-learn-0-12-0, "
        "task-sk-learn-2024-regression-model-comparison, sk-toggleable-content-label"
    )
    assert scrubber().text(text) == text


@pytest.mark.parametrize(
    "key", ["pä55-Delta-wörd", "Grüße9876straße", "пароль-7-и-ещё", "Ärger ohne"]
)
def test_a_known_secret_is_found_however_its_letters_are_spelled(key: str) -> None:
    own = Scrubber(keys=list, variables={"THE_KEY": key})
    cases = (key, key.upper(), key.lower(), key.casefold()) if re.search(r"\d", key) else (key,)
    for form in cases:
        for spelled in (form, normalize("NFD", form), normalize("NFC", form)):
            assert own.text(f"ÄÖ {spelled}, ß.") == "ÄÖ [scrubbed], ß."
            assert own.scrub({spelled: [f"ß{spelled}é"]}) == {"[scrubbed]": ["ß[scrubbed]é"]}
            assert own.pieces([spelled[:3], spelled[3:]]) == ["[scrubbed]", ""]
            assert own.text(json.dumps(spelled)) == '"[scrubbed]"'
            assert own.text(quote(spelled)) == "[scrubbed]"


@pytest.mark.parametrize("key", [HELD, "pä55-Delta-wörd"])
def test_a_known_secret_is_found_where_its_bytes_are_written_as_digits(key: str) -> None:
    own = Scrubber(keys=list, variables={"MY_API_KEY": HELD, "THE_KEY": key})
    for form in (key.encode().hex(), key.encode().hex().upper()):
        assert own.text(f"xxd: 00{form}0a.") == "xxd: 00[scrubbed]0a."
        assert own.scrub({"a": [form, 1]}) == {"a": ["[scrubbed]", 1]}


def test_no_documentation_shows_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CANARY_API_KEY", "canary-of-variables-0")
    shown = [pydoc.render_doc(each) for each in (dari_nb.tapes, Scrubber, dari_nb.Tape)]
    told = [*shown, str(inspect.signature(Scrubber)), repr(Scrubber())]
    assert not any("canary" in text.lower() for text in told)


def test_a_word_or_date_that_a_variable_holds_is_a_secret_only_as_a_password() -> None:
    held = {"SORT_KEY": "20240101", "CUT_TOKEN": "2024-01-31"}
    held |= {"PRIMARY_KEY": "customer_id", "STOP_TOKEN": "StopWord", "DB_PASSWORD": "swordfish"}
    own = Scrubber(keys=list, variables=held)
    for value in held.values():
        left = "[scrubbed]" if value == "swordfish" else value
        assert own.text(f"What is {value}?") == f"What is {left}?"


@pytest.mark.parametrize("secret", ["20240101", "swordfish", "betakey2222"])
def test_a_short_secret_is_no_part_of_a_longer_word_or_number(secret: str) -> None:
    own = Scrubber(keys=list, variables={"THE_PASSWORD": secret})
    for text in (f"1{secret} units", f"a{secret}", f"x {secret}s", f"{secret}0"):
        assert own.text(text) == text
    for text in ("on {} we", "({})", "{}_a", "是{}吗", "First\n{}\nLast", "a\x1b[1m{}\x1b[0mb"):
        assert own.text(text.format(secret)) == text.format("[scrubbed]")


def test_a_long_random_secret_is_found_within_a_longer_word() -> None:
    assert scrubber().text(f"login -p{HELD}x") == "login -p[scrubbed]x"


LONG = ["zq8XvB21mmTT0aLpWW33", "org-Zebra.77_live/Ab3dE7gH1jK9", "pä55-Delta-wörd-0815-Grün7"]


@pytest.mark.parametrize("key", LONG)
def test_a_half_or_more_of_a_known_secret_is_none_to_keep(key: str) -> None:
    own = Scrubber(keys=lambda: [key], variables={})
    half = len(key) // 2
    for size in range(half, len(key)):
        for part in (key[:size], key[-size:]):
            for form in (part, part.upper(), quote(part), json.dumps(part)[1:-1]):
                assert own.text(f"It is {form}…, so.") == "It is [scrubbed]…, so."
                assert own.scrub({"a": [f"{form}...", 1]}) == {"a": ["[scrubbed]...", 1]}
    assert own.scrub({"a": key[:half], "b": key[half:]}) == {"a": "[scrubbed]", "b": "[scrubbed]"}
    assert own.scrub([f"'{key[:half]}'", key[half:]]) == ["'[scrubbed]'", "[scrubbed]"]
    assert own.pieces(["x ", key[:half], key[half:-1], " y"]) == ["x ", "[scrubbed]", "", " y"]
    assert own.text(f"{key[:half]}\n    {key[half:-1]}") == "[scrubbed]"
    assert own.text(f"x {b64encode(key[:-1].encode()).decode()}").startswith("x [scrubbed]")


def test_words_that_a_known_secret_begins_or_ends_with_stay() -> None:
    held = {"A_SECRET": "correct-horse-battery-staple-2024", "B_KEY": "betakey2222"}
    held |= {"C_KEY": "/home/user2/keys/project-1234.json", "D_PASSWORD": "1234567890123456"}
    own = Scrubber(keys=list, variables=held)
    text = (
        "correct-horse-battery-staple, betakey, /home/user2/keys/other.json, 12345678, staple-2024"
    )
    assert own.text(text) == text
    assert own.scrub({"a": [text]}) == {"a": [text]}
    for value in held.values():
        assert own.text(f"It is {value}.") == "It is [scrubbed]."


def test_a_secret_cut_short_by_a_tool_is_not_on_the_tape(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_API_KEY", key := LONG[0])
    server = LocalDari(tmp_path / "data", api_key=LONG[1])

    @server.agent("leaking")
    def leaking(prompt: str):  # type: ignore[no-untyped-def]
        yield Draft(f"It is {key[:5]}")
        yield Draft(f"{key[5:-1]}…")
        yield f"It is {key[:-1]}…"
        yield ToolCall("run", {"a": LONG[1][:15], "b": LONG[1][15:], "c": [key[:10], key[10:]]})
        yield ToolResult(f"{LONG[1][3:]} {LONG[1][:-1]}")

    with server, dari_nb.Dari(base_url=server.url, api_key=server.api_key) as d:
        d.insert(dari_nb.Tape(tmp_path / "x.tape"))
        d.agents["leaking"].send("Say it.").wait()
        d.eject()
    written = (tmp_path / "x.tape").read_text("utf-8")
    assert '"content":[{"type":"text","text":"It is [scrubbed]…"}]' in written
    told = [part for key in LONG[:2] for part in (key[:8], key[-8:]) if part in written]
    assert told == []


def test_the_page_of_the_format_names_all_whose_keys_are_known() -> None:
    page = Path(dari_nb.__file__).with_name("tapes").joinpath("FORMAT.md").read_text("utf-8")
    owners = {*OWNERS} - {"OpenAI, Anthropic or the like"}
    assert [owner for owner in sorted(owners) if owner not in page] == []
