"""Which models there are, and taking them away again."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from .boxed import BOXED, boxed
from .cache import is_cached, place_of


@dataclass(frozen=True)
class ModelState:
    """A model that can be pulled.

    Attributes:
        name: What it is called here.
        model: What its makers call it.
        about: What to expect of it.
        licence: Its licence.
        size: The size of its file in bytes.
        path: The file, when it is there.

    >>> dari.local.list_models()[0].about
    'a very small model, often wrong'
    """

    name: str
    model: str
    about: str
    licence: str
    size: int
    path: Path | None


def list_models() -> list[ModelState]:
    """Tell which models can be pulled, and which are there.

    >>> [model.name for model in dari.local.list_models()]
    ['smollm2']
    """
    return [
        ModelState(
            *(each.name, each.model, each.about, each.licence, each.size),
            place_of(each) if is_cached(each) else None,
        )
        for each in BOXED.values()
    ]


def remove_model(name: str) -> bool:
    """Remove a pulled model from the cache folder; what runs with it goes on.

    Args:
        name: The model.

    Returns:
        Whether it was there.

    Raises:
        InvalidRequestError: There is no model of this name.

    >>> dari.local.remove_model("smollm2")
    False
    """
    place = place_of(boxed(name, "remove"))
    was_there = place.exists()
    place.unlink(missing_ok=True)
    return was_there
