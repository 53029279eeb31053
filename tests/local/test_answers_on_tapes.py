"""A conversation that plays is one that happened: what was asked behind an answer plays there."""

from __future__ import annotations

import gzip
import json
import logging
import re
from base64 import b64decode
from collections.abc import Iterator
from itertools import count, pairwise
from pathlib import Path
from typing import Any

import pytest

import dari_nb as dari
from dari_nb.cli.cli import main
from dari_nb.local import LocalDari
from dari_nb.resources import Dari
from dari_nb.tapes import Tape, flaws_of, read_tape

from ..pages import reply
from .conftest import Caller, Calling


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "lesson.tape"


class Counting:
    """An agent of whose answers no two are the same."""

    def __init__(self, name: str = "answer") -> None:
        self._name, self._numbers = name, count(1)

    def __call__(self, prompt: str) -> str:
        return f"{self._name} {next(self._numbers)} to {prompt}"


def server_for(tape: Path | Tape, agent: Any = None) -> LocalDari:
    server = LocalDari(tape=tape)
    if agent is not None:
        server.agent("one")(agent)
    return server


def answer(caller: Caller, session: str, text: str) -> str:
    message = caller.finished(caller.send(session, text)["message"]["id"])
    items = caller.get(f"/sessions/{session}/transcript")

    assert message["status"] == "completed"
    return str([one for one in _texts(items) if one.endswith(f" to {text}")][-1])


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)
    elif isinstance(value, str):
        yield value


def refused(caller: Caller, session: str, text: str) -> str:
    body = {"type": "user.message", "content": [{"type": "text", "text": text}]}
    return str(caller.refused(f"/sessions/{session}/events", body)[1])


def test_what_was_asked_behind_a_second_answer_plays_behind_that_one(
    path: Path, calling: Calling
) -> None:
    with server_for(Tape(path, mode="record"), Counting()) as server:
        caller = calling(server)
        answer(caller, caller.create("one"), "one")
        second = caller.create("one")
        assert answer(caller, second, "one") == "answer 2 to one"
        assert answer(caller, second, "two") == "answer 3 to two"
    assert flaws_of(read_tape(path)) == []
    with server_for(Tape(path, mode="play")) as server:
        caller = calling(server)
        first, second = caller.create("one"), caller.create("one")
        assert answer(caller, first, "one") == "answer 1 to one"
        told = refused(caller, first, "two")
        assert "behind another answer" in told
        assert answer(caller, second, "one") == "answer 2 to one"
        assert answer(caller, second, "two") == "answer 3 to two"


def test_of_several_conversations_each_plays_as_it_was(path: Path, calling: Calling) -> None:
    """Also where what was said last is the same, and only what was said before it is not."""
    told = count(1)

    def agent(prompt: str) -> str:
        return f"fine to {prompt}" if prompt == "well?" else f"answer {next(told)} to {prompt}"

    with server_for(Tape(path, mode="record"), agent) as server:
        caller = calling(server)
        for _ in range(3):
            session = caller.create("one")
            for prompt in ("one", "well?", "and?"):
                answer(caller, session, prompt)
    assert flaws_of(read_tape(path)) == []
    expected = [["answer 1 to one", "fine to well?", "answer 2 to and?"]]
    expected += [["answer 3 to one", "fine to well?", "answer 4 to and?"]]
    expected += [["answer 5 to one", "fine to well?", "answer 6 to and?"]]
    with server_for(Tape(path, mode="play")) as server:
        caller = calling(server)
        sessions = [caller.create("one") for _ in range(3)]
        rows = [[answer(caller, one, prompt) for one in sessions] for prompt in ("one",)]
        for prompt in ("well?", "and?"):
            # In whichever order they go on.
            back = [answer(caller, one, prompt) for one in reversed(sessions)]
            rows.append([*reversed(back)])
    assert [list(row) for row in zip(*rows, strict=True)] == expected


