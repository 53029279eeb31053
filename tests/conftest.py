"""What tests of several parts share: a measure of work, and a TCP proxy that can be cut."""

from __future__ import annotations

import asyncio
import atexit
import faulthandler
import gc
import os
import shutil
import signal
import socket
import struct
import sys
import tempfile
import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, suppress
from importlib.util import find_spec
from pathlib import Path
from types import FrameType
from typing import IO, Any, Self
from urllib.parse import urlsplit

import pytest
from hypothesis import HealthCheck, settings

from dari_nb import _secret
from dari_nb.errors import DariError
from dari_nb.local import pull_model
from dari_nb.local.gguf import cache, lacking

REAL_CACHE = "DARI_NB_TEST_CACHE"
"""The variable that tells test processes where pulled models really are."""

# jsonschema, which nbformat loads, would have it compile a grammar of IRIs for a second.
sys.modules.setdefault("rfc3987_syntax", None)
# httpcore would look for it at each of its locks, all along the path and past pytest's own hook.
if find_spec("sniffio") is None:
    sys.modules["sniffio"] = None

# How long an example takes is the machine's affair, and no test holds a time.
settings.register_profile(
    "any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("any machine")


class TcpProxy:
    """Passes bytes between its clients and one server, until it is told to cut them off.

    Attributes:
        accepted: How many connections there were.
        refusing: While set, new connections are cut at once.
    """

    def __init__(self, target: str) -> None:
        address = urlsplit(target)
        self._target = (address.hostname, address.port)
        self._writers: set[asyncio.StreamWriter] = set()
        self._pumps: set[asyncio.Task[None]] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self.accepted = 0
        self.refusing = False

    @property
    def url(self) -> str:
        host, port = self._server.sockets[0].getsockname()
        return f"http://{host}:{port}"

    def kill(self) -> int:
        """Reset all connections; returns how many there were."""
        return self._call(self._kill())

    async def passing(self, data: bytes) -> None:
        """Do what is to be done before these bytes go on."""

    def __enter__(self) -> Self:
        self._thread.start()
        self._server = self._call(asyncio.start_server(self._serve, "127.0.0.1", 0))
        return self

    def __exit__(self, *_: object) -> None:
        self._call(self._stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _call(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(60)

    async def _kill(self) -> int:
        for writer in self._writers:
            # Lingering for no time makes the close a reset, as when a machine goes down.
            raw = writer.get_extra_info("socket")
            with suppress(OSError):  # It has been closed on the other side since.
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()
        killed = len(self._writers) // 2
        self._writers.clear()
        return killed

    async def _stop(self) -> None:
        self._server.close()
        await self._kill()
        await asyncio.gather(*self._pumps, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        if self.refusing:
            writer.transport.abort()
            return
        there_reader, there_writer = await asyncio.open_connection(*self._target)
        pair = {writer, there_writer}
        self._writers |= pair
        pumps = {
            asyncio.create_task(self._pump(reader, there_writer, pair)),
            asyncio.create_task(self._pump(there_reader, writer, pair)),
        }
        self._pumps |= pumps
        for pump in pumps:
            pump.add_done_callback(self._pumps.discard)

    async def _pump(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        pair: set[asyncio.StreamWriter],
    ) -> None:
        with suppress(OSError):
            while data := await reader.read(1 << 16):
                await self.passing(data)
                writer.write(data)
                await writer.drain()
        for each in pair:
            each.close()
        self._writers -= pair


@pytest.fixture(autouse=True)
def own_secrets() -> Iterator[None]:
    """Forget a test's keys with it: a kernel knows some, and this process has had thousands."""
    before = dict(_secret._known)
    yield
    _secret._known.clear()
    _secret._known.update(before)


@pytest.fixture
def tcp_proxy() -> Iterator[Callable[[str], TcpProxy]]:
    """Start proxies: ``tcp_proxy(url)`` is one in front of the server at ``url``."""
    with ExitStack() as stack:
        yield lambda target: stack.enter_context(TcpProxy(target))


def _lines_run(call: Callable[[], object]) -> int:
    count = 0

    def trace(_frame: FrameType, event: str, _: Any) -> Any:
        nonlocal count
        count += event == "line"
        return trace

    before = sys.gettrace()
    # What others left behind may be collected meanwhile, which runs Python, too.
    gc.disable()
    sys.settrace(trace)
    try:
        call()
    finally:
        sys.settrace(before)
        gc.enable()
    return count


@pytest.fixture
def lines_run() -> Callable[[Callable[[], object]], int]:
    """Count the lines of Python that a call runs through: work, whatever the machine's pace."""
    return _lines_run


_ERRORS = pytest.StashKey[IO[str]]()


def pytest_configure(config: pytest.Config) -> None:
    """Let interrupts come through, which a shell has its jobs in the background ignore."""
    # What a test prints is captured; what its process says last is not.
    config.stash[_ERRORS] = errors = os.fdopen(os.dup(2), "w")
    config.add_cleanup(errors.close)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    # Else each kernel that a test starts would compile all modules anew, in a third of a second.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.dont_write_bytecode = False
    # What is collected stays: to look through it again and again would take seconds.
    gc.disable()
    _keep_models_apart()
    if (worker := getattr(config, "workerinput", None)) is not None:
        _read_elsewhere_first(config, int(worker["workerid"][2:]) / worker["workercount"])


_TO_CLEAN_UP = 120
"""Seconds that a test which was ended for its time has to clean up."""


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, Any, Any]:
    """End the process of a test that hangs, and hangs still when its time was up.

    What waits where no exception comes in, or waits anew in its clean-up, would wait for ever.
    """
    longest = float(item.config.getini("timeout")) + _TO_CLEAN_UP
    faulthandler.dump_traceback_later(longest, exit=True, file=item.config.stash[_ERRORS])
    try:
        return (yield)
    finally:
        faulthandler.cancel_dump_traceback_later()


_order: dict[Path, int] = {}
"""Where a file of tests stands when several processes have each begun with another one."""


def _read_elsewhere_first(config: pytest.Config, share: float) -> None:
    """Begin to read tests at another file than others do, which find it compiled then."""
    places = [Path(config.invocation_params.dir, argument) for argument in config.args]
    if not all(place.exists() for place in places):
        return  # Single tests are named.
    found = (sorted(p.rglob("test_*.py")) if p.is_dir() else [p] for p in places)
    files = list(dict.fromkeys(file for each in found for file in each))
    _order.update((file, number) for number, file in enumerate(files))
    first = int(len(files) * share)
    config.args[:] = map(str, files[first:] + files[:first])


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put what was read into the order in which it is named."""
    items.sort(key=lambda item: _order.get(item.path, 0))


def pytest_collection_finish() -> None:
    """Leave what was collected out of each later collection of garbage."""
    gc.freeze()
    gc.enable()


def _keep_models_apart() -> None:
    """Let tests see no model that somebody has pulled, save those that ask for the real one."""
    os.environ.setdefault(REAL_CACHE, str(cache.folder()))
    os.environ[cache.FOLDER] = tempfile.mkdtemp(prefix="dari-nb-cache-")
    atexit.register(shutil.rmtree, os.environ[cache.FOLDER], ignore_errors=True)


@pytest.fixture
def real_model(monkeypatch: pytest.MonkeyPatch) -> Path:
    """SmolLM2 itself, out of the user's cache folder: pulled where it is not there yet.

    Where it cannot be had the test fails and says why, so that nobody takes it for tested.
    """
    monkeypatch.setenv(cache.FOLDER, os.environ[REAL_CACHE])
    try:
        path = pull_model("smollm2")
    except DariError as error:
        pytest.fail(f"The tests with a real model need it: {error}", pytrace=False)
    if (missing := lacking()) is not None:
        pytest.fail(f"The tests with a real model need it: {missing}", pytrace=False)
    return path


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Name bytes by their parameter: an archive's hold the time when it was made."""
    return argname if isinstance(val, bytes) else None


_broken: list[str] = []


def pytest_internalerror(excrepr: object) -> None:
    """Remember what broke pytest itself, or one of its processes, to say it at the end again."""
    _broken.append(str(excrepr))


def pytest_unconfigure() -> None:
    """Say the first of these last: what comes after it is long, and only follows from it."""
    if _broken:
        print("\nWhat broke first:\n" + "\n".join(_broken[0].splitlines()[-60:]), flush=True)


@pytest.hookimpl(wrapper=True)
def pytest_report_to_serializable() -> Generator[None, Any, Any]:
    """Make what a test printed fit to be sent: half a character in a log ends its process."""
    return _sendable((yield))


def _sendable(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, dict):
        return {key: _sendable(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_sendable(each) for each in value)
    return value
