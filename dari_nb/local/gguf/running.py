"""Processes of models: started when they are asked, one each, and stopped when nobody does."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from secrets import token_hex

import msgspec

from ..._secret import hidden
from .model_file import ModelFile, fault_of

PARALLEL = 4
"""Conversations that a model can have side by side."""
IDLE = 600.0
"""Seconds after which a model that nobody asks is stopped."""
_ENDS = 1.0
"""Seconds in which a process whose connections broke is seen to have ended."""
_LONGEST_LOG = 4 << 20
_ERROR = re.compile(r"^[\d.]+ E (.+)$", re.MULTILINE)
"""A line of llama.cpp's log that tells of an error; the first one is the cause of the others."""
_LONGEST_CAUSE = 300
_RUNNER = Path(__file__).with_name("runner.py")
_KEPT = ("SYSTEMROOT", "PATH", "HOME", "TMPDIR", "TEMP", "LD_LIBRARY_PATH")
"""What it sees of the environment: no keys."""
_INSTALL = "pip install 'dari_nb[model]'"


class ModelError(Exception):
    """A model's process could not be started; the text says why."""


def lacking() -> str | None:
    """Say what is needed to run a model here, or ``None`` when it is there."""
    if find_spec("xllamacpp") is None:
        return f"xllamacpp is needed to run it: {_INSTALL}, where there is a wheel of it"
    return None


@dataclass(frozen=True)
class Address:
    """Where a running model is asked, and the key that it wants."""

    url: str
    key: str = field(repr=False)


class _Process:
    """One process with a model."""

    def __init__(self, file: ModelFile) -> None:
        self._key = hidden(token_hex(16))
        self.is_noted = False
        file.log.parent.mkdir(parents=True, exist_ok=True)
        is_long = file.log.exists() and file.log.stat().st_size > _LONGEST_LOG
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | (os.O_TRUNC if is_long else 0)
        log = os.open(file.log, flags, 0o600)
        self._log, self._begins = file.log, os.fstat(log).st_size
        try:
            self._process = subprocess.Popen(  # noqa: S603
                [sys.executable, "-I", "-S", "-X", "utf8", str(_RUNNER)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env={name: os.environ[name] for name in _KEPT if name in os.environ},
                start_new_session=True,
            )
        finally:
            os.close(log)
        self._given = {
            "library": _library(),
            "path": str(file.path),
            "context": file.context,
            "parallel": PARALLEL,
            "dry": file.dry,
            "key": self._key,
        }

    def address(self) -> Address | None:
        """Wait until the model is loaded, and tell where it is; ``None`` when it never will be."""
        assert self._process.stdin
        assert self._process.stdout
        with suppress(OSError):
            self._process.stdin.write(json.dumps(self._given).encode() + b"\n")
            self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line.endswith(b"\n"):
            return None
        return Address(f"{msgspec.json.decode(line)['url']}/v1", self._key)

    def is_running(self) -> bool:
        return self._process.poll() is None

    def ended(self) -> int | None:
        """Give it a moment to end; returns its exit status if it did."""
        with suppress(subprocess.TimeoutExpired):
            return self._process.wait(_ENDS)
        return None

    def cause(self) -> str:
        """The first error in what it has written to the log, as words to go on with, or nothing."""
        with suppress(OSError), self._log.open("rb") as log:
            log.seek(self._begins)
            if error := _ERROR.search(log.read(_LONGEST_LOG).decode("utf-8", "replace")):
                text = "".join(c if c.isprintable() else " " for c in error[1].strip())
                return f": {text[:_LONGEST_CAUSE]}"
        return ""

    def end(self) -> None:
        """End it, whatever it does."""
        self._process.kill()
        with self._process, suppress(OSError):
            self._process.stdin.close()  # type: ignore[union-attr]


class Running:
    """A model that runs while it is asked; it is used on one event loop, and closed there.

    Args:
        file: The model.
    """

    def __init__(self, file: ModelFile) -> None:
        self._file = file
        self._process: _Process | None = None
        self._address: Address | None = None
        self._starting = asyncio.Lock()
        self._users = 0
        self._idle: asyncio.TimerHandle | None = None
        self._deaths = 0

    @asynccontextmanager
    async def lent(self) -> AsyncIterator[Address]:
        """Give the address of the running model, which is started if need be.

        Raises:
            ModelError: It cannot be started.
        """
        self._users += 1
        if self._idle is not None:
            self._idle.cancel()
            self._idle = None
        try:
            yield await self._started()
        finally:
            self._users -= 1
            if not self._users:
                loop = asyncio.get_running_loop()
                self._idle = loop.call_later(IDLE, self._rest)

    def answered(self) -> None:
        """Note that it has given a whole answer."""
        self._deaths = 0

    async def death(self) -> str | None:
        """Say how the process ended, if it did."""
        process = self._process
        status = await asyncio.to_thread(process.ended) if process else None
        if process is None or status is None:
            return None
        if not process.is_noted:
            process.is_noted = True
            self._deaths += 1
        return f"its process ended {_how(status)}; its log is {self._file.log}"

    @property
    def is_running(self) -> bool:
        """Whether its process runs now; on any thread."""
        process = self._process
        return process is not None and process.is_running()

    @property
    def is_hopeless(self) -> bool:
        """Whether it has ended again since it was last started anew, without an answer."""
        return self._deaths > 1

    async def close(self) -> None:
        """End the process."""
        if self._idle is not None:
            self._idle.cancel()
        process, self._process = self._process, None
        if process is not None:
            await asyncio.to_thread(process.end)

    def _rest(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            # In a thread: to end it takes a moment, which would hold up everybody's streams.
            asyncio.get_running_loop().run_in_executor(None, process.end)

    async def _started(self) -> Address:
        async with self._starting:
            if self._process is not None and self._process.is_running():
                assert self._address is not None
                return self._address
            if (missing := lacking()) is not None:
                raise ModelError(missing)
            await self.close()
            return await self._start()

    async def _start(self) -> Address:
        if (wrong := await asyncio.to_thread(fault_of, self._file.path)) is not None:
            raise ModelError(wrong)
        try:
            # On this thread, which lives as long as the server: its end would be the process's.
            process = _Process(self._file)
        except OSError as error:
            raise ModelError(f"it cannot be started: {error}") from None
        try:
            address = await asyncio.to_thread(process.address)
        except BaseException:
            process.end()
            raise
        if address is None:
            status = await asyncio.to_thread(process.ended)
            process.end()
            cause = process.cause()
            raise ModelError(
                f"{self._file.path} cannot be loaded{cause}; its process ended {_how(status)}, "
                f"what llama.cpp says is in {self._file.log}"
            )
        self._process, self._address = process, address
        return address


def _how(status: int | None) -> str:
    if status is None:
        return "its output"
    return f"by signal {-status}" if status < 0 else f"with status {status}"


def _library() -> str:
    found = find_spec("xllamacpp")
    assert found
    assert found.origin
    return str(Path(found.origin).parent.parent)
