"""Tapes as people hold them: played, asked about, and written as pages."""

from __future__ import annotations

import json
import os
import re
import sys
from contextlib import suppress
from html import unescape
from pathlib import Path
from queue import Queue
from threading import Event
from typing import Any

import pytest
from traitlets import TraitError

import dari_nb as dari
from dari_nb.errors import TurnFailedError
from dari_nb.local import LocalDari
from dari_nb.tapes import read_tape

from ..pages import asked, reply


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
    other = tmp_path / "other.jsonl"
    with pytest.warns(match=r"^There is no file .*other\.jsonl with answers\.$"):
        assert tape.answers(other)["answer"].isna().all()
    with pytest.raises(dari.DariError, match=r"There is no file .*/other\.jsonl with answers"):
        tape.answers(tmp_path / "nowhere" / "other.jsonl")
    with pytest.raises(dari.DariError, match=r"dari_scores\.jsonl with answers; there is dari-sco"):
        tape.answers(tmp_path / "dari_scores.jsonl")
    other.write_text("no\nscores\n")
    with pytest.raises(dari.DariError, match=r"other\.jsonl holds no answers"):
        tape.answers(other)
    other.write_text("")
    with pytest.warns(match=r"^other\.jsonl holds no answers\.$"):
        assert tape.answers(other)["answer"].isna().all()
    with pytest.warns(match="holds no answers"):
        several = tape.answers([tmp_path / "dari-scores.jsonl", other])
    assert several["file"].tolist() == ["dari-scores.jsonl"] * 2
    player.close()


def test_answers_that_belong_nowhere_are_told_and_a_mark_may_be_renamed(
    tape: dari.Tape, tmp_path: Path
) -> None:
    lines = tape.file.read_text().splitlines()

    def marked(name: str, ask: str) -> None:
        mark = {"mark": name, "ask": ask}
        tape.file.write_text("\n".join([*lines[:4], json.dumps(mark), *lines[4:], ""]))

    marked("Asked.", "What will it say?")
    file = tmp_path / "answers ann.jsonl"
    player = tape.view(answers=file)
    [mark_id] = player._score.questions
    reply(player, mark_id, "A lamp?")
    player.close()
    with file.open("a") as more:
        more.write('{"name":"answer","val')
    marked("first guess", "What will it say?")
    with pytest.warns(match=r"^Line 2 of answers ann\.jsonl cannot be read\.$") as told:
        [answer] = tape.answers(tmp_path)["answer"]
    assert (answer, len(told)) == ("A lamp?", 1)
    marked("first guess", "What does it say?")
    words = "1 answer of answers ann.jsonl belongs to no question of this tape: “.*What will it say"
    with pytest.warns(match=words):
        assert tape.answers([file])["answer"].isna().all()
    with pytest.raises(dari.DariError, match="Name a file with answers"):
        tape.answers([])
    file.unlink()
    with pytest.raises(dari.DariError, match=r"no \*\.jsonl in the folder"):
        tape.answers(tmp_path)


