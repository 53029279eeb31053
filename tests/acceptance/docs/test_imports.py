"""Imports bring in little; and each dependency is needed, each one needed is declared."""

import ast
import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions

import pytest

HEAVY = ["anywidget", "httpx", "markdown_it", "msgspec", "pandas", "starlette", "uvicorn"]
USED_BY_DEPENDENCIES = {"python-multipart"}  # by Starlette, to read forms
BROUGHT_BY_DEPENDENCIES = {"numpy", "traitlets"}  # by pandas and ipywidgets
LOADED = f"import sys; print([name for name in {HEAVY} if name in sys.modules])"
LOAD_EXTENSION = """
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
shell.run_line_magic("load_ext", "dari_nb")
assert "dari_send" in shell.magics_manager.magics["line"]
"""


@pytest.mark.parametrize(
    ("code", "allowed"),
    [
        ("import dari_nb", []),
        (LOAD_EXTENSION, []),
        ("import dari_nb.frames", ["msgspec", "pandas"]),
        ("import dari_nb; dari_nb.Client", ["httpx", "msgspec"]),
    ],
    ids=["import", "extension", "frames", "client"],
)
def test_import_loads_little(plain_env, code, allowed):
    command = [sys.executable, "-c", f"{code}\n{LOADED}"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=plain_env)
    assert set(ast.literal_eval(done.stdout.splitlines()[-1])) <= set(allowed)


def normal(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def declared(requirements):
    return {normal(re.match(r"[\w.-]+", each)[0]) for each in requirements}


def is_for_types(node):
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)


def imported(node):
    """Yield the modules that code imports when it runs."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            yield from (alias.name for alias in child.names)
        elif isinstance(child, ast.ImportFrom) and child.level == 0:
            yield child.module
        elif is_for_types(child):
            yield from (name for each in child.orelse for name in imported(each))
        else:
            yield from imported(child)


@pytest.fixture(scope="module")
def distributions(root):
    """Return the distributions that the package imports."""
    sources = (root / "dari_nb").rglob("*.py")
    modules = {name for s in sources for name in imported(ast.parse(s.read_text(encoding="utf-8")))}
    names = {module.partition(".")[0] for module in modules} - set(sys.stdlib_module_names)
    owners = packages_distributions()
    return {normal(dist) for name in names for dist in owners.get(name, [name])}


@pytest.fixture(scope="module")
def project(root):
    return tomllib.loads((root / "pyproject.toml").read_text())["project"]


def test_each_dependency_is_imported(project, distributions):
    assert declared(project["dependencies"]) - distributions == USED_BY_DEPENDENCIES


def test_each_import_is_declared(project, distributions):
    extras = {name: v for name, v in project["optional-dependencies"].items() if name != "dev"}
    known = declared([*project["dependencies"], *(each for v in extras.values() for each in v)])
    assert distributions - known <= BROUGHT_BY_DEPENDENCIES
