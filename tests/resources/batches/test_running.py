from concurrent.futures import ThreadPoolExecutor

import pytest

from dari_nb.client import batch_item
from dari_nb.errors import DariError, InvalidRequestError
from dari_nb.resources import Dari

from .conftest import LLMS, cell_of

TASKS = [f"Task {number}" for number in range(5)]


def sessions_of(d, run_id):
    return d.client.sessions.list(metadata={"managed_run_id": run_id})


def test_two_kernels_that_send_the_same_at_once_pay_once(again, flaky):
    kernels = [again(), again()]
    with ThreadPoolExecutor() as pool:
        run = lambda kernel: kernel.batches.run("flaky", TASKS, LLMS).wait(60)  # noqa: E731
        batches = list(pool.map(run, kernels))
    assert [batch.counts for batch in batches] == [{"completed": 30}] * 2
    assert batches[0].sessions[7].id == batches[1].sessions[7].id
    assert (len(flaky.asked), set(flaky.asked.values())) == (30, {1})


def test_every_item_tells_its_cell(d, flaky):
    batch = d.batches.run(
        "flaky", [{"prompt": "x", "metadata": {"level": "2"}}], ["a", "b"], 2, metadata={"by": "me"}
    )
    sessions = sessions_of(d, batch.run_id)
    assert sorted(cell_of(session.metadata) for session in sessions) == [
        ("0", "a", "0"),
        ("0", "a", "1"),
        ("0", "b", "0"),
        ("0", "b", "1"),
    ]
    for session in sessions:
        own = {key: session.metadata[key] for key in ("level", "by", "attempt", "version_id")}
        version = d.agents.get("flaky").active_version_id
        assert own == {"level": "2", "by": "me", "attempt": "1", "version_id": version}


def test_a_new_version_of_the_agent_is_another_run(d, server, flaky):
    first = d.batches.run("flaky", ["x"], ["a"])

    @server.agent("flaky", llms=["a"], description="Another manifest.")
    def flaky_too(prompt):
        return "new"

    assert d.batches.run("flaky", ["x"], ["a"]).wait(20)[0, "a"].text == "new"
    kept = d.batches.run("flaky", ["x"], ["a"], version=first.columns[0].version)
    assert (kept.run_id, kept.is_new) == (first.run_id, False)


def register(server, *broken, name="mended"):
    """Register code that fails on some prompts; other code is for none."""
    if broken:

        @server.agent(name, llms=["a", "b"])
        def before(prompt):
            if prompt in broken:
                raise ValueError("not yet")
            return f"{prompt} of old"

    else:

        @server.agent(name, llms=["a", "b"])
        def mended(prompt):
            return f"{prompt} of new"


def test_versions_of_a_function_are_each_answered_by_their_own(d, server):
    register(server, "none")
    register(server)
    batch = d.batches.run("mended", ["x"], ["a"], versions=[1, 2]).wait(20)
    assert [cell.text for cell in batch.cells] == ["x of old", "x of new"]
    session = batch.cells[0].session
    assert session.send("y").wait(20).text == "y of old"
    assert d.agents["mended"].send("z").wait(20).text == "z of new"


def test_a_run_asks_what_an_agent_is_now_whenever_that_was_got(d, server):
    register(server, "y")
    agent = d.agents["mended"]
    register(server)
    assert d.batches.run(agent, ["y"], ["a"]).wait(20)[0, "a"].text == "y of new"


def test_versions_are_compared_as_columns(d, server, flaky):
    old = d.agents.get("flaky").active_version_id
    server.agent("flaky", llms=["a"], description="Another manifest.")(flaky)
    new = d.agents.get("flaky").active_version_id
    batch = d.batches.run("flaky", ["x"], ["a"], versions=[old, new]).wait(20)
    sessions = {s.metadata["version_id"]: s.version_id for s in sessions_of(d, batch.run_id)}
    assert sessions == {old: old, new: new}
    assert [column.id for column in batch._snapshot().columns] == [old, new]
    assert batch[0, new].version == new
    with pytest.raises(InvalidRequestError, match="not both"):
        d.batches.run("flaky", ["x"], version=old, versions=[new])


