"""Where several runs of one task diverge."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from ...errors import InvalidRequestError
from ..connection import host
from .runs import Entry, trajectories_of
from .success import Success

if TYPE_CHECKING:
    import pandas as pd

    from ...render.calls.alignment import Step
    from ...widgets.view import AnyLayout
    from .view import TrajectoriesReader

_ABSENT = (None,) * 6
"""What a run has where it has no call."""


class Trajectories:
    """Runs of one task with their tool calls side by side; :func:`dari_nb.trajectories` makes it.

    Shown in a notebook, it is a table in which each run and each call opens its transcript, and in
    static output one that names the sessions.

    Attributes:
        runs: The runs as they were given: sessions, transcripts, turns or cells.
        title: What they are runs of; may be empty.

    >>> trajectories = dari.trajectories(dari.Transcript.from_file("runs.jsonl"), title="Shop")
    >>> print(trajectories)
    Shop
    These are runs of 2 tasks. None of the 2 runs calls a tool. Success means ... 2 of 2.
    runs 1, 2 ✓ reward 1 ...
    """

    def __init__(self, entries: Sequence[Entry], success: Success = None, title: str = "") -> None:
        self._entries = entries
        self.title = title
        self._trajectories = trajectories_of(entries, success, title)

    @property
    def runs(self) -> list[Any]:
        """The runs as they were given."""
        return [entry.source for entry in self._entries]

    @property
    def steps(self) -> list[Step]:
        """The tool calls, aligned: what each step has in common, and the call of each run.

        >>> trajectories = batch.trajectories(1)
        >>> [(step.kind, len(step.calls)) for step in trajectories.steps]
        [('same', 2)]
        """
        return self._trajectories.steps

    @property
    def first_divergence(self) -> int | None:
        """The number of the first step that is not the same for all, from 1; ``None`` without."""
        return self._trajectories.first_divergence

    @property
    def finding(self) -> str:
        """Where they diverge, what was different before, and who succeeded; only what was counted.

        Where another step tells more of who succeeded, or whether a tool is called at all, it comes
        first, and each says how often chance alone does as much: by Fisher's exact test, two-sided,
        of success by side. It holds for all steps and tools together, since the clearest of them is
        looked for: outcomes are dealt out anew over the runs, in all ways there are up to 1,000,
        else in 1,000 that are drawn, always the same, and the clearest of each is counted. Nothing
        is said so of runs of several tasks, of which one may be harder than another.

        >>> batch.trajectories(1).finding
        'All 2 runs make the same call. ...'
        """
        from ...render.trajectories.static import finding_text

        return finding_text(self._trajectories)

    def to_frame(self) -> pd.DataFrame:
        """Return one row a step and run; ``tool_name`` is missing where a run has no such call.

        ``kind`` says what the step is to all runs, ``diverges`` whether they diverge there, and
        ``order`` counts the calls of a run from 1. ``p`` is how often chance alone sets those that
        succeeded apart as clearly as what differs at that step, see :attr:`finding`; missing where
        nothing differs, or success does not, and for runs of several tasks. For dtypes see
        :data:`dari_nb.frames.TRAJECTORIES`.

        >>> batch.trajectories(1).to_frame()[["step", "run", "kind", "tool_name"]].values.tolist()
        [[1, 1, 'same', 'evaluate'], [1, 2, 'same', 'evaluate']]
        """
        from ...frames import TRAJECTORIES

        return TRAJECTORIES.frame(self._step_rows())

    def clusters(self) -> pd.DataFrame:
        """Return one row a cluster of equal trajectories: how many runs, how many succeeded.

        Trajectories are equal that have the same calls with the same arguments in the same order.
        ``rate`` is ``succeeded`` by ``known``, and missing where nothing is known of any. For
        dtypes see :data:`dari_nb.frames.CLUSTERS`.

        >>> batch.trajectories(1).clusters()[["runs", "calls", "run_numbers"]].values.tolist()
        [[2, 1, '[1,2]']]
        """
        from ...frames import CLUSTERS

        return CLUSTERS.frame(self._cluster_rows())

    def open(self, run: int, step: int | None = None) -> Any:
        """Return a run's transcript as a view, at its call of a step.

        Args:
            run: The number of the run, from 1.
            step: The number of the step, from 1; the beginning when left out.

        Raises:
            InvalidRequestError: There is no such run, or it has no call there.

        >>> batch.trajectories(1).open(2, step=1).active.tool_name
        'evaluate'
        """
        entry, at = self._entry(run), None
        if step is not None:
            call = self._call(run, step)
            at = call.id
        return entry.transcript.view(at=at)

    def view(self, *, layout: AnyLayout = None) -> TrajectoriesReader:
        """Return it as a view in which each run and each call opens its transcript.

        Args:
            layout: Its place and size, an ``ipywidgets.Layout`` or a dict of CSS.

        >>> view = batch.trajectories(1).view()
        >>> view.active = "2:0"  # or open the call in the page
        >>> view.close()
        """
        from ...render.trajectories.static import trajectories_html
        from .view import TrajectoriesReader

        html = trajectories_html(self._trajectories, is_live=True)
        return TrajectoriesReader(
            self, html=html, open_one=lambda run: self._entry(run).html(), layout=layout
        )

    def to_mimebundle(self) -> dict[str, str]:
        """Return it as HTML, Markdown and plain text."""
        from ...render import noted
        from ...render.trajectories.static import static_trajectories

        return noted(
            static_trajectories(self._trajectories),
            f"`{self._name}.open(1)` shows the transcript of run 1.",
        )

    @property
    def _name(self) -> str:
        return host.name_of(self) or "trajectories"

    def _entry(self, run: int) -> Entry:
        is_there = isinstance(run, int) and 1 <= run <= len(self._entries)
        if not is_there:
            raise InvalidRequestError(
                f"There is no run {run!r}: they are numbered from 1 to {len(self._entries)}.",
                code="run_not_found",
            )
        return self._entries[run - 1]

    def _call(self, run: int, step: int) -> Any:
        if not (isinstance(step, int) and 1 <= step <= len(self.steps)):
            raise InvalidRequestError(
                f"There is no step {step!r}: they are numbered from 1 to {len(self.steps)}.",
                code="step_not_found",
            )
        call = self.steps[step - 1].calls[run - 1]
        if call is None:
            raise InvalidRequestError(
                f"Run {run} has no call at step {step}.", code="step_not_found"
            )
        return call

    def _step_rows(self) -> Iterator[tuple[Any, ...]]:
        trajectories, first_divergence = self._trajectories, self.first_divergence
        runs = [
            (run.number, run.session_id, cluster, run.success)
            for run, cluster in zip(trajectories.runs, trajectories.cluster_of, strict=True)
        ]
        for number, (step, row) in enumerate(
            zip(trajectories.steps, trajectories.rows, strict=True), 1
        ):
            kind, diverges, p = (
                step.kind,
                number == first_divergence,
                trajectories.chance_at(number - 1),
            )
            for (run, session, cluster, success), call, at in zip(
                runs, step.calls, row, strict=True
            ):
                told: tuple[Any, ...] = _ABSENT
                if call is not None and at is not None:
                    told = (
                        *(at + 1, call.tool_call_id, call.tool_name),
                        *(call.arguments, call.status, call.result),
                    )
                yield (number, run, session, cluster, kind, diverges, *told, success, p)

    def _cluster_rows(self) -> Iterator[tuple[Any, ...]]:
        for cluster in self._trajectories.clusters:
            runs = [self._trajectories.runs[place] for place in cluster.runs]
            rate = cluster.rate
            yield (
                *(cluster.number, rate.runs, rate.known, rate.succeeded, rate.share),
                len(runs[0].calls),
                [call.tool_name for call in runs[0].calls],
                [run.number for run in runs],
                [run.session_id for run in runs],
            )

    def __repr__(self) -> str:
        at = f"diverge at step {self.first_divergence}" if self.first_divergence else "all alike"
        return f"<Trajectories of {len(self._entries)} runs, {at}>"

    def __str__(self) -> str:
        return self.to_mimebundle()["text/plain"]

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return self.to_mimebundle()

    def _ipython_display_(self) -> None:
        if host.in_kernel():
            self.view()._ipython_display_()
        else:
            print(self)  # noqa: T201
