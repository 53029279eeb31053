"""What metadata of runs say of their tasks, and not of single runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from ...models import TOKENS
from ...transcript.formats import SCORES

_FIGURES = {*TOKENS, *SCORES, "total_tokens", "model_usage", "total_time", "working_time", "uuid"}
"""What a run took, was worth or is called says nothing about its task."""


def about_tasks(
    metadata: Mapping[str, Sequence[Mapping[str, str]]], scores: Iterable[str]
) -> dict[str, dict[str, str]]:
    """Return what is known of each task: what its runs have in common, and not all tasks.

    What differs between the runs of any task is of runs; so are figures, and what stands beside a
    score, such as ``match.grade``.

    Args:
        metadata: The metadata of the runs of each task.
        scores: Metadata that are scores.

    >>> about_tasks({"a": [{"level": "1", "uuid": "x"}], "b": [{"level": "2", "uuid": "y"}]}, [])
    {'a': {'level': '1'}, 'b': {'level': '2'}}
    """
    names = list(scores)
    outcomes = tuple(f"{name.partition('.')[0]}." for name in names)
    of_runs = {key for runs in metadata.values() for key in _differing(runs)}
    first, *others = common = [runs[0] for runs in metadata.values()]
    of_all = {key for key, value in first.items() if all(o.get(key) == value for o in others)}
    skipped = {*names, *of_runs, *of_all, *_FIGURES}
    return {
        task: {k: v for k, v in of.items() if k not in skipped and not k.startswith(outcomes)}
        for task, of in zip(metadata, common, strict=True)
    }


def _differing(runs: Sequence[Mapping[str, str]]) -> set[str]:
    first, *others = runs
    return {key for other in others for key, _ in first.items() ^ other.items()}