def test_items_that_cannot_become_sessions_are_failed_cells(d, server, again, flaky):
    content = [{"type": "file", "file_id": "file_unknown"}]
    batch = d.batches.run("flaky", ["good", content], ["a"]).wait(20)
    good, bad = batch.cells
    assert (good.state, bad.state, bad.session_id) == ("completed", "failed", None)
    assert "file_unknown" in bad.error
    with pytest.raises(DariError, match="no session"):
        _ = bad.session
    found = again().batches.run("flaky", ["good", content], ["a"]).wait(20)
    assert (found.is_new, found[1, "a"].error) == (False, bad.error)
    batch.retry_failed().wait(20)
    assert (bad.attempts, good.attempts, bad.state) == (2, 1, "failed")
    assert sum(flaky.asked.values()) == 1


def test_without_llms_there_is_one_column(d, flaky):
    batch = d.batches.run("flaky", ["x"]).wait(20)
    [column] = batch._snapshot().columns
    assert (column.label, column.llm) == ("default", None)
    assert batch[0, "default"].text == batch[0, None].text == "x by a"


def test_files_are_uploaded_once_and_shared(d, server, folder):
    (folder / "notes.txt").write_text("Bring soap.")
    (folder / "more.txt").write_text("Bring salt.")

    @server.agent("reader")
    def reader(prompt, turn):
        return " ".join(file.text for file in turn.files)

    tasks = ["x", {"prompt": "y", "files": ["more.txt"]}]
    batch = d.batches.run("reader", tasks, repeats=3, files=["notes.txt"]).wait(20)
    assert [c.text for c in batch.cells if c.repeat == 0] == [
        "Bring soap.",
        "Bring soap. Bring salt.",
    ]
    sent = {
        block["file_id"]
        for cell in batch.cells
        for block in cell.session.messages()[0].parts
        if block["type"] == "file"
    }
    assert len(sent) == 2
    (folder / "notes.txt").write_text("Bring soup.")
    changed = d.batches.run("reader", tasks, repeats=3, files=["notes.txt"])
    assert changed.run_id != batch.run_id


@pytest.mark.parametrize(
    "options",
    [
        {"llms": []},
        {"versions": ()},
        {"metadata": {"repeat": "1"}},
        {"files": ["missing.txt"]},
        {"run_id": " "},
        {"max_items": 1},
        {"max_items": "many"},
        {"version": "no"},
    ],
)
def test_what_cannot_be_right_is_refused_before_anything_is_sent(d, flaky, options):
    for dry_run in (False, True):
        with pytest.raises(InvalidRequestError):
            d.batches.run("flaky", ["x", "y"], **options, dry_run=dry_run)
    assert d.sessions.list() == []


def test_a_name_that_belongs_to_other_tasks_is_refused(d, flaky):
    d.batches.run("flaky", ["x", "y"], ["a"], run_id="mine")
    with pytest.raises(InvalidRequestError, match=r"tasks\[1\] is another one there"):
        d.batches.run("flaky", ["x", "z"], ["a"], run_id="mine")
    with pytest.raises(InvalidRequestError, match="its agent is another one"):
        d.batches.run("echo", ["x", "y"], run_id="mine")
    assert len(d.sessions.list()) == 2


def test_after_a_break_the_same_call_sends_what_is_missing(server, flaky, tcp_proxy):
    proxy = tcp_proxy(server.url)
    with Dari(proxy.url, server.api_key) as d:
        batch = d.batches.run("flaky", ["x"], ["a"]).wait(20)
        proxy.refusing = True
        proxy.kill()
        with pytest.raises(DariError):
            batch.add(llms=["b"])
        proxy.refusing = False
        batch.add(llms=["b"]).wait(20)
    assert batch.counts == {"completed": 2}
    assert set(flaky.asked.values()) == {1}


def test_a_batch_of_someone_else_is_shown_by_what_was_sent(d, flaky):
    agent = d.agents.get("echo")
    items = [batch_item(agent.id, text) for text in ("x", "y", "x")]
    made = d.client.batches.create([*items, batch_item(agent.id, "z", llm_id="none")])
    batch = d.batches.get(made.id).wait(20)
    assert [row.label for row in batch._snapshot().rows] == [
        "x",
        "y",
        "(unknown: no session was created)",
    ]
    assert batch.counts["completed"] == 3
    assert [cell.error for cell in batch.cells if cell.state == "failed"] == [made.items[3].error]
