import _thread
import threading
from decimal import Decimal

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


def test_values_go_into_tasks_and_are_not_split(shell, shout):
    shell.names["text"] = "one\ntwo {x}"
    shell.run("%%dari_batch shout -o batch --quiet --meta who={text[0]}\nSay {text}\nSay {'x': 1}")
    batch = shell.names["batch"]
    assert [task.text for task in batch.tasks] == ["Say one\ntwo {x}", "Say {'x': 1}"]
    assert batch.tasks[0].metadata == {"who": "o"}
    shell.run("%%dari_batch shout -o batch --quiet --raw\nSay {text}")
    assert shell.names["batch"].tasks[0].text == "Say {text}"


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


def test_no_more_is_spent_than_max_cost(shell, server):
    @server.agent("costly")
    def costly(prompt):
        yield Usage(Decimal("0.20"))
        yield prompt

    session = shell.names["d"].agents.get("costly").send("before").wait(20).session
    while session.cost_usd is None:
        session.turn().wait(20)
    shell.run("%%dari_batch costly --max-cost 0.50 -o batch\n1\n2\n3\n4")
    assert shell.names["batch"].counts == {"completed": 2, "unsent": 2}
    shell.run("%%dari_batch costly --max-cost $0.60 -o batch\n1\n2\n3\n4")
    again = shell.names["batch"]
    assert (again.started, again.counts) == (1, {"completed": 3, "unsent": 1})


def test_a_mended_agent_is_a_new_run_and_its_versions_are_columns(shell, server):
    define = "@d.server.agent('picky')\ndef picky(prompt):\n    return prompt if {} else 1 / 0"
    shell.run(define.format("prompt == 'good'"))
    shell.run("%%dari_batch picky -o broken\ngood\nbad")
    shell.run(define.format("prompt"))
    shell.run("%%dari_batch picky -o mended\ngood\nbad")
    shell.run("%%dari_batch picky --version 1,2 -o both --quiet\ngood\nbad")
    assert texts(shell.names["mended"]) == ["good", "bad"]
    assert texts(shell.names["both"]) == ["good", "good", None, "bad"]


def test_an_interrupt_ends_the_cell_and_not_the_batch(shell, server):
    let, over = threading.Event(), threading.Event()

    @server.agent("slow")
    def slow(prompt):
        let.wait(20)
        return prompt

    def interrupt():
        while "batch" not in shell.names:
            over.wait(0.02)
        while not over.wait(0.5):
            _thread.interrupt_main()

    interrupting = threading.Thread(target=interrupt)
    interrupting.start()
    with pytest.raises(KeyboardInterrupt):
        shell.run("%%dari_batch slow -o batch\nhi")
    over.set()
    interrupting.join()
    let.set()
    assert texts(shell.names["batch"].wait(20)) == ["hi"]


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("%%dari_batch a b\nhi", "missing_agent"),
        ("%%dari_batch shout --max-items many\nhi\nho", "invalid_max_items"),
        ("%%dari_batch shout --tasks rows\nhi", "conflicting_arguments"),
        ("%dari_batch shout --tasks none.csv", "file_not_found"),
    ],
)
def test_wrong_batch_is_refused(shell, shout, cell, code):
    shell.names["rows"] = ["hi"]
    with pytest.raises(UsageError) as refused:
        shell.run(cell)
    assert refused.value.code == code
    assert shell.names["d"].sessions.list() == []
