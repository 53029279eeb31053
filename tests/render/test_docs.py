import doctest
import importlib
import pkgutil

import dari_nb.render

MODULES = [
    module.name for module in pkgutil.walk_packages(dari_nb.render.__path__, "dari_nb.render.")
]


def test_examples_in_docstrings_hold():
    for name in MODULES:
        assert doctest.testmod(importlib.import_module(name)).failed == 0, name
