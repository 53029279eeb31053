"""There is one current connection, whoever made it; agent and session belong to theirs."""

from __future__ import annotations

import os
import re
from contextlib import suppress

import pytest
from IPython.core.error import UsageError

from dari_nb.errors import InvalidRequestError
from dari_nb.local import LocalDari
from dari_nb.resources import connections, current

from .. import kernels


@pytest.fixture
def elsewhere(monkeypatch):
    with LocalDari() as server:
        monkeypatch.setenv("ELSEWHERE", server.api_key)
        yield server
        with suppress(InvalidRequestError):  # it was closed already
            current().close()


@pytest.fixture
def connect(elsewhere):
    """The line that connects elsewhere in Python."""
    return f"e = dari_nb.connect({elsewhere.url!r}, api_key={elsewhere.api_key!r})"


def test_after_connecting_in_python_nothing_goes_to_the_server_before(shell, elsewhere, connect):
    shell.run("import dari_nb\n%dari use echo --llm small\n%dari_send --quiet first")
    shell.run(connect)
    told = repr(shell.run("%dari"))
    assert elsewhere.url in told
    assert "none yet: %dari use NAME" in told
    assert "none yet: %dari_send starts one" in told
    with pytest.raises(UsageError, match="%dari use"):
        shell.run("%dari_send --quiet second")
    shell.run("%%dari_agent echo --quiet -o turn\nthird")
    shell.run("%dari_send --quiet fourth")
    assert shell.names["turn"].session.llm_id != "small"
    texts = [message.parts[0]["text"] for message in shell.run("e.sessions.list()[0].messages()")]
    assert texts == ["third", "fourth"]
    assert len(shell.run("d.sessions.list()")) == 1


@pytest.mark.parametrize("connecting", ["python", "%dari connect {url} --key-env ELSEWHERE"])
def test_what_is_named_is_looked_for_on_the_current_server(shell, elsewhere, connect, connecting):
    shell.run("import dari_nb")
    shell.run("%%dari_agent echo --quiet -o turn\nHi")
    shell.run(connect if connecting == "python" else connecting.format(url=elsewhere.url))
    with pytest.raises(UsageError, match="there is no session"):
        shell.run(f"%dari_transcript {shell.names['turn'].session.id}")
    with pytest.raises(UsageError, match="no session yet"):
        shell.run("%dari_transcript")
    assert shell.names["turn"].session.send("still there").text


@pytest.mark.parametrize(
    "line",
    [
        "%dari",
        "%dari agents",
        "%dari use echo",
        "%dari_send --quiet again",
        "%dari_transcript",
        "%dari_follow",
        "%dari_chat",
        "%dari_frame messages",
    ],
)
def test_after_closing_every_magic_says_so_in_a_line(shell, line):
    shell.run("%%dari_agent echo --quiet -o turn\nHi")
    shell.run("d.close()")
    with pytest.raises(UsageError, match=r"connection is closed: connect again.*%dari connect"):
        shell.run(line)


@pytest.mark.parametrize(
    "code", ["turn.session.send('x')", "turn.session.transcript()", "d.agents.list()"]
)
def test_after_closing_python_says_so_too_and_what_was_read_can_be_read(shell, code):
    shell.run("%%dari_agent echo --quiet -o turn\nHi")
    shell.run("d.close()")
    with pytest.raises(InvalidRequestError, match="is closed: connect again"):
        shell.run(code)
    assert "Hi" in shell.run("turn.text")


def test_after_closing_one_can_connect_again(shell, connect):
    shell.run("import dari_nb\n%dari use echo")
    shell.run("d.close()")
    shell.run(connect)
    shell.run("%dari use echo\n%dari_send --quiet hello")
    assert len(shell.run("e.sessions.list()")) == 1


@pytest.fixture
def in_files(shell, monkeypatch, tmp_path):
    """A shell in a folder of its own, whose local Daris in files are stopped at the end."""
    monkeypatch.chdir(tmp_path)
    servers = {}
    monkeypatch.setattr(connections, "_servers", servers)
    yield shell
    for server in servers.values():
        server.stop()


def test_in_python_the_connection_of_the_magics_goes_on(in_files):
    told = repr(in_files.run("%dari connect local --path tomorrow.db"))
    assert re.search(r"in Python +d = dari_nb\.connect\(\) is this connection", told)
    in_files.run("import dari_nb\nd = dari_nb.connect()\nd.agents['echo'].send('Hi').wait()")
    in_files.run("%dari_agent echo --quiet Hello")
    assert "tomorrow.db" in repr(in_files.run("%dari"))
    assert "tomorrow.db" in repr(in_files.run("%dari connect"))
    assert len(in_files.run("d.sessions.list()")) == 2


def test_a_file_tells_whether_it_is_new_and_what_is_in_it(in_files):
    assert "tomorow.db: a new file" in repr(in_files.run("%dari connect local --path tomorow.db"))
    in_files.run("%dari_agent echo --quiet Hello")
    in_files.run("%dari connect local")
    told = repr(in_files.run("%dari connect local --path tomorow.db"))
    assert re.search(r"tomorow\.db: 1 session, the newest \d{4}-\d\d-\d\d \d\d:\d\d\n", told)
    with LocalDari("empty.db"):
        pass
    assert "empty.db: no sessions yet" in repr(in_files.run("%dari connect local --path empty.db"))


def test_a_file_that_a_notebook_has_open_names_it_without_its_folder(in_files, tmp_path):
    name = str(tmp_path / "of mine" / "mon\x1b[31mday.ipynb")
    manager, client = kernels.started(os.environ | {"JPY_SESSION_NAME": name})
    try:
        code = f"import dari_nb\ndari_nb.connect('local', path={str(tmp_path / 'course.db')!r})"
        client.execute_interactive(code, timeout=180)
        assert "of mine" not in (tmp_path / "course.db.lock").read_text()
        with pytest.raises(UsageError) as caught:
            in_files.run("%dari connect local --path course.db")
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    told = str(caught.value)
    assert re.search(r"\(process \d+\), of the notebook mon\[31mday\.ipynb: shut that", told)
    assert "JupyterLab lists it under Running" in told
    assert "dari-local serve shares one" in told
    assert "of mine" not in told
