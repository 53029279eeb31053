"""What all views have in common: their front end, strict names, and answers to the page."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError, Future
from functools import partial
from pathlib import Path
from typing import Any

import anywidget
from IPython.display import display

from ..errors import DariError
from ._kernel import has_pages
from .wire import Answer

STATIC = Path(__file__).parent / "static"
"""Where the front end is: a script and a style sheet for each view, built from ``js/``."""

Handler = Callable[..., Any]
"""Takes the body of a request; returns the answer's body, or a future of it.

A request with binary buffers hands their list over as a second argument.
A pair of a body and a list of ``bytes`` sends these beside it as binary buffers.
"""


class View(anywidget.AnyWidget):
    """A widget of this package: strict about names, and each request of a page is answered.

    Raises:
        TypeError: An argument is not one of the attributes.
    """

    def __init__(self, **traits: Any) -> None:
        self._handlers: dict[str, Handler] = {}
        self._present: Callable[[], object] | None = None
        self._in_jupyter: list[Callable[[], object]] = []
        self._at_close: list[Callable[[], object]] = []
        for name in traits:
            if not self.has_trait(name):
                raise TypeError(self._no_trait(name))
        super().__init__(**traits)
        self.on_msg(self._on_custom_message)

    def __setattr__(self, name: str, value: Any) -> None:
        if not name.startswith("_") and not hasattr(type(self), name):
            raise AttributeError(self._no_trait(name))
        super().__setattr__(name, value)

    def answer(self, what: str, handler: Handler) -> None:
        """Have ``handler`` answer the page's requests of this name.

        It runs in the kernel's main thread; work that takes long belongs into a future. What it
        raises reaches the reader as a text: a :class:`DariError` in its own words.
        """
        self._handlers[what] = handler

    def present_with(self, present: Callable[[], object]) -> None:
        """Have ``present`` show the widget whenever it is displayed, in place of showing itself."""
        self._present = present

    def on_jupyter(self, callback: Callable[[], object]) -> None:
        """Call ``callback`` when a page of JupyterLab or Notebook 7 shows the widget."""
        self._in_jupyter.append(callback)

    def on_close(self, callback: Callable[[], object]) -> None:
        """Call ``callback`` when the widget is closed."""
        self._at_close.append(callback)

    def open(self) -> None:
        """Begin to speak with pages, where there can be any: no state is saved in vain."""
        if has_pages():
            super().open()

    def close(self) -> None:
        """End the widget; views of it vanish, and later updates are ignored."""
        callbacks, self._at_close = self._at_close, []
        for callback in callbacks:
            callback()
        super().close()

    def received(self, message: dict[str, Any], buffers: Sequence[memoryview]) -> None:
        """Take a message of the page that is no request; nothing by default."""

    def to_mimebundle(self) -> dict[str, Any]:
        """Return what a front end that shows widgets makes this view of."""
        bundle = self._repr_mimebundle_()
        return dict(bundle[0] if isinstance(bundle, tuple) else bundle or {})

    def _ipython_display_(self) -> None:
        if self._present is not None:
            self._present()
        else:
            display(self.to_mimebundle(), raw=True)  # type: ignore[no-untyped-call]

    def _on_custom_message(self, _widget: Any, content: Any, buffers: Any) -> None:
        if not isinstance(content, dict):
            return
        if content.get("kind") == "request":
            self._answer(content, buffers or ())
        elif content.get("kind") == "jupyter":
            for callback in self._in_jupyter:
                callback()
        else:
            self.received(content, buffers or ())

    def _answer(self, request: dict[str, Any], buffers: Sequence[memoryview]) -> None:
        what = request.get("what")
        handler = self._handlers.get(str(what))
        if handler is None:
            self._reply(request, error=f"Nothing here answers {what!r}.")
            return
        try:
            body = request.get("body")
            result = handler(body, buffers) if buffers else handler(body)
        except Exception as error:  # noqa: BLE001
            self._reply(request, error=_words(error))
            return
        if isinstance(result, Future):
            result.add_done_callback(partial(self._reply_with, request))
        else:
            self._reply(request, result)

    def _reply_with(self, request: dict[str, Any], future: Future[Any]) -> None:
        try:
            result = future.result()
        except (Exception, CancelledError) as error:  # noqa: BLE001
            self._reply(request, error=_words(error))
        else:
            self._reply(request, result)

    def _reply(
        self, request: dict[str, Any], result: Any = None, *, error: str | None = None
    ) -> None:
        body, buffers = result if _has_buffers(result) else (result, None)
        number = request.get("id")
        answer = Answer(
            kind="answer", id=number if isinstance(number, int) else 0, error=error, body=body
        )
        self.send(answer, buffers)

    @classmethod
    def _no_trait(cls, name: str) -> str:
        public = [trait for trait in cls.class_trait_names() if not trait.startswith("_")]
        near = difflib.get_close_matches(name, public, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        return f"{cls.__name__} has no trait {name!r}{hint}"


def _has_buffers(result: Any) -> bool:
    return isinstance(result, tuple) and len(result) == 2 and isinstance(result[1], list)


def _words(error: BaseException) -> str:
    if isinstance(error, DariError):
        return str(error)
    if isinstance(error, CancelledError):
        return "It was cancelled."
    return f"{type(error).__name__}: {error}".removesuffix(": ")
