"""Each error has a code, and the table of codes lists all of them."""

from __future__ import annotations

import ast
import copy
import itertools
import pickle
import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest
from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell

from dari_nb import errors
from dari_nb.client import Client
from dari_nb.local import LocalDari
from dari_nb.magics import load_ipython_extension
from dari_nb.resources import Dari, connections

PACKAGE = Path(errors.__file__).parent
ERRORS = PACKAGE / "errors.py"
USAGE = PACKAGE / "magics" / "usage.py"


class Maker(NamedTuple):
    """What makes errors when it is called: a class, or a function with a parameter ``code``.

    Attributes:
        classes: The public classes of the errors.
        default: The code of errors that are made without one.
    """

    classes: frozenset[str]
    default: str | None = None


class Use(NamedTuple):
    """A code in the package.

    Attributes:
        code: The code; ``None`` where there is none.
        classes: The public classes of the error that it belongs to.
        place: File and line.
    """

    code: str | None
    classes: frozenset[str]
    place: str


class Module(NamedTuple):
    """What of a module is looked at.

    Attributes:
        path: Its file.
        imports: Of each name that it imports: the last part of the source, and both names.
        definitions: Its classes and functions, wherever they stand.
        calls: Its calls of plain names.
    """

    path: Path
    imports: list[tuple[str, str, str]]
    definitions: list[ast.ClassDef | ast.FunctionDef]
    calls: list[ast.Call]


@cache
def modules() -> list[Module]:
    return [read(path) for path in [ERRORS, *sorted(set(PACKAGE.rglob("*.py")) - {ERRORS})]]


def read(path: Path) -> Module:
    module = Module(path, [], [], [])
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            source = (node.module or "").rpartition(".")[2]
            module.imports.extend((source, one.name, one.asname or one.name) for one in node.names)
        elif isinstance(node, ast.ClassDef | ast.FunctionDef):
            module.definitions.append(node)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            module.calls.append(node)
    return module


@cache
def makers() -> dict[tuple[str, str], Maker]:
    """All makers, by the last part of their module's name and their own."""
    usage = Maker(frozenset({"UsageError"}))
    found = {("error", "UsageError"): usage, ("usage", "usage_error"): usage}
    size = 0
    while size < len(found):
        size = len(found)
        for module in modules():
            names = names_in(module, found)
            for node in module.definitions:
                if (made := made_by(node, names, module)) is not None:
                    found[module.path.stem, node.name] = names[node.name] = made
    return found


def names_in(module: Module, known: dict[tuple[str, str], Maker]) -> dict[str, Maker]:
    """The makers that a module can call, by the names that it has for them."""
    own = [(module.path.stem, node.name, node.name) for node in module.definitions]
    return {
        alias: known[source, name]
        for source, name, alias in [*own, *module.imports]
        if (source, name) in known
    }


def made_by(
    node: ast.ClassDef | ast.FunctionDef, names: dict[str, Maker], module: Module
) -> Maker | None:
    """The maker that a class or a function is, if it is one."""
    if isinstance(node, ast.ClassDef):
        bases = [names[name] for base in node.bases if (name := ast.unparse(base)) in names]
        if node.name != "DariError" and not bases:
            return None
        inherited = frozenset().union(*(base.classes for base in bases))
        is_public = module.path == ERRORS
        return Maker(frozenset({node.name}) if is_public else inherited, own_code(node))
    lines = range(node.lineno, node.end_lineno + 1)
    inside = [
        names[call.func.id]
        for call in module.calls
        if takes_code(node) and call.lineno in lines and call.func.id in names and passes_on(call)
    ]
    return Maker(frozenset().union(*(made.classes for made in inside))) if inside else None


def own_code(node: ast.ClassDef) -> str | None:
    for line in node.body:
        targets = getattr(line, "targets", [getattr(line, "target", None)])
        if [getattr(target, "id", None) for target in targets] == ["code"] and line.value:
            return str(ast.literal_eval(line.value))
    return None


def takes_code(node: ast.FunctionDef) -> bool:
    return "code" in {argument.arg for argument in [*node.args.args, *node.args.kwonlyargs]}


def code_given(call: ast.Call) -> ast.expr | None:
    return next((word.value for word in call.keywords if word.arg == "code"), None)


def passes_on(call: ast.Call) -> bool:
    """Whether a call passes on a code that something else has."""
    given = code_given(call)
    return "code" in (getattr(given, "id", None), getattr(given, "attr", None))


@cache
def uses() -> list[Use]:
    """All codes of the package: those of classes, and those given where an error is made."""
    found = []
    for module in modules():
        names = names_in(module, makers())
        for node in module.definitions:
            made = made_by(node, names, module)
            if made is not None and made.default is not None:
                found.append(Use(made.default, made.classes, f"{module.path}:{node.lineno}"))
        for call in module.calls:
            made = names.get(call.func.id)
            if made is not None and not passes_on(call):
                place = f"{module.path}:{call.lineno}"
                found += [Use(code, made.classes, place) for code in codes_of(call, made)]
    return found


