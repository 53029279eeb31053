"""``dari-local tape``, as it is typed."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from dari_nb.cli.cli import main
from dari_nb.local import LocalDari
from dari_nb.local.python_files import load_agents

from ..local.conftest import Caller


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


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    status = main(["tape", *words])
    told = capsys.readouterr()
    return status, told.out + told.err


def test_diff_compares_two_tapes_or_one_with_the_committed_one(
    tape: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(capsys, "diff", "lesson.tape")[0] == 2
    for words in (("init", "-q"), ("add", "."), ("commit", "-qm", "a")):
        about = ("-c", "user.name=a", "-c", "user.email=a@b.c")
        subprocess.run(["git", *about, *words], cwd=tape.parent, check=True)
    assert run(capsys, "diff", "lesson.tape") == (0, "")
    (tape.parent / "old.tape").write_bytes(tape.read_bytes())
    ask(tape, "And in Go?")
    for words in (("lesson.tape",), ("old.tape", "lesson.tape")):
        status, told = run(capsys, "diff", *words)
        assert (status, "And in Go?" in told) == (1, True)


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
    words = ("check", "--live", "mine.tape", "--agents", "mine.py")
    assert main(["tape", *words]) == 0
    assert capsys.readouterr().err.startswith("Asks 1 turn of 1 session again")
    mine.write_text(MINE.replace('return f"{prompt}: ANSWER"', 'raise ValueError("no one")'))
    status, shown = run(capsys, *words, "--report", "report.md")
    assert (status, "ValueError: no one" in shown) == (1, True)
    written = Path("report.md").read_text()
    assert written.startswith("# mine.tape")
    assert main(["tape", *words, "--report", "-"]) == 1
    assert capsys.readouterr().out == written
    assert run(capsys, "check", "--live", "mine.tape")[0] == 1  # There is no such agent.
    assert Path("mine.tape").read_bytes() == before


def test_check_takes_patterns_of_secrets_as_a_tape_does(
    mine: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fails = 'raise ValueError("see CASE-1234 of ward-7")'
    mine.write_text(MINE.replace('return f"{prompt}: ANSWER"', fails))
    words = ("check", "mine.tape", "--secret", "CASE-[0-9]+", "--secret", "ward-.")
    asked = ("--live", "--agents", "mine.py", "--report", "report.md")
    status, told = run(capsys, *words, *asked)
    assert status == 1
    for text in (told, Path("report.md").read_text()):
        assert "ValueError: see " in text
        assert "1234" not in text
        assert "ward" not in text
    assert run(capsys, *words)[0] == 0
    assert run(capsys, "check", "mine.tape", "--secret", "one")[0] == 1
    assert run(capsys, "check", "mine.tape", "--secret", "x*")[0] == 2


def test_a_report_is_written_over_nothing_but_an_earlier_report(
    mine: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("check", "--live", "--agents", "mine.py", "mine.tape", "--report")
    Path("precious.md").write_text("# Mine, asked again and again\n")
    for name in ("mine.tape", "mine.py", "precious.md"):
        before = Path(name).read_bytes()
        status, told = run(capsys, *words, name)
        assert (status, "Asks" in told) == (2, False)
        assert Path(name).read_bytes() == before
    assert [run(capsys, *words, "report.md")[0] for _ in range(2)] == [0, 0]


def test_check_live_scores_what_a_file_says(mine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ("check", "--live", "mine.tape", "--agents", "mine.py", "--score", "score.py")
    score = Path("score.py")
    score.write_text("def score(answer):\n    return '42' in answer.text\n")
    assert run(capsys, *words)[0] == 0
    mine.write_text(MINE.replace("ANSWER", "only 41"))  # of another length: Python compares that
    status, told = run(capsys, *words)
    assert (status, "only 41" in told) == (1, True)
    score.write_text("worth = 1\n")
    assert run(capsys, *words)[0] == 2


def test_check_live_asks_another_dari_with_a_key_of_the_environment(
    mine: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ("check", "--live", "mine.tape", "--connect")
    monkeypatch.delenv("DARI_API_KEY", raising=False)
    monkeypatch.delenv("DARI_API_URL", raising=False)
    assert run(capsys, *words)[0] == 2
    with LocalDari() as server:
        load_agents(server, mine)
        assert "DARI_API_KEY" in run(capsys, *words, server.url)[1]
        monkeypatch.setenv("TEAM_KEY", server.api_key)
        assert run(capsys, *words, server.url, "--key-env", "TEAM_KEY")[0] == 0
        monkeypatch.setenv("DARI_API_URL", server.url)
        for key, status in (("wrong-key", 2), (server.api_key, 0)):
            monkeypatch.setenv("DARI_API_KEY", key)
            assert run(capsys, *words)[0] == status


def test_options_of_asking_again_are_of_no_use_without_it(
    mine: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(capsys, "check", "mine.tape", "--agents", "mine.py")[0] == 2
