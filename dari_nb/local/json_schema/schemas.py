"""Checking values against JSON Schemas, and whether something is one.

Who writes a schema decides how long a check takes, and a check lets nobody else in its process go
on. So checks are made by processes of their own, which are kept for the next check, and ended when
they take too long.
"""

from __future__ import annotations

import asyncio
import atexit
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import cache, partial
from importlib.util import find_spec
from pathlib import Path
from threading import BoundedSemaphore, Timer
from typing import Any, ParamSpec, TypeVar

import msgspec

P = ParamSpec("P")
T = TypeVar("T")

SECONDS = 5.0
"""Time that a check may take."""
_MOST = 4
"""Checks at once; more wait."""
_LARGE = 1 << 20
"""Bytes after which a checker is not kept: it may hold a lot of memory."""
_NEEDED = ("SYSTEMROOT",)
"""What Python does not start without on Windows; nothing else of the environment is given."""
_pool = ThreadPoolExecutor(max_workers=_MOST, thread_name_prefix="dari-schemas")
_CHECKER = Path(__file__).with_name("checker.py")
_TOO_LONG = (
    f"the check took longer than {SECONDS:g} s, or too much memory. Simplify the schema or the "
    "value"
)


def flaw_of(value: Any, schema: Any) -> str | None:
    """Return what is wrong with a value, with its place, or ``None`` when it fits the schema.

    A reference to another document is a flaw, as nothing is ever fetched, and so is a check that
    takes too long. It blocks for as long as it takes, and holds up no other thread.

    >>> flaw_of({"n": "x"}, {"properties": {"n": {"type": "integer"}}})
    '"x" is not of type "integer" at $.n'
    """
    found = _found(schema, value)
    return found[1] if found else None


def check_schema(schema: Any) -> None:
    """Hold that something is a JSON Schema; a reference that leads nowhere is no flaw of it.

    Raises:
        ValueError: It is none, or looking takes too long; the text says where.
    """
    found = _found(schema)
    if found and found[0] != "reference":
        raise ValueError(f"no JSON Schema: {found[1]}")


async def checked(check: Callable[P, T], *args: P.args, **named: P.kwargs) -> T:
    """Make one of these checks without holding up the event loop, or any other work in threads."""
    return await asyncio.get_running_loop().run_in_executor(_pool, partial(check, *args, **named))


def _found(*asked: Any) -> tuple[str, str] | None:
    """Ask a checker; returns the kind of the flaw and its text."""
    try:
        line = _json(asked)
    except (TypeError, ValueError, RecursionError) as error:
        return "value", f"it cannot be written as JSON: {error}"
    # What this process was forked from has checkers of its own, and may just be using them.
    answer = _checkers_of(os.getpid()).ask(line)
    return ("value", _TOO_LONG) if answer is None else msgspec.json.decode(answer, type=_Answer)


def _json(asked: tuple[Any, ...]) -> bytes:
    try:
        return msgspec.json.encode(asked)
    except UnicodeEncodeError:
        return json.dumps(asked, ensure_ascii=False).encode("utf-8", "replace")


_Answer = tuple[str, str] | None


class _Checkers:
    """The checkers of one process: busy ones, and those that wait for the next check."""

    def __init__(self) -> None:
        self._slots = BoundedSemaphore(_MOST)
        self._idle: list[_Checker] = []
        atexit.register(self._end)

    def ask(self, line: bytes) -> bytes | None:
        """Give a checker's answer, or ``None`` when it does not come in time."""
        with self._slots, self._lent(returns=len(line) < _LARGE) as checker:
            return checker.ask(line)

    @contextmanager
    def _lent(self, *, returns: bool) -> Iterator[_Checker]:
        try:
            checker = self._idle.pop()
        except IndexError:
            checker = _Checker()
        try:
            yield checker
        except BaseException:
            checker.end()
            raise
        if returns and checker.is_running:
            self._idle.append(checker)
        else:
            checker.end()

    def _end(self) -> None:
        while self._idle:
            self._idle.pop().end()


class _Checker:
    """A process that checks, one question after another."""

    def __init__(self) -> None:
        self.is_running = True
        self._process = subprocess.Popen(  # noqa: S603
            [sys.executable, "-I", "-S", "-X", "utf8", str(_CHECKER), _library()],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={name: os.environ[name] for name in _NEEDED if name in os.environ},
            start_new_session=True,
        )

    def ask(self, line: bytes) -> bytes | None:
        """Give the answer, or end when it does not come in time."""
        assert self._process.stdin
        assert self._process.stdout
        timer = Timer(SECONDS, self._process.kill)
        timer.daemon = True
        timer.start()
        try:
            self._process.stdin.write(line + b"\n")
            self._process.stdin.flush()
            answer = self._process.stdout.readline()
        except BrokenPipeError:
            answer = b""
        finally:
            timer.cancel()
        self.is_running = answer.endswith(b"\n")
        return answer if self.is_running else None

    def end(self) -> None:
        """End the process, whatever it does."""
        self._process.kill()
        with suppress(BrokenPipeError):
            self._process.communicate()


@cache
def _checkers_of(_process: int) -> _Checkers:
    return _Checkers()


@cache
def _library() -> str:
    found = find_spec("jsonschema_rs")
    assert found
    assert found.origin
    return str(Path(found.origin).parent.parent)