@pytest.mark.parametrize("is_removed", [True, False])
def test_what_goes_on_from_a_turn_that_went_takes_it_along(
    path: Path, calling: Calling, is_removed: bool
) -> None:
    """A tape is deleted or emptied while it is in, and its first question asked again."""
    with server_for(path, Counting()) as server:
        caller = calling(server)
        old = caller.create("one")
        assert answer(caller, old, "one") == "answer 1 to one"
        path.unlink() if is_removed else path.write_bytes(b"")
        new = caller.create("one")
        assert answer(caller, new, "one") == "answer 2 to one"
        assert answer(caller, old, "two") == "answer 3 to two"
    tape = read_tape(path)
    assert flaws_of(tape) == []
    assert len(tape.turns) == 3
    with server_for(Tape(path, mode="play")) as server:
        caller = calling(server)
        sessions = [caller.create("one"), caller.create("one")]
        told = {answer(caller, one, "one"): one for one in sessions}
        assert sorted(told) == ["answer 1 to one", "answer 2 to one"]
        assert "behind another answer" in refused(caller, told["answer 2 to one"], "two")
        assert answer(caller, told["answer 1 to one"], "two") == "answer 3 to two"


def test_what_goes_on_from_a_turn_that_others_replaced_is_told_and_never_plays(
    path: Path, calling: Calling, caplog: pytest.LogCaptureFixture
) -> None:
    with server_for(path, Counting()) as server:
        caller = calling(server)
        session = caller.create("one")
        answer(caller, session, "one")
        with server_for(Tape(path, mode="record"), Counting("other")) as other:
            theirs = calling(other)
            assert answer(theirs, theirs.create("one"), "one") == "other 1 to one"
        with caplog.at_level(logging.WARNING):
            answer(caller, session, "two")
        assert "cannot play: the tape has other answers to what was asked before it" in caplog.text
    [flaw] = flaws_of(read_tape(path))
    assert "another answer" in str(flaw)
    with server_for(Tape(path, mode="play")) as server:
        caller = calling(server)
        session = caller.create("one")
        assert answer(caller, session, "one") == "other 1 to one"
        told = refused(caller, session, "two")
        assert "an answer that was replaced there since, so it never plays (msg_2 of" in told


def test_a_session_that_was_asked_before_the_tape_was_in_keeps_its_own_answers(
    path: Path, calling: Calling
) -> None:
    with server_for(Tape(path, mode="record"), Counting()) as server:
        caller = calling(server)
        session = caller.create("one")
        answer(caller, session, "one")
        answer(caller, session, "two")
    agent = Counting("live")
    with LocalDari() as server:
        server.agent("one")(agent)
        caller = calling(server)
        session = caller.create("one")
        assert answer(caller, session, "one") == "live 1 to one"
        server.insert(path)
        assert answer(caller, session, "two") == "live 2 to two"
        server.eject()
    [flaw] = flaws_of(read_tape(path))
    assert "another answer" in str(flaw)


@pytest.fixture
def stale(path: Path, calling: Calling) -> Path:
    """A tape with two conversations, of which the first question of one was recorded anew."""
    with server_for(Tape(path, mode="record"), Counting()) as server:
        caller = calling(server)
        for prompts in (["one", "two", "three"], ["other", "two"]):
            session = caller.create("one")
            for prompt in prompts:
                answer(caller, session, prompt)
    with server_for(Tape(path, mode="record"), Counting("better")) as server:
        caller = calling(server)
        assert answer(caller, caller.create("one"), "one") == "better 1 to one"
    return path


