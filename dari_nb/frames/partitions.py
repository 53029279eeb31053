"""The same frames for more than one machine: as ``dask.dataframe``, read on the workers."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import pandas as pd

from ..errors import DariError, InvalidRequestError
from ..models.times import Since
from .costs import costs_frame
from .events import events_frame
from .expanding import expanded
from .filters import events_of, later
from .messages import messages_frame
from .sessions import sessions_frame
from .tool_calls import tool_calls_frame

if TYPE_CHECKING:
    from ..client import Client

T = TypeVar("T")
What = Literal["sessions", "messages", "events", "tool_calls", "costs"]

KEY = "DARI_API_KEY"
SLICE = 100
WORKERS = 8

_VARIABLE = re.compile(r"[A-Z_][A-Z0-9_]*")
_PROVIDER = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*")


def dask(
    what: What,
    sessions: Iterable[Any],
    *,
    base_url: str | None = None,
    key: str = KEY,
    slice_of: int = SLICE,
    kinds: str | Collection[str] | None = None,
    tools: str | Collection[str] | None = None,
    since: Since = None,
    expand: Mapping[str, Mapping[str, str]] | None = None,
    metadata: Collection[str] = (),
) -> Any:
    """Make a ``dask.dataframe`` of sessions, one partition for each slice of them.

    Each partition is read on the worker that needs it, so that nothing is read before it is
    computed, and what is reduced there never meets in one process. The key does not travel: the
    graph has only its name, and each worker looks it up where it runs.

    Args:
        what: Which frame: ``sessions``, ``messages``, ``events``, ``tool_calls`` or ``costs``.
        sessions: Session ids, or objects with an ``id`` or a ``session_id``; a batch.
        base_url: The server; ``DARI_API_URL`` when left out.
        key: The name of the environment variable that holds the key on each worker, or
            ``"module:function"``, which is imported and called there.
        slice_of: Sessions a partition.
        kinds: For events: only these types; see :func:`events_of`.
        tools: For events and tool calls: only these tools.
        since: Only what was created at this time or later.
        expand: JSON columns to take apart, with keys and dtypes; see :func:`expanded`.
        metadata: For sessions and messages: keys to spread over columns.

    Returns:
        A ``dask.dataframe.DataFrame`` with the columns and dtypes of the frame of that name.

    Raises:
        InvalidRequestError: An argument cannot be right, or dask is not installed.
        DariError: On a worker, when a session cannot be read.

    >>> ids = [session.id for session in batch.wait().sessions]
    >>> calls = dari.frames.dask("tool_calls", ids, base_url=server.url, slice_of=2)
    >>> calls.npartitions
    2
    """
    base_url = base_url or os.environ.get("DARI_API_URL")
    if not base_url:
        raise InvalidRequestError(
            "Say where the Dari is: base_url=…, or set DARI_API_URL.", code="missing_url"
        )
    if not (_VARIABLE.fullmatch(key) or _PROVIDER.fullmatch(key)):
        # Not quoted: it may be the key itself.
        raise InvalidRequestError(
            'key= is a name, never the key: an environment variable, or "module:function".',
            code="exposed_api_key",
        )
    if slice_of < 1:
        raise InvalidRequestError(f"slice_of is at least 1, not {slice_of}.", code="invalid_number")
    if expand is not None and not isinstance(expand, Mapping):
        raise InvalidRequestError(
            'Partitions need fixed columns: expand={"arguments": {"to": …}}.', code="missing_column"
        )
    wanted = Wanted(what, kinds, tools, since, expand, tuple(metadata))
    ids = _ids(sessions)
    slices = [ids[start : start + slice_of] for start in range(0, len(ids), slice_of)]
    return _collection(Reading(base_url, key, wanted), slices or [[]], wanted.frame([]))


@dataclass(frozen=True)
class Wanted:
    """Which frame, and what of it."""

    what: str
    kinds: str | Collection[str] | None
    tools: str | Collection[str] | None
    since: Since
    expand: Mapping[str, Mapping[str, str]] | None
    metadata: tuple[str, ...]

    def frame(self, things: Iterable[Any]) -> pd.DataFrame:
        """Make the frame of what was read.

        Raises:
            InvalidRequestError: There is no such frame.
        """
        made = _FRAMES.get(self.what)
        if made is None:
            raise InvalidRequestError(
                f"No frame {self.what!r}: there is {', '.join(_FRAMES)}.", code="frame_not_found"
            )
        return expanded(made[1](self, things), self.expand)


@dataclass(frozen=True)
class Reading:
    """Reads slices of sessions; what a graph holds of the server, and no key."""

    base_url: str
    key: str
    wanted: Wanted

    def __call__(self, session_ids: Sequence[str]) -> pd.DataFrame:
        """Read one slice, several sessions at once, and make its frame."""
        from ..client import Client, fetch_many

        load = _FRAMES[self.wanted.what][0]
        calls = [_call(load, session_id) for session_id in session_ids]
        parts: dict[int, Any] = {}
        with (
            Client(self.base_url, _key(self.key)) as client,
            fetch_many(client, calls, workers=WORKERS) as results,
        ):
            for place, result in results:
                if isinstance(result, DariError):
                    raise result
                parts[place] = result
        return self.wanted.frame(row for place in sorted(parts) for row in parts.pop(place))


def _call(load: Callable[[Client, str], T], session_id: str) -> Callable[[Client], T]:
    return lambda client: load(client, session_id)


def _collection(reading: Reading, slices: list[list[str]], empty: pd.DataFrame) -> Any:
    try:
        dataframe = import_module("dask.dataframe")
        utils = import_module("dask.dataframe.utils")
    except ImportError:
        raise InvalidRequestError(
            "This needs dask: pip install 'dari-nb[dask]'.", code="missing_package"
        ) from None
    # Which names occur is known only when all partitions are.
    meta = utils.clear_known_categories(empty)
    return dataframe.from_map(
        reading, slices, meta=meta, label=f"dari-{reading.wanted.what}", enforce_metadata=False
    )


def _key(name: str) -> str:
    """Look the key up where this runs."""
    if _VARIABLE.fullmatch(name):
        key = os.environ.get(name)
        if not key:
            raise InvalidRequestError(
                f"This worker has no {name} in its environment.", code="missing_variable"
            )
        return key
    module, _, function = name.partition(":")
    try:
        provider = getattr(import_module(module), function)
    except (ImportError, AttributeError):
        raise InvalidRequestError(
            f"This worker cannot import {name}.", code="import_failed"
        ) from None
    return str(provider())


def _ids(sessions: Any) -> list[str]:
    if isinstance(sessions, str):
        return [sessions]
    found = [_id(entry) for entry in getattr(sessions, "sessions", sessions)]
    return [session_id for session_id in found if session_id]


def _id(entry: Any) -> str | None:
    if isinstance(entry, str):
        return entry
    for name in ("session_id", "id"):
        if hasattr(entry, name):
            session_id: str | None = getattr(entry, name)
            return session_id
    raise InvalidRequestError(
        f"{entry!r} is neither a session nor a session id.", code="invalid_session"
    )


_FRAMES: dict[
    str,
    tuple[Callable[[Client, str], Sequence[Any]], Callable[[Wanted, Iterable[Any]], pd.DataFrame]],
] = {
    "sessions": (
        lambda client, key: [client.sessions.get(key)],
        lambda w, rows: sessions_frame(later(rows, w.since), metadata=w.metadata),
    ),
    "messages": (
        lambda client, key: client.sessions.messages(key),
        lambda w, rows: messages_frame(later(rows, w.since), metadata=w.metadata),
    ),
    "events": (
        lambda client, key: client.sessions.events(key),
        lambda w, rows: events_frame(events_of(rows, kinds=w.kinds, tools=w.tools, since=w.since)),
    ),
    "tool_calls": (
        lambda client, key: client.sessions.events(key),
        lambda w, rows: tool_calls_frame(rows, tools=w.tools, since=w.since),
    ),
    "costs": (
        lambda client, key: [client.costs.session(key)],
        lambda w, rows: costs_frame(rows),
    ),
}
