"""Which of several runs succeeded: by a score, by a function, or by how they ended."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from ...errors import InvalidRequestError
from ...score_kinds import JUDGING, Kind, is_missing, is_number, kind_of, measure_of

if TYPE_CHECKING:
    from ...render.matrix.verdict import Verdict

Success = str | Callable[[Any], Any] | None
"""The name of a score, a function of a run, or ``None`` for what there is."""

_MOST_NAMED = 8
_ENDED = {"completed": True, "failed": False, "cancelled": False}


class KnownRun(NamedTuple):
    """What is known of a run: its scores by name, other metadata, its state, and scores' scales."""

    source: Any
    scores: Mapping[str, Any]
    metadata: Mapping[str, Any]
    state: str
    scales: Mapping[str, tuple[int, int]] = MappingProxyType({})


def succeeded(
    runs: Sequence[KnownRun], success: Success
) -> tuple[str, list[tuple[bool | None, Verdict]]]:
    """Return what success is in words, and for each run whether it succeeded, and how to say it.

    Raises:
        InvalidRequestError: No run has the score, or it cannot tell success.
    """
    if callable(success):
        return _by_function(runs, success)
    if success is not None:
        return _by_score(runs, success)
    names = dict.fromkeys(name for each in runs for name in each.scores)
    judging = (n for n in names if _kind(runs, n, [each.scores.get(n) for each in runs]) in JUDGING)
    name = next(judging, None)
    return _by_state(runs) if name is None else _by_score(runs, name)


def _by_state(runs: Sequence[KnownRun]) -> tuple[str, list[tuple[bool | None, Verdict]]]:
    from ...render import state_text
    from ...render.matrix.verdict import Verdict

    tints: dict[bool | None, Any] = {True: ("yes", "✓ "), False: ("no", "✗ "), None: ("", "")}
    found = []
    for each in runs:
        ended = _ENDED.get(each.state)
        found.append((ended, Verdict(tints[ended][0], state_text(each.state))))
    return "it was completed", found


def _by_score(runs: Sequence[KnownRun], name: str) -> tuple[str, list[tuple[bool | None, Verdict]]]:
    from ...render.matrix.verdict import verdict

    values = [
        each.scores[name] if name in each.scores else read(each.metadata.get(name)) for each in runs
    ]
    kind = _kind(runs, name, values)
    if kind is None:
        raise InvalidRequestError(
            f"No run has a score {name!r}{_why_none(runs)}.", code="score_not_found"
        )
    if kind not in JUDGING:
        raise InvalidRequestError(
            f"{name!r} is no yes or no: say what counts as success with a function of a run, "
            "such as success=lambda run: ...",
            code="invalid_success",
        )
    is_yes = any(isinstance(value, bool) for value in values)
    return f"{name} is {'yes' if is_yes else '1'}", [
        (None, verdict(name, None, kind)) if is_missing(v) else (v == 1, verdict(name, v, kind))
        for v in values
    ]


def _kind(runs: Sequence[KnownRun], name: str, values: Sequence[Any]) -> Kind | None:
    of = zip(values, (each.scales.get(name) for each in runs), strict=True)
    return kind_of(values, name, measure_of(name, of).scale)


def _why_none(runs: Sequence[KnownRun]) -> str:
    """Say which scores there are, or why there is none."""
    scores = (score for each in runs for score in each.scores.items())
    names = dict.fromkeys(name for name, value in scores if not is_missing(value))
    if names:
        return f"; there is: {', '.join(map(str, list(names)[:_MOST_NAMED]))}"
    if all(each.state == "failed" for each in runs):
        return f": all {len(runs)} failed"
    return ", nor any other"


def _by_function(
    runs: Sequence[KnownRun], function: Callable[[Any], Any]
) -> tuple[str, list[tuple[bool | None, Verdict]]]:
    from ...render.matrix.verdict import Verdict

    tints: dict[bool | None, Verdict] = {
        True: Verdict("yes", "succeeded"),
        False: Verdict("no", "not succeeded"),
        None: Verdict("", "unknown"),
    }
    values = [_asked(function, number, each.source) for number, each in enumerate(runs, 1)]
    name = getattr(function, "__name__", "<lambda>")
    said = "success= is true" if name == "<lambda>" else f"{name}() is true"
    return said, [(value, tints[value]) for value in values]


def _asked(function: Callable[[Any], Any], number: int, run: Any) -> bool | None:
    try:
        value = function(run)
    except Exception as error:
        why = f"{type(error).__name__}: {error}"
        raise InvalidRequestError(
            f"success= failed on run {number}, {run!r}: {why}.", code="invalid_success"
        ) from error
    return _yes_or_no(value)


def _yes_or_no(value: Any) -> bool | None:
    if is_missing(value):
        return None
    with contextlib.suppress(TypeError, ValueError):
        if value in (0, 1):
            return bool(value)
    raise InvalidRequestError(
        f"success= tells yes, no or None for a run, not {value!r}.", code="invalid_success"
    )


def read(value: Any) -> Any:
    """Read a score that metadata keep as text."""
    if not isinstance(value, str):
        return value
    try:
        return float(value)
    except ValueError:
        return {"true": True, "false": False}.get(value.lower(), value)


def scores_in(metadata: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """Take the scores out of metadata."""
    read_ = {name: read(metadata[name]) for name in names if name in metadata}
    return {name: value for name, value in read_.items() if is_number(value)}
