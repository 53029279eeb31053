"""Tapes as people hold them: played, asked about, and written as pages."""

from __future__ import annotations

import json
import re
import sys
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from traitlets import TraitError

import dari_nb as dari
from dari_nb.local import LocalDari


@pytest.fixture
def tape(tmp_path: Path) -> dari.Tape:
    """A tape whose second turn was asked otherwise later."""
    with LocalDari() as server:

        @server.agent("shop")
        def shop(prompt: str) -> str:
            return f"You asked for {prompt}."

        path = tmp_path / "shop.tape"
        d = dari.connect(base_url=server.url, api_key=server.api_key)
        for last in ("a lamp", "<b>a chair</b>"):
            server.insert(path)
            session = d.agents["shop"].start()
            session.send("hello").wait()
            session.send(last).wait()
            server.eject()
        d.close()
    return dari.Tape(path)


def test_answers_are_kept_beside_the_notebook_and_are_a_frame(
    tape: dari.Tape, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    lines = tape.file.read_text().splitlines()
    lines.insert(4, '{"mark": "It was asked.", "ask": "What will it say?"}')
    tape.file.write_text("\n".join([*lines, ""]))
    assert tape.answers()["answer"].isna().tolist() == [True]
    player = tape.view()
    [mark_id] = player._score.questions
    sent = []
    player.send = lambda message, buffers=None: sent.append((message, buffers))
    for text in (" A lamp?\n", "A chair!"):
        body = {"id": mark_id, "text": text}
        player._on_custom_message(
            None, {"kind": "request", "id": 1, "what": "reply", "body": body}, []
        )
    assert [message["error"] for message, _ in sent] == [None, None]
    frame = tape.answers()
    assert frame[["session", "turn", "ask", "answer"]].to_numpy().tolist() == [
        ["sess_1", "msg_1", "What will it say?", "A lamp?"],
        ["sess_1", "msg_1", "What will it say?", "A chair!"],
    ]
    assert frame["answered_at"].is_monotonic_increasing
    assert (tmp_path / "dari-scores.jsonl").exists()
    player.close()


def placed_marks() -> list[dict[str, Any]]:
    """A turn of a call and an answer, with a mark behind each of its lines."""
    call = {"tool_call_id": "call_1", "tool_name": "stock"}
    turn = {"turn": "msg_1", "session": "sess_1", "key": "k1", "agent": "shop", "asked": "Any tea?"}
    lines: list[dict[str, Any]] = [
        turn,
        {"event": "message.status_changed", "data": {"status": "running"}},
        {"event": "tool.call_requested", "data": {**call, "arguments": {}}},
        {"event": "tool.call_completed", "data": {**call, "result": 7}},
        {"draft": "text", "text": "There "},
        {"draft": "text", "text": "is some."},
        {"event": "assistant.message_completed", "data": {"content": "There is some."}},
        {"event": "message.status_changed", "data": {"status": "completed"}},
    ]
    marked = [each for n, line in enumerate(lines) for each in (line, {"mark": f"Mark {n + 1}."})]
    first = [{"dari_tape": 1, "times": True}, {"agent": "shop"}, {"mark": "Mark 0."}]
    return [*first, *marked, {"scrubbed": {}}]


def is_in_order(text: str, *parts: str) -> bool:
    places = [text.find(part) for part in parts]
    return -1 not in places and places == sorted(places)


def test_in_static_output_each_mark_stands_behind_what_was_seen_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "shop.tape"
    path.write_text("".join(json.dumps(line) + "\n" for line in placed_marks()))
    player = dari.Tape(path).view()
    player._ipython_display_()
    static = player._presentation.subject.static_output()
    for form in (*static.values(), capsys.readouterr().out):
        assert is_in_order(form, "Mark 0.", "Any tea?", "Mark 1.", "Mark 2.", "stock", "Mark 3.")
        assert is_in_order(form, "Mark 4.", "There is some.", *(f"Mark {n}." for n in range(5, 9)))
        assert is_in_order(form, "stock", "Mark 4.")
    player.close()


@pytest.mark.parametrize(
    ("setting", "words"),
    [({"at": -1.0}, "seconds from 0"), ({"speed": 0.0}, "above 0, not 0.0")],
)
def test_a_setting_of_no_use_is_refused_in_words(
    tape: dari.Tape, setting: dict[str, float], words: str
) -> None:
    player = tape.view()
    [(name, value)] = setting.items()
    with pytest.raises(Exception, match=words):
        setattr(player, name, value)
    player.close()


def test_a_page_begins_at_the_pace_of_its_tape(tape: dari.Tape, tmp_path: Path) -> None:
    paced = dari.Tape(tape.path, speed="instant", idle_limit=0)
    page = paced.to_html(tmp_path / "x.html").read_text()
    assert '"speed":1000.0,"idle_limit":0.0' in page
    view = paced.view()
    assert (view.speed, view.idle_limit) == (1000.0, 0.0)
    assert tape.view(speed=2).speed == 2.0
    view.close()


def test_a_page_is_never_written_over_a_tape(tape: dari.Tape) -> None:
    whole = tape.file.read_bytes()
    with pytest.raises(dari.DariError, match="is a tape: give the page another name"):
        tape.to_html(tape.path)
    assert tape.file.read_bytes() == whole


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("prepare.py", "print(1)"),
        ("index.html", "<!doctype html><title>Mine</title><p>Made by hand."),
    ],
)
def test_a_page_is_written_over_no_other_file(
    tape: dari.Tape, tmp_path: Path, name: str, text: str
) -> None:
    file = tmp_path / name
    file.write_text(text)
    words = f"{name} is there, and no page of a tape: give the page another name, or remove {name}"
    with pytest.raises(dari.DariError, match=words):
        tape.to_html(file)
    assert file.read_text() == text
    assert {path.name for path in tmp_path.iterdir()} == {"shop.tape", name}


