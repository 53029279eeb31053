"""There is one current connection, whoever made it; agent and session belong to theirs."""

from __future__ import annotations

import os
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
    with pytest.raises(UsageError):
        shell.run("%dari_send --quiet second")
    shell.run("%%dari_agent echo --quiet -o turn\nthird")
    shell.run("%dari_send --quiet fourth")
    assert shell.names["turn"].session.llm_id != "small"
    texts = [message.parts[0]["text"] for message in shell.run("e.sessions.list()[0].messages()")]
    assert texts == ["third", "fourth"]
    assert len(shell.run("d.sessions.list()")) == 1


def test_after_closing_every_magic_is_refused(shell):
    shell.run("%%dari_agent echo --quiet -o turn\nHi")
    shell.run("d.close()")
    for line in (
        "%dari",
        "%dari use echo",
        "%dari_send --quiet again",
        "%dari_transcript",
        "%dari_follow",
        "%dari_chat",
        "%dari_frame messages",
    ):
        with pytest.raises(UsageError) as refused:
            shell.run(line)
        assert refused.value.code == "connection_closed", line
    with pytest.raises(InvalidRequestError):
        shell.run("turn.session.send('x')")
    assert "Hi" in shell.run("turn.text")


@pytest.fixture
def in_files(shell, monkeypatch, tmp_path):
    """A shell in a folder of its own, whose local Daris in files are stopped at the end."""
    monkeypatch.chdir(tmp_path)
    servers = {}
    monkeypatch.setattr(connections, "_servers", servers)
    yield shell
    for server in servers.values():
        server.stop()


def test_a_file_tells_whether_it_is_new_and_what_is_in_it(in_files):
    assert "a new file" in repr(in_files.run("%dari connect local --path tomorow.db"))
    in_files.run("%dari_agent echo --quiet Hello")
    in_files.run("%dari connect local")
    told = repr(in_files.run("%dari connect local --path tomorow.db"))
    assert "tomorow.db: 1 session" in told


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
    assert "mon[31mday.ipynb" in told
    assert "of mine" not in told
