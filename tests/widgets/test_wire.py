"""Both sides of each wire have the same shapes: a ``wire.py`` and a ``wire.ts`` for each part."""

import re
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any, get_type_hints

import pytest

from dari_nb import widgets
from dari_nb.widgets.view import View

TYPESCRIPT = Path(__file__).parents[2] / "js" / "src"
HERE = Path(widgets.__file__).parent
PARTS = ["host", *sorted(file.parent.name for file in HERE.glob("*/wire.py"))]
WORDS = {
    "str": "string",
    "int": "number",
    "float": "number",
    "bool": "boolean",
    "None": "null",
    "typing.Any": "unknown",
    "Any": "unknown",
}


def wire_of(part: str) -> ModuleType:
    name = "wire" if part == "host" else f"{part}.wire"
    return import_module(f"dari_nb.widgets.{name}")


def shapes(part: str) -> dict[str, Any]:
    found = vars(wire_of(part)).items()
    return {n: s for n, s in found if hasattr(s, "__required_keys__") and n != "TypedDict"}


def interfaces(part: str) -> dict[str, dict[str, str]]:
    text = (TYPESCRIPT / part / "wire.ts").read_text()
    text = re.sub(r"/\*\*.*?\*/", "", text, flags=re.S)
    found = re.findall(r"export interface (\w+) \{(.*?)\n\}", text, flags=re.S)
    return {name: dict(re.findall(r"(\w+): ([^;]+);", body)) for name, body in found}


def typescript_of(hint: Any) -> str:
    """Say a Python type as wire.ts would."""
    text = hint.__name__ if isinstance(hint, type) and not _is_generic(hint) else str(hint)
    if literal := re.fullmatch(r"typing\.Literal\[(.*)\]", text):
        return " | ".join(f'"{word}"' for word in re.findall(r"'([^']*)'", literal[1]))
    return typescript_of_text(text)


def typescript_of_text(text: str) -> str:
    if paired := re.fullmatch(r"tuple\[(.*)\]", text):
        return f"[{', '.join(map(typescript_name, paired[1].split(', ')))}]"
    if listed := re.fullmatch(r"list\[(.*)\]", text):
        inner = typescript_of_text(listed[1])
        return f"({inner})[]" if "|" in inner else f"{inner}[]"
    if mapped := re.fullmatch(r"dict\[str, (.*)\]", text):
        return f"Record<string, {typescript_of_text(mapped[1])}>"
    return typescript_name(text)


def typescript_name(text: str) -> str:
    return " | ".join(WORDS.get(p, p.rsplit(".", 1)[-1]) for p in text.split(" | "))


def _is_generic(hint: Any) -> bool:
    return "[" in str(hint)


FIELDS = [(part, name) for part in PARTS for name in shapes(part)]


@pytest.mark.parametrize("part", PARTS)
def test_both_sides_know_the_same_shapes(part):
    assert set(interfaces(part)) == set(shapes(part))


@pytest.mark.parametrize(("part", "name"), FIELDS)
def test_both_sides_agree_on_each_field(part, name):
    hints = get_type_hints(shapes(part)[name])
    assert interfaces(part)[name] == {field: typescript_of(hint) for field, hint in hints.items()}


VIEWS = [view for name in widgets.__all__ if issubclass(view := getattr(widgets, name), View)]


@pytest.mark.parametrize("view", VIEWS)
def test_the_synced_traits_are_those_of_the_wire(view):
    own = {name for name in view.class_own_traits(sync=True) if not name.startswith("_")}
    state = import_module(view.__module__.rsplit(".", 1)[0] + ".wire").State
    assert own == set(state.__annotations__)
