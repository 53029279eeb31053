"""Lists of resources that read as tables, and what there is of one kind as such a list."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, Generic, Self, SupportsIndex, TypeVar, overload

from ..completing import Candidates, Listings

if TYPE_CHECKING:
    import pandas as pd

T = TypeVar("T")
N = TypeVar("N")

SHOWN = 50
"""Rows shown; the list itself has all."""
_MOST_NAMES = 10


class Listing(list[T]):
    """A list; shown in a notebook or printed, it is a table.

    Beside places and slices, ``listing["name"]`` finds what has that name or id.

    Args:
        rows: What is in it.
        columns: What the table tells of each, by heading.
        names: The names and ids that one can be found by.
        frame: Makes the DataFrame; the table's columns when left out.

    >>> d.agents.list()["tour"]
    <Agent tour agt_...>
    """

    def __init__(
        self,
        rows: Iterable[T],
        columns: Mapping[str, Callable[[T], str]],
        *,
        names: Callable[[T], Sequence[str | None]] = lambda _: (),
        frame: Callable[[Sequence[T]], pd.DataFrame] | None = None,
    ) -> None:
        super().__init__(rows)
        self._columns = columns
        self._names = names
        self._frame = frame
        self.above = ""
        """What is said above it."""
        self.notes: list[str] = []
        """What is said below it."""

    def to_frame(self) -> pd.DataFrame:
        """Return it as a DataFrame, one row each, with fixed dtypes, the same when empty.

        >>> d.agents.list().to_frame()["name"].to_list()[:2]
        ['echo', 'calculator']
        """
        if self._frame is not None:
            return self._frame(self)
        from ..frames import text_frame

        return text_frame(
            {name: [take(row) for row in self] for name, take in self._columns.items()}
        )

    def to_mimebundle(self) -> dict[str, str]:
        """Return it as HTML, Markdown and plain text."""
        from ..render import table

        cells = [[take(row) for take in self._columns.values()] for row in self[:SHOWN]]
        more = max(0, len(self) - SHOWN)
        return table(list(self._columns), cells, above=self.above, left_out=more, notes=self.notes)

    @overload
    def __getitem__(self, key: SupportsIndex | str) -> T: ...

    @overload
    def __getitem__(self, key: slice) -> Listing[T]: ...

    def __getitem__(self, key: SupportsIndex | slice | str) -> T | Listing[T]:
        if isinstance(key, str):
            return self._named(key)
        if isinstance(key, slice):
            return self._like(super().__getitem__(key))
        return super().__getitem__(key)

    def __contains__(self, key: object) -> bool:
        if isinstance(key, str):
            return any(key in self._names(row) for row in self)
        return super().__contains__(key)

    def __repr__(self) -> str:
        return self.to_mimebundle()["text/plain"]

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(repr(self))

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return self.to_mimebundle()

    def _repr_html_(self) -> str:
        return self.to_mimebundle()["text/html"]

    def _ipython_key_completions_(self) -> Sequence[str]:
        """What Tab offers: what each is called, by its name or else its id."""
        return [names[0] for row in self if (names := [n for n in self._names(row) if n])]

    def _like(self, rows: Sequence[T]) -> Listing[T]:
        return Listing(rows, self._columns, names=self._names, frame=self._frame)

    def _named(self, name: str) -> T:
        found = [row for row in self if name in self._names(row)]
        if len(found) == 1:
            return found[0]
        if found:
            raise KeyError(f"{len(found)} have the name {name!r}: take one by its id")
        raise KeyError(self._no_such(name))

    def _no_such(self, name: str) -> str:
        known = self._ipython_key_completions_()
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        shown = ", ".join(known[:_MOST_NAMES]) + (", …" if len(known) > _MOST_NAMES else "")
        return f"there is no {name!r}{hint or f'; there is {shown}' if known else ''}"


class Shelf(Generic[T, N]):
    """All that there is of one kind: iterated over, counted, looked into by name.

    Each of these asks the server anew. In a notebook it is the table of :meth:`list`.
    """

    def list(self) -> Listing[T]:
        """Return all of them."""
        raise NotImplementedError

    def to_frame(self) -> pd.DataFrame:
        """Return all of them as a DataFrame, one row each.

        >>> "name" in d.agents.to_frame()
        True
        """
        return self.list().to_frame()

    def named(self, name: str) -> N:
        """Return what has this name or id.

        Raises:
            KeyError: There is none, and the text tells which there are; or there are several.
        """
        raise NotImplementedError

    def __iter__(self) -> Iterator[T]:
        return iter(self.list())

    def __len__(self) -> int:
        return len(self.list())

    def __bool__(self) -> bool:
        return True

    @overload
    def __getitem__(self, key: str) -> N: ...

    @overload
    def __getitem__(self, key: SupportsIndex) -> T: ...

    @overload
    def __getitem__(self, key: slice) -> Listing[T]: ...

    def __getitem__(self, key: SupportsIndex | slice | str) -> T | N | Listing[T]:
        return self.named(key) if isinstance(key, str) else self.list()[key]

    def __contains__(self, key: object) -> bool:
        return (key if isinstance(key, str) else getattr(key, "id", None)) in self.list()

    @cached_property
    def _completing(self) -> Listings[Self]:
        return Listings(lambda: self)

    def _ipython_key_completions_(self) -> Sequence[str]:
        """What Tab offers: as in the list, when the server tells in time."""

        def names(shelf: Self) -> Candidates:
            return [(name, "") for name in shelf.list()._ipython_key_completions_()]

        return [name for name, _ in self._completing.find(lambda: "names", names)]

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: list() tells them>"

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return self.list().to_mimebundle()
