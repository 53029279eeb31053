"""What is wrong with tapes that somebody made on purpose is named, with its line."""

from __future__ import annotations

import hashlib
import json
import re
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


def flaws(lines: list[Any]) -> list[str]:
    return [str(flaw) for flaw in flaws_of(read(lines))]


def with_file(**fields: Any) -> list[Any]:
    told = lines()
    whole = {"file": "a.txt", "sha256": hashlib.sha256(b"evil").hexdigest(), "text": "evil"}
    return [*told[:4], {**whole, **fields}, *told[4:]]


@pytest.mark.parametrize("name", ["a.txt", "out/a b.csv", "out/", "a\nb", ".hidden", "..a", "ä"])
def test_a_file_that_could_is_no_flaw(name: str) -> None:
    assert flaws(with_file(file=name)) == []


@pytest.mark.parametrize("opening", ['{"a":', "["])
@pytest.mark.parametrize("command", ["check", "show"])
def test_what_else_was_told_may_be_nested_as_deep_as_it_likes(
    opening: str, command: str, tmp_path: Path
) -> None:
    [header, agent, turn, *rest] = lines()
    deep = opening * 900 + "1" + ("}" if opening[0] == "{" else "]") * 900
    nested = f'{json.dumps(turn)[:-1]},"more":{{"deep":{deep}}}}}'
    told = [json.dumps(header), json.dumps(agent), nested, *map(json.dumps, rest)]
    (tmp_path / "x.tape").write_text("".join(f"{line}\n" for line in told))
    assert main(["tape", command, str(tmp_path / "x.tape")]) == 0


def test_a_file_that_is_not_beside_the_tape_is_named(tmp_path: Path) -> None:
    digest = hashlib.sha256(b"evil").hexdigest()
    tape = read(with_file(text=None, beside=True))
    [flaw] = flaws_of(tape, folder=tmp_path)
    assert "'a.txt' cannot be read in the folder" in flaw.text
    (tmp_path / digest).write_bytes(b"evil")
    assert flaws_of(tape, folder=tmp_path) == []
    (tmp_path / digest).write_bytes(b"good")
    [flaw] = flaws_of(tape, folder=tmp_path)
    assert "'a.txt' is not the file that was recorded" in flaw.text


@pytest.mark.parametrize("field", ["turn", "session", "key", "parent"])
def test_an_ordinal_that_is_too_long_is_none(field: str) -> None:
    told = lines()
    told[2][field] = "msg_" + "9" * 5_000
    with pytest.raises(TapeError, match=f"{field} must be a text of at most 100 char") as caught:
        read(told)
    assert len(str(caught.value)) < 150


@pytest.mark.parametrize("cost", ["NaN", "-5", "1e999999", "<script>", "unknown", "9" * 400])
def test_a_cost_that_is_none_is_unknown(cost: str) -> None:
    told = lines()
    told[2]["cost"] = cost
    assert "      completed, 2 events, 0.5 s, cost unknown" in summary_of(read(told))


def test_all_marks_are_shown_each_on_a_line() -> None:
    told = lines()
    told.insert(-1, {"mark": "the end", "ask": "What\nnow?\n\nsess_9"})
    told.insert(4, {"mark": "here"})
    marks = [line for line in summary_of(read(told)) if re.match(" +(mark|question): ", line)]
    assert marks == [
        "      mark: here",
        "      mark: the end",
        "      question: What now? sess_9",
    ]


@pytest.mark.parametrize("at", [0, 2, 3])
def test_a_line_that_is_no_utf_8_says_so(at: int) -> None:
    told: list[Any] = lines()
    told[at] = json.dumps(told[at], ensure_ascii=False).encode().replace(b"}", b',"x":"\xff\xfe"}')
    with pytest.raises(TapeError) as caught:
        read(told)
    assert str(caught.value).startswith(f"x.tape, line {at + 1}: ")
    assert at == 0 or "it is no UTF-8 text: save the file as UTF-8" in str(caught.value)


@pytest.mark.parametrize(
    ("line", "quote", "at"),
    [
        ("{“mark”: “here”}", "“", 2),
        ('{"mark": “here”}', "“", 10),
        ("{'mark': 'here'}", "'", 2),
        ('{"mark": „hier“}', "„", 10),
        ('{"mark": "here”}', "”", 15),
    ],
)
def test_quotes_of_a_word_processor_are_named(line: str, quote: str, at: int) -> None:
    told: list[Any] = lines()
    told.insert(2, line.encode())
    with pytest.raises(TapeError) as caught:
        read(told)
    assert f"line 3: it has {quote} from character {at} on" in str(caught.value)
    assert 'write " instead' in str(caught.value)