def test_a_turn_that_never_plays_is_marked_where_the_tape_is_shown(
    stale: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    never = "      never plays: what it goes on from is answered otherwise on the tape"
    assert main(["tape", "show", str(stale)]) == 0
    lines = capsys.readouterr().out.splitlines()
    found = [lines[at - 2] for at, line in enumerate(lines) if line == never]
    assert found == ["  msg_2 one: two", "  msg_3 one: three"]


def test_a_session_is_shown_once_though_its_turns_do_not_stand_together(
    path: Path, calling: Calling, capsys: pytest.CaptureFixture[str]
) -> None:
    with server_for(Tape(path, mode="record"), Counting()) as server:
        caller = calling(server)
        first, second = caller.create("one"), caller.create("one")
        for prompt in ("one", "two"):
            answer(caller, first, prompt)
            answer(caller, second, f"{prompt} there")
    assert main(["tape", "show", str(path)]) == 0
    told = [line for line in capsys.readouterr().out.splitlines() if "completed" not in line]
    assert told[:-1] == [
        "sess_1",
        "  msg_1 one: one",
        "  msg_2 one: two",
        "sess_2",
        "  msg_1 one: one there",
        "  msg_2 one: two there",
    ]


def test_what_never_plays_is_not_asked_again_and_that_is_said(stale: Path) -> None:
    with server_for(stale, Counting("now")) as server:
        server.eject()
        with Dari(server.url, server.api_key, server) as d:
            check = dari.Tape(stale).check(d, report=None)
    why = "other answers stand before it on the tape than those that it was asked behind"
    assert check.unasked == [("msg_2 of sess_1", why), ("msg_3 of sess_1", why)]
    assert check.asked == 3


def test_two_questions_sent_at_once_play_and_are_recorded_in_their_order(
    path: Path, calling: Calling
) -> None:
    for mode, agent in (("record", Counting()), ("auto", None), ("play", None)):
        with server_for(Tape(path, mode=mode), agent) as server:  # type: ignore[arg-type]
            caller = calling(server)
            session = caller.create("one")
            sent = [caller.send(session, text)["message"]["id"] for text in ("one", "two", "three")]
            ended = [caller.finished(one)["status"] for one in sent]
        assert ended == ["completed"] * 3
        assert flaws_of(read_tape(path)) == []
    assert all(turn.line.behind for turn in read_tape(path).turns[1:])


def test_a_tape_that_says_nothing_of_what_stood_before_plays_all_the_same(
    path: Path, calling: Calling
) -> None:
    with server_for(Tape(path, mode="record"), Counting()) as server:
        caller = calling(server)
        session = caller.create("one")
        answer(caller, session, "one")
        answer(caller, session, "two")
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert sum("behind" in line for line in lines) == 1
    for line in lines:
        line.pop("behind", None)
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert main(["tape", "check", str(path)]) == 0
    with server_for(Tape(path, mode="play")) as server:
        caller = calling(server)
        session = caller.create("one")
        answer(caller, session, "one")
        assert answer(caller, session, "two") == "answer 2 to two"


def conversations(path: Path, calling: Calling, *prompts: str, times: int) -> list[list[str]]:
    """What plays of a tape in so many sessions, each up to where nothing does."""
    found = []
    with server_for(Tape(path, mode="play")) as server:
        caller = calling(server)
        for _ in range(times):
            session, told = caller.create("one"), list[str]()
            for prompt in prompts:
                body = {"type": "user.message", "content": [{"type": "text", "text": prompt}]}
                if not caller.http.post(f"/sessions/{session}/events", json=body).is_success:
                    break
                caller.rests(session)
                items = [*_texts(caller.get(f"/sessions/{session}/transcript"))]
                told.append([one for one in items if one.endswith(f" to {prompt}")][-1])
            found.append(told)
    return found


def recorded(path: Path, calling: Calling, name: str = "answer", sessions: int = 2) -> None:
    with server_for(Tape(path, mode="record"), Counting(name)) as server:
        caller = calling(server)
        for _ in range(sessions):
            session = caller.create("one")
            for prompt in ("one", "two"):
                answer(caller, session, prompt)


def test_recording_anew_replaces_nothing_of_conversations_that_it_is_not(
    path: Path, calling: Calling, caplog: pytest.LogCaptureFixture
) -> None:
    """What goes on from an answer that the tape has not is a further one."""
    recorded(path, calling)
    with LocalDari() as server:
        server.agent("one")(Counting("live"))
        caller = calling(server)
        session = caller.create("one")
        answer(caller, session, "one")
        server.insert(Tape(path, mode="record"))
        with caplog.at_level(logging.WARNING):
            assert answer(caller, session, "two") == "live 2 to two"
            answer(caller, session, "three")
        server.eject()
    # Said once, though two turns cannot play.
    assert caplog.text.count("cannot play: the tape has other answers to what was asked") == 1
    assert conversations(path, calling, "one", "two", times=2) == [
        ["answer 1 to one", "answer 2 to two"],
        ["answer 3 to one", "answer 4 to two"],
    ]


def test_each_conversation_is_recorded_anew_in_its_own_place(path: Path, calling: Calling) -> None:
    recorded(path, calling)
    with server_for(Tape(path, mode="record"), Counting("new")) as server:
        caller = calling(server)
        first, second = caller.create("one"), caller.create("one")
        for session in (first, second):
            answer(caller, session, "one")
        answer(caller, second, "two")
    assert conversations(path, calling, "one", "two", times=2) == [
        ["new 1 to one"],  # what had been asked behind it was not recorded anew
        ["new 2 to one", "new 3 to two"],
    ]
    with server_for(Tape(path, mode="record"), Counting("last")) as server:
        caller = calling(server)
        for _ in range(2):
            session = caller.create("one")
            sent = [caller.send(session, text)["message"]["id"] for text in ("one", "two")]
            [caller.finished(one) for one in sent]
    tape = read_tape(path)
    assert len([turn for turn in tape.turns if turn.line.asked == "one"]) == 2
    assert [len(one) for one in conversations(path, calling, "one", "two", times=2)] == [2, 2]


def test_what_others_put_in_the_place_of_a_tape_is_told_when_it_is_taken_out(
    path: Path, calling: Calling, caplog: pytest.LogCaptureFixture
) -> None:
    recorded(path, calling, sessions=1)
    before = path.read_bytes()
    with server_for(path, Counting("more")) as server:
        caller = calling(server)
        answer(caller, caller.create("one"), "three")
        assert len(read_tape(path).turns) == 3
        path.write_bytes(before)
        with caplog.at_level(logging.WARNING):
            server.eject()
    assert "lesson.tape was replaced: 1 turn recorded here is no longer on it." in caplog.text


def test_what_goes_on_from_a_session_that_no_tape_has_is_told(
    path: Path, calling: Calling, caplog: pytest.LogCaptureFixture
) -> None:
    with LocalDari() as server:
        server.agent("one")(Counting())
        caller = calling(server)
        session = caller.create("one")
        answer(caller, session, "one")
        server.insert(path)
        with caplog.at_level(logging.WARNING):
            for text in ("two", "three"):
                answer(caller, session, text)
        server.eject()
    assert caplog.text.count("cannot play: the turn before it is not on the tape.") == 1


def test_what_goes_on_from_an_answer_that_was_recorded_anew_here_is_told(
    path: Path, calling: Calling, caplog: pytest.LogCaptureFixture
) -> None:
    recorded(path, calling, sessions=1)
    with server_for(path, Counting("new")) as server:
        caller = calling(server)
        session = caller.create("one")
        assert answer(caller, session, "one") == "answer 1 to one"
        server.insert(Tape(path, mode="record"))
        answer(caller, caller.create("one"), "one")
        with caplog.at_level(logging.WARNING):
            answer(caller, session, "two")
    assert "cannot play: the tape has other answers to what was asked before it" in caplog.text


@pytest.mark.parametrize("again", [("one",), ("one", "two")])
def test_what_was_recorded_before_what_it_goes_on_from_was_recorded_anew_is_named(
    path: Path, calling: Calling, caplog: pytest.LogCaptureFixture, again: tuple[str, ...]
) -> None:
    with server_for(path, Counting()) as server:
        caller = calling(server)
        session = caller.create("one")
        for prompt in ("one", "two"):
            answer(caller, session, prompt)
        server.insert(Tape(path, mode="record"))
        for prompt in ("three", "four"):
            answer(caller, session, prompt)
        other = caller.create("one")
        for prompt in again:
            answer(caller, other, prompt)
        assert caplog.text == ""
        server.eject()
    lost = [turn for turn in ("two", "three", "four") if turn not in again]
    assert f"{len(lost)} turns had been recorded behind other answers" in caplog.text
    assert [turn for turn in ("one", "two", "three", "four") if f"'{turn}'" in caplog.text] == lost
    assert flaws_of(read_tape(path)) != []


def test_what_was_told_when_it_was_asked_is_not_named_again(
    path: Path, calling: Calling, caplog: pytest.LogCaptureFixture
) -> None:
    with server_for(path, Counting()) as server:
        caller = calling(server)
        session = caller.create("one")
        answer(caller, session, "one")
        server.insert(Tape(path, mode="record"))
        answer(caller, caller.create("one"), "one")
        answer(caller, session, "two")
        assert "cannot play: the tape has other answers" in caplog.text
        server.eject()
    assert "had been recorded behind" not in caplog.text


def lines_of(path: Path) -> tuple[list[str], list[int]]:
    """The lines of a tape, and the places of those that open a turn, with that of the last line."""
    lines = path.read_text().splitlines(keepends=True)
    return lines, [at for at, line in enumerate(lines) if line.startswith(('{"turn"', '{"scrub'))]


def page_of(tape: dari.Tape, path: Path) -> str:
    page = tape.to_html(path).read_text()
    blocks = re.findall(r'<script type="application/gzip"[^>]*>([^<]*)<', page)
    return page + "".join(gzip.decompress(b64decode(block)).decode() for block in blocks)


@pytest.fixture
def blocks(path: Path, calling: Calling) -> list[str]:
    """A tape in parts: what is above its turns, each turn, and its last line.

    Two sessions, a third one that goes on from the first turn of the first, and a question in front
    of the second turn.
    """
    with server_for(Tape(path, mode="record"), Counting()) as server:
        caller = calling(server)
        first, other = caller.create("one"), caller.create("one")
        for prompt in ("hi", "more", "last"):
            answer(caller, first, prompt)
        place = {"session_id": first, "after_message_id": caller.messages(first)[0]["id"]}
        fork = caller.create("one", fork_of=place)
        for prompt in ("alt", "else"):
            answer(caller, fork, prompt)
        for prompt in ("yo", "yes"):
            answer(caller, other, prompt)
    lines, at = lines_of(path)
    parts = [0, *at, len(lines)]
    told = ["".join(lines[begin:end]) for begin, end in pairwise(parts)]
    told[2] = '{"mark":"before more","ask":"What comes now?"}\n' + told[2]
    path.write_text("".join(told))
    return told


def test_a_session_that_goes_on_from_another_one_says_so_where_it_begins(
    path: Path, blocks: list[str], tmp_path: Path
) -> None:
    parts = ["session 1 · one", "session 2 · one · goes on from turn 1", "session 3 · one"]
    page = page_of(dari.Tape(path), tmp_path / "page.html")
    assert re.findall('"part":"([^"]+)"', page) == parts
    assert f'<p class="dari-part">{parts[0]}</p>' in page.replace("&#183;", "·")
    player = dari.Tape(path).view()
    answers = dict.fromkeys(player._score.questions, "x")
    chapters = player._score.outline(answers)[1]
    assert [chapter["part"] for chapter in chapters if chapter["part"]] == parts
    for question in player._score.questions:
        reply(player, question, "x")
    for static in player._presentation.subject.static_output().values():
        assert static.count("goes on from turn 1") == 1
    heads = [head.facts for _, head in player._score.parts(answers)]
    assert heads[0] == ["recorded", "session 1", "3 turns"]
    assert heads[1] == ["recorded", "session 2", "2 turns", "goes on from turn 1"]
    player.close()
