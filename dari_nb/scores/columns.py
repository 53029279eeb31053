"""Which column of a frame holds a score, and what kind of score it is."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any

from ..errors import InvalidRequestError
from ..score_kinds import JUDGE, RATING, Kind, kind_of, scale_of
from .checks import check_frame, check_once, frame_of, shortened

if TYPE_CHECKING:
    import pandas as pd

BY = "llm_id"
TASK = "task_index"
_VERSION = "version_id"
DEFAULT = "default"
"""What the LLM is called that an agent takes where none is named."""
NO_SCALE = "its scale is not known here"
_TO_RATE = " Rate answers by hand first, as batch.sample(20) draws them."


def score_column(frame: pd.DataFrame, score: str | None, *needed: str) -> str:
    """Return the column of a score, named with or without what stands before its name.

    Without a name it is the first one that is a number.

    Raises:
        InvalidRequestError: The frame lacks it or one of the needed columns.
    """
    check_frame(frame, *needed)
    if not (score is None or isinstance(score, str)):
        raise InvalidRequestError(
            f"A score is named by a text, not by {type(score).__name__}.", code="invalid_name"
        )
    names = (score, f"score.{score}", f"rating.{score}")
    found = [str(name) for name in names if name in frame]
    if score is None:
        found = [str(n) for n in frame.columns if str(n).startswith("score.")]
        for name in found:
            check_once(frame, name)
        found = [name for name in found if frame[name].dtype.kind in "iufb"]
    if not found:
        known = [str(n) for n in frame.columns if str(n).startswith(("score.", "rating."))]
        if not known:
            raise InvalidRequestError(
                "There are no scores yet: give some first, such as "
                'batch.score("short", lambda turn: len(turn.text) < 80), '
                "or rate cells in batch.view().",
                code="missing_score",
            )
        what = "score that is a number" if score is None else f"score {score!r}"
        hint = _hint(score, known)
        more = _TO_RATE if score == RATING else ""
        raise InvalidRequestError(
            f"The frame has no {what}{hint}: there is {', '.join(known)}.{more}",
            code="score_not_found",
        )
    check_once(frame, found[0])
    return str(found[0])


def by_columns(given: Any, by: str | None) -> tuple[Any, str]:
    """Return a frame, and the column of it that tells what is compared.

    Where none is named it is LLM and version, as a batch calls them, or as its frame tells them.
    """
    frame = frame_of(given)
    if by is not None or not _has(frame, BY):
        return frame, BY if by is None else by
    called = getattr(given, "_called", None)
    return frame.assign(**{BY: called if called is not None else _with_versions(frame)}), BY


def _with_versions(frame: pd.DataFrame) -> Any:
    """Name the column of each cell: its LLM, its version, or both, as it takes to be known."""
    check_once(frame, BY)
    llms = frame[BY]
    if not _has(frame, _VERSION) or frame[_VERSION].nunique(dropna=False) < 2:
        return llms
    versions = frame[_VERSION].astype("object")
    if llms.nunique(dropna=False) < 2:
        return versions
    named = llms.astype("object").where(llms.notna(), DEFAULT)
    return [f"{llm} @ {version}" for llm, version in zip(named, versions, strict=True)]


def _has(frame: Any, name: str) -> bool:
    return name in getattr(frame, "columns", ())


def tasks_of(frame: pd.DataFrame, task: str) -> Any:
    """Return the task of each row.

    Raises:
        InvalidRequestError: A row has none, or one that is no text or number.
    """
    lacking = int(frame[task].isna().sum())
    if lacking:
        raise InvalidRequestError(
            f"{lacking} of {len(frame)} rows have no {task!r}: which answers are to the same task "
            "says how sure anything is.",
            code="missing_task",
        )
    return hashable(frame, task)


def hashable(frame: pd.DataFrame, name: str) -> Any:
    """Return a column whose values can be told apart.

    Raises:
        InvalidRequestError: One of them is no text or number.
    """
    for value in frame[name]:
        try:
            hash(value)
        except TypeError:
            kind = type(value).__name__
            raise InvalidRequestError(
                f"The column {name!r} holds a {kind}: wanted are texts or numbers.",
                code="invalid_values",
            ) from None
    return frame[name]


def _hint(score: str | None, known: list[str]) -> str:
    """Say which score may be meant: what a judge gave under the name, or what is written alike."""
    names = [name.removeprefix("score.") for name in known]
    close = difflib.get_close_matches(score or "", names, n=1)
    meant = [name for name in names if name == f"{JUDGE}{score}"] or close
    return f" (did you mean {meant[0]!r}?)" if meant else ""


def kind_of_score(frame: pd.DataFrame, column: str) -> Kind | None:
    """Tell the kind of a score from all of its values, so that no LLM has one of its own.

    Raises:
        InvalidRequestError: It has no mean.
    """
    name = column.removeprefix("score.")
    kind = kind_of(_plain(frame, column), name, _scale_in(frame, name))
    if kind == "label":
        seen = ", ".join(map(shortened, frame[column].dropna().drop_duplicates().tolist()[:3]))
        raise InvalidRequestError(
            f"The score {column.removeprefix('score.')!r} has no mean: it holds {seen}. "
            "Score True or False, or a number, "
            f"or count what it holds: to_frame().groupby({BY!r})[{column!r}].value_counts().",
            code="score_not_numeric",
        )
    return kind


def scale_of_score(frame: pd.DataFrame, column: str) -> tuple[float, float] | None:
    """Return the scale of a score, by its name, its values and what the frame of a batch tells."""
    name = column.removeprefix("score.")
    return scale_of(name, _plain(frame, column), _scale_in(frame, name))


def _scale_in(frame: pd.DataFrame, name: str) -> Any:
    return frame.attrs.get("scales", {}).get(name)


def scale_note(frame: pd.DataFrame, column: str) -> str:
    """Say so where a judge gave these numbers, and the frame does not tell on which scale."""
    name = column.removeprefix("score.")
    if not name.startswith(JUDGE) or kind_of(_plain(frame, column), name) != "number":
        return ""
    scale = scale_of_score(frame, column)
    if scale is None:
        return NO_SCALE
    return "" if _scale_in(frame, name) else "taken for {:g} to {:g}, as ".format(*scale) + NO_SCALE


def _plain(frame: pd.DataFrame, column: str) -> list[Any]:
    """Return the values that are there; columns of objects may hold numpy's own yes and no."""
    values = frame[column].dropna()
    return [value.item() if hasattr(value, "item") else value for value in values]
