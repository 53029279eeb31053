"""What a magic takes can be asked of it, and comes from the one table of options."""

import pytest
from IPython.core.error import UsageError

from dari_nb.magics.catalogue import COMMANDS, PARSERS, TOPICS
from dari_nb.magics.lines.interpolate import RULE
from dari_nb.resources import connections

LINES = {"dari_agent": "%%dari_agent {}", "dari_batch": "%%dari_batch {}\nHi"}


@pytest.mark.parametrize("flag", ["--help", "-h"])
@pytest.mark.parametrize("magic", PARSERS)
def test_each_magic_tells_its_options_and_does_nothing_else(shell, capsys, magic, flag):
    assert shell.run(LINES.get(magic, f"%{magic} {{}}").format(flag)) is None
    told = capsys.readouterr().out
    assert PARSERS[magic].usage in told
    assert all(option.flag in told and option.help in told for option in PARSERS[magic].options)
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


def test_a_text_about_help_is_a_text(shell):
    shell.run("%dari use echo")
    shell.run("%dari_send --quiet -o turn What does --help do?")
    assert shell.names["turn"].prompt == "What does --help do?"


@pytest.mark.parametrize("magic", PARSERS)
def test_inspecting_a_magic_tells_its_options(shell, capsys, magic):
    shell.run(f"%{magic}?")
    told = capsys.readouterr().out
    assert all(option.flag in told for option in PARSERS[magic].options)


@pytest.mark.parametrize(
    ("topic", "told"),
    [
        ("send", "--session ID"),
        ("dari_send", "--session ID"),
        ("%dari_send", "{price:.2f}"),
        ("%%dari_batch", "--repeats N"),
        ("use", "make an agent the current one"),
        ("dari sessions", "--view"),
        ("braces", "{name!r}"),
        ("interpolation", "--raw sends all braces as they are"),
        ("lists", "small, large"),
        ("questions", "%dari_send --help"),
        ("options", '"options": {"temperature": 0, "seed": 1}'),
        ("temperature", "%dari help LocalDari.add_llms"),
        ("LocalDari.add_llms", "options say how it answers"),
        ("local.LocalDari.add_llms", "max_output_tokens"),
        ("results", "t = %dari_send TEXT"),
        ("export", "Save and Export Notebook As > HTML"),
        ("html", "jupyter nbconvert --to html"),
        ("assistant", "%dari model pull smollm2"),
        ("assistant", "pip install 'dari_nb[model]'"),
        ("link", "d.sessions.view(preview=False)"),
        ("widget", "are ipywidgets"),
        ("ask", "%dari_agent AGENT"),
        ("cap", "--max-cost"),
    ],
)
def test_help_on_a_topic_tells_of_that_alone(shell, topic, told):
    text = repr(shell.run(f"%dari help {topic}"))
    assert told in text
    assert len(text.splitlines()) < 40


@pytest.mark.parametrize(
    ("topic", "told"),
    [
        ("students", "to_html"),
        ("check", "--live"),
        ("batch", "Its field finds"),
    ],
)
def test_help_on_what_people_do_with_a_noun_tells_its_steps(shell, topic, told):
    assert told in repr(shell.run(f"%dari help {topic}"))


@pytest.mark.parametrize("line", ["%dari_send {} Hi", "%%dari_agent echo {}\nHi"])
@pytest.mark.parametrize("given", ["--temperature 0", "--seed=1", "--max-tokens 5"])
def test_options_of_an_llm_on_a_line_lead_to_where_they_are_set(shell, line, given):
    with pytest.raises(UsageError, match=r"where it is named, and --llm .* %dari help options"):
        shell.run(line.format(given))
    assert shell.names["d"].sessions.list() == []


def test_help_is_a_line_for_each_magic_and_then_the_topics(shell):
    lines = repr(shell.run("%dari help")).splitlines()
    named = [parser.brief for parser in [*PARSERS.values(), *(c.parser for c in COMMANDS.values())]]
    for brief in named:
        [line] = [line for line in lines if line.partition("  ")[0] == brief]
        assert line.removeprefix(brief).strip()
    assert max(map(len, lines)) <= 100
    assert len(lines) < len(named) + 8
    assert not any("--" in line for line in lines)


