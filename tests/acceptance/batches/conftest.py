"""Agents whose turns are counted at the server, and connections without a memory."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from decimal import Decimal

import pytest

import dari_nb as dari

PRICES = {"small": Decimal("0.10"), "large": Decimal("0.40")}


class Priced:
    """The agent ``priced``, whose turns cost what their LLM costs.

    Attributes:
        prices: What a turn costs by its LLM.
        asked: How often each text was asked of each LLM.
        fails: Texts whose turns fail.
        held: Texts whose turns wait until ``release`` is set.
        few_asked: Set when three different cells were asked.
    """

    def __init__(self, server: dari.local.LocalDari) -> None:
        self.prices = PRICES
        self.asked: Counter[tuple[str, str]] = Counter()
        self.fails: set[str] = set()
        self.held: set[str] = set()
        self.release = threading.Event()
        self.few_asked = threading.Event()
        lock = threading.Lock()

        @server.agent("priced", llms=list(PRICES))
        def priced(prompt, turn):
            with lock:
                self.asked[prompt, turn.llm_id] += 1
            if len(self.asked) >= 3:
                self.few_asked.set()
            yield dari.local.Usage(self.prices[turn.llm_id])
            if prompt in self.held:
                self.release.wait(60)
            if prompt in self.fails:
                raise ValueError("as the test wants")
            yield f"{prompt} by {turn.llm_id}"

    @property
    def spent(self) -> Decimal:
        return sum((count * PRICES[llm] for (_, llm), count in self.asked.items()), Decimal(0))


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Work in a folder of the test's own, where scores are stored."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def priced(server: dari.local.LocalDari) -> Iterator[Priced]:
    agent = Priced(server)
    yield agent
    agent.release.set()


@pytest.fixture
def known(d: dari.Dari, priced: Priced) -> Priced:
    """The agent ``priced``, each LLM of which has a past turn with a known cost."""
    for llm in PRICES:
        session = d.agents.get("priced").send("before", llm=llm).wait(30).session
        while session.refresh() and session.cost_usd is None:
            pass
    priced.asked.clear()
    priced.few_asked.clear()
    return priced


@pytest.fixture
def reconnect(server: dari.local.LocalDari) -> Iterator[Callable[[], dari.Dari]]:
    """Connect once more, as a restarted kernel does."""
    with ExitStack() as stack:
        yield lambda: stack.enter_context(dari.Dari(server.url, server.api_key))
