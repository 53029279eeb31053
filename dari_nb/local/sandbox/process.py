"""Running a program in the sandbox, held to its time, output, memory and disk."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Any
from weakref import WeakKeyDictionary

from ..agents.tools import ToolTrouble
from ..workspaces.folder import Folder
from ..workspaces.walking import Use, use_of
from .bubblewrap import Passed, Room, command, hand_over, passed
from .limits import Limits, in_words
from .output import Output
from .threads import off_the_loop
from .watch import Watch, excess_of, tree

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
        start = await off_the_loop(_prepared, room)
        if excess_of(start, limits):
            # In a workspace that is full no file can grow, but all can be deleted.
            limits = replace(limits, file_bytes=0)
        with passed({**_VARIABLES, **variables}, network=room.network) as descriptors:
            line = command(room, program, limits, descriptors)
            process = await _started(line, descriptors, apart=given is not None)
            watch = Watch(process.pid, room.workspace, limits, start)
            end = partial(_ended, process, descriptors.hang_up)
            try:
                return await _Run(process, watch, limits, given, end).finished()
            finally:
                await end()


def _prepared(room: Room) -> Use:
    hand_over(room.workspace)
    return use_of(Folder(room.workspace))


async def _started(
    line: list[str], descriptors: Passed, *, apart: bool
) -> asyncio.subprocess.Process:
    try:
        return await asyncio.create_subprocess_exec(
            *line,
            stdin=asyncio.subprocess.PIPE if apart else asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE if apart else asyncio.subprocess.STDOUT,
            pass_fds=descriptors.inherited,
            env={},
            cwd="/",
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        raise ToolTrouble(f"The sandbox could not be started: {error}") from None


async def _ended(process: asyncio.subprocess.Process, hang_up: Callable[[], None]) -> None:
    """End all processes of a sandbox, one that is still being made included."""
    hang_up()
    if process.returncode is None:
        # Its first process may not have asked yet to die with the one that made it.
        for each in await off_the_loop(lambda: list(tree(process.pid))):
            with suppress(ProcessLookupError):
                os.kill(each, signal.SIGKILL)
        await process.wait()


class _Run:
    def __init__(
        self,
        process: asyncio.subprocess.Process,
        watch: Watch,
        limits: Limits,
        given: bytes | None,
        end: Callable[[], Awaitable[None]],
    ) -> None:
        self._end_all = end
        self._process = process
        self._watch = watch
        self._limits = limits
        self._given = given
        self._output = Output(limits.output_bytes if given is None else 2 * limits.result_bytes)
        self._errors = Output(limits.output_bytes)
        self._excess: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def finished(self) -> Finished:
        streams = [
            asyncio.create_task(self._read(self._process.stdout, self._output)),
            asyncio.create_task(self._read(self._process.stderr, self._errors)),
        ]
        others = [asyncio.create_task(self._feed()), asyncio.create_task(self._look())]
        try:
            stopped = await self._end()
            await self._end_all()
            # Nothing outlives the sandbox, so both streams are at their ends, or will be at once.
            await asyncio.gather(*streams)
        finally:
            for task in (*others, *streams):
                task.cancel()
            await asyncio.gather(*others, *streams, return_exceptions=True)
        code = self._process.returncode or 0
        return Finished(code if code >= 0 else 128 - code, self._output, self._errors, stopped)

    async def _end(self) -> str | None:
        """Wait for the end, or for a reason to make one."""
        exited = asyncio.create_task(self._process.wait())
        try:
            waiting: set[asyncio.Future[Any]] = {exited, self._excess}
            await asyncio.wait(waiting, timeout=self._limits.seconds, return_when="FIRST_COMPLETED")
        finally:
            exited.cancel()
        if self._excess.done():
            return self._excess.result()
        return None if exited.done() else f"it took longer than {self._limits.seconds:g} s"

    async def _read(self, stream: asyncio.StreamReader | None, output: Output) -> None:
        # It is read to its end even if there is too much: a process is gone only when it is.
        while stream and (data := await stream.read(_CHUNK)):
            output.add(data)
            if output.total > self._limits.flood_bytes:
                self._stop(f"it wrote more than {in_words(self._limits.flood_bytes)}")

    def _stop(self, reason: str) -> None:
        if not self._excess.done():
            self._excess.set_result(reason)

    async def _feed(self) -> None:
        if self._given is not None and self._process.stdin:
            with suppress(ConnectionError):
                self._process.stdin.write(self._given)
                await self._process.stdin.drain()
            self._process.stdin.close()

    async def _look(self) -> None:
        loop = asyncio.get_running_loop()
        pause, excess = _LOOKS, None
        while excess is None:
            await asyncio.sleep(pause)
            start = loop.time()
            excess = await off_the_loop(self._watch.excess)
            pause = max(_LOOKS, 3 * (loop.time() - start))
        self._stop(excess)
