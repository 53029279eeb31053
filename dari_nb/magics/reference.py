"""What the docstrings of public names tell, as ``%dari help`` shows it."""

from __future__ import annotations

import doctest
import importlib
import inspect
import re
from collections.abc import Callable, Iterable, Mapping
from functools import cache, cached_property
from types import ModuleType
from typing import Any

_PACKAGE = importlib.import_module(__package__.partition(".")[0])
NAMES = tuple(_PACKAGE.__all__)
"""The names of the package."""

WORDS = {
    "session": ("Session",),
    "turn": ("Turn",),
    "batch": ("Batch",),
    "tools": ("tool", "Session.use_tools"),
    "scores": ("scores",),
    "ratings": ("Batch.rate",),
    "frames": ("frames",),
    "tape": ("Tape",),
    "player": ("Tape.view", "Session.player"),
    "files": ("Files.upload", "Session.workspace"),
    "local": ("local.LocalDari",),
}
"""The words of the API, and the public names that tell of them."""

EXAMPLES = "examples"
"""The topic that tells the lines which examples go on from."""

_NOUNS = {"agents": "Agents", "sessions": "Sessions", "batches": "Batches", "files": "Files"}
_ROLE = re.compile(r":(?:\w+:)?\w+:`~?(?:dari_nb\.)?([^`]+)`")


def reference_on(topic: str) -> str:
    """Return what is told of a word or a public name; empty where there is no such thing."""
    if topic == EXAMPLES:
        return "\n".join(["Examples go on from these lines.", "", *_parts(_doc(_PACKAGE))[1]])
    paths = WORDS.get(topic, (topic.removeprefix("dari.").removeprefix("d."),))
    found = [(path, value) for path in paths if (value := _find(path)) is not None]
    return "\n\n".join(_help_text(path, value) for path, value in found)


def names_below(begun: str) -> list[str]:
    """Return what may stand behind the last dot of a public name, such as ``Session.view``."""
    path, dot, _ = begun.rpartition(".")
    value = _find(_NOUNS.get(path, path)) if dot else None
    return [] if value is None else [f"{path}.{name}" for name, _ in _members(value)]


def reference_by_last_part(word: str) -> str:
    """Return what is told of public names that end in a word, or else of those that take it."""
    begun = [path for path in last_parts() if path.rpartition(".")[2].lower() == word.lower()]
    exact = [path for path in begun if path.rpartition(".")[2] == word] or begun
    if len(exact) == 1:
        return _help_text(exact[0], _find(exact[0].removeprefix("d.")))
    if exact:
        return f"%dari help NAME tells more of one of these:\n{_listed(exact)}"
    taking = [path for path, value in last_parts().items() if word in _taken(value)]
    return f"{word} is an argument of:\n{_listed(taking)}" if taking else ""


@cache
def last_parts() -> dict[str, Any]:
    """Return what is public in the package's classes and modules, by name; each thing once."""
    modules = [importlib.import_module(f"{_PACKAGE.__name__}.{n}") for n in ("resources", "local")]
    classes = dict.fromkeys([*NAMES, *(name for module in modules for name in module.__all__)])
    tops = [(name, name) for name in classes] + [(f"d.{noun}", noun) for noun in _NOUNS]
    found = {id(value): (path, value) for path in classes if (value := _find(path)) is not None}
    for shown, top in tops:
        value = _find(_NOUNS.get(top, top))
        for name, member in _members(value):
            if not _is_documented(value, name, found):
                found.setdefault(id(_function(member)), (f"{shown}.{name}", member))
    return dict(found.values())


def _is_documented(value: Any, name: str, found: Mapping[int, Any]) -> bool:
    """Whether it only does in its own way what is told of another class, such as a batch."""
    bases = inspect.getmro(value)[1:] if inspect.isclass(value) else ()
    return any(id(_function(vars(base).get(name))) in found for base in bases if name in vars(base))


def _taken(value: Any) -> Iterable[str]:
    function = _function(value)
    return inspect.signature(function).parameters if inspect.isfunction(function) else ()


def _listed(paths: Iterable[str]) -> str:
    told = {path: _sentence(last_parts()[path]) for path in paths}
    width = max(map(len, told))
    return "\n".join(f"  {path:<{width}}  {sentence}" for path, sentence in told.items())


def _find(path: str) -> Any:
    """Find a public name; ``None`` where there is none."""
    first, *rest = path.split(".")
    value = _first(_NOUNS.get(first, first) if rest else first)
    value = _first(first.capitalize()) if rest and value is None else value
    for name in rest:
        value = None if name.startswith("_") else inspect.getattr_static(value, name, None)
    return value


def _first(name: str) -> Any:
    """Find a name of the package, or a class that people get from one."""
    if name in NAMES:
        return getattr(_PACKAGE, name)
    for part in ("resources", "resources.dari", "local"):
        value = getattr(importlib.import_module(f"{_PACKAGE.__name__}.{part}"), name, None)
        if isinstance(value, type):
            return value
    return None


def _help_text(path: str, value: Any) -> str:
    text, example = _parts(_doc(value))
    members = _members(value)
    width = max((len(name) for name, _ in members), default=0)
    listed = [f"  {name:<{width}}  {_sentence(member)}" for name, member in members]
    example = [f"Example, after the lines of %dari help {EXAMPLES}:", *example] if example else []
    parts = (_signature(path, value), "\n".join(text), "\n".join(listed), "\n".join(example))
    return "\n\n".join(filter(None, parts))


def _signature(path: str, value: Any) -> str:
    """Return the name with what it takes, without types; that alone of what is not called."""
    function = _function(value)
    if isinstance(value, property | cached_property) or not inspect.isfunction(function):
        return path
    signature = inspect.signature(function)
    given = (one for name, one in signature.parameters.items() if name not in ("self", "cls"))
    plain = [one.replace(annotation=one.empty) for one in given]
    return f"{path}{signature.replace(parameters=plain, return_annotation=signature.empty)}"


def _parts(doc: str) -> tuple[list[str], list[str]]:
    """Return a docstring's text, and its example as one can paste it, with what comes out."""
    text, code = "", []
    for part in doctest.DocTestParser().parse(doc):
        if isinstance(part, str):
            text += part
            continue
        code += part.source.rstrip("\n").split("\n")
        code += [f"# {line}" for line in part.want.replace("<BLANKLINE>", "").splitlines()]
    told = _ROLE.sub(r"\1", text).replace("``", "").replace("\n::\n\n", "\n")
    return re.sub(r"\n{3,}", "\n\n", told.strip("\n")).split("\n"), code


def _members(value: Any) -> list[tuple[str, Any]]:
    """Return what is public in a module or a class, in its own order."""
    if isinstance(value, ModuleType):
        return [(n, getattr(value, n)) for n in getattr(value, "__all__", ()) if not n.isupper()]
    if not isinstance(value, type):
        return []
    ours = [kind for kind in value.__mro__ if kind.__module__.startswith(_PACKAGE.__name__)]
    names = dict.fromkeys(name for kind in ours for name in vars(kind))
    found = [(n, inspect.getattr_static(value, n)) for n in names if not n.startswith("_")]
    return [(name, member) for name, member in found if callable(_function(member))]


def _function(value: Any) -> Callable[..., Any]:
    """Return the function that a member was written as."""
    for name in ("fget", "func", "__func__"):
        value = getattr(value, name, None) or value
    return value  # type: ignore[no-any-return]


def _doc(value: Any) -> str:
    return inspect.getdoc(_function(value)) or ""


def _sentence(value: Any) -> str:
    return _parts(_doc(value).partition("\n")[0])[0][0]
