"""Figures and images as the bytes of a file."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any


def picture_of(value: Any) -> tuple[str, bytes | None] | None:
    """Return a picture's kind of file and its bytes; ``None`` for what is no picture.

    The bytes are ``None`` when it is a picture that cannot be drawn here.
    """
    if isinstance(value, type):
        return None
    drawn = [draw for known, draw in _KNOWN if known(value)]
    if not drawn:
        return _shown(value)
    try:
        return drawn[0](value)
    except Exception:  # noqa: BLE001
        return "png", None


def _library(value: Any) -> str:
    return type(value).__module__.partition(".")[0]


def _matplotlib(value: Any) -> tuple[str, bytes]:
    figure = value if hasattr(value, "savefig") else value.figure
    file = io.BytesIO()
    # Tight, because a picture for an agent should not lose the labels at its edges.
    figure.savefig(file, format="png", bbox_inches="tight")
    return "png", file.getvalue()


def _altair(value: Any) -> tuple[str, bytes]:
    file = io.BytesIO()
    value.save(file, format="png")
    return "png", file.getvalue()


def _image(value: Any) -> tuple[str, bytes]:
    file = io.BytesIO()
    value.save(file, format="png")
    return "png", file.getvalue()


def _shown(value: Any) -> tuple[str, bytes] | None:
    for kind in ("png", "svg"):
        show = getattr(value, f"_repr_{kind}_", None)
        content = _called(show) if callable(show) else None
        if isinstance(content, str):
            content = content.encode()
        if isinstance(content, bytes):
            return kind, content
    return None


def _called(show: Callable[[], Any]) -> Any:
    try:
        return show()
    except Exception:  # noqa: BLE001
        return None


_KNOWN: list[tuple[Callable[[Any], bool], Callable[[Any], tuple[str, bytes]]]] = [
    (lambda value: hasattr(value, "savefig"), _matplotlib),
    (lambda value: _library(value) == "matplotlib" and hasattr(value, "figure"), _matplotlib),
    (lambda value: _library(value) == "altair" and hasattr(value, "to_json"), _altair),
    (lambda value: _library(value) == "PIL" and hasattr(value, "getbands"), _image),
]
