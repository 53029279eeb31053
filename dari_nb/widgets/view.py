"""What all views have in common: their front end, strict names, and answers to the page."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError, Future
from functools import partial
from pathlib import Path
from typing import Any, Protocol, TypeAlias

import traitlets
from IPython.display import display
from ipywidgets import Layout  # type: ignore[import-untyped]

from ..errors import DariError, InvalidRequestError
from ..interrupts import deferred
from ._kernel import has_pages, heard_in_main_thread
from .holding import is_held
from .presence import Presence
from .threads import SetByThreads
from .wire import Answer, Last, Unasked, Who

STATIC = Path(__file__).parent / "static"
"""Where the front end is: a script and a style sheet for each view, built from ``js/``."""

_NOWHERE = "no-page"
"""Stands for the id of a view where no page can show it."""
_UNSEEN = "A view that lives: it is seen while its kernel runs."
"""What stands for a view where there is nothing to show it, and no static output below it."""


class Presenter(Protocol):
    """Shows a view in place of the view itself."""

    def show(self) -> None:
        """Show it, one more time."""


Handler = Callable[..., Any]
"""Takes the body of a request; returns the answer's body, or a future of it.

A request with binary buffers hands their list over as a second argument.
A pair of a body and a list of ``bytes`` sends these beside it as binary buffers.
"""


AnyLayout: TypeAlias = Layout | dict[str, Any] | None
"""How large a view is and where: as ipywidgets have it, or CSS by name with ``_`` for ``-``."""


class View(SetByThreads):
    """A widget of this package: strict about names, and each request of a page is answered.

    It goes wherever ipywidgets go: into boxes and tabs, through ``link`` and ``jslink``, and with
    ``interactive_output``.

    Args:
        layout: Its place and size, an :class:`ipywidgets.Layout` or a dict of CSS.
        **traits: Any of the attributes.

    Attributes:
        value: What a view is about, for ``interactive_output``, which asks for this name: the same
            as the trait that the view names; read-only.

    Raises:
        TypeError: An argument is not one of the attributes.
        InvalidRequestError: The layout is none.
    """

    value = traitlets.Any(None, read_only=True)
    presenter: Presenter | None = None
    """What shows it in place of itself."""
    _valued = ""
    """The trait that is the value, too."""
    _is_made = False
    _has_late_pages = False
    """Whether a page said hello that lacks what was told before: its output is from a file, and it
    is told of nothing that is written there."""

    def __init_subclass__(cls, **options: Any) -> None:
        """Keep the front end as text: anywidget's watched files hold every view that was made."""
        files = [name for name in ("_esm", "_css") if isinstance(vars(cls).get(name), Path)]
        super().__init_subclass__(**options)
        for name in files:
            setattr(cls, name, str(getattr(cls, name)))

    def __init__(self, *, layout: AnyLayout = None, **traits: Any) -> None:
        self._handlers: dict[str, Handler] = {}
        self._seen: list[Callable[[bool], object]] = []
        self._unseen: list[Callable[[bool], object]] = []
        self._at_close: list[Callable[[], object]] = []
        # A layout that others have made may be that of other widgets, too.
        self._is_layout_given = isinstance(layout, Layout)
        layout = _laid_out(layout)
        self._presence = Presence(lambda: self.send(Who(kind="who")), self._notify_unseen)
        for name in traits:
            if not self.has_trait(name):
                raise TypeError(self._no_trait(name))
        told = {name: traits.pop(name) for name in list(traits) if self.traits()[name].read_only}
        self.update_traits(**told)
        super().__init__(**traits if layout is None else {**traits, "layout": layout})
        if self._valued:
            self.observe(lambda change: self.set_trait("value", change.new), self._valued)
        self.on_msg(self._on_custom_message)
        self._is_made = True

    def __del__(self) -> None:
        # One whose making failed has opened nothing that is to be closed.
        if self._is_made:
            super().__del__()

    def add_traits(self, **traits: Any) -> None:
        """Add traits, as anywidget does to each view; ``help`` still tells what class it is of."""
        told = type(self).__doc__
        super().add_traits(**traits)
        type(self).__doc__ = told

    def __setattr__(self, name: str, value: Any) -> None:
        if not name.startswith("_") and not hasattr(type(self), name):
            raise AttributeError(self._no_trait(name))
        super().__setattr__(name, value)

    def update_traits(self, **traits: Any) -> None:
        """Set traits, also those that only the kernel tells, with one message to the page."""
        with self.hold_sync():
            for name, value in traits.items():
                self.set_trait(name, value)

    def answer(self, what: str, handler: Handler) -> None:
        """Have ``handler`` answer the page's requests of this name.

        It runs in the kernel's main thread; work that takes long belongs into a future. What it
        raises reaches the reader as a text: a :class:`DariError` in its own words.
        """
        self._handlers[what] = handler

    @property
    def model_id(self) -> str:
        """Its id in pages. Whoever asks is about to show it, so a view at rest opens for that."""
        if self.comm is None:
            self.open()
        return self.comm.comm_id if self.comm is not None else _NOWHERE

    def _on_seen(self, callback: Callable[[bool], object]) -> None:
        """Call ``callback`` when a page shows the widget; told whether it is one of Jupyter's."""
        self._seen.append(callback)

    def _on_unseen(self, callback: Callable[[bool], object]) -> None:
        """Call ``callback`` when no page shows it any more; told whether its output is gone."""
        self._unseen.append(callback)

    def _expect(self) -> None:
        """Wait for a page to show it, which it is told to; in the kernel's main thread."""
        self._presence.expect()

    def _doubt(self, *, cleared: bool = False) -> None:
        """Ask the pages whether they show the widget; in the kernel's main thread.

        Args:
            cleared: Whether the output is gone where it was.
        """
        if self.comm is not None:
            self._presence.doubt(cleared=cleared)

    def on_close(self, callback: Callable[[], object]) -> None:
        """Call ``callback`` when the widget is closed."""
        self._at_close.append(callback)

    def _leave_static_output(self, html: str) -> None:
        """Leave static output in the pages that show the widget, which is about to be closed."""
        if self.comm is not None:
            self.send(Last(kind="last", html=html))

    def _input_left(self) -> None:
        """Tell the pages that the cell which waits for this view reads no input any more."""
        if self.comm is not None:
            self.send(Unasked(kind="unasked"))

    def open(self) -> None:
        """Begin to speak with pages, where there can be any: no state is saved in vain."""
        if has_pages():
            if self.layout.comm is None:
                self.layout.open()
            super().open()
            heard_in_main_thread(self.comm)

    def close(self) -> None:
        """End the widget; views of it vanish, and later updates are ignored.

        >>> view = d.sessions.view()
        >>> view.close()
        """
        callbacks, self._at_close = self._at_close, []
        for callback in callbacks:
            callback()
        self._end()

    def _rest(self) -> None:
        """Speak with no page, and be held by none, until :meth:`open` begins anew.

        What another widget holds may be shown by that at any time, and stays open for it.
        """
        if self.comm is None or not is_held(self):
            self._end()

    def _end(self) -> None:
        super().close()
        if not self._is_layout_given:
            self.layout.close()
        # A widget that is closed forgets how it is shown.
        self.__dict__.pop("_repr_mimebundle_", None)

    def _received(self, message: dict[str, Any], buffers: Sequence[memoryview]) -> None:
        """Take a message of the page that is no request; nothing by default."""

    def to_mimebundle(self) -> dict[str, Any]:
        """Return what a front end that shows widgets makes this view of."""
        return mimebundle_of(self)

    def _ipython_display_(self) -> None:
        if self.presenter is not None:
            self.presenter.show()
        else:
            display(self.to_mimebundle(), raw=True)

    def _on_custom_message(self, _widget: Any, content: Any, buffers: Any) -> None:
        if not isinstance(content, dict):
            return
        if content.get("kind") == "request":
            # A page waits for its answer, whoever interrupts the kernel meanwhile.
            with deferred():
                self._answer(content, buffers or ())
        elif content.get("kind") == "here":
            self._presence.here()
            for callback in self._seen:
                callback(content.get("jupyter") is True)
        elif content.get("kind") == "gone":
            self._doubt(cleared=content.get("cleared") is True)
        else:
            self._has_late_pages |= content.get("kind") == "hello"
            self._received(content, buffers or ())

    def _notify_unseen(self, cleared: bool) -> None:
        for callback in self._unseen:
            callback(cleared)

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


