"""Imports point down only: the parts of the package stand in layers, and this holds them there."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "dari_nb"

LAYERS = {
    "_secret": 0,
    "_version": 0,
    "cancelling": 0,
    "completing": 0,
    "descriptors": 0,
    "errors": 0,
    "ids": 0,
    "interrupts": 0,
    "git": 0,
    "printable": -1,
    "meant": 0,
    "score_kinds": -1,
    "score_values": 0,
    "models": 1,
    "bundles": 1,
    "tapes": 2,
    "client": 2,
    "transcript": 3,
    "render": 4,
    "frames": 4,
    "scores": 4,
    "checks": 5,
    "widgets": 5,
    "local": 6,
    "cli": 7,
    "resources": 7,
    "magics": 8,
}
ROOMS = {
    "local": (
        *("network", "json_schema", "store", "agents", "demo_agents", "workspaces", "sandbox"),
        *(
            "bundles",
            "tools",
            "gguf",
            "llm",
            "webhooks",
            "runtime",
            "playback",
            "service",
            "http",
        ),
    ),
    "resources": (
        *("listing", "connection", "hosted", "tools", "display", "tapes", "sessions", "agents"),
        *("bulk", "trajectories", "batches"),
    ),
}
"""The rooms of the largest parts, lowest first; what lies in none of them stands above all."""
MODULES = sorted(path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.py"))
KNOTS = (
    (
        "dari_nb.resources.sessions.session",
        "dari_nb.resources.sessions.turn",
    ),
    (
        "dari_nb.resources.batches.batch",
        "dari_nb.resources.batches.subject",
    ),
)
"""Modules whose imports lead back to them; a knot is only ever loosened."""


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


def floor_of(name: tuple[str, ...], part: str) -> int | None:
    """The floor of a module's room in a part, by its dotted name in parts."""
    if name[:2] != ("dari_nb", part) or len(name) < 3:
        return None
    rooms = ROOMS[part]
    return rooms.index(name[2]) if name[2] in rooms else len(rooms)


@cache
def module_graph() -> dict[str, set[str]]:
    """Each module with those it imports anywhere: above, inside functions, for types alone."""
    known = {".".join(("dari_nb", *place(module))): module for module in MODULES}
    graph = {}
    for name, module in known.items():
        used = {found for parts in imports(module) if (found := nearest(parts, known))}
        graph[name] = used - {name}
    return graph


def place(module: str) -> tuple[str, ...]:
    parts = Path(module).with_suffix("").parts
    return parts[:-1] if parts[-1] == "__init__" else parts


def nearest(name: tuple[str, ...], known: dict[str, str]) -> str | None:
    """The module that a dotted name lies in: itself, or the one that it is a name of."""
    return next((each for each in (".".join(name), ".".join(name[:-1])) if each in known), None)


def circles(graph: dict[str, set[str]]) -> list[list[str]]:
    """Circles that remain when the named knots count as one module each."""
    knot = {name: names[0] for names in KNOTS for name in names}
    merged: dict[str, set[str]] = {}
    for name, used in graph.items():
        own = knot.get(name, name)
        merged.setdefault(own, set()).update({knot.get(each, each) for each in used} - {own})
    try:
        TopologicalSorter(merged).prepare()
    except CycleError as error:
        return [error.args[1]]
    return []


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
    assert "client" not in parts_used(module)


@pytest.mark.parametrize("module", MODULES)
def test_parts_are_named_relatively_inside_the_package(module: str) -> None:
    tree = ast.parse((PACKAGE / module).read_text(encoding="utf-8"))
    absolute = [
        node.module
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and not node.level and node.module
    ]
    assert not [name for name in absolute if name.split(".")[0] == "dari_nb"]


@pytest.mark.parametrize("part", ROOMS)
def test_every_folder_of_a_large_part_is_a_room(part: str) -> None:
    folders = {path.parent.name for path in (PACKAGE / part).glob("*/__init__.py")}
    assert folders <= set(ROOMS[part])


@pytest.mark.parametrize("module", [name for name in MODULES if name.split("/")[0] in ROOMS])
def test_rooms_use_lower_rooms_only(module: str) -> None:
    part = module.split("/")[0]
    own = floor_of(("dari_nb", *Path(module).with_suffix("").parts), part)
    assert own is not None
    for name in imports(module):
        used = floor_of(name, part)
        assert used is None or used <= own, f"{module} must not import {'.'.join(name)}"


def test_no_import_leads_back_to_where_it_began() -> None:
    assert not circles(module_graph())


def test_every_knot_still_is_one() -> None:
    for names in KNOTS:
        for name in names:
            rest = {each: used & set(names) for each, used in module_graph().items()}
            assert reaches(rest, name, name), f"{name} has left its knot: strike it out"


def reaches(graph: dict[str, set[str]], start: str, goal: str) -> bool:
    seen: set[str] = set()
    ahead = [start]
    while ahead:
        for name in graph[ahead.pop()] - seen:
            seen.add(name)
            ahead.append(name)
    return goal in seen


@pytest.mark.parametrize("folder", sorted({str(Path(module).parent) for module in MODULES}))
def test_a_folder_can_be_looked_over(folder: str) -> None:
    assert len({path.name for path in (PACKAGE / folder).glob("*.py")} - {"__init__.py"}) <= 16
