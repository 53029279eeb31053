"""A model as a file of this machine."""

from __future__ import annotations

import errno
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ...descriptors import open_regular
from .boxed import BOXED, Tools
from .cache import is_cached, log_of, place_of

CONTEXT = 8192
"""Tokens that all conversations with one model share, unless something else is said."""
_MAGIC = b"GGUF"


@dataclass(frozen=True)
class ModelFile:
    """A GGUF file, and how it is to be run.

    Attributes:
        path: The file.
        context: Tokens that a conversation may have; those that run side by side share them.
        name: What its log is called.
        model: What the model is called.
        about: What to expect of it; empty for a file of the user's own.
        options: What its makers advise.
        dry: How strongly it is held back from repeating itself; see :class:`BoxedModel`.
        tools: How it is told of tools where nothing else is said.

    >>> from pathlib import Path
    >>> size = Path("mine.gguf").write_bytes(b"GGUF")
    >>> other = dari.local.LocalDari(llms={"mine": {"gguf": "mine.gguf"}})
    >>> other.llms["mine"].file.context
    8192
    """

    path: Path
    context: int
    name: str
    model: str
    about: str = ""
    options: Mapping[str, Any] = field(default_factory=dict, compare=False)
    dry: float = 0.0
    tools: Tools = field(default="auto", compare=False)

    @property
    def log(self) -> Path:
        """Where its process writes what happens."""
        return log_of(self.name)


def model_file(gguf: str, context: int | None) -> ModelFile:
    """Find the file that a setting names: a pulled model by its name, or a path.

    Raises:
        ValueError: There is none, or it is no GGUF file.
    """
    boxed = BOXED.get(gguf)
    if boxed is not None:
        if not is_cached(boxed):
            raise ValueError(f"{gguf} is not there yet: dari-local model pull {gguf}")
        place, about = place_of(boxed), boxed.about
        context = context or boxed.context
        return ModelFile(
            place, context, gguf, boxed.model, about, boxed.options, boxed.dry, boxed.tools
        )
    path = Path(gguf).expanduser().absolute()
    if (wrong := fault_of(path)) is not None:
        raise ValueError(wrong)
    return ModelFile(path, context or CONTEXT, path.stem, path.stem)


def fault_of(path: Path) -> str | None:
    """Say why a path is that of no GGUF file, as far as its first bytes tell; else ``None``."""
    try:
        with open_regular(path) as file:
            start = file.read(len(_MAGIC))
    except FileNotFoundError:
        return f"there is no file {path}"
    except OSError as error:
        # Opening a socket fails with ENXIO, and a folder on Windows with EACCES.
        if error.errno in (errno.EINVAL, errno.ENXIO) or path.is_dir():
            return f"{path} is no regular file"
        return f"{path} cannot be read: {error.strerror}"
    if start != _MAGIC:
        how = "does not begin as one does" if start else "is empty"
        return f"{path} is no GGUF file: it {how}"
    return None
