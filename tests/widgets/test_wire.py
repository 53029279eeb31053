"""Both sides of the wire have the same shapes: wire.py and js/src/wire.ts."""

import re
from pathlib import Path
from typing import Any, get_type_hints

import pytest

from dari_nb.widgets import LiveTranscript, wire

TYPESCRIPT = Path(__file__).parents[2] / "js" / "src" / "wire.ts"
SHAPES = {
    name: shape
    for name, shape in vars(wire).items()
    if isinstance(shape, type) and hasattr(shape, "__required_keys__") and name != "TypedDict"
}
WORDS = {
    "str": "string",
    "int": "number",
    "float": "number",
    "bool": "boolean",
    "None": "null",
}


def interfaces() -> dict[str, dict[str, str]]:
    text = re.sub(r"/\*\*.*?\*/", "", TYPESCRIPT.read_text(), flags=re.S)
    found = re.findall(r"export interface (\w+) \{(.*?)\}", text, flags=re.S)
    return {name: dict(re.findall(r"(\w+): ([^;]+);", body)) for name, body in found}


def typescript_of(hint: Any) -> str:
    """Say a Python type as wire.ts would."""
    text = hint.__name__ if isinstance(hint, type) else str(hint)
    literal = re.fullmatch(r"typing\.Literal\['(\w+)'\]", text)
    if literal:
        return f'"{literal[1]}"'
    return " | ".join(WORDS[part] for part in text.split(" | "))


def test_both_sides_know_the_same_shapes():
    assert set(interfaces()) == set(SHAPES)


@pytest.mark.parametrize("name", sorted(SHAPES))
def test_both_sides_agree_on_each_field(name):
    hints = get_type_hints(SHAPES[name])
    assert interfaces()[name] == {field: typescript_of(hint) for field, hint in hints.items()}


def test_the_synced_traits_are_those_of_the_wire():
    own = {name for name in LiveTranscript.class_own_traits(sync=True) if not name.startswith("_")}
    assert own == set(wire.State.__annotations__)
