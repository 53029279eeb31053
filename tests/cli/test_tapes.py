"""``dari-local tape``, as it is typed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from functools import partial
from itertools import count
from pathlib import Path
from threading import Barrier, Event

import pytest

import dari_nb as dari
from dari_nb.cli.cli import main
from dari_nb.local import LocalDari
from dari_nb.local.python_files import load_agents
from dari_nb.resources import Dari

from ..local.conftest import Caller

BY = ", by outcome and tools, and by answers of which something is expected"


@pytest.fixture
def tape(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "lesson.tape"
    ask(path, "What is a closure?")
    return path


def ask(path: Path, *texts: str) -> None:
    with LocalDari(tape=path) as server:
        caller = Caller(server)
        for text in texts:
            caller.ask("echo", text)
        caller.http.close()


def answered(answers: dict[str, str], prompt: str) -> str:
    return answers[prompt]


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    status = main(["tape", *words])
    told = capsys.readouterr()
    return status, told.out + told.err


def test_show_tells_what_is_on_it(tape: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ask(tape, "And in Go, where there are many more of them than I can think of?")
    status, told = run(capsys, "show", "lesson.tape")
    assert status == 0
    first, turn, _, second, new, _, last = told.splitlines()
    assert (first, second) == ("sess_1", "sess_2")
    assert turn == "  msg_1 echo (large): What is a closure?"
    assert new.startswith("  msg_1 echo (large): And in Go, where")
    assert new.endswith("…")
    assert last == "2 turns, agents: echo, 0 secrets scrubbed"


@pytest.fixture
def course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Four turns of one session."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "course.tape"
    with LocalDari(tape=path) as server, Dari(server.url, server.api_key, server) as d:
        session = d.agents["echo"].start()
        for prompt in ("one", "two", "three", "four"):
            session.send(prompt).wait()
    return path


def parts_of(path: Path) -> list[list[str]]:
    """What is above the turns of a tape, its turns, and its last line."""
    parts = list[list[str]]([[]])
    for line in path.read_text().splitlines(keepends=True):
        if line.startswith(('{"turn"', '{"scrubbed"')):
            parts.append([])
        parts[-1].append(line)
    return parts


def lines_of_turns(text: str) -> list[str]:
    """What ``show`` says of turns, but for how they went."""
    return [line.strip() for line in text.splitlines()[1:-1] if " events" not in line]


def test_turns_in_another_order_are_shown_with_what_they_go_on_from(
    course: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = "course.tape: 4 turns, nothing is wrong\n"
    assert "goes on from" not in run(capsys, "show", "course.tape")[1]
    head, one, two, three, four, end = parts_of(course)
    course.write_text("".join(line for part in (head, one, three, two, four, end) for line in part))
    assert lines_of_turns(run(capsys, "show", "course.tape")[1]) == [
        "msg_1 echo (large): one",
        "msg_3 echo (large): three",
        "goes on from msg_2 of sess_1",
        "msg_2 echo (large): two",
        "goes on from msg_1 of sess_1",
        "msg_4 echo (large): four",
        "goes on from msg_3 of sess_1",
    ]
    assert run(capsys, "check", "course.tape") == (0, whole)


@pytest.fixture
def coin(tape: Path) -> Path:
    """A tape on which the second of two equal questions went on in two sessions."""
    path, came, numbers = tape.with_name("coin.tape"), Barrier(2), count(1)

    def tossed(prompt: str) -> str:
        number = next(numbers)
        if prompt == "Toss.":
            came.wait()
        return f"<{number}> {prompt}"

    with LocalDari(tape=path) as server, Dari(server.url, server.api_key, server) as d:
        server.agent("coin")(tossed)
        turns = [d.agents["coin"].send("Toss.") for _ in range(2)]
        second = [turn.wait().session for turn in turns][1]
        fork = second.fork()
        second.send("And?").wait()
        fork.send("Why?").wait()
    return path


def test_what_goes_on_behind_a_cancelled_turn_stands_in_its_session_and_not_in_that_of_another(
    tape: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    came, gate, numbers = Barrier(4), Event(), count(1)

    def slow(prompt: str) -> str:
        number = next(numbers)
        if prompt == "one":
            came.wait()
            gate.wait()
        return f"answer {number} to {prompt}"

    path = tape.with_name("cancelled.tape")
    with LocalDari(tape=path) as server, Dari(server.url, server.api_key, server) as d:
        server.agent("slow")(slow)
        turns = [d.agents["slow"].send("one") for _ in range(3)]
        came.wait()
        turns[1].cancel()
        assert turns[1].wait().status == "cancelled"
        gate.set()
        for turn in turns:
            turn.wait().session.send("two").wait()
    told = run(capsys, "show", "cancelled.tape")[1]
    assert "goes on from" not in told
    assert told.count("sess_") == 3


def test_nothing_is_said_where_nobody_reads_any_more(tape: Path) -> None:
    read, write = os.pipe()
    os.close(read)
    command = [sys.executable, "-m", "dari_nb.cli", "tape", "show", "lesson.tape"]
    done = subprocess.run(command, stdout=write, stderr=subprocess.PIPE, cwd=tape.parent)
    os.close(write)
    assert (done.returncode, done.stderr) == (141, b"")


def test_check_says_what_is_wrong(tape: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "check", "lesson.tape") == (
        0,
        "lesson.tape: 1 turn, nothing is wrong\n",
    )
    tape.write_text(tape.read_text().replace("a closure", "a monad", 1))
    status, told = run(capsys, "check", "lesson.tape")
    assert status == 1
    assert told.startswith("lesson.tape, line 3, msg_1 of sess_1: ")
    tape.write_text("hello\n")
    status, told = run(capsys, "check", "lesson.tape")
    assert status == 2
    assert told.startswith("dari-local: lesson.tape, line 1: this is no tape")


def test_check_shows_the_first_of_many_findings(
    tape: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    header, agent, turn, *body, last = tape.read_text().splitlines(keepends=True)
    other = turn.replace("a closure", "a monad")
    tape.write_text("".join([header, agent, *[other, *body] * 25, last]))
    status, told = run(capsys, "check", "lesson.tape")
    *findings, end = told.splitlines()
    assert (status, len(findings)) == (1, 20)
    assert end == "lesson.tape: 49 findings, of which the first 20 are shown"


def test_check_looks_into_the_file_and_the_folder_beside_it(
    tape: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = {"file": "a.txt", "sha256": "0" * 64, "size": 3, "beside": True}
    lines = tape.read_text().splitlines()
    lines.insert(4, json.dumps(file))
    tape.write_text("\n".join(lines) + "\n")
    status, told = run(capsys, "check", "lesson.tape")
    assert status == 1
    [missing] = told.splitlines()
    assert missing.endswith(
        "'a.txt' cannot be read in the folder lesson.tape.files, beside the tape"
    )


def test_diff_compares_two_tapes_or_one_with_the_committed_one(
    tape: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, told = run(capsys, "diff", "lesson.tape")
    assert status == 2
    assert "name the other tape first" in told
    for words in (("init", "-q"), ("add", "."), ("commit", "-qm", "a")):
        about = ("-c", "user.name=a", "-c", "user.email=a@b.c")
        subprocess.run(["git", *about, *words], cwd=tape.parent, check=True)
    assert run(capsys, "diff", "lesson.tape") == (0, "")
    before = tape.read_bytes()
    (tape.parent / "old.tape").write_bytes(before)
    ask(tape, "And in Go?")
    expected = "added: msg_1 of sess_2, echo: And in Go?\n"
    assert run(capsys, "diff", "lesson.tape") == (1, expected)
    assert run(capsys, "diff", "old.tape", "lesson.tape") == (1, expected)


def test_diff_names_what_was_asked_otherwise_by_hand(
    tape: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = tape.read_text()
    for name, changed in (
        ("asked.tape", text.replace('"asked":"What is a closure?"', '"asked":"What is a monad?"')),
        ("agent.tape", text.replace('"agent":"echo"', '"agent":"parrot"')),
    ):
        assert changed != text
        (tape.parent / name).write_text(changed)
    asked = "asked otherwise: msg_1 of sess_1, "
    text = "echo: the text: What is a[- closure-]{+ monad+}?; the same answer\n"
    assert run(capsys, "diff", "lesson.tape", "asked.tape") == (1, asked + text)
    agent = "parrot: the agent: [-echo-]{+parrot+}; the same answer\n"
    assert run(capsys, "diff", "lesson.tape", "agent.tape") == (1, asked + agent)


def test_diff_says_which_question_of_a_lesson_changed_and_what_became_of_those_behind_it(
    tape: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, second, cocoa in (("last.tape", "And coffee?", 12), ("now.tape", "And milk?", 13)):
        answers = {"Tea?": "7", second: "0", "And cocoa?": f"{cocoa}", "And rice?": "2"}
        if name == "last.tape":
            answers["And salt?"] = "1"
        with LocalDari(tape=tape.parent / name) as server:
            server.agent("shop")(partial(answered, answers))
            with Dari(server.url, server.api_key, server) as d:
                session = d.agents["shop"].start()
                for prompt in answers:
                    session.send(prompt).wait()
    told = (
        "asked otherwise: msg_2 of sess_1, shop: the text: And[- coffee-]{+ milk+}?; "
        "the same answer\n"
        "behind another question: msg_3 of sess_1, shop: And cocoa?; the same question; "
        "answered otherwise: [-12-]{+13+}\n"
        "behind another question: msg_4 of sess_1, shop: And rice?; the same question; "
        "the same answer\n"
        "removed: msg_5 of sess_1, shop: And salt?\n"
    )
    assert run(capsys, "diff", "last.tape", "now.tape") == (1, told)


def test_links_that_lead_to_no_tape_are_said_in_a_line(
    tape: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tape.with_name("loop.tape").symlink_to("loop.tape")
    tape.with_name("dangling.tape").symlink_to("nowhere.tape")
    for command in ("show", "check", "diff"):
        status, told = run(capsys, command, "loop.tape")
        assert (status, told.count("\n"), "symbolic links" in told) == (2, 1, True)
        status, told = run(capsys, command, "dangling.tape")
        assert (status, told.count("\n"), "No such file" in told) == (2, 1, True)
        assert told.endswith(f"in the folder {tape.parent.name} there is lesson.tape.\n")


def test_check_live_without_agents_of_ones_own_says_how_to_bring_them(
    tape: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tape.write_text(tape.read_text().replace('"agent":"echo"', '"agent":"parrot"'))
    hint = "Asked was a local Dari without agents of yours: --agents FILE.py brings them.\n"
    status, told = run(capsys, "check", "--live", "lesson.tape")
    assert status == 1
    assert "no such agent" in told
    assert told.endswith(hint)


def test_check_live_says_that_a_file_brought_no_agent(
    mine: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mine.write_text("def mine(prompt):\n    return prompt\n")
    asking = ("check", "--live", "mine.tape", "--agents")
    status, told = run(capsys, *asking, "mine.py")
    assert status == 1
    assert "no such agent" in told
    assert told.endswith(
        "In mine.py is no agent beside those of every local Dari: "
        '@server.agent("NAME") above a function makes it one.\n'
    )
    mine.write_text(MINE.replace('"mine"', '"other"'))
    status, told = run(capsys, *asking, "mine.py")
    assert status == 1
    assert "no such agent" in told
    assert "above a function" not in told


def test_check_live_with_agents_that_end_the_program_has_not_held(
    mine: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mine.write_text("import sys\n\nsys.exit(0)\n")
    failure = "dari-local: mine.py, line 3: it ends the program: SystemExit(0)\n"
    for words in (("tape", "check", "mine.tape", "--live"), ("serve", "--port", "0")):
        assert main([*words, "--agents", "mine.py"]) == 2
        assert capsys.readouterr() == ("", failure)


def test_check_live_says_how_to_get_the_model_in_the_box_that_is_lacking(
    tape: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recorded = tape.read_text()
    tape.write_text(recorded.replace('"agent":"echo"', '"agent":"assistant"'))
    status, told = run(capsys, "check", "--live", "lesson.tape")
    assert status == 1
    assert told.splitlines()[-1] == (
        "assistant comes with the first model: dari-local model pull smollm2."
    )
    Path("mine.py").write_text(MINE)
    text = recorded.replace('"agent":"echo"', '"agent":"mine"')
    tape.write_text(text.replace('"llm":"large"', '"llm":"smollm2"'))
    status, told = run(capsys, "check", "--live", "lesson.tape", "--agents", "mine.py")
    assert status == 1
    assert told.splitlines()[-1] == "smollm2 is not there yet: dari-local model pull smollm2."


MINE = """
@server.agent("mine", llms=["small"])
def mine(prompt):
    return f"{prompt}: ANSWER"
