"""Running a program in the sandbox, held to its time, output, memory and disk."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from weakref import WeakKeyDictionary

from .folder import Folder
from .limits import Limits, in_words
from .output import Output
from .sandbox import Room, command, hand_over, passed
from .specs import ToolTrouble
from .threads import off_the_loop
from .walking import use_of
from .watch import Watch, excess_of

_LOOKS = 0.1
"""Seconds between two looks at what a sandbox holds; more when a look takes long."""
_CHUNK = 1 << 16
_VARIABLES = {
    "PATH": "/usr/local/bin:/usr/bin:/bin",
    "HOME": "/tmp",  # noqa: S108
    "TMPDIR": "/tmp",  # noqa: S108
    "LANG": "C.UTF-8",
    "TERM": "dumb",
    "PYTHONDONTWRITEBYTECODE": "1",
}
_slots: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = WeakKeyDictionary()


@dataclass(frozen=True)
class Finished:
    """How a program ended.

    Attributes:
        code: Its exit code; 128 and more are signals.
        output: What it wrote, its errors included unless they were asked for apart.
        errors: What it wrote as errors.
        stopped: Why it was stopped, or ``None``.
    """

    code: int
    output: Output
    errors: Output
    stopped: str | None


async def run_sandboxed(
    room: Room,
    program: Sequence[str],
    limits: Limits,
    variables: Mapping[str, str],
    given: bytes | None = None,
) -> Finished:
    """Run a program in a sandbox of its own, and end everything it started with it.

    Args:
        room: What it sees.
        program: The program by its path in the sandbox, with its arguments.
        limits: What it may take.
        variables: Its environment, beside the few that every sandbox has.
        given: What it reads; errors are then kept apart, and output up to ``result_bytes``.

    Raises:
        ToolTrouble: It could not be started.
    """
    loop = asyncio.get_running_loop()
    async with _slots.setdefault(loop, asyncio.Semaphore(max(os.cpu_count() or 1, 2) * 2)):
        limits = await off_the_loop(_prepared, room, limits)
        with passed({**_VARIABLES, **variables}) as descriptors:
            line = command(room, program, limits, descriptors)
            process = await _started(line, descriptors, apart=given is not None)
            try:
                return await _Run(process, room, limits, given).finished()
            finally:
                await _ended(process)


def _prepared(room: Room, limits: Limits) -> Limits:
    """Hand the workspace over; in one that is full nothing can grow, but all can be deleted."""
    hand_over(room.workspace)
    use = use_of(Folder(room.workspace))
    is_full = excess_of(use.size, use.files, use.hidden, limits) is not None
    return replace(limits, file_bytes=0) if is_full else limits


async def _started(
    line: list[str], descriptors: tuple[int, int], *, apart: bool
) -> asyncio.subprocess.Process:
    try:
        return await asyncio.create_subprocess_exec(
            *line,
            stdin=asyncio.subprocess.PIPE if apart else asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE if apart else asyncio.subprocess.STDOUT,
            pass_fds=descriptors,
            env={},
            cwd="/",
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        raise ToolTrouble(f"The sandbox could not be started: {error}") from None


async def _ended(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()


class _Run:
    def __init__(
        self,
        process: asyncio.subprocess.Process,
        room: Room,
        limits: Limits,
        given: bytes | None,
    ) -> None:
        self._process = process
        self._room = room
        self._limits = limits
        self._given = given
        self._output = Output(limits.output_bytes if given is None else 2 * limits.result_bytes)
        self._errors = Output(limits.output_bytes)

    async def finished(self) -> Finished:
        streams = [
            asyncio.create_task(self._read(self._process.stdout, self._output)),
            asyncio.create_task(self._read(self._process.stderr, self._errors)),
        ]
        feed = asyncio.create_task(self._feed())
        watch = asyncio.create_task(self._watched())
        try:
            stopped = await self._end(watch, streams)
            await _ended(self._process)
            # Nothing outlives the sandbox, so both streams are at their ends, or will be at once.
            await asyncio.gather(*streams)
        finally:
            for task in (feed, watch, *streams):
                task.cancel()
            await asyncio.gather(feed, watch, *streams, return_exceptions=True)
        code = self._process.returncode or 0
        return Finished(code if code >= 0 else 128 - code, self._output, self._errors, stopped)

    async def _end(
        self, watch: asyncio.Task[str], streams: list[asyncio.Task[str | None]]
    ) -> str | None:
        exit_ = asyncio.create_task(self._process.wait())
        waiting = {exit_, watch, *streams}
        try:
            async with asyncio.timeout(self._limits.seconds):
                while not exit_.done():
                    done, waiting = await asyncio.wait(waiting, return_when="FIRST_COMPLETED")
                    for task in done - {exit_}:
                        if reason := task.result():
                            return str(reason)
        except TimeoutError:
            return f"it took longer than {self._limits.seconds:g} s"
        finally:
            exit_.cancel()
        return None

    async def _read(self, stream: asyncio.StreamReader | None, output: Output) -> str | None:
        while stream and (data := await stream.read(_CHUNK)):
            output.add(data)
            if output.total > self._limits.flood_bytes:
                return f"it wrote more than {in_words(self._limits.flood_bytes)}"
        return None

    async def _feed(self) -> None:
        if self._given is not None and self._process.stdin:
            with suppress(ConnectionError):
                self._process.stdin.write(self._given)
                await self._process.stdin.drain()
            self._process.stdin.close()

    async def _watched(self) -> str:
        loop = asyncio.get_running_loop()
        watch = Watch(self._process.pid, self._room.workspace, self._limits)
        pause = _LOOKS
        while True:
            await asyncio.sleep(pause)
            start = loop.time()
            if excess := await off_the_loop(watch.excess):
                return excess
            pause = max(_LOOKS, 3 * (loop.time() - start))
