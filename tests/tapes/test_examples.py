"""The examples in the library of tapes come out as they say."""

from __future__ import annotations

import doctest
import pkgutil
from importlib import import_module

import pytest

from dari_nb import tapes

MODULES = [
    tapes.__name__,
    *(f"{tapes.__name__}.{m.name}" for m in pkgutil.iter_modules(tapes.__path__)),
]


@pytest.mark.parametrize("name", MODULES)
def test_examples_come_out(name: str) -> None:
    assert doctest.testmod(import_module(name)).failed == 0
