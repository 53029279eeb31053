"""A table of sessions: sorted, filtered, opened and selected in the page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any

import traitlets

from ..packing import packed
from ..view import STATIC, View
from .wire import Row

Load = Callable[[], "Future[Sequence[Row]]"]
Costs = Callable[[Sequence[str]], "Future[dict[str, str]]"]
Open = Callable[[str], "Future[str]"]


class SessionsView(View):
    """Sessions to choose from.

    Args:
        load: Gives the sessions as they are now, newest first.
        costs: Gives what sessions have cost, as texts.
        open_one: Gives the transcript of a session as sanitised HTML.

    Attributes:
        selected: Ids of the selected sessions, in the order of the table.
    """

    _esm = STATIC / "sessions.js"
    _css = STATIC / "sessions.css"

    selected = traitlets.List(traitlets.Unicode()).tag(sync=True)

    def __init__(self, *, load: Load, costs: Costs, open_one: Open, **traits: Any) -> None:
        super().__init__(**traits)
        self._load = load
        self.answer("rows", self._answer_rows)
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
