"""Tables as data: the columns of a frame with their kinds, and the row that an object gives."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Generic, TypeVar

import pandas as pd

from .kinds import Kind, json_text, texts

Thing = TypeVar("Thing")
Metadata = Sequence[Mapping[str, Any] | None]

PIECE = 500
"""Rows taken at a time: about as many events as fit into a processor's second-level cache."""


Take = Callable[[Sequence[Thing]], Iterable[Sequence[Any]]]


@dataclass(frozen=True)
class Table(Generic[Thing]):
    """The columns of one kind of frame.

    Attributes:
        columns: Kinds by name, in the order of the frame.
        take: Takes the values of all columns from some objects, one sequence a column in the same
            order. It gets a piece at a time, so that what it makes stays in the processor's cache.

    >>> dari.frames.AGENTS.dtypes["name"]
    'string'
    """

    columns: Mapping[str, Kind]
    take: Take[Thing]

    @property
    def dtypes(self) -> dict[str, str]:
        """The dtype of each column, which no input changes."""
        return {name: kind.dtype for name, kind in self.columns.items()}

    def frame(self, things: Iterable[Thing]) -> pd.DataFrame:
        """Make a frame with one row an object, in the order given.

        Objects are taken from the iterable as they are needed and not kept.

        Args:
            things: The objects, such as ``models.Agent`` for ``AGENTS``.

        >>> dari.frames.AGENTS.frame([agent.resource])["name"].to_list()
        ['calculator']
        """
        count, things = 0, iter(things)
        pieces: dict[str, list[Any]] = {name: [] for name in self.columns}
        while piece := list(islice(things, PIECE)):
            count += len(piece)
            for (name, kind), some in zip(self.columns.items(), self.take(piece), strict=True):
                pieces[name].append(kind.piece(some))
        arrays = {name: kind.array(pieces.pop(name)) for name, kind in self.columns.items()}
        return pd.DataFrame(arrays, index=pd.RangeIndex(count), copy=False)


def by_row(row: Callable[[Thing], tuple[Any, ...]]) -> Take[Thing]:
    """Make what a table takes from a function that gives the values of one object."""
    return lambda things: zip(*map(row, things), strict=True)


def with_metadata(
    frame: pd.DataFrame, metadata: Metadata, keys: str | Iterable[str] | None
) -> pd.DataFrame:
    """Add a ``string`` column ``metadata.<key>`` for each key.

    Args:
        frame: The frame to add to.
        metadata: The metadata of each row. Values that are no text become JSON text.
        keys: Which keys, or one, also when no row has them; ``None`` for all, as they first appear.
    """
    if isinstance(keys, str):
        keys = [keys]
    if keys is None:
        keys = [key for row in metadata for key in row or ()]
    columns = {f"metadata.{key}": _values(metadata, key) for key in dict.fromkeys(keys)}
    return pd.concat([frame, pd.DataFrame(columns, index=frame.index, copy=False)], axis=1)


def _values(metadata: Metadata, key: str) -> Any:
    values = [(row or {}).get(key) for row in metadata]
    return texts([v if isinstance(v, str) else json_text(v) for v in values])