def test_answers_tell_of_no_question_behind_one_that_nobody_has_answered(
    tape: dari.Tape, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    lines = tape.file.read_text().splitlines()
    first = '{"mark": "canary 1", "ask": "What will it say?"}'
    second = '{"mark": "canary 2", "ask": "After canary 3?"}'
    lines[4:4], lines[-1:] = [first], [second, second, lines[-1]]
    tape.file.write_text("\n".join([*lines, ""]))
    player = tape.view()
    assert tape.answers()["ask"].tolist() == ["What will it say?"]
    for told in (
        tape.answers().to_string(),
        repr(player),
        str(player._presentation.subject.static_output()),
    ):
        assert "canary" not in told
    reply(player, next(iter(player._score.questions)), "Hello.")
    player.close()
    told = tape.answers()
    assert told["ask"].tolist() == ["What will it say?", "After canary 3?"]
    assert told["mark"].fillna("").tolist() == ["canary 1", ""]


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


def test_in_static_output_questions_are_markdown_and_answers_are_plain_text(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = placed_marks()
    asks = "**What** will `stock` give?"
    lines[8]["ask"], lines[10]["ask"] = f"{asks}\n\n```\nstock()", f"{asks} <script>ran</script>"
    lines[-2]["ask"] = "![Next](http://x.y/z.png) one?"
    path, book = tmp_path / "shop.tape", tmp_path / "book.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    player = dari.Tape(path).view(answers=book)
    subject = player._presentation.subject
    assert "There is some" not in "".join(subject.static_output().values())
    for mark_id, answer in zip(player._score.questions, ("*7* `x`\n<b>", "some"), strict=False):
        reply(player, mark_id, answer)
    forms = subject.static_output()
    html, source, plain = (forms[f"text/{kind}"] for kind in ("html", "markdown", "plain"))
    said = "<strong>What</strong> will <code>stock</code> give?"
    expected = "you expected: *7* `x`<br>&lt;b&gt;"
    assert is_in_order(html, said, expected, f"{said} &lt;script", "expected: some", "Next")
    assert not re.search("<(script|b|img)[ >]", html.replace("<header><b>", ""))
    assert is_in_order(source, asks, "```\n\nyou expected: `` *7* `x` <b> ``", "expected: `some`")
    assert "![" not in source
    assert is_in_order(plain, asks, "you expected: *7* `x` <b>", "expected: some", "Next")
    for form in (html, source, plain):
        assert "It goes on behind this question, in a live notebook." in form
        assert "Mark 8." not in form
    player._ipython_display_()
    printed = capsys.readouterr().out
    assert is_in_order(printed, "What will stock give?", "*7* `x`", "you expected: some", "Next")
    player.close()


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ({"at": -1.0}, "seconds from 0"),
        ({"speed": 0.0}, "above 0, not 0.0"),
        ({"idle_limit": -1}, "from 0"),
        ({"height": -3}, "pixels from 0"),
    ],
)
def test_a_setting_of_no_use_is_refused_in_words(
    tape: dari.Tape, setting: dict[str, float], words: str
) -> None:
    player = tape.view()
    [(name, value)] = setting.items()
    with pytest.raises(Exception, match=words):
        setattr(player, name, value)
    player.close()


def test_an_answer_that_is_too_long_is_refused_and_not_cut(tape: dari.Tape, tmp_path: Path) -> None:
    lines = tape.file.read_text().splitlines()
    lines.insert(4, '{"mark": "It was asked.", "ask": "What will it say?"}')
    tape.file.write_text("\n".join([*lines, ""]))
    player = tape.view(answers=tmp_path / "scores.jsonl")
    [mark_id] = player._score.questions
    told = asked(player, "reply", {"id": mark_id, "text": "z" * 20_001})["error"]
    assert told == (
        "An answer has 20,000 characters at most, and this one 20,001: it is not kept. Make it "
        "shorter."
    )
    reply(player, mark_id, "z" * 20_000 + "\n")
    assert tape.answers(tmp_path / "scores.jsonl")["answer"].str.len().tolist() == [20_000]
    player.close()


def test_each_page_keeps_what_is_written_in_it_until_that_is_taken_away(
    tape: dari.Tape, tmp_path: Path
) -> None:
    lines = tape.file.read_text().splitlines()
    lines.insert(4, '{"mark": "It was asked.", "ask": "What will it say?"}')
    tape.file.write_text("\n".join([*lines, ""]))
    player = tape.view(answers=tmp_path / "answers.jsonl")
    [mark_id] = player._score.questions

    def shown(page: Any, text: Any, question: Any = mark_id) -> str | None:
        body = {"id": question, "page": page, "text": text}
        return asked(player, "draft", body)["error"]

    assert shown("one", "alpha") is shown("two", "beta") is shown("one", "gamma") is None
    assert [*player.drafts[mark_id].items()] == [("one", "gamma"), ("two", "beta")]
    # A page that is loaded anew is called otherwise.
    shown("three", "gamma")
    assert player.drafts == {mark_id: {"two": "beta", "three": "gamma"}}
    for page, text, question in ((1, "text", mark_id), ("1", None, mark_id), ("1", "t", "no")):
        assert "question" in (shown(page, text, question) or "")
    # So has the next player of the same, and nobody skips what is written elsewhere unasked.
    again = tape.view(answers=tmp_path / "answers.jsonl")
    assert again.drafts == player.drafts
    shown("four", "half a \ud83d")
    assert again.drafts[mark_id]["four"] == "half a ?"
    skip = {"id": mark_id, "text": "", "page": "four"}
    assert "another page" in asked(again, "reply", skip)["error"]
    shown("two", " ")
    shown("three", "")
    assert asked(again, "reply", skip)["error"] is None
    shown("four", "")
    assert player.drafts == again.drafts == {}
    player.close()
    again.close()


