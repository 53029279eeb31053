"""A table of sessions: sorted, filtered, opened and chosen in the page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any

import traitlets

from ..object_traits import object_list_trait, object_trait
from ..packing import packed
from ..view import STATIC, View
from .wire import Row, SessionSummary

Load = Callable[[], "Future[Sequence[Row]]"]
Costs = Callable[[Sequence[str]], "Future[dict[str, str]]"]
Summaries = Callable[[Sequence[str]], "Future[dict[str, SessionSummary]]"]
Open = Callable[[str], "Future[str]"]


class SessionsView(View):
    """Sessions to choose from.

    Args:
        load: Gives the sessions as they are now, newest first.
        summaries: Gives what sessions are about.
        costs: Gives what sessions and runs have cost, as texts.
        open_one: Gives the transcript of a session as sanitised HTML.

    Attributes:
        active: The session that is open, or ``None``; it is the value, too.
        selection: Those whose boxes are ticked, in the order of the table.
        preview: Whether the one that is open is shown beside the table.

    >>> view = d.sessions.view(preview=False)
    >>> view.active, view.selection, view.preview
    (None, [], False)
    """

    _esm = STATIC / "sessions.js"
    _css = STATIC / "sessions.css"
    _valued = "active"

    active = object_trait()
    selection = object_list_trait()
    preview = traitlets.Bool(True).tag(sync=True)

    def __init__(
        self, *, load: Load, summaries: Summaries, costs: Costs, open_one: Open, **traits: Any
    ) -> None:
        super().__init__(**traits)
        self._load = load
        self.answer("rows", self._answer_rows)
        self.answer("summaries", lambda body: summaries([str(one) for one in body["ids"]]))
        self.answer("costs", lambda body: costs([str(one) for one in body["ids"]]))
        self.answer("open", lambda body: open_one(str(body["id"])))

    def _answer_rows(self, _body: Any) -> Future[tuple[None, list[bytes]]]:
        answer: Future[tuple[None, list[bytes]]] = Future()
        self._load().add_done_callback(lambda loaded: _pass_on(loaded, answer))
        return answer


def _pass_on(loaded: Future[Sequence[Row]], answer: Future[tuple[None, list[bytes]]]) -> None:
    error = loaded.exception()
    if error is not None:
        answer.set_exception(error)
    else:
        answer.set_result((None, [packed(loaded.result())]))