def codes_of(call: ast.Call, made: Maker) -> list[str | None]:
    given = code_given(call)
    if given is None:
        # An error of no class in particular says by its code what went wrong.
        return [None] if made.default in (None, errors.DariError.code) else []
    either = [given.body, given.orelse] if isinstance(given, ast.IfExp) else [given]
    return [one.value if isinstance(one, ast.Constant) else None for one in either]


def test_constructions_all_have_code() -> None:
    # Apart from the one place where errors of IPython get their code.
    assert [use for use in uses() if use.code is None and str(USAGE) not in use.place] == []


def test_table_lists_each_code_with_its_classes() -> None:
    used = defaultdict(set)
    for use in uses():
        if use.code is not None:
            used[use.code] |= use.classes
    assert {entry.code: set(entry.classes) for entry in errors.CODES} == used


def test_table_is_sorted_and_snake_case() -> None:
    codes = [entry.code for entry in errors.CODES]
    assert all(one < other for one, other in itertools.pairwise(codes))
    assert all(re.fullmatch("[a-z]+(_[a-z]+)*", code) for code in codes)
    assert all(list(entry.classes) == sorted(entry.classes) for entry in errors.CODES)


def test_usage_error_made_in_one_module_only() -> None:
    made = {
        module.path
        for module in modules()
        for call in module.calls
        if ("error", call.func.id) in {(source, alias) for source, _, alias in module.imports}
    }
    assert made == {USAGE}


@pytest.mark.parametrize(
    "error",
    [
        errors.DariError("no", code="cell_not_sent"),
        errors.InvalidRequestError("no", code="invalid_since"),
        errors.NoCellError("no", code="cell_not_found"),
        errors.TimedOutError("no"),
        errors.TurnFailedError("no", "so far"),
        errors.StorageError("no", is_full=True, code="disk_full"),
        errors.TapeError("no", 3, "so far", code="invalid_tape"),
        errors.UnknownNameError(404, "no", "GET", "/v1/agents", code="agent_not_found"),
        errors.ApiError.from_status(418, "no", "GET", "/v1/agents", "req_1", retry_after=2.0),
        errors.ApiError.from_status(409, {"code": "tape_miss"}, "POST", "/v1/sessions"),
    ],
    ids=lambda error: error.code,
)
@pytest.mark.parametrize(
    "again", [copy.copy, lambda error: pickle.loads(pickle.dumps(error))], ids=["copy", "pickle"]
)
def test_copied_error_keeps_code_and_fields(error, again) -> None:
    same = again(error)
    assert (type(same), str(same), vars(same)) == (type(error), str(error), vars(error))
    assert same.code == error.code


@pytest.fixture
def server() -> Iterator[LocalDari]:
    with LocalDari() as server:
        yield server


def test_unknown_agent_code(server) -> None:
    with Dari(server.url, server.api_key) as d, pytest.raises(errors.UnknownNameError) as caught:
        d.agents.get("nobody")
    assert caught.value.code == "agent_not_found"


def test_missing_session_code_is_that_of_its_status(server) -> None:
    with (
        Client(server.url, server.api_key) as client,
        pytest.raises(errors.NotFoundError) as caught,
    ):
        client.sessions.get("sess_0")
    assert caught.value.code == "not_found"


def test_closed_connection_code(server) -> None:
    with Dari(server.url, server.api_key) as d:
        pass
    with pytest.raises(errors.InvalidRequestError) as caught:
        d.agents.list()
    assert caught.value.code == "connection_closed"


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("%dari_agent echo {undefined}", "name_not_defined"),
        ("%dari use nobody", "agent_not_found"),
        ("%dari_send --sesion s Hi", "unknown_option"),
    ],
)
def test_typed_line_code(server, monkeypatch, line, code) -> None:
    shell = InteractiveShell()
    load_ipython_extension(shell)
    with Dari(server.url, server.api_key, server) as d:
        monkeypatch.setattr(connections, "_current", d)
        error = shell.run_cell(line).error_in_exec
    shell.history_manager.end_session()
    assert type(error) is UsageError
    assert error.code == code


def test_missing_file_code(server, tmp_path) -> None:
    with Dari(server.url, server.api_key, server) as d:
        for call in (
            lambda: d.agents.get("echo").send("Hi", files=[tmp_path / "no.txt"]),
            lambda: d.batches.run("echo", tmp_path / "no.csv"),
            lambda: d.batches.from_runs(tmp_path / "no.jsonl"),
        ):
            with pytest.raises(errors.InvalidRequestError) as caught:
                call()
            assert caught.value.code == "file_not_found"
