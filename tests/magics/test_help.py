"""What a magic takes can be asked of it, and comes from the one table of options."""

import pytest
from IPython.core.error import UsageError

from dari_nb.magics.catalogue import COMMANDS, PARSERS, TOPICS
from dari_nb.resources import connections

LINES = {"dari_agent": "%%dari_agent {}", "dari_batch": "%%dari_batch {}\nHi"}


def test_each_magic_tells_its_options_and_does_nothing_else(shell, capsys):
    for magic, parser in PARSERS.items():
        assert shell.run(LINES.get(magic, f"%{magic} {{}}").format("-h")) is None
        told = capsys.readouterr().out
        assert parser.usage in told
        assert all(option.flag in told and option.help in told for option in parser.options)
    assert shell.names["d"].sessions.list() == []


def test_help_may_stand_behind_a_word_and_for_a_subcommand(shell, capsys):
    shell.run("%%dari_agent echo --help\nHi")
    shell.run("%dari use --help")
    told = capsys.readouterr().out
    assert "%%dari_agent AGENT" in told
    assert "%dari use AGENT" in told
    assert shell.run("%dari --help") is None
    assert "%dari_send TEXT" in capsys.readouterr().out
    assert "%dari_send TEXT" in repr(shell.run("%dari help"))


def test_the_widgets_of_help_can_be_pasted(shell):
    told = repr(shell.run("%dari help widgets")).split("\n\n")
    shell.run("session = d.agents['echo'].send('Hi').wait().session")
    assert type(shell.run(told[1])).__name__ == "HBox"
    shell.run("reader.session = d.sessions.create('echo')")
    assert shell.run("table.active.id") == shell.run("reader.session.id")


def test_help_on_a_public_name_is_what_its_docstring_tells(shell):
    for topic, told in {
        "session": ["pending_calls"],
        "rate": ["Batch.rate(cell, name, value"],
        "files": ["Download the session's workspace"],
        "dari.Session.view()": ["height: Most pixels"],
        "d.batches.run": ["batches.run(agent, tasks,"],
        "Turn.text": ["TurnFailedError"],
        "get": ["d.agents.get", "d.batches.get"],
        "rubric": ["Batch.judge"],
        "judging": ["Batch.judge(name"],
        "regressions": ["Batch.view(where"],
        "examples": ["import dari_nb as dari\nd = dari.connect()\n"],
    }.items():
        text = repr(shell.run(f"%dari help {topic}"))
        assert all(part in text for part in told), topic
        assert not any(mark in text for mark in (">>>", "``", ":meth:", ":func:", ":class:"))


def test_the_examples_of_help_can_be_pasted_into_cells(shell, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DARI_LOCAL_STEP_DELAY", "0")
    monkeypatch.setattr(connections, "_servers", {})
    shell.run(repr(shell.run("%dari help examples")).partition("\n\n")[2])
    for topic in ("session", "Session.view", "frames", "Turn", "tools"):
        shell.run(repr(shell.run(f"%dari help {topic}")).rpartition("examples:\n")[2])
    shell.names["d"].close()
    shell.names["d"].server.stop()


def test_there_is_help_on_each_topic(shell):
    texts = [repr(shell.run(f"%dari help {topic}")) for topic in TOPICS]
    assert all(text and text == text.strip() for text in texts)
    assert max(len(text.splitlines()) for text in texts) < 100


EXAMPLES = {
    line: parser.example
    for line, parser in [*PARSERS.items(), *((name, c.parser) for name, c in COMMANDS.items())]
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_example_of_each_magic_runs(shell, name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DARI_NB_CACHE", str(tmp_path / "cache"))  # what one pulls, others see
    shell.run("%dari use calculator")
    shell.run("%dari_send --quiet --timeout 60 What is 6 * 7?")
    shell.run(EXAMPLES[name])


def test_help_on_a_slip_says_what_may_be_meant(shell):
    for slip, meant in (("sesion", "session"), ("Session.veiw", "Session.view")):
        with pytest.raises(UsageError, match=rf"did you mean {meant}\?"):
            shell.run(f"%dari help {slip}")


def test_help_tells_nothing_of_what_is_not_public(shell):
    for name in ("Session._feed", "Session.__init__", "_find", "os"):
        with pytest.raises(UsageError) as refused:
            shell.run(f"%dari help {name}")
        assert refused.value.code == "topic_not_found"


def test_the_lines_on_options_run_as_printed(shell):
    lines = repr(shell.run("%dari help temperature")).splitlines()
    start = lines.index("import dari_nb as dari")
    shell.run("\n".join(lines[start : start + 2]))
    assert lines[start + 2].startswith("d.server.add_llms(")
    named = '"model": "m", "base_url": "http://127.0.0.1:9/v1"'
    shell.run(lines[start + 2].replace('"gguf": "smollm2"', named))
    assert shell.names["d"].server.llms["exact"].settings.options.seed == 1
