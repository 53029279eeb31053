"""Imports point down only: the parts of the package stand in layers, and this holds them there."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "dari_nb"

LAYERS = {
    "_secret": 0,
    "_version": 0,
    "errors": 0,
    "ids": 0,
    "models": 1,
    "transcript": 2,
    "client": 2,
    "render": 3,
    "frames": 3,
    "scores": 3,
    "local": 3,
    "widgets": 4,
    "workbench": 5,
    "magics": 6,
}
MODULES = sorted(path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.py"))


def imports(module: str) -> Iterator[tuple[str, ...]]:
    """Give all imports of a module, wherever they stand, as dotted names in parts."""
    place = ("dari_nb", *Path(module).with_suffix("").parts)
    for node in ast.walk(ast.parse((PACKAGE / module).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (tuple(alias.name.split(".")) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = (*(place[: -node.level] if node.level else ()),)
            source = (*base, *(node.module.split(".") if node.module else ()))
            yield from ((*source, alias.name) for alias in node.names)


def parts_used(module: str) -> set[str]:
    return {name[1] for name in imports(module) if name[0] == "dari_nb" and len(name) > 1}


def test_every_part_has_its_layer() -> None:
    parts = {Path(module).parts[0].removesuffix(".py") for module in MODULES} - {"__init__"}
    assert parts == set(LAYERS)


@pytest.mark.parametrize("module", [name for name in MODULES if name != "__init__.py"])
def test_imports_point_down_only(module: str) -> None:
    own = Path(module).parts[0].removesuffix(".py")
    for part in parts_used(module) - {own, "_version", "__version__"}:
        assert LAYERS[part] < LAYERS[own], f"{module} must not import dari_nb.{part}"


@pytest.mark.parametrize("module", [name for name in MODULES if name.startswith("local/")])
def test_the_local_dari_shares_no_code_with_the_client(module: str) -> None:
    # Models are asked over httpx, which is not how the local Dari answers its own callers.
    foreign = {"client", "httpx_sse"} | (set() if module.startswith("local/llm/") else {"httpx"})
    assert not foreign & {part for name in imports(module) for part in name}


@pytest.mark.parametrize("module", MODULES)
def test_parts_are_named_relatively_inside_the_package(module: str) -> None:
    tree = ast.parse((PACKAGE / module).read_text(encoding="utf-8"))
    absolute = [
        node.module
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and not node.level and node.module
    ]
    assert not [name for name in absolute if name.split(".")[0] == "dari_nb"]
