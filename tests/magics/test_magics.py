import threading

import pandas as pd
import pytest
from IPython.core.error import UsageError

import dari_nb as dari


def test_a_new_user_sees_where_he_is_and_what_to_do(shell):
    text = repr(shell.run("%dari"))
    assert "local Dari" in text
    assert "%dari use NAME" in text


def test_using_an_agent_and_sending_starts_a_session_that_goes_on(shell, capsys):
    shell.run("%dari use echo --llm small")
    shell.run("%dari_send -o one Hello")
    shell.run("%dari_send -o two And again")
    one, two = shell.names["one"], shell.names["two"]
    assert one.session.id == two.session.id
    assert (one.session.llm_id, one.prompt, two.prompt) == ("small", "Hello", "And again")
    assert one.session.id in repr(shell.run("%dari"))
    assert "Hello" in capsys.readouterr().out


def test_a_cell_is_one_message(shell):
    shell.run("%dari use echo")
    shell.run("%%dari_send -o turn --quiet\nline one\n\nline two\n")
    assert shell.names["turn"].prompt == "line one\n\nline two"


def test_an_agent_cell_starts_a_new_session_each_time(shell):
    shell.run("%%dari_agent echo -o one --quiet --meta task=7\nHi")
    shell.run("%%dari_agent echo -o two --quiet --llm small\nHi")
    one, two = shell.names["one"], shell.names["two"]
    assert one.session.id != two.session.id
    assert one.session.metadata == {"task": "7"}
    assert two.session.llm_id == "small"
    shell.run("%dari_send --quiet -o three More")
    assert shell.names["three"].session.id == two.session.id


def test_a_session_can_be_named(shell):
    shell.run("%%dari_agent echo -o one --quiet\nHi")
    shell.run("%%dari_agent echo --quiet\nHi")
    first = shell.names["one"].session.id
    shell.run(f"%dari_send --session {first} --quiet -o again Hello")
    assert shell.names["again"].session.id == first


def test_a_session_keeps_its_llm(shell):
    shell.run("%%dari_agent echo --quiet --llm small\nHi")
    shell.run("%dari_send --quiet --llm small -o same More")
    with pytest.raises(UsageError, match=r"keeps its LLM, small: .* %%dari_agent echo --llm large"):
        shell.run("%dari_send --llm large More")
    assert len(shell.names["same"].session.messages()) == 2


@pytest.mark.parametrize("line", ["%dari_send --llm smal More", "%dari_send --again --llm smal"])
def test_a_slip_in_the_name_of_an_llm_is_told_and_not_advised(shell, line):
    shell.run("%%dari_agent echo --quiet -o turn\nHi")
    with pytest.raises(UsageError) as refused:
        shell.run(line)
    told = "echo has no LLM option 'smal' (did you mean small?); it has: small, large"
    assert str(refused.value) == told
    assert len(shell.names["turn"].session.messages()) == 1


def test_following_another_session_makes_its_agent_the_current_one(shell):
    shell.run("%%dari_agent tour --quiet -o turn\nHi")
    shell.run("%%dari_agent echo --quiet\nHi")
    shell.run(f"%dari_follow {shell.names['turn'].session.id} --quiet")
    assert "tour" in repr(shell.run("%dari"))


def test_loading_again_keeps_agent_and_session(shell):
    shell.run("%%dari_agent echo --quiet\nHi")
    before = repr(shell.run("%dari"))
    matchers = len(shell.ip.Completer.custom_matchers)
    shell.run("%reload_ext dari_nb")
    assert repr(shell.run("%dari")) == before
    assert len(shell.ip.Completer.custom_matchers) == matchers


