from concurrent.futures import ThreadPoolExecutor

import pytest

from dari_nb.client import batch_item
from dari_nb.errors import DariError, InvalidRequestError
from dari_nb.local import LocalDari
from dari_nb.resources import Dari

from .conftest import LLMS, Flaky, cell_of

TASKS = [f"Task {number}" for number in range(30)]


def unlucky(task_index, llm, repeat):
    """True for 54 cells of 360: 15 %."""
    return (int(task_index) * 12 + LLMS.index(llm) * 2 + int(repeat)) % 20 < 3


def sessions_of(d, run_id):
    return d.client.sessions.list(metadata={"managed_run_id": run_id})


def test_a_large_batch_with_failures_is_sent_once_retried_alone_and_found_again(d, again, flaky):
    flaky.fails = unlucky
    batch = d.batches.run("flaky", TASKS, LLMS, 2).wait(60)
    assert (len(batch), batch.started, batch.found) == (360, 360, 0)
    assert batch.counts == {"completed": 306, "failed": 54}
    assert set(flaky.asked.values()) == {1}
    assert len(flaky.asked) == 360

    failed = {cell.id for cell in batch.cells if cell.state == "failed"}
    assert batch.retry_failed().wait(60).counts == {"completed": 360}
    assert batch.started == 54
    retried = {cell for cell in batch.cells if cell.attempts == 2}
    assert {cell.id for cell in retried} == failed
    assert all("out of luck" in cell.history[0].error for cell in retried)
    assert sum(flaky.asked.values()) == 414

    # The cell is run again, in this kernel and in a new one: nothing is sent.
    for connection in (d, again()):
        repeated = connection.batches.run("flaky", TASKS, LLMS, 2).wait(60)
        assert (repeated.run_id, repeated.is_new, repeated.found) == (batch.run_id, False, 414)
        assert repeated.counts == {"completed": 360}
        assert {cell.id for cell in repeated.cells if cell.attempts == 2} == failed
    assert sum(flaky.asked.values()) == 414
    assert len(sessions_of(d, batch.run_id)) == 414


def test_two_kernels_that_send_the_same_at_once_pay_once(again, flaky):
    kernels = [again(), again()]
    with ThreadPoolExecutor() as pool:
        run = lambda kernel: kernel.batches.run("flaky", TASKS, LLMS).wait(60)  # noqa: E731
        batches = list(pool.map(run, kernels))
    assert [batch.counts for batch in batches] == [{"completed": 180}] * 2
    assert batches[0].sessions[7].id == batches[1].sessions[7].id
    assert (len(flaky.asked), set(flaky.asked.values())) == (180, {1})


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


def test_a_changed_task_is_another_run(d, flaky):
    first = d.batches.run("flaky", ["x"], ["a"])
    assert d.batches.run("flaky", ["x "], ["a"]).run_id != first.run_id
    assert d.batches.run("flaky", ["x"], ["a"], metadata={"k": "v"}).run_id != first.run_id
    assert d.batches.run("echo", ["x"]).run_id != first.run_id
    assert d.batches.run("flaky", ["x"], ["a"]).run_id == first.run_id


def test_a_new_version_of_the_agent_is_another_run(d, server, flaky):
    first = d.batches.run("flaky", ["x"], ["a"])

    @server.agent("flaky", llms=["a"], description="Another manifest.")
    def flaky_too(prompt):
        return "new"

    assert d.batches.run("flaky", ["x"], ["a"]).wait(20)[0, "a"].text == "new"
    kept = d.batches.run("flaky", ["x"], ["a"], version=first.columns[0].version)
    assert (kept.run_id, kept.is_new) == (first.run_id, False)


def test_another_function_of_the_same_name_is_another_run(d, server):
    def register(answer):
        @server.agent("told")
        def answers(prompt, turn, *, times=1):
            return " ".join(answer for _ in range(times))

    def run():
        return d.batches.run("told", ["x"]).wait(20)

    register("one")
    first = run()
    register("one")
    assert (run().run_id, run().is_new, len(d.agents["told"].versions())) == (
        first.run_id,
        False,
        1,
    )
    register("two")
    second = run()
    assert (second[0, None].text, second.is_new) == ("two", True)
    assert second.run_id != first.run_id
    assert first.add(repeats=2).wait(20)[0, None, 1].text == "one"
    register("one")
    assert (run().run_id, run()[0, None].text) == (first.run_id, "one")


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