"""


@pytest.fixture
def mine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of an agent whose turns are on a tape beside it."""
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "mine.py"
    file.write_text(MINE.replace("ANSWER", "42"))
    with LocalDari(tape="mine.tape") as server:
        load_agents(server, file)
        caller = Caller(server)
        caller.ask("mine", "one")
        caller.http.close()
    return file


def test_check_live_asks_the_agents_of_a_file_and_says_so_before(
    mine: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = Path("mine.tape").read_bytes()
    assert main(["tape", "check", "--live", "--agents", "mine.py", "mine.tape"]) == 0
    told = capsys.readouterr()
    assert told.err == "Asks 1 turn of 1 session again; what that costs is not known.\n"
    assert told.out == f"mine.tape: 1 of 1 turn came out as recorded{BY}\n"
    mine.write_text(MINE.replace('return f"{prompt}: ANSWER"', 'raise ValueError("no one")'))
    report = ("--report", "report.md")
    status, shown = run(capsys, "check", "--live", "mine.tape", "--agents", "mine.py", *report)
    assert status == 1
    assert "line 3, msg_1 of sess_1: outcome: completed, and now failed in the agent's" in shown
    assert "own code: ValueError: no one" in shown
    written = Path("report.md").read_text()
    assert written.startswith("# mine.tape, asked again\n\nmine.tape: 0 of 1 turn")
    assert "| msg\\_1 of sess\\_1 |" in written or "| msg_1 of sess_1 |" in written
    assert main(["tape", "check", "--live", "mine.tape", "--agents", "mine.py", "--report", "-"])
    assert capsys.readouterr().out == written
    assert run(capsys, "check", "--live", "mine.tape")[0] == 1  # there is no such agent
    assert Path("mine.tape").read_bytes() == before


def test_check_takes_patterns_of_secrets_as_a_tape_does(
    mine: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fails = 'raise ValueError("see CASE-1234 of ward-7")'
    mine.write_text(MINE.replace('return f"{prompt}: ANSWER"', fails))
    patterns = ("--secret", "CASE-[0-9]+", "--secret", "ward-.")
    words = ("check", "mine.tape", *patterns)
    asked = ("--live", "--agents", "mine.py", "--report", "report.md")
    status, told = run(capsys, *words, *asked)
    assert status == 1
    for text in (told, Path("report.md").read_text()):
        assert "ValueError: see " in text
        assert "1234" not in text
        assert "ward" not in text
    assert run(capsys, *words)[0] == 0
    status, told = run(capsys, "check", "mine.tape", "--secret", "one")
    assert (status, "secret" in told) == (1, True)
    for pattern in ("x*", "("):
        with pytest.raises(dari.DariError) as refused:
            dari.Tape("mine.tape", secrets=[pattern])
        for more in ((), asked):
            status, told = run(capsys, "check", "mine.tape", "--secret", pattern, *more)
            assert (status, told) == (2, f"dari-local: {refused.value}\n")


def test_a_report_is_written_over_nothing_but_an_earlier_report(
    mine: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("check", "--live", "--agents", "mine.py", "mine.tape", "--report")
    Path("precious.md").write_text("# Mine, asked again and again\n")
    for name, why in (
        ("mine.tape", "is a tape: give the report another name, such as report.md"),
        ("mine.py", "mine.py is there, and no report of a tape: give the report another name"),
        ("precious.md", "precious.md is there, and no report of a tape"),
    ):
        before = Path(name).read_bytes()
        status, told = run(capsys, *words, name)
        assert (status, why in told) == (2, True), told
        assert "Asks" not in told
        assert Path(name).read_bytes() == before
    assert run(capsys, *words, "report.md")[0] == 0
    first = Path("report.md").read_text()
    Path("linked.md").symlink_to("report.md")
    assert [run(capsys, *words, name)[0] for name in ("report.md", "linked.md")] == [0, 0]
    assert Path("report.md").read_text() == first
    assert Path("linked.md").is_symlink()


def test_a_report_that_can_not_be_written_is_refused_before_anyone_is_asked(
    mine: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("check", "--live", "--agents", "mine.py", "mine.tape", "--report")
    Path("folder").mkdir()
    for name, why in (
        ("nowhere/x.md", "The report nowhere/x.md cannot be written: No such file or directory."),
        ("folder", "'folder' is a folder: name a report in it, such as report.md."),
    ):
        assert run(capsys, *words, name) == (2, f"dari-local: {why}\n")


def test_check_live_takes_several_agents_and_patterns_in_any_order(
    mine: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("other.py").write_text(MINE.replace('"mine"', '"other"'))
    agents = ("--agents", "other.py", "--agents", "mine.py")
    patterns = ("--volatile", "a", "--volatile", "b")
    for words in ((*patterns, *agents, "mine.tape"), ("mine.tape", *agents, *patterns)):
        assert run(capsys, "check", "--live", *words)[0] == 0


def test_check_live_scores_what_a_file_says(mine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ("check", "--live", "mine.tape", "--agents", "mine.py", "--score", "score.py")
    score = Path("score.py")
    score.write_text("def score(answer):\n    return '42' in answer.text\n")
    assert run(capsys, *words)[0] == 0
    mine.write_text(MINE.replace("ANSWER", "only 41"))  # of another length: Python compares that
    status, told = run(capsys, *words)
    assert (status, "score: 1, and now 0: one: only 41" in told) == (1, True)
    score.write_text("worth = 1\n")
    status, told = run(capsys, *words)
    assert (status, "score.py has no function score(answer)" in told) == (2, True)


def test_check_live_asks_another_dari_with_a_key_of_the_environment(
    mine: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ("check", "--live", "mine.tape", "--connect")
    monkeypatch.delenv("DARI_API_KEY", raising=False)
    monkeypatch.delenv("DARI_API_URL", raising=False)
    assert run(capsys, *words)[1] == (
        "dari-local: --connect: give a URL, or set the variable DARI_API_URL.\n"
    )
    with pytest.raises(SystemExit):
        main(["tape", "check", "--live", "--connect", "mine.tape"])
    assert "mine.tape is no URL; without one it stands behind FILE" in capsys.readouterr().err
    with LocalDari() as server:
        load_agents(server, mine)
        assert "DARI_API_KEY is not set" in run(capsys, *words, server.url)[1]
        monkeypatch.setenv("TEAM_KEY", server.api_key)
        assert run(capsys, *words, server.url, "--key-env", "TEAM_KEY")[0] == 0
        monkeypatch.setenv("DARI_API_URL", server.url)
        monkeypatch.setenv("DARI_API_KEY", "wrong-key")
        assert run(capsys, *words)[0] == 2
        monkeypatch.setenv("DARI_API_KEY", server.api_key)
        assert run(capsys, *words)[0] == 0
        server.stop()
    status, told = run(capsys, *words)
    assert (status, "give a URL" in told) == (2, False)


def test_options_of_asking_again_are_of_no_use_without_it(
    mine: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, told = run(capsys, "check", "mine.tape", "--agents", "mine.py")
    assert (status, told) == (2, "dari-local: --agents is for --live.\n")
