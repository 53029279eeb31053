"""Traits that Python holds as objects and a page knows by their ids: what is shown, what is chosen.

``None`` is none; for a page, and only for a page, that is the empty id. Views say with
``traitlets.validate`` what an id stands for, so that an object is set by itself or by its id, from
either side.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import traitlets


def object_trait(
    id_of: Callable[[Any, Any], str] | None = None,
    named: Callable[[str, Any], Any] | None = None,
    *,
    read_only: bool = False,
) -> Any:
    """Make a trait that holds one object or ``None``.

    Args:
        id_of: Takes the object and its view, and returns its id; its attribute ``id`` by default.
        named: Takes an id that a page says and the view, and returns what it stands for; the id by
            default.
        read_only: Whether only the view itself sets it.
    """

    def read(value: Any, view: Any) -> Any:
        return None if value == "" else named(value, view) if named else value

    trait = traitlets.Any(None, read_only=read_only)
    return trait.tag(sync=True, to_json=id_of or id_in, from_json=read)


def object_list_trait(
    id_of: Callable[[Any, Any], str] | None = None, named: Callable[[str, Any], Any] | None = None
) -> Any:
    """Make a trait that holds a list of objects; see :func:`object_trait`."""

    def read(values: Any, view: Any) -> Any:
        return [named(value, view) for value in values] if named else values

    def ids(values: Any, view: Any) -> list[str]:
        return [(id_of or id_in)(value, view) for value in values]

    return _ObjectList().tag(sync=True, to_json=ids, from_json=read)


def each_once(found: Iterable[Any]) -> list[Any]:
    """Return objects without those that an earlier one has the id of."""
    by_id: dict[str, Any] = {}
    for one in found:
        by_id.setdefault(id_in(one), one)
    return list(by_id.values())


class _ObjectList(traitlets.List):  # type: ignore[type-arg]
    def set(self, obj: Any, value: Any) -> None:
        # The trait would take one text for a list of it, also an empty one.
        if isinstance(value, str):
            self.error(obj, value)
        super().set(obj, value)


def id_in(value: Any, _view: object = None) -> str:
    """Return the id of an object, which may be that itself; the empty one of ``None``."""
    return "" if value is None else str(getattr(value, "id", value))