def test_a_run_whose_function_was_mended_goes_on_asking_its_own_and_says_so(d, server, capsys):
    register(server, "y")
    batch = d.batches.run("mended", ["x", "y"], ["a"]).wait(20)
    register(server)
    old = "mended has another version now: this run asks v1 still. "
    failed = "d.batches.run('mended', [batch.tasks[1]], ['a']) asks the one of now just that"
    any_ = "d.batches.run('mended', tasks) asks the one of now"
    for go_on, call in ((batch.retry_failed, failed), (lambda: batch.add(llms=["b"]), any_)):
        capsys.readouterr()
        assert go_on().wait(20).started > 0
        assert capsys.readouterr().out == f"{old}{call}, as a run of its own.\n"
    assert [cell.error for cell in batch.cells if cell.task_index] == ["ValueError: not yet"] * 2
    assert (batch[0, "b"].text, batch[1, "a"].attempts) == ("x of old", 2)
    mended = d.batches.run("mended", ["x", "y"], ["a"]).wait(20)
    assert [cell.text for cell in mended.cells] == ["x of new", "y of new"]
    mended.add(llms=["b"])
    batch.resume()
    assert capsys.readouterr().out == ""


def test_a_plan_says_that_another_version_is_there_and_what_asks_it_what_failed(d, server):
    register(server, "y", "z")
    tasks = ["x", {"prompt": "y", "metadata": {"level": "2"}}, "z"]
    batch = d.batches.run("mended", tasks, ["a", "b"], repeats=2, run_id="day").wait(20)
    assert "version" not in dict(batch.plan().rows())
    register(server)
    call = "d.batches.run('mended', [batch.tasks[n] for n in [1, 2]], ['a', 'b'], repeats=2)"
    assert dict(batch.plan().rows())["version"] == (
        "mended has another version now: this run asks v1 still. "
        f"{call} asks the one of now just that, as a run of its own."
    )
    mended = eval(call, {"d": d, "batch": batch}).wait(20)
    assert [cell.text for cell in mended.cells] == ["y of new"] * 4 + ["z of new"] * 4
    assert mended[0, "a"].session.metadata["level"] == "2"
    assert mended.run_id != "day"
    same = d.batches.run("mended", tasks, ["a"], version=1, run_id="day", repeats=3, dry_run=True)
    assert "this run asks v1 still" in dict(same.rows())["version"]


def test_another_version_under_the_name_of_a_run_is_said_before_it_is_sent(d, server, capsys):
    register(server, "y")
    d.batches.run("mended", ["x", "y"], ["a"], run_id="day").wait(20)
    register(server)
    said = (
        "day has answers of v1, and this call asks v2: it sends all of it anew, and "
        "d.batches.recover('day') holds both. Another run_id, or none, keeps them apart.\n"
    )
    for is_dry, out in ((True, said), (False, said), (False, "")):
        assert capsys.readouterr().out == ""
        d.batches.run("mended", ["x"], ["a"], run_id="day", dry_run=is_dry)
        assert capsys.readouterr().out == out
    assert len(d.batches.recover("day").wait(20)) == 3


def test_a_run_asks_what_an_agent_is_now_whenever_that_was_got(d, server):
    register(server, "y")
    agent = d.agents["mended"]
    register(server)
    assert d.batches.run(agent, ["y"], ["a"]).wait(20)[0, "a"].text == "y of new"


