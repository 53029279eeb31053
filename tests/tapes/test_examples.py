"""The examples of the library come out as they say; those of public names are in the reference."""

from __future__ import annotations

import doctest
import pkgutil
from importlib import import_module

import pytest

from dari_nb import tapes

PUBLIC = ("tape",)
NAMES = [m.name for m in pkgutil.walk_packages(tapes.__path__) if m.name not in PUBLIC]
MODULES = [tapes.__name__, *(f"{tapes.__name__}.{name}" for name in NAMES)]


@pytest.mark.parametrize("name", MODULES)
def test_examples_come_out(name: str) -> None:
    assert doctest.testmod(import_module(name)).failed == 0
