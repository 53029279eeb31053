"""The public names as a stranger finds them: from ``__all__``, by what each gives back."""

from __future__ import annotations

import ast
import functools
import importlib
import importlib.util
import inspect
import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from inspect import isfunction
from types import ModuleType
from typing import Any

import dari_nb
from dari_nb.errors import DariError

_WORD = re.compile(r"[A-Za-z_][\w.]*")
_MADE_IN_INIT = re.compile(r"self\.([a-z]\w*)(?:: [^=]+)? = ([A-Za-z_][\w.]*)\(")
_LIKE = re.compile(
    r"(?:as in|as of|as for|see|those of|is that of) :(?:meth|func|class):`~?([\w.]+)`"
)


@dataclass(frozen=True)
class Public:
    """A public name: where it stands, and what it is.

    Attributes:
        path: As people may write it, such as ``Session.view``.
        value: The function or class; a property's function.
        owner: The class that it is a member of.
        is_property: Whether it is read and not called.
    """

    path: str
    value: Any
    owner: type | None = None
    is_property: bool = False

    @property
    def name(self) -> str:
        return self.path.rpartition(".")[2]

    @property
    def doc(self) -> str:
        return inspect.getdoc(self.value) or ""

    @property
    def is_class(self) -> bool:
        return isinstance(self.value, type)

    def parameters(self) -> list[str]:
        """The arguments that people give, without ``self`` and ``cls``."""
        try:
            found = inspect.signature(self.value).parameters
        except (TypeError, ValueError):
            return []
        return [name for name in found if name not in ("self", "cls") and name[:1] != "_"]

    def described(self, seen: frozenset[str] = frozenset()) -> str:
        """The docstring with those that it refers to for its arguments and errors."""
        parts = [self.doc]
        for reference in _LIKE.findall(self.doc):
            other = None if reference in seen else self.find(reference)
            if other is not None:
                parts.append(other.described(seen | {reference, self.name}))
        return "\n\n".join(parts)

    def find(self, reference: str) -> Public | None:
        """What a reference in the docstring leads to, as Sphinx would look it up."""
        names = names_of(self.value.__module__)
        if "." not in reference and self.owner is not None and hasattr(self.owner, reference):
            return Public(reference, vars_of(self.owner, reference), self.owner)
        first, *rest = reference.removeprefix("dari_nb.").split(".")
        value = names.get(first, getattr(dari_nb, first, None) or BY_NAME.get(first))
        owner = None
        for name in rest:
            owner, value = value, getattr(value, name, None)
        if value is None:
            return None
        return Public(reference, value, owner if isinstance(owner, type) else None)

    def errors(self) -> set[type[DariError]]:
        """The errors of this package that its own statements raise."""
        try:
            tree = ast.parse(textwrap.dedent(inspect.getsource(self.value)))
        except (OSError, TypeError):
            return set()
        names = names_of(self.value.__module__)
        raised = (n.exc for n in ast.walk(tree) if isinstance(n, ast.Raise) and n.exc is not None)
        called = (e.func if isinstance(e, ast.Call) else e for e in raised)
        kinds = (names.get(e.id) for e in called if isinstance(e, ast.Name))
        return {k for k in kinds if isinstance(k, type) and issubclass(k, DariError)}


@functools.cache
def names_of(module_name: str) -> dict[str, Any]:
    """Return all names that a module's annotations may use, those for types alone included."""
    module = importlib.import_module(module_name)
    package = module_name if hasattr(module, "__path__") else module_name.rpartition(".")[0]
    found: dict[str, Any] = {}
    for node in ast.walk(ast.parse(inspect.getsource(module))):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = importlib.util.resolve_name("." * node.level + (node.module or ""), package)
            source = importlib.import_module(base)
            for alias in node.names:
                value = getattr(source, alias.name, None)
                if value is None:
                    value = importlib.import_module(f"{base}.{alias.name}")
                found[alias.asname or alias.name] = value
    return found | vars(module)


def vars_of(owner: type, name: str) -> Any:
    """Return a member's function as it was written."""
    value = inspect.getattr_static(owner, name)
    if isinstance(value, staticmethod | classmethod):
        return value.__func__
    if isinstance(value, property):
        return value.fget
    return value.func if isinstance(value, functools.cached_property) else value


def is_ours(value: Any) -> bool:
    return str(getattr(value, "__module__", "")).startswith("dari_nb")


def members(owner: type, path: str) -> Iterator[Public]:
    """Give the public functions and properties of a class, those of our bases included."""
    for name in dict.fromkeys(n for base in owner.__mro__ if is_ours(base) for n in vars(base)):
        value = vars_of(owner, name)
        is_default = getattr(value, "__name__", "") == "<lambda>"  # of a field
        if name[:1] != "_" and isfunction(value) and is_ours(value) and not is_default:
            kind = inspect.getattr_static(owner, name)
            is_property = isinstance(kind, property | functools.cached_property)
            yield Public(f"{path}.{name}", value, owner, is_property)


def walk() -> list[Public]:
    """Return the public names: of the package, its modules, and what these give back."""
    found: dict[Any, Public] = {}
    todo = [Public(name, getattr(dari_nb, name)) for name in dari_nb.__all__]
    while todo:
        public = todo.pop(0)
        value = public.value
        if isinstance(value, ModuleType):
            listed = getattr(value, "__all__", None) or [
                name for name, one in vars(value).items() if is_public_class_of(one, value)
            ]
            todo += [Public(f"{public.path}.{n}", getattr(value, n)) for n in listed]
        elif is_ours(value) and (public.is_class or isfunction(value)) and value not in found:
            found[value] = public
            todo += given_back(public)
    return list(found.values())


def is_public_class_of(value: Any, module: ModuleType) -> bool:
    return (
        isinstance(value, type)
        and value.__module__ == module.__name__
        and not value.__name__.startswith("_")
    )


def given_back(public: Public) -> Iterator[Public]:
    """Give the classes that a function returns, or that a class's members give or hold."""
    if not public.is_class:
        yield from classes_in(public.value.__annotations__.get("return"), public.value)
        return
    owner = public.value
    for member in members(owner, public.path):
        annotation = inspect.signature(member.value).return_annotation
        yield from classes_in(annotation, member.value)
    for name, annotation in getattr(owner, "__annotations__", {}).items():
        if not name.startswith("_"):
            yield from classes_in(annotation, owner)
    init = vars(owner).get("__init__")
    if isfunction(init) and init.__code__.co_filename.endswith(".py"):
        for _, made in _MADE_IN_INIT.findall(inspect.getsource(init)):
            yield from classes_in(made, owner)


def classes_in(annotation: Any, where: Any) -> Iterator[Public]:
    """Give our public classes that an annotation names."""
    if annotation is None or annotation is inspect.Signature.empty:
        return
    text = annotation if isinstance(annotation, str) else inspect.formatannotation(annotation)
    for dotted in _WORD.findall(text):
        value: Any = None
        if dotted.startswith("dari_nb."):
            module, _, name = dotted.rpartition(".")
            value = getattr(importlib.import_module(module), name, None)
        else:
            first, *rest = dotted.split(".")
            value = names_of(where.__module__).get(first)
            for name in rest:
                value = getattr(value, name, None)
        if isinstance(value, type) and is_ours(value) and not value.__name__.startswith("_"):
            yield Public(value.__name__, value)


BY_NAME: dict[str, Any] = {}
PUBLIC = walk()
BY_NAME |= {public.value.__name__: public.value for public in PUBLIC}
