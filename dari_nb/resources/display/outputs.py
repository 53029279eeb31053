"""Outputs of ipywidgets: what of ours they took in, and its static output where they are shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol
from weakref import WeakKeyDictionary

from ..connection import host

if TYPE_CHECKING:
    from .static_outputs import Bundle, Sheet, Write

_OURS = 'class="dari'
"""In the HTML of all that this package shows."""
_KINDS = ("text/html", "text/plain")


class Part(Protocol):
    """Something that is shown in an Output."""

    @property
    def known_static_output(self) -> Bundle | None:
        """Its static output, if there is any."""

    def place(self, write: Write, *, is_held: bool) -> None:
        """Take notice of a place for its static output."""


class _Printed:
    """Static output that was shown as such."""

    def __init__(self, bundle: Bundle) -> None:
        self.known_static_output = bundle

    def place(self, write: Write, *, is_held: bool) -> None:
        """It stays as it is."""


class _Held:
    """What an Output holds, and the sheets below the places where it is shown."""

    def __init__(self) -> None:
        self._parts: list[Part] = []
        self._sheets: list[Sheet] = []

    @property
    def is_empty(self) -> bool:
        return not self._parts

    def take(self, part: Part) -> None:
        self._parts.append(part)
        for sheet in self._sheets:
            self._put(part, sheet)

    def show(self, sheet: Sheet) -> None:
        self._sheets = [each for each in self._sheets if not each.is_lost_to(sheet)]
        self._sheets.append(sheet)
        for part in self._parts:
            self._put(part, sheet)

    def clear(self) -> None:
        for part in self._parts:
            for sheet in self._sheets:
                sheet.remove(part)
        self._parts.clear()

    def _put(self, part: Part, sheet: Sheet) -> None:
        write = sheet.add(part, part.known_static_output)
        sheet.write()
        part.place(write, is_held=True)


_all: WeakKeyDictionary[Any, _Held] = WeakKeyDictionary()


def take(output: Any, part: Part) -> None:
    """Note that an Output has taken something in."""
    _of(output).take(part)


def shown(output: Any, sheet: Sheet) -> None:
    """Note that an Output is shown, with a sheet for static output below it."""
    _of(output).show(sheet)


def is_empty(output: Any) -> bool:
    """Whether an Output holds nothing of ours."""
    return _of(output).is_empty


def watch(shell: Any) -> None:
    """Take notice of what a shell shows in Outputs."""
    forget(shell)
    if hasattr(shell.display_pub, "register_hook"):
        shell.display_pub.register_hook(_published)


def forget(shell: Any) -> None:
    """Take no more notice of it."""
    if hasattr(shell.display_pub, "unregister_hook"):
        shell.display_pub.unregister_hook(_published)


def _of(output: Any) -> _Held:
    return _all.setdefault(output, _Held())


def _published(message: dict[str, Any]) -> dict[str, Any]:
    """Notice what an Output takes in, or loses, and pass the message on."""
    kind = message["header"]["msg_type"]
    output = host.taking() if kind in ("display_data", "clear_output") else None
    if output is None:
        return message
    if kind == "clear_output":
        _of(output).clear()
    elif _OURS in (data := message["content"]["data"]).get("text/html", ""):
        _of(output).take(_Printed({kind: str(data[kind]) for kind in _KINDS if kind in data}))
    return message
