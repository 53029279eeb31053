import asyncio
import threading
from decimal import Decimal

import pytest

from dari_nb.errors import ConnectionFailedError, TimedOutError
from dari_nb.local import ToolCall, ToolResult, Usage
from dari_nb.resources import Dari

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
