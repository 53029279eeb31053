"""The frames over whatever names sessions, read several at once."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from contextlib import closing
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

from ..errors import InvalidRequestError
from .bulk.loading import COSTS, EVENTS, MESSAGES, SESSIONS, Kind, Loading, M, OnError
from .bulk.sources import Source, parts_of
from .connections import current
from .dari import Dari

if TYPE_CHECKING:
    import pandas as pd

    from ..frames import BatchCell
    from ..frames.expanding import Expand
    from ..models.times import Since


class Options(TypedDict, total=False):
    """What all frames can be told.

    Attributes:
        dari: The connection for ids and queries; the current one when left out.
        on_error: ``"raise"`` (when left out) or ``"skip"``, which leaves out sessions that cannot
            be read, warns, and names them in ``frame.attrs["skipped"]``.
        refresh: ``True`` reads everything again. Otherwise a session that has ended is read once,
            and again only after another message was sent in it. Use it for events that come after
            the end, such as a webhook that failed.
        progress: ``False`` tells nothing. Otherwise reading for more than a second shows how far
            it is.
    """

    dari: Dari | None
    on_error: OnError
    refresh: bool
    progress: bool


def sessions_frame(
    source: Source = None, *, since: Since = None, **options: Unpack[Options]
) -> pd.DataFrame:
    """Load sessions as a DataFrame, one row a session.

    Sessions are read over several connections. After an interrupt, or an error, the same call
    goes on with what was read before.

    Args:
        source: Session ids or objects, turns, an agent, a batch, metadata to look sessions up by,
            or any number of these; all sessions when left out.
        since: Only sessions created at this time or later; recorded runs, whose time is
            unknown, never.
        **options: See :class:`Options`.

    Returns:
        Columns and dtypes as in :func:`dari_nb.frames.sessions_frame`, the same when empty.

    Raises:
        InvalidRequestError: Something names no session, or an option is none.
        DariError: A session cannot be read.

    >>> dari.sessions_frame({"managed_run_id": batch.run_id})["llm_id"].to_list()
    ['small', 'large', 'small', 'large']
    """
    from .. import frames

    return _frame(frames.sessions_frame, SESSIONS, source, options, since=since)


def messages_frame(
    source: Source = None, *, since: Since = None, **options: Unpack[Options]
) -> pd.DataFrame:
    """Load messages as a DataFrame, one row a message; arguments as in :func:`sessions_frame`.

    Args:
        source: Session ids or objects, turns, an agent, a batch, metadata; all sessions when
            left out.
        since: Only messages created at this time or later.
        **options: See :class:`Options`.

    Returns:
        Columns and dtypes as in :func:`dari_nb.frames.messages_frame`.

    Raises:
        InvalidRequestError: Something names no session, or an option is none.
        DariError: A session cannot be read.

    >>> dari.messages_frame(turn.wait())["prompt"].to_list()[:1]
    ['What is 6 * 7?']
    """
    from .. import frames

    return _frame(frames.messages_frame, MESSAGES, source, options, since=since)


def events_frame(
    source: Source = None,
    *,
    kinds: str | Collection[str] | None = None,
    tools: str | Collection[str] | None = None,
    since: Since = None,
    expand: Expand = None,
    **options: Unpack[Options],
) -> pd.DataFrame:
    """Load events as a DataFrame, one row an event.

    Args:
        source: As in :func:`sessions_frame`, or events.
        kinds: Only events of these types, such as ``"user.message"``; ``"tool."`` stands for all
            that begin so.
        tools: Only the events of calls of these tools.
        since: Only events from this time on.
        expand: ``"data"`` gives each key of the payloads a typed column ``data.<key>``; see
            :func:`dari_nb.frames.expanded`.
        **options: See :class:`Options`.

    Returns:
        Columns and dtypes as in :func:`dari_nb.frames.events_frame`.

    Raises:
        InvalidRequestError: Something names no session, or an argument cannot be right.
        DariError: A session cannot be read.

    >>> dari.events_frame(batch, kinds="assistant.message_completed")["type"].nunique()
    1
    """
    from .. import frames

    def make(events: Iterable[Any]) -> pd.DataFrame:
        wanted = frames.events_of(events, kinds=kinds, tools=tools)
        return frames.expanded(frames.events_frame(wanted), expand)

    return _frame(make, EVENTS, source, options, since=since)


def tool_calls_frame(
    source: Source = None,
    *,
    tools: str | Collection[str] | None = None,
    since: Since = None,
    expand: Expand = None,
    **options: Unpack[Options],
) -> pd.DataFrame:
    """Load tool calls as a DataFrame, one row a call.

    Args:
        source: As in :func:`sessions_frame`, or events.
        tools: Only calls of these tools; ``order`` still counts all calls of the session.
        since: Only calls requested from this time on.
        expand: ``"arguments"`` gives each argument a typed column ``arguments.<key>``, and
            ``"result"`` those of results; see :func:`dari_nb.frames.expanded`.
        **options: See :class:`Options`.

    Returns:
        Columns and dtypes as in :func:`dari_nb.frames.tool_calls_frame`.

    Raises:
        InvalidRequestError: Something names no session, or an argument cannot be right.
        DariError: A session cannot be read.

    >>> calls = dari.tool_calls_frame(batch, tools="evaluate", expand="arguments")
    >>> calls["arguments.expression"].to_list()[:2]
    ['2 / 3', '2 / 3']
    """
    from .. import frames

    def make(events: Iterable[Any]) -> pd.DataFrame:
        made = frames.tool_calls_frame(events, tools=tools, since=since)
        return frames.expanded(made, expand)

    return _frame(make, EVENTS, source, options)


def costs_frame(source: Source = None, **options: Unpack[Options]) -> pd.DataFrame:
    """Load what sessions have cost so far, one row a session.

    The last costs of a session come some minutes late: load them again then.

    Args:
        source: As in :func:`sessions_frame`; of a batch the sessions of all attempts, and not only
            of the last ones.
        **options: See :class:`Options`.

    Returns:
        Columns and dtypes as in :func:`dari_nb.frames.costs_frame`.

    Raises:
        InvalidRequestError: Something names no session, or an option is none.
        DariError: A session cannot be read.

    >>> dari.costs_frame(session)[["cost_usd"]].shape
    (1, 1)
    """
    from .. import frames

    return _frame(frames.costs_frame, COSTS, source, options)


def batch_frame(
    batch: Any,
    *,
    metadata: str | Iterable[str] | None = None,
    scores: str | Iterable[str] | None = None,
) -> pd.DataFrame:
    """Make a DataFrame of a batch as it stands, one row a cell.

    Args:
        batch: A :class:`Batch`, or what ``d.batches.from_runs()`` made.
        metadata: Keys, or one, to spread over columns ``metadata.<key>``; all by default.
        scores: Names that have a column even when no cell has them.

    Returns:
        Columns and dtypes as in :func:`dari_nb.frames.batch_frame`.

    Raises:
        InvalidRequestError: It is no batch.

    >>> dari.batch_frame(batch).groupby("llm_id", observed=True)["score.exact"].count().to_dict()
    {'large': 2, 'small': 2}
    """
    from .. import frames

    return frames.batch_frame(_batch_cells(batch), metadata=metadata, scores=scores)


def _batch_cells(batch: Any) -> list[BatchCell]:
    from .batches import Results
    from .batches.matrix.picture import frame_cells

    if not isinstance(batch, Results):
        raise InvalidRequestError(
            f"{batch!r} is no batch: give what d.batches.run() returns.", code="invalid_batch"
        )
    return frame_cells(batch)


def _frame(
    make: Callable[[Iterable[M]], pd.DataFrame],
    kind: Kind[M],
    source: Source,
    options: Options,
    *,
    since: Since = None,
) -> pd.DataFrame:
    """Make a frame of what is read, and say what is left out."""
    from .. import frames

    unknown = set(options) - Options.__optional_keys__
    if unknown:
        known = ", ".join(sorted(Options.__optional_keys__))
        raise TypeError(f"unexpected argument {min(unknown)!r}; beside its own there is {known}")
    loading = Loading(
        kind,
        parts_of(source, lambda: (options.get("dari") or current())._link, kind),
        on_error=options.get("on_error", "raise"),
        refresh=options.get("refresh", False),
        progress=options.get("progress", True),
    )
    # However it ends, no thread goes on reading.
    with closing(iter(loading)) as rows:
        frame = make(frames.later(rows, since))
    loading.conclude()
    if loading.skipped:
        frame.attrs["skipped"] = dict(loading.skipped)
    return frame