def test_the_widgets_of_help_can_be_pasted(shell):
    told = repr(shell.run("%dari help widgets")).split("\n\n")
    shell.run("session = d.agents['echo'].send('Hi').wait().session")
    assert type(shell.run(told[1])).__name__ == "HBox"
    shell.run("reader.session = d.sessions.create('echo')")
    assert shell.run("table.active.id") == shell.run("reader.session.id")


@pytest.mark.parametrize(
    ("topic", "told"),
    [
        ("session", ["A durable conversation", "pending_calls", "Return the tool calls"]),
        ("turn", ["One message with its answer", 'turn = agent.send("What is 6 * 7?")']),
        ("batch", ["%%dari_batch calculator", "Batch\n\nTasks with LLMs"]),
        ("batches", ["%%dari_batch calculator", "Batch\n\nTasks with LLMs"]),
        ("Turns", ["One message with its answer"]),
        ("rate", ["Batch.rate(cell, name, value", "1, the worst, to 5"]),
        ("ratings", ['batch.rate((0, "small"), "quality", 4']),
        ("tools", ["Make a function, plain or async, a tool", "Session.use_tools("]),
        ("scores", ["values by task", "win_rate "]),
        ("frames", ["Tidy DataFrames", "messages_frame "]),
        ("files", ["Upload a file", "Download the session's workspace"]),
        ("local", ["A complete Dari in this process", "load_runs "]),
        ("errors", ["└── ServerError"]),
        ("connect", ["%dari connect local --path course.db", "connect(target=None,"]),
        (
            "Session.view",
            ["Session.view(*, at=None, height=None, layout=None)", "view = session.view("],
        ),
        ("dari.Session.view()", ["height: Most pixels"]),
        ("d.batches.run", ["batches.run(agent, tasks,", "# {'completed': 2}"]),
        ("Agents", ["publish_prompt "]),
        ("Turn.text", ["TurnFailedError"]),
        ("win_rates", ["(Bonferroni)", "whose interval there still holds 0"]),
        ("Batch.view", ["(Bonferroni)", 'win_rates(..., adjust="holm")']),
        ("Cell.cost_usd", ["in US dollars", "sum(cell.cost_usd or 0 for cell"]),
        ("Version.diff", ["other: The version that it becomes."]),
        ("examples", ["import dari_nb as dari\nd = dari.connect()\n"]),
    ],
)
def test_help_on_a_word_or_a_public_name_is_what_its_docstring_tells(shell, topic, told):
    text = repr(shell.run(f"%dari help {topic}"))
    assert all(part in text for part in told)
    assert not any(mark in text for mark in (">>>", "``", ":meth:", ":func:", ":class:"))


@pytest.mark.parametrize(
    ("word", "told"),
    [
        ("plan", ["Batch.plan()", "batch.plan().sends"]),
        ("batch.plan()", ["batch.plan()"]),
        ("judge", ["Batch.judge(name"]),
        ("judges", ["Batch.judge(name"]),
        ("agreement", ["scores.agreement(given"]),
        ("calibrated", ["scores.calibrated(given"]),
        ("detectable", ["scores.detectable(tasks"]),
        ("sample", ["Batch.sample(size"]),
        ("changes", ["ComparedBatches.changes(score"]),
        ("differences", ["ComparedBatches.differences(score"]),
        ("ComparedBatches", ["Several batches as one matrix", "only: Tasks that not all"]),
        ("drafts", ["A piece of a text while it is written"]),
        ("get", ["  d.agents.get  ", "  d.batches.get  "]),
        ("rubric", ["rubric is an argument of:", "  Batch.judge  ", "  Batch.judge_pairs  "]),
        ("regressions", ["Batch.view(where", "baseline: A column"]),
        ("judging", ["Batch.judge(name"]),
        ("cost", ["batch.plan()", "max_cost=0.50", "batch.resume(max_cost=1)"]),
        ("lesson", ["%dari tape lesson.tape"]),
        ("record", ["%dari tape lesson.tape"]),
        ("mark", ['"ask": "What will it do?"']),
        ("chapters", ["without ask it is a\n           chapter: {", '{"mark": "the second try"}']),
        ("Tape.view", ["A mark without a question is a chapter"]),
        ("questions", ["%dari_send What is a closure?", "marks on its tape: %dari help marks"]),
    ],
)
def test_help_finds_a_word_that_a_public_name_ends_in_or_that_people_have_for_it(shell, word, told):
    text = repr(shell.run(f"%dari help {word}"))
    assert all(part in text for part in told)


