import asyncio
import re
import threading
import time
from decimal import Decimal

import msgspec
import pytest

from dari_nb.errors import ConnectionFailedError, TimedOutError
from dari_nb.local import ToolCall, ToolResult, Usage
from dari_nb.local.http import sessions as routes
from dari_nb.local.runtime.scheduler import MOST_THREADS
from dari_nb.models import parse_time
from dari_nb.render.matrix.figures import cell_facts
from dari_nb.render.plain.words import duration_text
from dari_nb.resources import Dari
from dari_nb.resources.batches.following.late_costs import PROBES
from dari_nb.resources.batches.matrix_view import opened
from dari_nb.transcript import message_of

from ...conftest import TcpProxy
from ..display.test_showing import interrupted_when


class Held:
    """An agent that says "thinking", and answers when the test lets it."""

    def __init__(self, server):
        self.let = threading.Event()

        @server.agent("held", llms=["a", "b"])
        async def held(prompt, turn):
            yield f"thinking about {prompt}"
            yield ToolCall("wait", {"for": prompt})
            yield ToolResult(await asyncio.to_thread(self.let.wait, 20))
            yield "done"


@pytest.fixture
def held(server):
    held = Held(server)
    yield held
    held.let.set()


@pytest.fixture
def news(request):
    """Wait until something holds after news of a batch: ``news(batch, condition)``."""

    def news(batch, condition):
        came = threading.Event()
        with batch._listening(lambda: came.set() if condition() else None):
            assert condition() or came.wait(60)

    return news


def test_a_batch_tells_of_news_and_of_its_end(d, held, news):
    batch = d.batches.run("held", ["x", "y"], ["a"])
    news(batch, lambda: batch.counts == {"running": 2})
    assert not batch.is_done
    held.let.set()
    news(batch, lambda: batch.is_done)
    assert batch.counts == {"completed": 2}
    cell = batch[0, "a"]
    assert (cell.tools, cell.tool_calls) == (("wait",), 1)
    assert cell.latency_s > 0
    assert cell.turn.text == "thinking about x\n\ndone"
    assert cell.turn.session.id == cell.session_id


def one_waits(d, server):
    """Run a batch of which one task waits for the others; returns it, and what lets them end."""
    gate = threading.Event()

    @server.agent("slow")
    def slow(prompt):
        gate.wait(20)
        return prompt

    return d.batches.run("slow", [f"task {n}" for n in range(MOST_THREADS + 1)]), gate


@pytest.mark.parametrize("is_told", [True, False])
def test_the_time_of_an_answer_goes_from_its_beginning_and_not_from_its_queue(
    d, server, is_told, monkeypatch
):
    if not is_told:

        def untold(*args):
            return msgspec.structs.replace(message_of(*args), started_at=msgspec.UNSET)

        monkeypatch.setattr(routes, "message_of", untold)
    batch, gate = one_waits(d, server)
    gate.set()
    batch.wait(60)
    worked, waited = [], []
    for cell in batch.cells:
        moved = [e for e in cell.session.events() if e.type == "message.status_changed"]
        times = [parse_time(event.created_at) for event in moved]
        worked.append((times[-1] - times[0]).total_seconds())
        waited.append((times[0] - parse_time(cell.created_at)).total_seconds())
    assert max(waited) > 0
    for seen in (batch, d.batches.recover(batch.run_id).wait(60)):
        assert [cell.latency_s for cell in seen.cells] == worked
    assert (
        d.batches.from_runs(batch.sessions, task="task_index").to_frame()["latency_s"].tolist()
        == worked
    )
    assert batch.to_frame()["latency_s"].tolist() == worked
    assert [cell.turn.latency_s for cell in batch.cells] == worked


def test_above_an_opened_cell_and_its_turn_stands_the_time_that_the_matrix_tells(d, server):
    batch, gate = one_waits(d, server)
    time.sleep(1.5)  # in which one of them waits
    gate.set()
    last = min(batch.wait(60).cells, key=lambda cell: cell.latency_s)
    [told] = [cell for cell in batch._snapshot().cells if cell.id == last.id]
    took = cell_facts(told, calls=False)[0]
    assert took == duration_text(last.latency_s)
    assert took in opened(batch, last)[1].facts
    assert took in last.turn.head().facts


def test_a_wait_that_is_too_short_says_so_and_can_be_repeated(d, held):
    batch = d.batches.run("held", ["x"])
    with pytest.raises(TimedOutError, match=r"Not finished after 0\.1 s"):
        batch.wait(0.1)
    held.let.set()
    assert batch.wait(20).counts == {"completed": 1}


def test_an_interrupt_stops_following_and_not_the_batch(d, held):
    batch = d.batches.run("held", ["x"])
    with interrupted_when(lambda: batch.counts == {"running": 1}):
        batch.wait()
    assert batch._begin_following().cancelled() is False
    held.let.set()
    assert batch.wait(20).counts == {"completed": 1}


def test_the_interrupt_says_how_to_go_on(d, held):
    batch = d.batches.run("held", ["x"])
    with interrupted_when(lambda: True) as said:
        batch.wait()
    assert f"{batch.run_id} goes on: batch.follow()" in str(said.value)


def test_a_batch_can_be_awaited(d, flaky):
    async def ended():
        return await d.batches.run("flaky", ["x"], ["a"])

    assert asyncio.run(ended()).counts == {"completed": 1}