def test_a_page_takes_the_place_of_an_earlier_one(tape: dari.Tape, tmp_path: Path) -> None:
    first = tape.to_html(tmp_path / "x.html").read_text()
    assert tape.to_html(tmp_path / "x.html").read_text() == first
    (tmp_path / "y.html").touch()
    assert tape.to_html(tmp_path / "y.html").read_text().startswith("<!doctype html>")


def test_a_page_that_can_not_be_written_is_said(tape: dari.Tape, tmp_path: Path) -> None:
    with pytest.raises(dari.DariError, match="cannot be written"):
        tape.to_html(tmp_path / "nowhere" / "x.html")
    (tmp_path / "folder").mkdir()
    with pytest.raises(dari.DariError, match="is a folder: name a page in it"):
        tape.to_html(tmp_path / "folder")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder", "shop.tape"]


def test_a_page_is_called_as_one(
    tape: dari.Tape, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    named = [tape.to_html(name).name for name in ("lesson", "lesson", "x.htm", "y.html")]
    assert named == ["lesson.html", "lesson.html", "x.htm", "y.html"]
    assert not (tmp_path / "lesson").exists()


@pytest.mark.parametrize(
    ("title", "shown"),
    [
        (None, "shop"),
        ("Closures: a lesson", "Closures: a lesson"),
        ("</title><script>alert(1)</script>", "</title><script>alert(1)</script>"),
    ],
)
def test_a_page_has_the_title_that_it_is_given(
    tape: dari.Tape, tmp_path: Path, title: str | None, shown: str
) -> None:
    page = tape.to_html(tmp_path / "x.html", title=title).read_text()
    for tag in ("title", "h1"):
        [told] = re.findall(f"<{tag}>(.*?)</{tag}>", page)
        assert "<" not in told
        assert unescape(told) == shown
    assert "<script>alert" not in page


def test_a_session_is_a_player_of_what_has_happened(tape: dari.Tape) -> None:
    d = dari.connect("local")
    turn = d.agents["calculator"].send("2 / 3").wait()
    player = turn.session.player(height=300)
    assert "1 turn" in repr(player)
    assert player.height == 300
    player.close()


def test_a_layout_that_is_none_is_refused_as_other_arguments_are(tape: dari.Tape) -> None:
    for options in ({"height": "tall"}, {"at": -1}, {"layout": 5}, {"layout": {"width": 5}}):
        with pytest.raises(dari.DariError, match=f"^{next(iter(options))} is "):
            tape.view(**options)


def test_answers_are_kept_in_no_tape_and_in_no_folder(tape: dari.Tape, tmp_path: Path) -> None:
    whole = tape.file.read_bytes()
    with pytest.raises(dari.DariError, match="is a tape: keep answers in another file"):
        tape.view(answers=tape.path)
    with pytest.raises(dari.DariError, match="it is a folder"):
        tape.view(answers=tmp_path)
    assert tape.file.read_bytes() == whole


def test_a_turn_says_whether_it_came_from_the_tape(tmp_path: Path) -> None:
    path = tmp_path / "x.tape"
    with dari.connect("local", tape=path) as d:
        assert "asked live" in str(d.agents["echo"].send("one").wait())
    with dari.connect("local", tape=path) as d:
        turn = d.agents["echo"].send("one").wait()
        assert "from the tape" in str(turn)
        assert "asked live" in str(turn.session.send("two").wait())
        d.eject()
        assert "from the tape" not in (said := str(d.agents["echo"].send("one").wait()))
        assert "asked live" not in said


def test_a_player_may_play_at_once(tape: dari.Tape) -> None:
    player = tape.view(speed="instant")
    assert player.speed == 1000
    player.speed = "real"
    assert player.speed == 1
    player.speed = "instant"
    assert player.speed == 1000
    player.close()


def test_a_speed_that_no_player_has_changes_nothing(tape: dari.Tape) -> None:
    player = tape.view(speed=2)
    for speed in ("fast", 0):
        with pytest.raises(TraitError, match=f"speed is real, instant, or above 0.*{speed}"):
            player.speed = speed
    assert player.speed == 2
    player.close()


def test_a_tape_that_is_perhaps_a_slip_for_one_that_is_there_is_told(
    tape: dari.Tape, recwarn: pytest.WarningsRecorder
) -> None:
    def warned() -> list[str]:
        return [str(recwarn.pop().message) for _ in range(len(recwarn))]

    folder = tape.file.parent
    slip = f"shop.tpe is new: nothing is on it yet; in the folder {folder.name} there is shop.tape."
    with dari.connect("local", tape=folder / "shop.tpe") as d:
        assert recwarn[0].filename == __file__
        assert warned() == [slip]
        d.insert(folder / "shopp.tape")
        assert recwarn[0].filename == __file__
        assert warned() == [slip.replace("shop.tpe", "shopp.tape")]
        d.insert(folder / "shop")
        assert warned() == [slip.replace("shop.tpe", "shop")]
        for name in ("shop.tape", "shop2.tape", "another lesson.tape"):
            d.insert(folder / name)
        d.eject()
    assert warned() == []


def _work_for(questions: int, folder: Path) -> int:
    """Count what is called to look at a tape with so many questions in one turn."""
    opened = {"turn": "msg_1", "session": "sess_1", "key": "k1", "agent": "shop", "asked": "Go"}
    lines: list[Any] = [{"dari_tape": 1, "times": True}, {"agent": "shop"}, opened]
    for number in range(questions):
        call = {"tool_call_id": f"call_{number}", "tool_name": "read"}
        for kind, data in (("requested", {"arguments": {}}), ("completed", {"result": "no"})):
            lines.append({"after": 1, "event": f"tool.call_{kind}", "data": {**call, **data}})
            lines.append({"mark": f"{kind} {number}", "ask": "What comes?"})
    done = {"event": "message.status_changed", "data": {"status": "completed"}}
    lines += [{"after": 1, **done}, {"scrubbed": {}}]
    file = folder / f"{questions}.tape"
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    steps = 0

    def count(_frame: object, event: str, _function: object) -> None:
        nonlocal steps
        steps += event in ("call", "c_call")

    tape = dari.Tape(file)
    sys.setprofile(count)
    try:
        tape.view(answers=folder / "answers.jsonl")
        tape.to_html(folder / "player.html")
        answers = tape.answers()
    finally:
        sys.setprofile(None)
    assert len(answers) == 1, "what is behind an open question is not told"
    return steps


def test_twice_as_many_questions_are_twice_as_much_work(tmp_path: Path) -> None:
    _work_for(10, tmp_path)  # what is imported counts for nothing
    few, many = (_work_for(questions, tmp_path) for questions in (100, 200))
    assert many < 2.3 * few
