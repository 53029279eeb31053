"""A table of several runs, in which each run and each of its calls opens the transcript."""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import traitlets

from ...errors import InvalidRequestError
from ..serial_executor import in_thread
from ..view import STATIC, View

OpenOne = Callable[[int], str]
_PLACE = re.compile(r"(\d{1,9}(:\d{1,9})?)?")


class TrajectoriesView(View):
    """Several runs side by side.

    Args:
        open_one: Gives the transcript of a run, by its number, as sanitised HTML; called in a
            thread of its own.

    Attributes:
        html: The table, as sanitised HTML; read-only.
        active: What is open: the number of a run, and behind a colon the place of one of its
            calls from 0, such as ``"2:0"``; empty for nothing. It is the value, too.

    Raises:
        TraitError: What was set as ``active`` is no such place.

    >>> view = batch.trajectories(1).view()
    >>> view.active = "1"
    >>> view.value
    '1'
    >>> view.close()
    """

    _esm = STATIC / "trajectories.js"
    _css = STATIC / "trajectories.css"
    _valued = "active"

    html = traitlets.Unicode("", read_only=True).tag(sync=True)
    active = traitlets.Unicode("").tag(sync=True)

    def __init__(self, *, open_one: OpenOne, **traits: Any) -> None:
        super().__init__(**traits)

        def opened(body: Any) -> Future[str]:
            run = body.get("run") if isinstance(body, dict) else None
            if not isinstance(run, int):
                raise InvalidRequestError("There is no such run.", code="run_not_found")
            return in_thread(open_one, run)

        self.answer("open", opened)

    @traitlets.validate("active")
    def _valid_selected(self, proposal: Any) -> str:
        value = str(proposal.value)
        if not _PLACE.fullmatch(value):
            raise traitlets.TraitError(f'{value!r} is no run, such as "2", and no call, as "2:0".')
        return value