@pytest.mark.parametrize("name", ["Plan.sends", "Plan.shows", "Agent.llms", "Batch.cells"])
def test_help_writes_what_is_not_called_without_parentheses(shell, name):
    assert repr(shell.run(f"%dari help {name}")).splitlines()[0] == name


STEPS = {
    "tape": ["record", "change", "marks", "view", "to_html", "answers"],
    "batch": [
        *("plan", "max_cost=0.50", "resume", "judge", "sample"),
        *("agreement", "calibrated", "trajectories", "compare_batches"),
    ],
}


@pytest.mark.parametrize("topic", STEPS)
def test_help_tells_the_steps_with_a_tape_and_a_batch_in_their_order(shell, topic):
    text = repr(shell.run(f"%dari help {topic}"))
    places = [text.index(f"\n  {step}  ") for step in STEPS[topic]]
    assert places == sorted(places)
    for step in {*STEPS[topic]} - {"change"}:
        shell.run(f"%dari help {step.partition('=')[0]}")


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


@pytest.mark.parametrize(
    ("slip", "meant"),
    [
        ("sesion", "session"),
        ("Sesion.view", "Session"),
        ("Session.veiw", "Session.view"),
        ("conect", "connect"),
        ("plot_socres", "plot_scores"),
        ("batches.rnu", "batches.run"),
    ],
)
def test_help_on_a_slip_says_what_may_be_meant(shell, slip, meant):
    with pytest.raises(UsageError, match=rf"no help on '{slip}' \(did you mean {meant}\?\)"):
        shell.run(f"%dari help {slip}")


def test_help_tells_nothing_of_what_is_not_public(shell):
    for name in ("Session._feed", "Session.__init__", "_find", "os"):
        with pytest.raises(UsageError, match="no help on"):
            shell.run(f"%dari help {name}")


def test_help_on_what_there_is_not_names_what_there_is(shell):
    with pytest.raises(UsageError, match=r"no help on 'sedn' \(did you mean send\?\); .*braces"):
        shell.run("%dari help sedn")


def test_help_of_magics_with_text_tells_what_braces_do(shell, capsys):
    for line in ("%dari_send?", "%dari_agent --help", "%%dari_batch --help", "%dari_publish?"):
        shell.run(line)
        assert RULE in capsys.readouterr().out
    shell.run("%dari?")
    assert "%dari sessions" in capsys.readouterr().out


@pytest.mark.parametrize("topic", ["seed", "max_tokens", "temperature", "options"])
def test_the_lines_on_options_run_as_printed(shell, tiny_llm, topic):
    lines = repr(shell.run(f"%dari help {topic}")).splitlines()
    start = lines.index("import dari_nb as dari")
    shell.run("\n".join(lines[start : start + 2]))
    assert lines[start + 2].startswith("d.server.add_llms(")
    shell.run(lines[start + 2].replace('"gguf": "smollm2"', tiny_llm))
    assert shell.names["d"].server.llms["exact"].settings.options.seed == 1


@pytest.fixture
def tiny_llm():
    """Settings of an LLM that is only named, in place of a model that was pulled."""
    return '"model": "m", "base_url": "http://127.0.0.1:9/v1"'