def test_only_watched_cells_stream_their_answers(d, held, news):
    batch = d.batches.run("held", ["x", "y"], ["a"])
    news(batch, lambda: batch.counts == {"running": 2})
    batch._watch([batch[0, "a"].id, "no such cell"])
    news(batch, lambda: batch[0, "a"].text is not None)
    assert (batch[0, "a"].text, batch[1, "a"].text) == ("thinking about x", None)
    assert [item.type for item in batch._items(batch[0, "a"])][:2] == [
        "user_message",
        "assistant_message",
    ]
    batch._watch([batch[1, "a"].id])
    news(batch, lambda: batch[1, "a"].text == "thinking about y")
    held.let.set()
    assert [cell.text for cell in batch.wait(20).cells] == [
        "thinking about x\n\ndone",
        "thinking about y\n\ndone",
    ]


def test_a_server_that_is_away_for_a_moment_does_not_end_the_following(
    server, held, tcp_proxy, news
):
    proxy = tcp_proxy(server.url)
    with Dari(proxy.url, server.api_key) as d:
        batch = d.batches.run("held", ["x"])
        news(batch, lambda: batch.counts == {"running": 1})
        proxy.refusing = True
        proxy.kill()
        before = proxy.accepted
        while proxy.accepted == before:
            with pytest.raises(TimedOutError):
                batch.wait(0.1)
        proxy.refusing = False
        held.let.set()
        assert batch.wait(20).counts == {"completed": 1}


def test_an_unreachable_server_is_an_error_of_the_refresh(server, held, tcp_proxy):
    proxy = tcp_proxy(server.url)
    with Dari(proxy.url, server.api_key) as d:
        batch = d.batches.run("held", ["x"])
        batch._stop_following()
        proxy.refusing = True
        proxy.kill()
        with pytest.raises(ConnectionFailedError):
            batch.refresh()


def test_costs_come_late_and_are_exact(d, server):
    @server.agent("costly", llms=["a", "b"])
    def costly(prompt, turn):
        yield Usage(Decimal("0.1") if turn.llm_id == "a" else Decimal("0.20"))
        yield "x"

    batch = d.batches.run("costly", ["x"], ["a", "b"]).wait(20)
    batch._costs_come().result(20)
    assert [cell.cost_usd for cell in batch.cells] == [Decimal("0.1"), Decimal("0.20")]
    assert sum(cell.cost_usd for cell in batch.cells) == Decimal("0.30")
    assert batch[0, "a"].turn.cost_usd == Decimal("0.1")
    assert batch[0, "a"].session.cost_usd == Decimal("0.1")

    with pytest.raises(ValueError, match="an amount of US dollars, not 'much'"):
        d.batches.run("costly", ["x", "y"], ["a", "b"], max_cost="much")
    plan = d.batches.run("costly", ["x", "y", "z"], ["a", "b"], dry_run=True)
    assert (plan.sends, plan.batches, plan.cost_usd) == (6, 1, Decimal("0.90"))


class Overheard(TcpProxy):
    """Notes the sessions whose costs are asked for."""

    def __init__(self, target):
        super().__init__(target)
        self.asked = []
        self.again = threading.Event()

    async def _pump(self, reader, writer, pair):
        read = reader.read

        async def overhearing(size):
            data = await read(size)
            self.asked += re.findall(rb"GET /v1/costs/sessions/(\S+)", data)
            if len(self.asked) > PROBES:
                self.again.set()
            return data

        reader.read = overhearing
        await super()._pump(reader, writer, pair)


def test_costs_that_never_come_are_asked_for_a_few_cells_only(server, flaky):
    tasks = [f"Task {number}" for number in range(2 * PROBES)]
    with Overheard(server.url) as proxy, Dari(proxy.url, server.api_key) as d:
        batch = d.batches.run("flaky", tasks, ["a"]).wait(20)
        assert proxy.again.wait(20)
        assert len(set(proxy.asked)) == PROBES
        assert {cell.cost_usd for cell in batch.cells} == {None}


def test_a_plan_tells_what_is_there_already(d, flaky):
    d.batches.run("flaky", ["x", "y"], ["a"]).wait(20)
    plan = d.batches.run("flaky", ["x", "y"], ["a", "b"], dry_run=True)
    assert (plan.items, plan.found, plan.to_send, plan.cost_usd) == (4, 2, {"b": 2}, None)
    assert "unknown: no past session tells what b costs" in repr(plan)
    nothing = d.batches.run("flaky", ["x", "y"], ["a"], dry_run=True)
    assert (nothing.sends, nothing.cost_usd) == (0, 0)
    assert d.batches.run("flaky", ["x", "y"], ["a"], max_items=1, max_cost="0.01").started == 0
    assert len(d.sessions.list()) == 2


def test_a_batch_that_is_found_again_reads_each_answer_once(d, watched, streams, flaky):
    batch = d.batches.run("flaky", ["x", "y"], ["a", "b"]).wait(20)
    found = watched.batches.recover(batch.run_id)
    assert [cell.text for cell in found.cells] == [cell.text for cell in batch.cells]
    read = [line for line in streams.asked if "/messages" in line]
    assert len(read) == len(set(read)) == 4
