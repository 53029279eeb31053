"""Which columns of a matrix are compared with which: another one, or those of another run."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from itertools import chain

from ...errors import InvalidRequestError
from ..plain.visible import visible_name
from .matrix import MatrixColumn

_MOST_SAID = 100  # characters of a name that is not there


def baselines(columns: Sequence[MatrixColumn]) -> list[str]:
    """Name all that columns can be compared with.

    Runs where there are several, versions of a run that has several, then columns.
    """
    runs = dict.fromkeys(column.of for column in columns if column.of)
    editions = {run: dict.fromkeys(edition_of(c) for c in columns if c.of == run) for run in runs}
    told = [[run, *(versions if len(versions) > 1 else ())] for run, versions in editions.items()]
    return [*(chain(*told) if len(runs) > 1 else ()), *(column.id for column in columns)]


def bases_of(columns: Sequence[MatrixColumn], baseline: str) -> dict[str, str]:
    """Find for each column the one that it is compared with, by id.

    A column is the baseline of all others. A run, or a version of it, is that of other runs: a
    column is compared with the one of the same LLM and version, or with the only one of the same
    LLM, and never with that of another one, which would be no change from one day to the next.
    """
    if any(column.id == baseline for column in columns):
        return {column.id: baseline for column in columns if column.id != baseline}
    possible = possible_bases(columns, baseline)
    return {column: bases[0].id for column, bases in possible.items() if len(bases) == 1}


def edition_of(column: MatrixColumn) -> str:
    """Name the version of its run that a column is of."""
    return f"{column.of} @ {column.version_name}"


def possible_bases(
    columns: Sequence[MatrixColumn], baseline: str
) -> dict[str, Sequence[MatrixColumn]]:
    """Find for each column of other runs those of a run that it might be compared with, by id."""
    olds = [c for c in columns if c.of and baseline in (c.of, edition_of(c))]
    runs = {column.of for column in olds}
    return {c.id: _alike(c, olds) for c in columns if runs and c.of not in runs}


def _alike(column: MatrixColumn, olds: Sequence[MatrixColumn]) -> Sequence[MatrixColumn]:
    same = [old for old in olds if old.llm == column.llm]
    return [old for old in same if old.version == column.version] or same


def checked_baseline(columns: Sequence[MatrixColumn], wanted: str) -> str:
    """Return the baseline that is called so: its id, or that of the column with this label.

    Raises:
        InvalidRequestError: There is none; the text names those there are, and what may be meant.
    """
    labels = {column.label: column.id for column in columns}
    found = wanted if wanted in baselines(columns) else labels.get(wanted)
    if found is None:
        known = list(dict.fromkeys([*baselines(columns)[: -len(columns)], *labels]))
        raise InvalidRequestError(
            f"There is no column {wanted[:_MOST_SAID]!r} to compare with"
            f"{_hint(columns, wanted, known)}; "
            f"there is: {visible_name(', '.join(known))}.",
            code="column_not_found",
        )
    return found


def _hint(columns: Sequence[MatrixColumn], wanted: str, known: Sequence[str]) -> str:
    """Say which may be meant: a column of the LLM of this name, or what is written alike."""
    of_llm = [column.label for column in columns if wanted and column.llm == wanted]
    meant = of_llm or difflib.get_close_matches(wanted, known, n=1)
    return f" (did you mean {visible_name(meant[0])!r}?)" if meant else ""
