"""Fields that stand twice in an object, of which one is lost when it is read."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from .flaws import Flaw

_TWICE = "a field {name} stands twice in it, and only the last counts: take one out"


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
