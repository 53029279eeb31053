"""Several runs at once, whatever they are given as."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .connections import current
from .trajectories.runs import entries
from .trajectories.trajectories import Trajectories

if TYPE_CHECKING:
    from .dari import Dari
    from .trajectories.success import Success


def trajectories(
    runs: Any, *, success: Success = None, title: str = "", dari: Dari | None = None
) -> Trajectories:
    """Show the tool calls of several runs side by side: where they diverge, and who succeeded.

    Calls are aligned, so that one that a single run has shifts none of the others. Runs that make
    the same calls with the same arguments are one cluster.

    Args:
        runs: Two runs or more: transcripts such as those of :meth:`Transcript.from_file`, sessions
            or their ids, turns (of which only their own calls count), or cells of a batch; of all
            runs of one task of a batch, ``batch.trajectories(task)`` is shorter.
        success: What tells whether a run succeeded: the name of a score, or of metadata, whose
            value 1 or yes is success; or a function of a run as it was given, that returns yes, no,
            or ``None`` where it does not know. When left out, it is the first score of the runs
            that is yes or no, or from 0 to 1; without one, whether they were completed.
        title: What they are runs of.
        dari: The connection for session ids; the current one when left out.

    Raises:
        InvalidRequestError: There are fewer than two, something is no run, or ``success`` does not
            tell yes or no.
        DariError: A session cannot be read.

    >>> runs = dari.Transcript.from_file("runs.jsonl")
    >>> dari.trajectories(runs).finding
    'These are runs of 2 tasks. None of the 2 runs calls a tool. Success means ... 2 of 2.'
    >>> made = dari.trajectories(runs, success=lambda run: "tea" in run.metadata["task_id"])
    >>> made.clusters()["rate"][0]
    np.float64(0.5)
    """
    made = entries(runs, lambda: (dari or current())._link)
    return Trajectories(made, success, title)
