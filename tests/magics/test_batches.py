import _thread
import threading
from decimal import Decimal

import pandas as pd
import pytest
from IPython.core.error import UsageError

from dari_nb.local import Usage


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def shout(server):
    """An agent that tells what it was asked, and by which LLM."""

    @server.agent("shout", llms=["a", "b"])
    def shout(prompt, turn):
        return f"{prompt.upper()}! ({turn.llm_id})"


def texts(batch):
    return [cell.text for cell in batch.cells]


def test_each_line_of_the_cell_is_a_task(shell, shout, capsys):
    shell.run("%%dari_batch shout --llm a --llm b -o batch\nhi\n\n  ho  ")
    batch = shell.names["batch"]
    assert texts(batch) == ["HI! (a)", "HI! (b)", "HO! (a)", "HO! (b)"]
    out = capsys.readouterr().out
    assert f"{batch.run_id}: 4 sessions started" in out
    assert "HO! (b)" in out


def test_blocks_between_rules_are_tasks_of_several_lines(shell, shout):
    shell.run("%%dari_batch shout --llm a -o batch --quiet\none\ntwo\n---\nthree\n---  \n")
    assert [task.text for task in shell.names["batch"].tasks] == ["one\ntwo", "three"]


def test_the_cell_run_again_sends_nothing_and_says_so(shell, shout, capsys):
    cell = "%%dari_batch shout --llm a -o batch\nhi"
    shell.run(cell)
    capsys.readouterr()
    shell.run(cell)
    assert "nothing sent, all is there already" in capsys.readouterr().out
    assert texts(shell.names["batch"]) == ["HI! (a)"]
    shell.run(cell.replace("-o", "--new-run -o"))
    assert "1 session started" in capsys.readouterr().out
    assert len(shell.names["d"].sessions.list()) == 2


def test_values_go_into_tasks_and_are_not_split(shell, shout):
    shell.names["text"] = "one\ntwo {x}"
    shell.run("%%dari_batch shout -o batch --quiet --meta who={text[0]}\nSay {text}\nSay {'x': 1}")
    batch = shell.names["batch"]
    assert [task.text for task in batch.tasks] == ["Say one\ntwo {x}", "Say {'x': 1}"]
    assert batch.tasks[0].metadata == {"who": "o"}
    shell.run("%%dari_batch shout -o batch --quiet --raw\nSay {text}")
    assert shell.names["batch"].tasks[0].text == "Say {text}"


def test_tasks_may_be_a_variable_or_a_file(shell, shout, folder):
    frame = pd.DataFrame({"question": ["hi", "ho"], "level": [1, 2]})
    frame.to_csv("tasks.csv", index=False)
    shell.names["rows"] = frame
    read = []
    for source in ("rows", "tasks.csv"):
        line = f"%dari_batch shout --tasks {source} --prompt question --llm a -o batch --quiet"
        shell.run(line)
        batch = shell.names["batch"]
        read.append((batch.run_id, texts(batch), batch.tasks[1].metadata))
    assert read[0] == read[1]
    assert read[0][1:] == (["HI! (a)", "HO! (a)"], {"level": "2"})


def test_options_reach_the_batch(shell, shout, folder):
    (folder / "notes.txt").write_text("x")
    shell.run(
        "%%dari_batch shout --llm a --repeats 2 --name mine --meta k=v --file notes.txt"
        " --max-items 2 -o batch --quiet\nhi"
    )
    batch = shell.names["batch"]
    assert (batch.run_id, batch.repeats, len(batch)) == ("mine", 2, 2)
    session = batch.cells[0].session
    assert session.metadata["k"] == "v"
    assert [block["type"] for block in session.messages()[0].parts] == ["text", "file"]
    version = batch.columns[0].version
    shell.run(f"%%dari_batch shout --llm a --version {version} -o pinned --quiet\nhi")
    assert shell.names["pinned"].cells[0].session.resource.version_id == version


def test_a_dry_run_shows_the_plan_and_sends_nothing(shell, shout):
    plan = shell.run("%%dari_batch shout --llm a --llm b --repeats 3 --dry-run -o plan\nhi\nho")
    assert shell.names["plan"] is plan
    assert (plan.sends, plan.batches) == (12, 1)
    assert "12 (2 tasks x 2 LLMs x 3)" in repr(plan)
    assert shell.names["d"].sessions.list() == []


def test_no_more_is_spent_than_max_cost(shell, server, capsys):
    @server.agent("costly")
    def costly(prompt):
        yield Usage(Decimal("0.20"))
        yield prompt

    session = shell.names["d"].agents.get("costly").send("before").wait(20).session
    while session.cost_usd is None:
        session.turn().wait(20)
    shell.run("%%dari_batch costly --max-cost 0.50 -o batch\n1\n2\n3\n4")
    out = capsys.readouterr().out
    assert "2 of 4 not sent: $0.40 of max_cost=$0.50 is spent" in out
    assert "batch.resume(max_cost=...) sends the other 2" in out
    shell.run("%%dari_batch costly --max-cost $0.60 -o batch\n1\n2\n3\n4")
    again = shell.names["batch"]
    assert (again.started, again.counts) == (1, {"completed": 3, "unsent": 1})


