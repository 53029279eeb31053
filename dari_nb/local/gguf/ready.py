"""The LLMs that a local Dari has by itself: models that were pulled, where they can run."""

from __future__ import annotations

from typing import Any

from .cache import pulled
from .running import lacking


def pulled_llms() -> dict[str, dict[str, Any]]:
    """Return the settings of pulled models by name; none where they could not be run."""
    return {} if lacking() else {name: {"gguf": name} for name in pulled()}
