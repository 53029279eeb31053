"""What is wrong with tapes that somebody made on purpose is named, with its line."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from dari_nb.cli.cli import main
from dari_nb.errors import TapeError
from dari_nb.tapes import Recording, flaws_of, parsed, tape_bytes
from dari_nb.tapes.summary import summary_of

from .conftest import said, taken, tape_of


def lines() -> list[dict[str, Any]]:
    """The lines of a tape with one turn."""
    data = tape_bytes(tape_of(taken("Hi", [said("Hello.")])))
    return [json.loads(line) for line in data.splitlines()]


def read(lines: list[Any]) -> Recording:
    texts = [line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines]
    return parsed(b"".join(text + b"\n" for text in texts), "x.tape")


def with_file(**fields: Any) -> list[Any]:
    told = lines()
    whole = {"file": "a.txt", "sha256": hashlib.sha256(b"evil").hexdigest(), "text": "evil"}
    return [*told[:4], {**whole, **fields}, *told[4:]]


@pytest.mark.parametrize("command", ["check", "show"])
def test_what_else_was_told_may_be_nested_as_deep_as_it_likes(command: str, tmp_path: Path) -> None:
    [header, agent, turn, *rest] = lines()
    deep = "[" * 900 + "1" + "]" * 900
    nested = f'{json.dumps(turn)[:-1]},"more":{{"deep":{deep}}}}}'
    told = [json.dumps(header), json.dumps(agent), nested, *map(json.dumps, rest)]
    (tmp_path / "x.tape").write_text("".join(f"{line}\n" for line in told))
    assert main(["tape", command, str(tmp_path / "x.tape")]) == 0


def test_a_file_that_is_not_beside_the_tape_is_named(tmp_path: Path) -> None:
    digest = hashlib.sha256(b"evil").hexdigest()
    tape = read(with_file(text=None, beside=True))
    assert len(flaws_of(tape, folder=tmp_path)) == 1
    (tmp_path / digest).write_bytes(b"evil")
    assert flaws_of(tape, folder=tmp_path) == []
    (tmp_path / digest).write_bytes(b"good")
    assert len(flaws_of(tape, folder=tmp_path)) == 1


def test_an_ordinal_that_is_too_long_is_none() -> None:
    told = lines()
    told[2]["turn"] = "msg_" + "9" * 5_000
    with pytest.raises(TapeError, match="turn") as caught:
        read(told)
    assert len(str(caught.value)) < 150


@pytest.mark.parametrize("cost", ["NaN", "1e999999", "<script>"])
def test_a_cost_that_is_none_is_unknown(cost: str) -> None:
    told = lines()
    told[2]["cost"] = cost
    assert any("cost unknown" in line for line in summary_of(read(told)))