def test_who_skips_a_question_sees_what_comes_and_nothing_is_kept(
    tape: dari.Tape, tmp_path: Path
) -> None:
    lines = tape.file.read_text().splitlines()
    lines.insert(4, '{"mark": "It was asked.", "ask": "What will it say?"}')
    tape.file.write_text("\n".join([*lines, ""]))
    book = tmp_path / "scores.jsonl"
    player, other = tape.view(answers=book), tape.view(answers=book)
    sent: list[Queue[Any]] = []
    for view in (player, other):
        sent.append(told := Queue())
        view.send = lambda message, buffers=None, told=told: told.put(buffers)
    [mark_id] = player._score.questions
    ask = {"kind": "request", "id": 1}
    skip = {**ask, "what": "reply", "body": {"id": mark_id, "text": " "}}
    player._on_custom_message(None, skip, [])
    sent[0].get()
    for view in (player, other):
        view._on_custom_message(None, {**ask, "what": "turn", "body": {"number": 0}}, [])
    [seen], [held_back] = (told.get() for told in sent)
    assert b"You asked for hello" in seen
    assert b"You asked for hello" not in held_back
    assert not book.exists()
    # What was seen is on the view's static output, too, and on that of nobody else.
    static_outputs = [str(view._presentation.subject.static_output()) for view in (player, other)]
    assert ["You asked for hello" in static for static in static_outputs] == [True, False]
    assert is_in_order(static_outputs[0], "What will it say?", "skipped", "You asked for hello")
    player.close()
    other.close()


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
        ("lesson.ipynb", '{"cells": []}'),
        ("prepare.py", "print(1)"),
        ("notes.html", "Nothing yet."),
        ("index.html", "<!doctype html><title>Mine</title><p>Made by hand."),
        ("other.html", '<!doctype html><html lang="en"><head><meta charset="utf-8">\n<p>dari_nb'),
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


def test_a_page_that_takes_long_tells_how_far_it_is(
    tape: dari.Tape,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("dari_nb.resources.connection.progress.PATIENCE", 0)
    tape.to_html(tmp_path / "x.html")
    count = len(read_tape(tape.file).turns)
    assert capsys.readouterr().err.startswith(f"{count} of {count} turns on the page")


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


@pytest.mark.parametrize("path", [5, None, b"x.html", ["x.html"]])
def test_what_names_no_page_is_refused(tape: dari.Tape, path: Any) -> None:
    with pytest.raises(dari.DariError, match="names no page: give a path, such as x"):
        tape.to_html(path)
    with pytest.raises(dari.DariError, match="A tape needs a file: name one"):
        dari.Tape(path)


def test_a_page_in_the_home_of_nobody_is_refused(tape: dari.Tape) -> None:
    with pytest.raises(dari.DariError, match=r"The page ~nobody-here/x\.html cannot be written"):
        tape.to_html("~nobody-here/x.html")


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
        (" ", "shop"),
        ("Closures: a lesson", "Closures: a lesson"),
        ("Überall &amp; <b>x", "Überall &amp; <b>x"),
        ("</title><script>alert(1)</script>", "</title><script>alert(1)</script>"),
        ("a\n\x1b[31mb\u202e", "a b[U+202E]"),
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


@pytest.mark.parametrize("title", [5, b"x", ["x"]])
def test_a_title_is_a_text(tape: dari.Tape, tmp_path: Path, title: Any) -> None:
    with pytest.raises(dari.DariError, match="is no title: give a text, such as 'Closures'"):
        tape.to_html(tmp_path / "x.html", title=title)
    assert not (tmp_path / "x.html").exists()


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


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("ro.ipynb", '{\n "cells": [],\n "metadata": {},\n "nbformat": 4\n}\n'),
        ("own.py", "import dari_nb as dari"),
        ("table.csv", "name,answer\nAnn,42\n"),
        ("wide.jsonl", '{"name":"answer","value":"x"}\n'.encode("utf-16").decode("latin-1")),
    ],
)
def test_answers_are_kept_in_no_file_of_another_kind(
    tape: dari.Tape, tmp_path: Path, name: str, text: str
) -> None:
    file = tmp_path / name
    file.write_text(text, encoding="latin-1")
    whole = file.read_bytes()
    with pytest.raises(dari.DariError, match=f"{name}: it is a file of another kind"):
        tape.view(answers=file)
    assert file.read_bytes() == whole