def mimebundle_of(widget: Any, *, has_static_output: bool = False) -> dict[str, Any]:
    """Return what a front end that shows widgets makes one of.

    Args:
        widget: A view, or what holds some.
        has_static_output: Whether its static output is below it, to be read without a widget.
    """
    bundle = widget._repr_mimebundle_()
    made = dict(bundle[0] if isinstance(bundle, tuple) else bundle or {})
    return {**made, "text/plain": "" if has_static_output else _UNSEEN} if made else made


def _has_buffers(result: Any) -> bool:
    return isinstance(result, tuple) and len(result) == 2 and isinstance(result[1], list)


def _words(error: BaseException) -> str:
    if isinstance(error, DariError):
        return str(error)
    if isinstance(error, CancelledError):
        return "It was cancelled."
    return f"{type(error).__name__}: {error}".removesuffix(": ")


def _laid_out(layout: AnyLayout) -> Layout | None:
    """Return a layout as ipywidgets have it.

    Raises:
        InvalidRequestError: It is none.
    """
    if layout is None or isinstance(layout, Layout):
        return layout
    try:
        return Layout(**layout)
    except (TypeError, traitlets.TraitError):
        raise InvalidRequestError(
            "layout is an ipywidgets.Layout or a dict of CSS, such as {'width': '40%'}, and not "
            f"{layout!r:.80}.",
            code="invalid_layout",
        ) from None
