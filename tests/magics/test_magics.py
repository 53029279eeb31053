import pytest
from IPython.core.error import UsageError

import dari_nb as dari


def test_following_another_session_makes_its_agent_the_current_one(shell):
    shell.run("%%dari_agent tour --quiet -o turn\nHi")
    shell.run("%%dari_agent echo --quiet\nHi")
    shell.run(f"%dari_follow {shell.names['turn'].session.id} --quiet")
    assert "tour" in repr(shell.run("%dari"))


def test_value_that_cannot_be_read_is_told(shell):
    class Broken:
        @property
        def value(self):
            raise OSError("no")

    shell.names["broken"] = Broken()
    with pytest.raises(UsageError) as refused:
        shell.run("%%dari_agent echo\nHi {broken.value}")
    assert refused.value.code == "invalid_expression"
    assert not shell.names["d"].sessions.list()


def test_a_session_id_that_is_nearly_right_gets_a_suggestion(shell):
    shell.run("%%dari_agent echo --quiet -o turn\nHi")
    session_id = shell.names["turn"].session.id
    with pytest.raises(UsageError, match=rf"did you mean {session_id}\?"):
        shell.run(f"%dari_transcript {session_id[:-1]}")


def test_no_verbose_traceback_shows_a_secret(shell, monkeypatch, capsys):
    monkeypatch.setenv("MY_KEY", "dari_secret")
    shell.run("import os, dari_nb\nkey = lambda: os.environ['MY_KEY']")
    shell.run("%xmode Verbose")
    url = "http://127.0.0.1:9"
    for cell in (
        "dari_nb.connect(base_url='bad', api_key=key())",
        f"dari_nb.connect(base_url='{url}', api_key=key(), path='x')",
        "dari_nb.Client('bad', key())",
        f"with dari_nb.Client('{url}', key()) as c: c.agents.list()",
        f"with dari_nb.Client('{url}', 'k') as c: c.sessions.create('a', llm_api_key=key())",
        f"with dari_nb.Client('{url}', 'k') as c: c.sessions.create('a', secrets=dict(A=key()))",
    ):
        with pytest.raises(dari.DariError):
            shell.run(cell)
        out = capsys.readouterr()
        assert "Error" in out.out + out.err
        assert "dari_secret" not in out.out + out.err, cell


def test_sessions_are_found_by_words_and_the_way_back_is_a_line_to_type(shell):
    session = shell.run('d.agents.get("echo").send("Where is my passport?").wait().session')
    shell.run('d.agents.get("echo").send("Something else").wait()')
    found = shell.run("%dari sessions passport --since yesterday")
    assert [one.id for one in found] == [session.id]
    told = found._repr_mimebundle_()["text/plain"].splitlines()
    line = next(line for line in told if "to go on with one: " in line).partition(": ")[2]
    shell.run(f"turn = {line.replace('…', 'And where is yours?')}")
    assert shell.names["turn"].session.id == session.id
    line = next(line for line in told if "to read one: " in line).partition(": ")[2]
    shell.run(line)
    assert shell.run("%dari sessions nowhere") == []
    assert [s.id for s in shell.run("%dari sessions")][-1] == session.id