@pytest.mark.parametrize("name", ["new.ipynb", "new.py", "new.tape", "lesson.tape.running"])
def test_answers_make_no_file_that_is_called_as_another_kind(tape: dari.Tape, name: str) -> None:
    file = tape.file.with_name(name)
    with pytest.raises(dari.DariError, match=f"{name}: by its name it is no file of JSON lines"):
        tape.view(answers=file)
    assert not file.exists()


@pytest.mark.parametrize("text", ["", "\n\n", '{"na\n{"name":"answer","value":"x"}\n<<<<<<<\n'])
def test_answers_go_on_in_a_file_that_is_empty_or_broken_in_part(
    tape: dari.Tape, tmp_path: Path, text: str
) -> None:
    file = tmp_path / "answers.jsonl"
    file.write_text(text)
    player = tape.view(answers=file)
    player.close()
    assert file.read_text() == text


@pytest.mark.parametrize("name", ["pipe", "/dev/full"])
def test_answers_are_in_no_pipe_and_in_no_device(
    tape: dari.Tape, tmp_path: Path, name: str
) -> None:
    os.mkfifo(tmp_path / "pipe")
    place = tmp_path / name
    with pytest.raises(dari.DariError, match="it is a folder, a pipe or a device"):
        tape.view(answers=place)
    with pytest.raises(dari.DariError, match="is a pipe or a device, not a file with"):
        tape.answers(place)


def test_answers_are_in_no_file_that_a_link_to_nowhere_leads_to(
    tape: dari.Tape, tmp_path: Path
) -> None:
    link = tmp_path / "link.jsonl"
    link.symlink_to(tmp_path / "nowhere" / "answers.jsonl")
    with pytest.raises(dari.DariError, match="its folder is not there"):
        tape.view(answers=link)


@pytest.mark.parametrize(("name", "why"), [("a\0b", "can be called"), ("x" * 300, "too long")])
def test_answers_are_in_no_file_that_cannot_be_called_so(
    tape: dari.Tape, name: str, why: str
) -> None:
    for ask in (lambda: tape.view(answers=name), lambda: tape.answers(name)):
        with pytest.raises(dari.DariError, match=why):
            ask()
    with pytest.raises(dari.DariError, match="Answers are kept in a file"):
        tape.view(answers=5)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", [".", "", "a\0b", "x" * 300, "pipe"])
