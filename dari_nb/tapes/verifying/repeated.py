"""What stands twice in a tape, of which one is lost when it is read."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from .flaws import Flaw

_TWICE = "a field {name} stands twice in it, and only the last counts: take one out"

_CLOSED_TWICE = "the last line, scrubbed, stands on line {other}, too: take one of both out"
_FEWER_THAN_NONE = "scrubbed: {kind} must be 0 or more, and is {told}"


def closing_flaws(data: bytes) -> Iterator[Flaw]:
    """Find what is wrong with the last lines of a tape.

    Args:
        data: What is in its file.

    >>> [str(flaw) for flaw in closing_flaws(b'{"scrubbed":{"keys":-1}}')]
    ['line 1: scrubbed: keys must be 0 or more, and is -1']
    """
    before = 0
    for number, line in enumerate(data.split(b"\n"), 1):
        if not line.lstrip().startswith(b"{"):
            continue
        with suppress(ValueError, RecursionError):
            told = json.loads(line)
            if set(told) != {"scrubbed"}:
                continue
            if before:
                yield Flaw(number, "", _CLOSED_TWICE.format(other=before))
            before = number
            for kind, count in told["scrubbed"].items():
                if count < 0:
                    text = _FEWER_THAN_NONE.format(kind=kind[:40], told=count)
                    yield Flaw(number, "", text)


def repeated_fields(data: bytes) -> Iterator[Flaw]:
    """Find them in a tape.

    Args:
        data: What is in its file.

    >>> [str(flaw) for flaw in repeated_fields(b'{"mark":"a","mark":"b"}')]
    ["line 1: a field 'mark' stands twice in it, and only the last counts: take one out"]
    """
    for number, line in enumerate(data.split(b"\n"), 1):
        names: list[str] = []

        def note(pairs: list[tuple[str, Any]], names: list[str] = names) -> None:
            if len({name for name, _ in pairs}) < len(pairs):
                names += [name for name, n in Counter(name for name, _ in pairs).items() if n > 1]

        if line.lstrip().startswith(b"{"):
            with suppress(ValueError, RecursionError):
                json.loads(line, object_pairs_hook=note)
        for name in names:
            yield Flaw(number, "", _TWICE.format(name=repr(name)[:40]))
