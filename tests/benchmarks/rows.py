"""The table that `make bench` ends with."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from signal import SIGALRM, alarm, signal
from traceback import format_exception_only
from typing import Any, NamedTuple

MOST_SECONDS = 900


class Row(NamedTuple):
    """A target with the figure measured in this run; `is_met` is None if its script failed."""

    target: str
    figure: str
    limit: str
    is_met: bool | None


def at_most(target: str, figure: float, limit: float, unit: str) -> Row:
    return Row(target, _text(figure, unit), f"at most {_text(limit, unit)}", figure <= limit)


def at_least(target: str, figure: float, limit: float, unit: str) -> Row:
    return Row(target, _text(figure, unit), f"at least {_text(limit, unit)}", figure >= limit)


def _text(number: float, unit: str) -> str:
    return f"{number:,.0f} {unit}" if number >= 1000 else f"{number:.3g} {unit}"


def run_script(name: str) -> list[Row]:
    """Run a script of this folder, which prints details; one without a target returns no rows."""
    signal(SIGALRM, _give_up)
    alarm(MOST_SECONDS)
    try:
        return [Row(*row) for row in import_module(name).measure() or ()]
    except BaseException as error:
        # Many exceptions can't be pickled, among them those of httpx and pytest.
        [line, *_] = "".join(format_exception_only(error)).splitlines()
        raise RuntimeError(line) from error


def _give_up(*_: Any) -> None:
    """End a script that waits without end, such as for a page that stopped answering."""
    raise TimeoutError(f"it took more than {MOST_SECONDS} s")


def print_rows(rows: Sequence[Row]) -> None:
    verdicts = {True: "met", False: "missed", None: ""}
    lines = [("target", "limit", "figure", "")]
    lines += [(row.target, row.limit, row.figure, verdicts[row.is_met]) for row in rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        print("  ".join(map(str.ljust, line, widths)).rstrip())