def test_names_are_filled_in_once_and_raw_leaves_them(shell):
    shell.names["name"] = "{other}"
    shell.names["frame"] = pd.DataFrame({"a": [1]})
    shell.run("%dari use echo")
    shell.run('%dari_send --quiet -o turn Hi {name}, {"json": 1}')
    assert shell.names["turn"].prompt == 'Hi {other}, {"json": 1}'
    shell.run("%dari_send --quiet -o turn --raw Hi {nobody} $name")
    assert shell.names["turn"].prompt == "Hi {nobody} $name"
    shell.run("%%dari_send --quiet -o turn\nSee:\n{frame}")
    assert "| 1 |" in shell.names["turn"].prompt


def test_files_are_attached_by_path_or_variable(shell, tmp_path):
    shell.names["path"] = tmp_path / "my notes.md"
    shell.names["path"].write_text("the passport is blue")
    shell.run("%%dari_agent librarian --quiet -o turn --file {path}\nWhere is the passport?")
    assert "passport is blue" in shell.names["turn"].text


def test_in_the_background_a_cell_returns_at_once(shell, server):
    gate = threading.Event()

    @server.agent("gated")
    def gated(prompt):
        gate.wait(60)
        return "late"

    shell.run("%%dari_agent gated --bg -o turn\nHi")
    assert shell.names["turn"].status in ("queued", "running")
    gate.set()
    shell.run("%dari_follow -o again --quiet")
    assert shell.names["again"].text == "late"


def test_a_transcript_is_shown_and_assigned(shell, capsys):
    shell.run("%%dari_agent echo --quiet\nHello there")
    shell.run("%dari_transcript -o shown")
    session_id = shell.names["shown"].resource.session.id
    assert capsys.readouterr().out.count("Hello there") == 2
    shell.names["sid"] = session_id
    shell.run("%dari_transcript {sid} --quiet -o again")
    assert shell.names["again"].to_dict() == shell.names["shown"].to_dict()


def test_agents_and_sessions_are_lists_that_show_as_tables(shell):
    agents = shell.run("%dari agents")
    assert [agent.name for agent in agents][:2] == ["echo", "calculator"]
    shell.run("%%dari_agent echo --quiet --meta a=1\nHi")
    assert len(shell.run("%dari sessions --meta a=1")) == 1
    assert shell.run("%dari sessions --agent tour") == []


def test_help_names_all_magics(shell):
    text = repr(shell.run("%dari help"))
    for name in ("%dari use", "%dari_send", "%%dari_agent", "%dari_follow", "%dari_transcript"):
        assert name in text


def test_connecting_elsewhere_forgets_the_session(shell, monkeypatch):
    monkeypatch.setenv("MY_KEY", "dari_secret")
    shell.run("%%dari_agent echo --quiet\nHi")
    text = repr(shell.run("%dari connect http://127.0.0.1:9 --key-env MY_KEY"))
    assert "http://127.0.0.1:9" in text
    assert "sess_" not in text
    assert "dari_secret" not in text
    dari.current().close()


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ("%dari_send Hi", r"choose an agent first: %dari use NAME \(there are: echo, calculator"),
        ("%dari use ecko", "echo"),
        ("%dari use", "name one agent"),
        ("%dari use echo --llm smal", r"did you mean small\?"),
        ("%dari usr echo", r"%dari has no 'usr' \(did you mean use\?\)"),
        ("%%dari_agent nobody\nHi", "nobody"),
        ("%%dari_agent\nHi", "name one agent"),
        ("%%dari_agent echo\n  \n", "the message is empty"),
        ("%%dari_agent echo --llm huge\nHi", "no LLM option 'huge'; it has: small, large"),
        ("%%dari_agent echo --file nothing.md\nHi", r"nothing\.md"),
        ("%%dari_agent echo --meta novalue\nHi", "--meta takes K=V"),
        ("%%dari_agent echo --timeout soon\nHi", "--timeout takes seconds"),
        ("%%dari_agent echo -o 1x\nHi", "-o takes a variable's name"),
        ("%%dari_agent echo -o class\nHi", "-o takes a variable's name"),
        ("%%dari_agent echo\nHi {broken.value}", r"\{broken.value\} cannot be read: OSError: no"),
        ("%%dari_agent echo --bgg\nHi", r"unknown option --bgg \(did you mean --bg\?\)"),
        ("%%dari_agent echo\nHi {nobody}", r"\{nobody\} is not defined"),
        ("%dari_transcript", "no session yet"),
        ("%dari_follow", "no session yet"),
        ("%dari_transcript sess_gone", "there is no session sess_gone: %dari sessions lists them"),
        ("%dari_send --session sess_gone Hi", "there is no session sess_gone"),
        ("%dari connect http://127.0.0.1:9", "No API key for http://127.0.0.1:9: set DARI_API_KEY"),
        ("%dari connect local dari_key", "an API key does not belong into a notebook"),
        (
            "%dari connect http://127.0.0.1:9 --key-env NO_SUCH_KEY",
            "the environment has no NO_SUCH",
        ),
    ],
)
def test_what_the_user_can_mend_is_a_usage_error_of_one_or_two_lines(
    shell, monkeypatch, cell, message
):
    class Broken:
        @property
        def value(self):
            raise OSError("no")

    shell.names["broken"] = Broken()
    monkeypatch.delenv("DARI_API_KEY", raising=False)
    with pytest.raises(UsageError, match=message) as caught:
        shell.run(cell)
    assert type(caught.value) is UsageError
    assert str(caught.value).count("\n") <= 1
    assert not shell.names["d"].sessions.list()