def test_a_page_goes_only_to_a_file(
    tape: dari.Tape, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    if name == "pipe":
        os.mkfifo(tmp_path / "pipe")
    with pytest.raises(dari.DariError, match="page"):
        tape.to_html(name)
    assert {path.name for path in tmp_path.iterdir()} <= {"shop.tape", "pipe"}


@pytest.mark.parametrize("given", [{"at": "x"}, {"at": float("nan")}, {"height": 10**30}])
def test_a_place_of_no_use_is_refused(tape: dari.Tape, given: dict[str, Any]) -> None:
    with pytest.raises(dari.DariError, match="from 0, not"):
        tape.view(**given)


@pytest.fixture
def failing(tmp_path: Path) -> dari.Tape:
    """A tape with an answer to v, which failed when it was recorded anew, and w behind that."""
    path = tmp_path / "v.tape"
    with LocalDari() as server:
        failing = list[str]()

        @server.agent("shop")
        def shop(prompt: str) -> str:
            if prompt in failing:
                raise RuntimeError("boom")
            return f"{prompt}!"

        d = dari.connect(base_url=server.url, api_key=server.api_key)
        for prompts in ("v", "v w"):
            server.insert(dari.Tape(path, mode="record"))
            session = d.agents["shop"].start()
            for prompt in prompts.split():
                with suppress(TurnFailedError):
                    session.send(prompt).wait()
            server.eject()
            failing.append("v")
        d.close()
    return dari.Tape(path)


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


@pytest.mark.parametrize("speed", ["fast", 0, -1])
def test_a_speed_of_no_use_is_refused_as_that_of_a_tape(tape: dari.Tape, speed: Any) -> None:
    with pytest.raises(dari.DariError, match="speed is real, instant, or above 0, not"):
        tape.view(speed=speed)


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


def test_while_a_long_turn_is_drawn_others_are_answered(
    tape: dari.Tape, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_answered, drawn = Event(), Queue()
    player = tape.view()
    steps = player._score.steps
    monkeypatch.setattr(player._score, "steps", lambda *of: is_answered.wait() and steps(*of))
    player.send = lambda message, buffers=None: drawn.put((message["id"], buffers))
    for number, what in enumerate(("turn", "outline")):
        body = {"kind": "request", "id": number, "what": what, "body": {"number": 0}}
        player._on_custom_message(None, body, [])
    assert drawn.get()[0] == 1
    is_answered.set()
    number, [buffer] = drawn.get()
    assert number == 0
    assert b"You asked for hello" in buffer
    player.close()


def test_nobody_is_beyond_what_may_be_seen(tape: dari.Tape) -> None:
    player = tape.view()
    player.at = 1e9
    assert player.at == player._score.seconds
    lines = tape.file.read_text().splitlines()
    tape.file.write_text("\n".join([*lines[:4], '{"mark": "m", "ask": "What?"}', *lines[4:], ""]))
    [stopped] = [one for one in (tape.view(at=1e8),) if one.at < player.at]
    player.close()
    stopped.close()


@pytest.mark.parametrize("body", [None, [], {"number": None}, {"number": "x"}])
def test_what_asks_for_no_turn_is_told_so_in_words(tape: dari.Tape, body: Any) -> None:
    player = tape.view()
    told = "A turn is asked for by its number, from 0."
    assert asked(player, "turn", body)["error"] == told
    assert "question" in asked(player, "reply", body)["error"]
    player.close()


def test_who_was_asked_before_is_told_so_and_how_to_begin_anew(
    tape: dari.Tape, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    lines = tape.file.read_text().splitlines()
    tape.file.write_text("\n".join([*lines[:4], '{"mark": "m", "ask": "What?"}', *lines[4:], ""]))
    first = tape.view()
    assert asked(first, "outline", None)["body"]["answered"] == ""
    [mark_id] = first._score.questions
    reply(first, mark_id, "A lamp?")
    assert asked(first, "outline", None)["body"]["answered"] == ""
    again, anew = tape.view(), tape.view(answers="new.jsonl")
    told = asked(again, "outline", None)["body"]["answered"]
    assert told.startswith("answered on ")
    assert told.endswith(": view(answers='new.jsonl') asks again")
    assert asked(anew, "outline", None)["body"]["answered"] == ""
    # A whole notebook runs before anyone has answered, whatever lies beside the file.
    for name in ("dari-score.jsonl", "new.jsonl"):
        player = tape.view(answers=name)
        with pytest.warns(match=rf"^There is no file {name} with answers"):
            frame = tape.answers(name)
        assert frame[["mark", "ask", "answer"]].isna().to_numpy().tolist() == [[True, False, True]]
        player.close()
    for player in (first, again, anew):
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
