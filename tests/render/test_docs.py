import doctest
import importlib
import pkgutil

import pytest

import dari_nb.render

MODULES = [
    module.name for module in pkgutil.walk_packages(dari_nb.render.__path__, "dari_nb.render.")
]


@pytest.mark.parametrize("name", MODULES)
def test_examples_in_docstrings_hold(name):
    assert doctest.testmod(importlib.import_module(name)).failed == 0
