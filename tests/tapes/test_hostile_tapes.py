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
from dari_nb.tapes.verifying import repeated_fields

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


@pytest.mark.parametrize(
    "name",
    [
        "../../evil.txt",
        "/tmp/x",
        "a\0b",
        "a" * 5_000,
        "a/" * 1_500 + "b",
        "a/../../b",
        ".",
        "",
        "a//b",
        "..\\evil",
    ],
)
def test_a_file_that_could_lie_in_no_workspace_is_named(name: str) -> None:
    [flaw] = flaws(with_file(file=name))
    assert flaw.startswith("line 5, msg_1 of sess_1: ")
    assert "is no path below a workspace" in flaw
    assert len(flaw) < 150


@pytest.mark.parametrize("name", ["a.txt", "out/a b.csv", "out/", "a\nb", ".hidden", "..a", "ä"])
def test_a_file_that_could_is_no_flaw(name: str) -> None:
    assert flaws(with_file(file=name)) == []


def test_what_is_no_hash_no_ordinal_or_another_text_is_named() -> None:
    [flaw] = flaws(with_file(sha256="../../../../etc/passwd", text=None, beside=True))
    assert flaw == (
        "line 5, msg_1 of sess_1: "
        "sha256 must be 64 hexadecimal digits, and is '../../../../etc/passwd'"
    )
    [flaw] = flaws(with_file(sha256="0" * 64))
    assert "'a.txt' is not the file that was recorded: its hash is another one" in flaw
    [flaw] = flaws(with_file(attached=True))
    assert "an attached file is named by its ordinal, as file_1, and not 'a.txt'" in flaw
    assert flaws(with_file(attached=True, file="file_1")) == []


def test_what_cannot_play_is_named() -> None:
    [flaw] = flaws(with_file(size=7))
    assert flaw.endswith("size is not that of 'a.txt', which has 4 bytes")
    told = with_file()
    [flaw] = flaws([*told[:5], {**told[4], "file": "a.txt/b"}, *told[5:]])
    assert flaw == (
        "line 6, msg_1 of sess_1: 'a.txt/b' cannot be put where 'a.txt' is: one of both is a folder"
    )
    [flaw] = flaws([*told[:4], {**told[4], "file": "a.txt/b"}, *told[4:]])
    assert flaw.startswith("line 6, msg_1 of sess_1: 'a.txt' cannot be put where 'a.txt' is")
    gone = {"file": "a.txt", "gone": True}
    assert flaws([*told[:5], gone, {**told[4], "file": "a.txt/b"}, *told[5:]]) == []
    deep: Any = 1
    for _ in range(300):
        deep = [deep]
    called = {"tool_call_id": "call_1", "tool_name": "t", "arguments": deep}
    told = lines()
    told.insert(3, {"event": "tool.call_requested", "data": called})
    [flaw] = flaws(told)
    assert flaw.endswith("its JSON is nested more than 200 levels deep: it cannot play")


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


def test_marks_that_cannot_be_meant_are_named() -> None:
    told = lines()
    told[3:3] = [{"mark": "a", "ask": " "}, {"mark": "b", "ask": "?"}, {"mark": "b"}]
    assert flaws(told) == [
        "line 4, msg_1 of sess_1: a mark's question is empty: say what is asked, or leave ask out",
        "line 6, msg_1 of sess_1: 'b' is a mark twice in this turn, with a question: name one anew",
    ]
    told[3:6] = [{"mark": "here"}, {"mark": "here"}]
    told.insert(2, {"mark": "a", "ask": "?"})
    assert flaws(told) == []


def test_two_turns_in_one_place_of_a_session_are_named() -> None:
    first = taken("Hi", [said("Hello.")])
    parts = [taken(text, [said("Yes.")], number=2, parent=first.line.key) for text in ("A?", "B?")]
    [flaw] = flaws(list(tape_bytes(tape_of(first, *parts)).splitlines()))
    assert flaw == (
        "line 9, msg_2 of sess_1: the turn on line 6 is msg_2 of sess_1, too: take one of both "
        "out, with those that go on from it"
    )


def test_a_field_that_stands_twice_is_named() -> None:
    data = tape_bytes(tape_of(taken("Hi", [said("Hello.")])))
    assert list(repeated_fields(data)) == []
    twice = data.replace(b'{"turn":', b'{"turn":"msg_7","turn":')
    [flaw] = repeated_fields(twice)
    assert str(flaw).startswith("line 3: a field 'turn' stands twice in it")


@pytest.mark.parametrize("field", ["turn", "session", "key", "parent"])
def test_an_ordinal_that_is_too_long_is_none(field: str) -> None:
    told = lines()
    told[2][field] = "msg_" + "9" * 5_000
    with pytest.raises(TapeError, match=f"{field} must be a text of at most 100 char") as caught:
        read(told)
    assert len(str(caught.value)) < 150


def test_turns_that_come_before_themselves_are_named() -> None:
    told = lines()
    turn, body = told[2], told[3:-1]
    turns = [{**turn, "key": key * 16, "parent": before * 16} for key, before in ("ab", "ba", "cc")]
    turns.append({**turn, "key": "d" * 16, "parent": "a" * 16})
    circles = [
        flaw
        for flaw in flaws([*told[:2], *(line for one in turns for line in (one, *body))])
        if flaw.endswith("its parents lead back to it: no turn is before itself")
    ]
    assert [flaw.split(",")[0] for flaw in circles] == ["line 3", "line 6", "line 9"]


def test_a_reference_to_what_is_nowhere_is_named() -> None:
    told = lines()
    told[2]["more"] = {
        "a": {"same": [0]},
        "b": {"same": [99_999_999_999, "x"]},
        "c": {"same": ["__class__"]},
        "d": {"same": [[{"same": [7]}]]},
    }
    assert flaws(told) == [
        f"line 3, msg_1 of sess_1: more: {place} is no place in this turn where a text is"
        for place in ("[99999999999, 'x']", "['__class__']")
    ]


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
