"""What lists and objects say of a text counts as a name before it does, in values and in texts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given as of
from hypothesis import strategies as st

from dari_nb import Dari, Tape
from dari_nb.local import LocalDari, ToolCall, ToolResult
from dari_nb.tapes import Scrubber

KEY, PASSWORD, OTHER = "Ab3dE7gH1jK9mN2pQ5rS8", "hunter7hunter", "Zy8xW2vU6tS0rQ4pN9mL1"
SECRET: list[tuple[Any, list[str]]] = [
    ({"headers": [{"name": "x-api-key", "value": KEY}]}, [KEY]),
    ({"env": [{"name": "PORT", "value": "80"}, {"name": "DB_PASSWORD", "value": PASSWORD}]}, []),
    ([{"key": "API_TOKEN", "type": "text", "value": KEY}], [KEY]),
    ([{"value": PASSWORD, "type": "text", "key": "DB_PASSWORD"}], [PASSWORD]),
    ({"Key": "id", "name": "password", "value": PASSWORD}, [PASSWORD]),
    ({"api_key": [KEY, "and", OTHER]}, [KEY, OTHER]),
    ({"PASSWORD": [PASSWORD]}, [PASSWORD]),
    ({"token": {"value": KEY}}, [KEY]),
    ({"password": {"type": "plain", "value": PASSWORD}}, [PASSWORD]),
    ({"cookies": {"theme": "dark", "sessionid": KEY}}, [KEY]),
    ({"cookies": [{"name": "sessionid", "value": KEY, "path": "/"}]}, [KEY]),
    ({"auth": ["bob", PASSWORD]}, [PASSWORD]),
    ([["x-api-key", KEY], ["Authorization", f"Basic {KEY}c29tZQ=="]], [KEY]),
    (["curl", "-u", f"bob:{PASSWORD}", "http://x"], [PASSWORD]),
    (["curl", f"-ubob:{PASSWORD}"], [PASSWORD]),
    ({"argv": ["mysql", f"-p{PASSWORD}", "--password", f"{PASSWORD}2"]}, [PASSWORD]),
    (["sshpass", "-p", PASSWORD, "ssh", "a@b"], [PASSWORD]),
]
ORDINARY: list[Any] = [
    {"auth": {"method": "basic"}, "tokens": {"input": 12}, "token": {"value": 12345678}},
    {"auth": ["basic", "digest"], "oauth": ["google", "github"], "authors": ["bob", "alice2024"]},
    {"name": "password", "value": ""},
    {"type": "object", "properties": {"api_key": {"type": "string", "description": "Of 2024."}}},
    {"properties": {"password": {"type": "string", "minLength": 8}}, "required": ["api_key", "n2"]},
    {"required": ["password", "password2024"], "key": "password2024"},
    {"usage": {"input_tokens": 1234, "output_tokens": 56, "cache": {"tokens": [1, 2]}}},
    {"key": "title", "value": "Ab3dE7gH1jK9mN2pQ5rS8"},
    {"name": "commit", "value": "9f8e7d6c5b4a39281706f5e4d3c2b1a0aabbccdd"},
    [{"name": "x-api-key", "value": "YOUR_API_KEY_HERE_123"}, {"name": "id", "value": KEY}],
    {"name": "PASSWORD", "value": "${DB_PASSWORD_2024}"},
    {"name": "PWD", "value": "/home/user/work-2024"},
    [{"name": "DB_PASSWORD"}, {"value": PASSWORD}],
    {"password": ["This one is too short: it has 7 characters."], "sort_key": ["last_name_2"]},
    {"cookies": {"theme": "dark", "lang": "en_US_20240101"}, "cookie": ["chocolate2024"]},
    ["curl", "-u", "bob", "http://example.org:8080/x2"],
    ["mysql", "-u", "root", "-p", "database2024", "--port=33060123"],
    ["tool", "--password-stdin", "hunter7hunter"],
    {"tokens": ["Ab3dE7gH1jK9mN2pQ5rS8"], "columns": ["token", "a"], "rows": [["key", "value1"]]},
]


def scrubbed(value: Any) -> Any:
    return Scrubber(keys=list, variables={}).scrub(value)


@pytest.mark.parametrize(("value", "secrets"), SECRET)
def test_what_lists_and_objects_name_goes(value: Any, secrets: list[str]) -> None:
    written = json.dumps(value)
    for secret in secrets or [PASSWORD]:
        assert secret not in json.dumps(scrubbed({"arguments": value}))
        written = written.replace(secret, "[scrubbed]")
    for text in (json.dumps(value), json.dumps(value, indent=4), str(value)):
        for given in (text, f"So it is: {text}", json.dumps({"a": text})):
            left = scrubbed(given)
            assert "[scrubbed]" in left
            assert not any(secret in left for secret in secrets or [PASSWORD])
        assert scrubbed(json.loads(json.dumps([text]))) == [scrubbed(text)]
    if "Basic" not in written and PASSWORD not in written:
        assert json.loads(scrubbed(json.dumps(value))) == scrubbed(value)


@pytest.mark.parametrize("value", ORDINARY)
def test_ordinary_lists_and_objects_stay(value: Any) -> None:
    assert scrubbed(value) == value
    assert scrubbed([{"a": value}]) == [{"a": value}]
    for text in (json.dumps(value), json.dumps(value, indent=4)):
        assert scrubbed(text) == text


def test_a_tape_holds_no_secret_that_the_structure_of_a_call_tells(tmp_path: Path) -> None:
    server = LocalDari(tmp_path / "data")
    values = [value for value, _ in SECRET]

    @server.agent("runner")
    def runner(prompt: str):
        yield ToolCall("run", {"all": values})
        yield ToolResult({"all": values, "text": json.dumps(values)})
        yield "Done."

    with server, Dari(base_url=server.url, api_key=server.api_key) as d:
        d.insert(Tape(tmp_path / "x.tape"))
        d.agents["runner"].send("Run them.").wait()
        d.eject()
    written = (tmp_path / "x.tape").read_text("utf-8")
    assert '"tool_name":"run"' in written
    assert not [secret for secret in (KEY, PASSWORD, OTHER) if secret in written]


NAMES = [
    "name",
    "key",
    "value",
    "api_key",
    "DB_PASSWORD",
    "auth",
    "cookies",
    "Cookie",
    "token",
    "d",
]
PARTS = [KEY, PASSWORD, "curl", "-u", f"b:{PASSWORD}", "mysql", f"-p{PASSWORD}", "--password"]
PARTS += ['"api_key": ["', '"token",', f'"{KEY}"', "a=", "sshpass", "-p", f"canary0AB1{KEY}_{KEY}"]
WORDS = st.sampled_from([*NAMES, *PARTS])
TEXTS = WORDS | st.lists(WORDS, max_size=3).map("".join)
VALUES = st.recursive(
    TEXTS | st.integers(0, 9),
    lambda v: st.lists(v, max_size=4) | st.dictionaries(st.sampled_from(NAMES), v, max_size=3),
    max_leaves=8,
)


@of(VALUES, st.sampled_from([None, 2, 40]))
def test_a_look_at_a_whole_finds_what_its_structure_tells(value: Any, indent: int | None) -> None:
    for given in (
        value,
        [json.dumps(value, indent=indent)],
        [json.dumps({"a": json.dumps(value)})],
    ):
        each = Scrubber([r"(?!)"], keys=list, variables={}).scrub(given)  # looks at each
        assert scrubbed(given) == each
