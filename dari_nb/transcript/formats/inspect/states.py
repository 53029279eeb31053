"""How far a log of Inspect goes: whether it was finished, and which of its samples are there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ..runs import list_of, part_of

_FINISHED = "success"
_LONGEST = 200


class LogState(NamedTuple):
    """What is said of each run of a log that is not whole.

    Attributes:
        metadata: By name: ``log_status``, ``log_error``, and ``log_samples`` such as ``1 of 50``.
        notes: The same for people, a sentence each.
    """

    metadata: dict[str, str]
    notes: tuple[str, ...]


def state_of(log: Mapping[str, Any], there: int, left_out: Sequence[str] = ()) -> LogState:
    """Tell how far a log goes.

    Args:
        log: Its header.
        there: How many samples are there.
        left_out: What lies where samples do and is not named as one.

    Raises:
        ValueError: No sample is there, though the log tells of some.
    """
    told = log.get("status")
    status = told[:_LONGEST] if isinstance(told, str) else "unknown"
    wanted = _wanted(log)
    if not there and (wanted or left_out):
        raise ValueError(_none_there(wanted, status, left_out))
    metadata, notes = {}, []
    is_short = wanted is not None and there < wanted
    if status != _FINISHED or is_short:
        metadata = {"log_status": status}
        count = f"{there:,} of {wanted:,} samples" if wanted is not None else "not finished"
        notes.append(f"{count}; the log's status is {status}")
    if is_short:
        metadata["log_samples"] = f"{there} of {wanted}"
    cause = part_of(log.get("error")).get("message")
    if status != _FINISHED and isinstance(cause, str) and cause:
        metadata["log_error"] = cause
        notes[0] += f": {cause[:_LONGEST]}"
    if left_out:
        notes.append(_unread(left_out))
    return LogState(metadata, tuple(notes))


def _wanted(log: Mapping[str, Any]) -> int | None:
    """How many samples there were to be, repeats counted; ``None`` where the log does not say."""
    total = part_of(log.get("results")).get("total_samples")
    if type(total) is int and 0 <= total < 2**53:
        return total
    spec = part_of(log.get("eval"))
    ids = list_of(part_of(spec.get("dataset")).get("sample_ids"))
    epochs = part_of(spec.get("config")).get("epochs")
    return len(ids) * (epochs if type(epochs) is int and 0 < epochs < 2**31 else 1) or None


def _none_there(wanted: int | None, status: str, left_out: Sequence[str]) -> str:
    told = f"the {wanted:,} samples that the log tells of" if wanted else "its samples"
    unread = f"; {_unread(left_out)}" if left_out else ""
    return f"none of {told} is in it (its status is {status}){unread}"


def _unread(left_out: Sequence[str]) -> str:
    more = f" and {len(left_out) - 1:,} more" if len(left_out) > 1 else ""
    return f"not named like samples, and not read: {left_out[0]!a:.120}{more}"
