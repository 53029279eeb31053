import doctest
import importlib
import pkgutil

import pytest

import dari_nb.render

MODULES = [module.name for module in pkgutil.iter_modules(dari_nb.render.__path__)]


@pytest.mark.parametrize("name", MODULES)
def test_examples_in_docstrings_hold(name):
    assert doctest.testmod(importlib.import_module(f"dari_nb.render.{name}")).failed == 0