def test_a_session_id_that_is_nearly_right_gets_a_suggestion(shell):
    shell.run("%%dari_agent echo --quiet -o turn\nHi")
    session_id = shell.names["turn"].session.id
    with pytest.raises(UsageError, match=rf"did you mean {session_id}\?"):
        shell.run(f"%dari_transcript {session_id[:-1]}")


def test_an_unreachable_server_is_said_in_one_line(shell, monkeypatch):
    monkeypatch.setenv("MY_KEY", "dari_secret")
    shell.run("%dari connect http://127.0.0.1:9 --key-env MY_KEY")
    with pytest.raises(UsageError, match=r"127\.0\.0\.1:9") as caught:
        shell.run("%dari agents")
    assert "\n" not in str(caught.value)
    assert "dari_secret" not in str(caught.value)
    dari.current().close()


def test_a_wrong_key_is_said_in_one_line(shell, server, monkeypatch):
    monkeypatch.setenv("MY_KEY", "dari_wrong")
    shell.run(f"%dari connect {server.url} --key-env MY_KEY")
    with pytest.raises(UsageError, match="API key\nset DARI_API_KEY to a valid key") as caught:
        shell.run("%dari agents")
    assert "dari_wrong" not in str(caught.value)
    dari.current().close()


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


def test_a_failed_turn_fails_its_cell_after_showing_what_came(shell, server, capsys):
    @server.agent("broken")
    def broken(prompt):
        yield "so far"
        raise ValueError("no luck")

    with pytest.raises(UsageError, match="no luck"):
        shell.run("%%dari_agent broken -o turn\nHi")
    out = capsys.readouterr().out
    assert "so far" in out
    assert "no luck" in out
    assert shell.names["turn"].status == "failed"


def test_a_turn_that_takes_too_long_goes_on_and_the_error_says_how_to_follow_it(shell, server):
    gate = threading.Event()

    @server.agent("gated")
    def gated(prompt):
        gate.wait(60)
        return "late"

    with pytest.raises(UsageError, match=r"goes on in sess_\w+: %dari_follow shows it again"):
        shell.run("%%dari_agent gated --timeout 0.2 -o turn\nHi")
    gate.set()
    shell.run("%dari_follow")
    assert shell.names["turn"].text == "late"


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


def test_a_time_that_is_none_is_a_line_without_a_traceback(shell):
    with pytest.raises(UsageError, match="'tomorrow' is no time: give one such as"):
        shell.run("%dari sessions --since tomorrow")
