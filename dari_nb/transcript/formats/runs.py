"""A run of any format, and what a format is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any, Protocol

from ...score_kinds import is_number
from ..json_text import text_of_json
from ..said import Entry
from ..turns import RecordedTurn, Turns

ERRORS = 'to_messages() has "Error: " in front of what a failed tool gave, which has no mark there.'
REFUSALS = "Refusals are plain texts, except in their own format."
"""What several formats lose in others."""
_PLACES = 60
"""Digits before, and behind, the point of what somebody pays."""


@dataclass
class Run:
    """A run from elsewhere: what was said and done, and what is known about it.

    Attributes:
        format: What it was read as, such as ``"Anthropic messages"``.
        turns: Its turns.
        instructions: The system prompt.
        metadata: Everything else that the source says, as texts by name.
        model: What answered.
        agent: Who answered, where the source names them.
        cost: US dollars as a decimal text; ``None`` where the source does not say.
        usage: The tokens of the whole run, where the source tells them besides those of its turns.
        created_at: When it began, ISO 8601; ``None`` where the source does not say.
        task: The metadata that tells what the run is about; ``None`` where the source does not say.
        repeat: The metadata that tells which repetition it is.
        scores: The metadata that are scores.
        named: The metadata that the name of its file is, where only that tells it.
        lost: What its format loses here, a sentence each.
        notes: What is to be known of the whole that it is a part of, such as a log that was not
            finished, a sentence each.

    >>> from dari_nb.transcript.formats import read_runs
    >>> [run] = read_runs([{"role": "user", "content": "Hi"}])
    >>> run.format
    'chat completions'
    """

    format: str
    turns: list[RecordedTurn] = field(repr=False)
    instructions: str = ""
    metadata: dict[str, str] = field(default_factory=dict, repr=False)
    model: str | None = None
    agent: str | None = None
    cost: str | None = None
    usage: dict[str, int] = field(default_factory=dict, repr=False)
    created_at: str | None = None
    task: str | None = None
    repeat: str | None = None
    scores: tuple[str, ...] = ()
    named: str | None = None
    lost: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


class Format(Protocol):
    """What a module of this package is, for one format."""

    NAME: str
    """What the format is called."""
    LOST: tuple[str, ...]
    """What is lost on the way in, a sentence each."""

    def recognises(self, document: Any) -> bool:
        """Whether a decoded document is of the format; it may be anything."""

    def read(self, document: Any) -> Iterator[Run]:
        """Read the runs of a document that was recognised.

        Raises:
            ValueError: A part of it has no shape that is known.
        """

    def entries(self, parts: Iterable[Any]) -> Iterable[tuple[Any, list[Entry]]]:
        """Give each part of a run, such as a message, with what it says.

        Raises:
            ValueError: A part has no shape that is known.
        """


def built(
    name: str | None, parts: Iterable[tuple[Any, list[Entry]]], document: Mapping[str, Any] | None
) -> Turns:
    """Build the turns of parts; ``document`` is the rest of what they were in."""
    turns = Turns(name)
    for source, entries in parts:
        turns.take(source, entries)
    if first := turns.finish()[:1]:
        first[0].document = dict(document) if document else None
    return turns


def metadata_of(values: Mapping[str, Any]) -> dict[str, str]:
    """Write what is told as metadata: texts by name, without what is null."""
    return {str(name): text_of_json(value) for name, value in values.items() if value is not None}


def part_of(value: Any) -> dict[str, Any]:
    """Take a value for an object; an empty one where it is none."""
    return value if isinstance(value, dict) else {}


def list_of(value: Any) -> list[Any]:
    """Take a value for a list; an empty one where it is none."""
    return value if isinstance(value, list) else []


def sum_of(values: Iterable[Any]) -> str | None:
    """Add up US dollars; one that is not told makes the sum unknown."""
    costs = [dollars_of(cost) for cost in values]
    known = [Decimal(cost) for cost in costs if cost is not None]
    return f"{sum(known, Decimal(0)):f}" if known and len(known) == len(costs) else None


def name_of(value: Any) -> str | None:
    """Take a value for a name; ``None`` where it is no text."""
    return value if isinstance(value, str) and value else None


def number_of(value: Any) -> float | None:
    """Take a value for a number; ``None`` where it is none that can be counted with.

    >>> from dari_nb.transcript.formats.runs import number_of
    >>> number_of(2), number_of(10**400), number_of(True)
    (2.0, None, None)
    """
    return float(value) if is_number(value) and not isinstance(value, bool) else None


def dollars_of(*values: Any) -> str | None:
    """Write the first number of US dollars there is as a decimal text."""
    for value in values:
        if isinstance(value, int | float | str) and not isinstance(value, bool):
            try:
                cost = Decimal(str(value))
            except (InvalidOperation, ValueError):
                continue
            if cost.is_finite() and cost >= 0 and _is_short(cost):
                return f"{cost:f}"
    return None


def _is_short(number: Decimal) -> bool:
    """Whether a number is written in a few digits: 1e999999999 would fill the memory."""
    exponent = number.as_tuple().exponent
    return isinstance(exponent, int) and exponent >= -_PLACES and number.adjusted() < _PLACES