def test_failures_are_counted_with_what_sends_them_again(shell, server, capsys):
    @server.agent("picky")
    def picky(prompt):
        return prompt if prompt == "good" else 1 / 0

    shell.run("%%dari_batch picky -o batch\ngood\nbad")
    out = capsys.readouterr().out
    assert "1 of 2 failed: batch.retry_failed() sends it again" in out
    assert "ZeroDivisionError" in out


def test_a_mended_agent_is_a_new_run_and_its_versions_are_columns(shell, server, capsys):
    define = "@d.server.agent('picky')\ndef picky(prompt):\n    return prompt if {} else 1 / 0"
    shell.run(define.format("prompt == 'good'"))
    shell.run("%%dari_batch picky -o broken\ngood\nbad")
    shell.run(define.format("prompt"))
    shell.run("%%dari_batch picky -o mended\ngood\nbad")
    shell.run("%%dari_batch picky --version 1,2 -o both --quiet\ngood\nbad")
    assert texts(shell.names["mended"]) == ["good", "bad"]
    assert texts(shell.names["both"]) == ["good", "good", None, "bad"]
    capsys.readouterr()
    shell.run("broken.retry_failed().wait(20);")
    assert "picky has another version now: this run asks v1 still" in capsys.readouterr().out
    assert shell.names["broken"].cells[1].error == "ZeroDivisionError: division by zero"


def test_in_the_background_the_cell_returns_at_once(shell, server):
    let = threading.Event()

    @server.agent("slow")
    def slow(prompt):
        let.wait(20)
        return prompt

    shell.run("%%dari_batch slow --bg -o batch\nhi")
    batch = shell.names["batch"]
    assert batch.counts != {"completed": 1}
    let.set()
    assert texts(batch.wait(20)) == ["hi"]


def test_an_interrupt_and_a_timeout_say_how_to_go_on(shell, server):
    let, over = threading.Event(), threading.Event()

    @server.agent("slow")
    def slow(prompt):
        let.wait(20)
        return prompt

    def interrupt():
        while "again" not in shell.names:
            over.wait(0.02)
        while not over.wait(0.5):
            _thread.interrupt_main()

    with pytest.raises(UsageError, match=r"not finished after 0\.1 s; mine goes on.*batch\.follow"):
        shell.run("%%dari_batch slow --name mine --timeout 0.1 -o batch\nhi")
    interrupting = threading.Thread(target=interrupt)
    interrupting.start()
    with pytest.raises(
        KeyboardInterrupt,
        match=r"you stopped watching; mine goes on: batch\.follow\(\), or the cell run again",
    ):
        shell.run("%%dari_batch slow --name mine -o again\nhi")
    over.set()
    interrupting.join()
    let.set()
    assert texts(shell.names["batch"].wait(20)) == ["hi"]


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ("%%dari_batch\nhi", "name one agent"),
        ("%%dari_batch a b\nhi", "name one agent"),
        ("%%dari_batch nobody\nhi", "nobody"),
        ("%%dari_batch shout --llm z\nhi", "no LLM option 'z'; it has: a, b"),
        ("%%dari_batch shout --lm a\nhi", "did you mean --llm"),
        ("%%dari_batch shout --repeats two\nhi", "--repeats takes a number from 1, not 'two'"),
        ("%%dari_batch shout --repeats 0\nhi", "--repeats takes a number from 1"),
        ("%%dari_batch shout --max-items 1\nhi\nho", "2 items would be sent"),
        ("%%dari_batch shout --max-cost much\nhi", "--max-cost takes US dollars"),
        ("%%dari_batch shout --max-cost 1_0\nhi", "--max-cost takes US dollars"),
        ("%%dari_batch shout --max-cost 1\nhi", "tells what its default LLM costs"),
        ("%%dari_batch shout -o 1x\nhi", "-o takes a variable's name"),
        ("%%dari_batch shout\n  \n", "the cell has no task"),
        ("%%dari_batch shout --tasks rows\nhi", "not in both"),
        ("%dari_batch shout", "no tasks: write them into a cell"),
        ("%dari_batch shout --tasks rowz", r"rowz is not defined \(did you mean rows\?\)"),
        ("%dari_batch shout --tasks none.csv", "none.csv cannot be read"),
        ("%%dari_batch shout\nSay {missing}", "{missing} is not defined"),
        ("%%dari_batch shout --meta level\nhi", "--meta takes K=V"),
        ("%%dari_batch shout --file none.txt\nhi", "none.txt cannot be read"),
    ],
)
def test_what_a_user_can_mend_is_said_in_a_line_or_two(shell, shout, cell, message):
    shell.names["rows"] = ["hi"]
    with pytest.raises(UsageError, match=message) as said:
        shell.run(cell)
    assert str(said.value).count("\n") <= 1
    assert shell.names["d"].sessions.list() == []


def test_tab_completes_agents_llms_and_options(shell, shout):
    complete = shell.ip.Completer.completions

    def completed(text):
        from IPython.core.completer import provisionalcompleter

        with provisionalcompleter():
            return {completion.text for completion in complete(text, len(text))}

    assert completed("%%dari_batch sho") == {"shout"}
    assert completed("%%dari_batch shout --llm ") == {"a", "b"}
    assert completed("%%dari_batch shout --max") == {"--max-items", "--max-cost"}


def test_the_help_has_the_magic(shell):
    assert "%%dari_batch AGENT" in repr(shell.run("%dari help"))
    assert "%%dari_batch AGENT [options]" in repr(shell.run("%dari help batch"))