def test_a_function_that_is_gone_is_refused_once_and_nothing_is_lost(folder, capsys):
    with LocalDari("kept.db") as server, Dari(server.url, server.api_key, server) as d:
        register(server, "y")
        d.batches.run("mended", ["x", "y"], ["a"], run_id="kept").wait(20)
        assert d.batches.run("mended", ["x"], ["a", "b"], run_id="kept").wait(20).started == 1
        register(server)
    with LocalDari("kept.db") as server, Dari(server.url, server.api_key, server) as d:
        register(server)
        batch = d.batches.recover("kept")
        before = [(cell.state, cell.attempts, cell.error) for cell in batch.cells]
        assert batch.counts == {"completed": 2, "failed": 1, "unsent": 1}
        for go_on in (
            batch.retry_failed,
            batch.resume,
            lambda: batch.add(repeats=2),
            lambda: d.batches.run("mended", ["z"], ["a"], versions=[1, 2]),
            lambda: d.batches.run("mended", ["z"], ["a"], version=1, dry_run=True),
        ):
            with pytest.raises(InvalidRequestError) as refused:
                go_on()
            assert str(refused.value) == (
                "v1 of mended takes no new session: its function is gone, and other code was "
                "registered under its name. Nothing was sent, and each cell is as it was. The new "
                "code is asked by d.batches.run('mended', tasks), a run of its own; the old code "
                "by this call, once it is registered again."
            )
            assert [(c.state, c.attempts, c.error) for c in batch.cells] == before
            assert len(d.sessions.list()) == 3
        there = d.batches.run("mended", ["x"], ["a"], version=1, run_id="kept").wait(20)
        assert (there.started, there[0, "a"].text) == (0, "x of old")
        register(server, "y")
        assert batch.retry_failed().wait(20).started == 1
        assert (batch[1, "a"].attempts, batch[1, "a"].error) == (2, "ValueError: not yet")
        register(server)
        assert batch.resume().wait(20)[1, "b"].error == "ValueError: not yet"
    assert "this run asks v1 still" in capsys.readouterr().out


def test_a_run_whose_versions_were_asked_other_tasks_lacks_none_of_them(d, server):
    register(server, "none")
    d.batches.run("mended", ["x", "y", "z"], ["a", "b"], repeats=2, run_id="day").wait(20)
    register(server)
    d.batches.run("mended", ["x", "y"], ["a"], run_id="day").wait(20)
    found = d.batches.recover("day")
    assert found.counts == {"completed": 14}
    assert len(found) == 14
    assert "not sent" not in str(found)
    assert found.plan().sends == found.resume().started == 0
    assert found.add(repeats=3).wait(20).started == 6 + 4
    assert found.add(tasks=["new"]).wait(20).started == 3 * 3
    assert d.batches.recover("day").counts == {"completed": 14 + 10 + 9}


def test_columns_tell_llm_and_version_where_both_differ(d, server):
    server.agent("two", llms=["a", "b"])(lambda prompt: "old")
    old = d.agents.get("two").active_version_id
    server.agent("two", llms=["a", "b"], description="Another manifest.")(lambda prompt: "new")
    new = d.agents.get("two").active_version_id
    batch = d.batches.run("two", ["x"], ["a", "b"], versions=[old, new]).wait(20)
    names = [f"a @ {old}", f"b @ {old}", f"a @ {new}", f"b @ {new}"]
    assert [column.id for column in batch._snapshot().columns] == names
    assert batch[0, f"b @ {new}"].version == new


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


def test_new_run_starts_a_run_under_another_name(d, flaky):
    first = d.batches.run("flaky", ["x"], ["a"]).wait(20)
    fresh = d.batches.run("flaky", ["x"], ["a"], new_run=True).wait(20)
    assert fresh.is_new
    assert fresh.run_id.startswith(f"{first.run_id}-")
    assert sum(flaky.asked.values()) == 2
    taken_up = d.batches.run("flaky", ["x"], ["a"], run_id=fresh.run_id)
    assert not taken_up.is_new


