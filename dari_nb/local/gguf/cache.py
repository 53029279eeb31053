"""The folder of pulled models, and what is in it."""

from __future__ import annotations

import os
from pathlib import Path

from .boxed import BOXED, BoxedModel

FOLDER = "DARI_NB_CACHE"
"""The variable that names another folder than the user's cache folder."""


def folder() -> Path:
    """Where pulled models and the logs of their processes are; it need not be there yet."""
    if own := os.environ.get(FOLDER):
        return Path(own).expanduser()
    from platformdirs import user_cache_path

    return user_cache_path("dari_nb", appauthor=False)


def place_of(model: BoxedModel) -> Path:
    """Where a pulled model is, or will be."""
    return folder() / "models" / model.filename


def is_cached(model: BoxedModel) -> bool:
    """Whether a model is there; its file gets its name when it is whole and checked."""
    try:
        return place_of(model).stat().st_size == model.size
    except OSError:
        return False


def pulled() -> list[str]:
    """Names of the models that are there."""
    return [name for name, model in BOXED.items() if is_cached(model)]


def log_of(name: str) -> Path:
    """The file that processes of a model write to."""
    return folder() / "logs" / f"{name}.log"
