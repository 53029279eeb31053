"""Both clients with the same surface, connected through a proxy that injects faults."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from operator import attrgetter
from typing import Any

import pytest

import dari_nb as dari
from dari_nb.local import LocalDari

from .proxy import Proxy


class Side:
    """The sync or the async client.

    Attributes:
        client: The client itself.
    """

    def __init__(self, kind: str, url: str, key: str, stack: ExitStack) -> None:
        self._runner = None if kind == "sync" else stack.enter_context(asyncio.Runner())
        if self._runner is None:
            self.client = stack.enter_context(dari.Client(url, key))
        else:
            self.client = self._runner.run(_made(url, key))
            stack.callback(lambda: self._runner.run(self.client.close()))

    def call(self, verb: str, /, *args: Any, **options: Any) -> Any:
        """Call a verb such as ``sessions.get``, or ``request``."""
        result = attrgetter(verb)(self.client)(*args, **options)
        return result if self._runner is None else self._runner.run(result)

    def stream(
        self,
        session_id: str,
        count: int | None = None,
        each: Callable[[Any], object] = lambda event: None,
        **options: Any,
    ) -> list[Any]:
        """Return the events of a stream, up to its end or so many; call ``each`` as they come."""
        found: list[Any] = []

        def is_enough(event: Any) -> bool:
            found.append(event)
            each(event)
            return len(found) == count

        if self._runner is None:
            with self.client.sessions.stream(session_id, **options) as events:
                any(is_enough(event) for event in events)
        else:
            self._runner.run(_stream(self.client.sessions.stream(session_id, **options), is_enough))
        return found


async def _made(url: str, key: str) -> dari.AsyncClient:
    return dari.AsyncClient(url, key)


async def _stream(stream: Any, is_enough: Callable[[Any], bool]) -> None:
    async with stream as events:
        async for event in events:
            if is_enough(event):
                break


@pytest.fixture(scope="module")
def server() -> Iterator[LocalDari]:
    """Yield a server with an agent ``parrot`` that repeats each prompt."""
    with LocalDari() as server:
        server.agent("parrot", llms=["small", "large"])(lambda prompt: prompt)
        yield server


@pytest.fixture(scope="module")
def direct(server: LocalDari) -> Iterator[dari.Client]:
    """Yield a client that isn't disturbed, to look at what has happened."""
    with dari.Client(server.url, server.api_key) as client:
        yield client


@pytest.fixture(scope="module")
def agent_id(direct: dari.Client) -> str:
    return next(agent.id for agent in direct.agents.list() if agent.name == "parrot")


@pytest.fixture
def session_id(direct: dari.Client, agent_id: str) -> str:
    return direct.sessions.create(agent_id).id


@pytest.fixture(scope="module")
def module_proxy(server: LocalDari) -> Iterator[Proxy]:
    with Proxy(server.url) as proxy:
        yield proxy


@pytest.fixture
def proxy(module_proxy: Proxy) -> Proxy:
    """Return the proxy, which passes all requests unless a test expects something else."""
    module_proxy.expect()
    return module_proxy


@pytest.fixture(scope="module", params=["sync", "async"])
def module_side(
    request: pytest.FixtureRequest, server: LocalDari, module_proxy: Proxy
) -> Iterator[Side]:
    with ExitStack() as stack:
        yield Side(request.param, module_proxy.url, server.api_key, stack)


@pytest.fixture
def side(module_side: Side, proxy: Proxy) -> Side:
    """Return each client in turn, connected to the proxy."""
    return module_side