def test_further_llms_and_repeats_of_the_same_tasks_extend_the_run(d, flaky):
    d.batches.run("flaky", TASKS[:5], ["a", "b"])
    wider = d.batches.run("flaky", TASKS[:5], ["a", "b", "c"], 2).wait(120)
    assert (wider.found, wider.started) == (10, 20)
    assert set(flaky.asked.values()) == {1}
    narrow = d.batches.run("flaky", TASKS[:5], ["c"])
    assert (narrow.found, narrow.started) == (5, 0)


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
    ("options", "message"),
    [
        ({"llms": ["z"]}, "no LLM option 'z'; it has: a, b"),
        ({"llms": ["a", "a"]}, "a name twice"),
        ({"llms": []}, r"llms= names none: leave it out .*, or write llms=\['a', 'b'"),
        ({"versions": ()}, r"versions= names none: leave it out for the active one, or write"),
        ({"repeats": 0}, "from 1 to 1,000, not 0"),
        ({"repeats": True}, "from 1 to 1,000, not True"),
        ({"tasks": []}, "no task"),
        ({"tasks": "x"}, "put a single one into a list"),
        ({"tasks": ["x", 3]}, r"tasks\[1\]: It is a text"),
        ({"tasks": ["x", " "]}, r"tasks\[1\]: The message is empty"),
        ({"metadata": {"repeat": "1"}}, "uses the metadata 'repeat'"),
        ({"files": ["missing.txt"]}, "missing.txt cannot be read"),
        ({"run_id": " "}, "printable text"),
        ({"run_id": "x" * 101}, "at most 100"),
        ({"max_items": 1}, "2 items would be sent, more than max_items=1"),
        ({"max_items": "many"}, "max_items is a number, not 'many'"),
        (
            {"max_cost": 1},
            "No past session of flaky tells what its default LLM costs.*held: send it",
        ),
        ({"max_items": 0}, "2 items would be sent, more than max_items=0"),
        ({"max_items": 1.5}, "max_items is a number, not 1.5"),
        ({"max_items": True}, "max_items is a number, not True"),
        ({"tasks": ["x", "y\ud800"]}, r"tasks\[1\]: It holds half a character, '\\ud800'"),
        ({"metadata": {"k": "\ud800"}}, "half a character"),
        ({"version": "no"}, "flaky has no version 'no'; it has: v1"),
    ],
)
def test_what_cannot_be_right_is_refused_before_anything_is_sent(d, flaky, options, message):
    options = {"tasks": ["x", "y"], **options}
    is_price = "max_cost" in options  # a plan tells that it is unknown
    for dry_run in (False,) if is_price else (False, True):
        with pytest.raises(InvalidRequestError, match=message):
            d.batches.run("flaky", **options, dry_run=dry_run)
    assert d.sessions.list() == []


def test_a_name_that_belongs_to_other_tasks_is_refused(d, flaky):
    d.batches.run("flaky", ["x", "y"], ["a"], run_id="mine")
    with pytest.raises(InvalidRequestError, match=r"tasks\[1\] is another one there"):
        d.batches.run("flaky", ["x", "z"], ["a"], run_id="mine")
    with pytest.raises(InvalidRequestError, match="its agent is another one"):
        d.batches.run("echo", ["x", "y"], run_id="mine")
    assert len(d.sessions.list()) == 2


def test_nothing_sent_is_the_error_of_the_server(d, flaky):
    d.client.agents.delete(d.agents.get("flaky").id)
    agent = d.agents.get("echo")
    d.client.agents.delete(agent.id)
    with pytest.raises(DariError, match="deleted"):
        d.batches.run(agent, ["x"])


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


def test_what_could_not_be_sent_is_told_by_its_cells_and_the_rest_is_kept(folder):
    (folder / "large.txt").write_text("x" * 100)
    tasks = [f"Task {number}" for number in range(100)]
    with LocalDari(max_upload=99) as server, Dari(server.url, server.api_key, server) as d:
        flaky = Flaky(server)
        batch = d.batches.run("flaky", [*tasks, {"prompt": "y", "files": ["large.txt"]}]).wait(120)
        assert batch.counts == {"completed": 100, "failed": 1}
        last = batch.cells[-1]
        assert (last.attempts, last.session_id) == (0, None)
        assert last.error.startswith("Not sent: POST /v1/files → 413")
        batch.retry_failed().wait(120)
        assert (batch.started, last.state, len(flaky.asked)) == (0, "failed", 100)


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


@pytest.mark.parametrize("options", [{}, {"dry_run": True}])
def test_the_same_task_in_several_rows_is_refused_as_it_would_count_as_evidence_of_its_own(
    d, options
):
    ways = r"tasks\[0\] and tasks\[2\] are the same.* repeats=3 .* an id"
    with pytest.raises(InvalidRequestError, match=ways):
        d.batches.run("echo", ["Hi", "Ho", "Hi", "Hi"], **options)
    assert not len(d.sessions.list())
    told_apart = [{"prompt": "Hi", "id": number} for number in range(3)]
    assert len(d.batches.run("echo", told_apart)) == 3
