import socket
import threading

import pytest
from IPython.core.completer import provisionalcompleter


@pytest.fixture
def press_tab(shell):
    def press_tab(text):
        with provisionalcompleter():
            return {c.text: c.type for c in shell.ip.Completer.completions(text, len(text))}

    return press_tab


@pytest.fixture
def complete(press_tab):
    """Press Tab again once the server has answered, however slow the machine is."""

    def complete(text):
        press_tab(text)
        for thread in threading.enumerate():
            if thread.name == "dari_nb completion":
                thread.join(60)
        return press_tab(text)

    return complete


def test_tab_completes(shell, complete, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "b.md").touch()
    (tmp_path / "questions.csv").touch()
    shell.run("agents, questions = d.agents, []\ndef answer_it(): ...")
    scores = tmp_path / "scores.jsonl"
    shell.names["d"].batches.run("echo", ["a"], run_id="triage", scores_path=scores).wait()
    for text, expected in {
        "%dari ": {"use", "agents", "sessions", "llms", "model", "tape", "connect", "help"},
        "%dari_send --ag": {"--again"},
        "%dari connect local --co": {"--config"},
        "%dari llms --": {"--probe"},
        "%%dari_publish --dry-run ec": {"echo"},
        "%%dari_publish x --t": {"--tools"},
        "%dari sessions --agent to": {"tour"},
        "d.agents['to": {"tour"},
        "agents['cal": {"calculator"},
        "d.batches['tri": {"triage"},
        "%%dari_batch echo --llm small,la": {"small,large"},
        "%%dari_batch echo --llm small, la": {"large"},
        "%dari help batches.ru": {"batches.run"},
        "%dari_send --approve a": {"ask", "always", "answer_it"},
        "%%dari_batch echo --tasks que": {"questions", "questions.csv"},
        "%dari_send --file folder/b.md,que": {"folder/b.md,questions.csv"},
        "t = %dari_send {que": {"questions"},
        "%%dari_agent {que": {"questions"},
        "%dari_agent echo What of {que": {"questions"},
    }.items():
        assert set(complete(text)) == expected, text


def test_ids_are_completed_with_their_names(shell, complete):
    shell.run("%%dari_agent echo -o turn --quiet\nHi")
    session = shell.names["turn"].session
    assert complete("%dari_transcript sess_") == {session.id: "echo"}
    assert complete("%dari_send --session sess_") == {session.id: "echo"}
    assert complete("%dari_follow sess_") == {session.id: "echo"}
    assert complete("%dari use agt_")[session.agent_id] == "echo"


def test_versions_are_completed_of_the_agent_that_is_named(shell, complete):
    version = shell.names["d"].agents.get("tour").version().id
    assert complete("%%dari_agent tour --version ") == {version: "active"}


def test_functions_are_completed_one_behind_the_other(shell, complete):
    shell.run("def lookup(): ...\ndef lookdown(): ...\nlooks = 3")
    assert set(complete("%%dari_publish x --tools look")) == {"lookup", "lookdown"}
    assert set(complete("%%dari_publish x --tools lookup,lookd")) == {"lookup,lookdown"}


def test_llms_of_the_local_dari_and_folders_with_agents_are_completed(
    server, complete, tmp_path, monkeypatch
):
    server.add_llms({"tiny": {"model": "m", "base_url": "http://127.0.0.1:9/v1"}})
    (tmp_path / "support").mkdir()
    (tmp_path / "support" / "dari.yml").write_text("name: support\n")
    (tmp_path / "local.toml").write_text("")
    monkeypatch.chdir(tmp_path)
    assert complete("%%dari_publish x --llm t") == {"tiny": "m"}
    assert set(complete("%dari_publish su")) == {"support"}
    assert set(complete("%dari connect local --config l")) == {"local.toml"}


def test_attributes_are_completed_in_a_prompt(shell, complete):
    shell.run("import types\nbox = types.SimpleNamespace(weight=1, width=2)")
    assert set(complete("%dari_send It is {box.w")) == {"weight", "width"}


def test_where_nothing_fits_nothing_is_offered(complete):
    for text in (
        "%dari_send What is pri",
        "%dari_send --meta ",
        "%dari_send --session nob",
        "%dari_send {nobo",
        "%%dari_send\npri",
        "%%dari_agent nobody",
        "%dari_agent echo wha",
        "%dari zz",
        "%dari sessions ",
        "t = %dari_follow ",
        "if True:\n    %dari_send pri",
    ):
        assert complete(text) == {}, text


def test_other_lines_are_left_alone(complete):
    assert "print" in complete("pri")
    assert "--llm" not in complete("darius --l")


def test_an_unreachable_server_completes_to_nothing(shell, complete, monkeypatch):
    monkeypatch.setenv("MY_KEY", "x")
    shell.run("%dari connect http://127.0.0.1:9 --key-env MY_KEY")
    assert complete("%dari use ec") == {}
    shell.run("import dari_nb; dari_nb.current().close()")
    assert complete("%dari use ec") == {}


@pytest.fixture
def silent():
    """A server that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(20)
        yield listening


def test_nobody_waits_for_a_server_that_does_not_answer(shell, press_tab, silent, monkeypatch):
    monkeypatch.setenv("MY_KEY", "x")
    shell.run(f"%dari connect http://127.0.0.1:{silent.getsockname()[1]} --key-env MY_KEY")
    assert press_tab("%dari use ec") == {}
    asking, _ = silent.accept()
    with asking:
        assert asking.recv(65536).startswith(b"GET")
        assert press_tab("%dari use ec") == {}
        assert press_tab("%%dari_agent ec") == {}
        silent.settimeout(0)
        with pytest.raises(BlockingIOError):  # it was asked once
            silent.accept()
        asking.setblocking(False)
        with pytest.raises(BlockingIOError):  # and nobody has given that up
            asking.recv(1)
    shell.run("import dari_nb; dari_nb.current().close()")
