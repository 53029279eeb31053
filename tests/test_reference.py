"""What ``help()`` tells of each public name: complete, and its examples run as they stand."""

from __future__ import annotations

import ast
import asyncio
import builtins
import contextlib
import dataclasses
import doctest
import inspect
import io
import json
import os
import re
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

import dari_nb
from dari_nb.errors import DariError
from dari_nb.local.gguf import cache
from dari_nb.resources import connections

from .reference import PUBLIC, Public, classes_in, members

CONTRACT = (Path(dari_nb.__file__).parent / "local" / "CONTRACT.md").read_text(encoding="utf-8")

WIRING = {
    # What the package's own parts call, and nobody types.
    **dict.fromkeys(("head", "to_mimebundle"), "what Jupyter shows is made with it"),
    **dict.fromkeys(("attempt", "put", "add_double"), "cells are filled with it"),
    **dict.fromkeys(("set_cost", "look_for_costs"), "costs of cells are filled with it"),
    "of": "Session.chat() calls it",
    "records": "frames are made of it",
    "differing": "comparisons are shown with it",
    "check": "Batches.run() holds its caps with it",
    "rows": "a plan is shown with it",
    "leave": "a forked process calls it",
    "from_status": "the client makes errors with it",
    "gaps": "the client fills answers with it",
}
"""Members that need a docstring and nothing more, each with the reason."""

FILES = {
    "agents/support/dari.yml": "name: support\nharness: pi\n"
    "instructions:\n  system: prompts/system.md\nllm:\n  model: openai/gpt-5.5\n",
    "agents/support/prompts/system.md": "You answer customers.\n",
    "lesson.tape": '{"dari_tape":1,"times":true}\n{"scrubbed":{}}\n',
    "ticket.txt": "The card is missing.\n",
    "tasks.csv": "prompt,level\n2 / 3,easy\n3 * 7,easy\n",
    "runs.jsonl": "".join(
        json.dumps(
            {
                "task_id": task,
                "model": "small",
                "reward": 1,
                "messages": [
                    {"role": "user", "content": f"A packet of {task}, please."},
                    {"role": "assistant", "content": "There you are."},
                ],
            }
        )
        + "\n"
        for task in ("tea", "sugar")
    ),
}
"""The files that examples name as ours."""

LIVE = ("Batch.follow", "Session.follow", "Turn.follow")
"""Whose examples are run, but show what depends on the moment."""

GIVES = re.compile(r"\breturns?\b|^Returns:|^(Draw|Estimate|Load|Make|Read)\b", re.I | re.M)
CITES = re.compile(r"\((?:contract, )?sections? (\d+(?:\.\d+)?)(?:(?:,| and| to) (\d+(?:\.\d+)?))*")
ASKS = re.compile(r"\.client\.\w+\.\w+\(|_webhooks\.\w+\(")


def is_record(kind: Any) -> bool:
    """Whether a class only holds what is told by its fields."""
    plain = (msgspec.Struct, tuple, Exception)
    return isinstance(kind, type) and (dataclasses.is_dataclass(kind) or issubclass(kind, plain))


def everything() -> dict[str, Public]:
    """All public names with their members, those of a base and of both clients once."""
    found: dict[Any, Public] = {}
    for public in sorted(PUBLIC, key=lambda public: public.name.startswith("Async")):
        for one in (public, *(members(public.value, public.path) if public.is_class else ())):
            endpoint = getattr(one.value, "__wrapped__", one.value)
            found.setdefault(endpoint, one)
    named: dict[str, Public] = {}
    for public in found.values():
        is_taken = public.path in named
        module = public.value.__module__.removeprefix("dari_nb.")
        named[f"{module}.{public.path}" if is_taken else public.path] = public
    return named


def is_wiring(public: Public) -> bool:
    """Whether nobody types it; views are driven by the objects, and people close them."""
    is_of_view = public.value.__module__.startswith("dari_nb.widgets") and public.name != "close"
    return is_of_view or public.name in WIRING


ALL = everything()


def each(publics: dict[str, Public]) -> Any:
    return pytest.mark.parametrize("public", publics.values(), ids=publics)


@each(ALL)
def test_help_on_it_is_complete(public: Public) -> None:
    assert list(gaps(public)) == []


@each({path: public for path, public in ALL.items() if ">>>" in public.doc})
def test_its_examples_come_out_as_they_say(
    public: Public, stage: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "_current", stage["d"])
    run_examples(public.doc, dict(stage), public.path)


def test_the_examples_of_the_package_and_its_parts_come_out(stage: dict[str, Any]) -> None:
    for part in (dari_nb, dari_nb.local, dari_nb.scores, dari_nb.frames):
        run_examples(part.__doc__ or "", dict(stage), part.__name__)


def test_a_missing_argument_an_unknown_error_and_a_wrong_example_are_found() -> None:
    def ask(text: str, limit: int = 3) -> str:
        """Return an answer.

        Args:
            text: What is asked.

        >>> 1 + 1
        3
        """
        raise DariError(text)

    public = Public("ask", ask)
    assert list(gaps(public)) == ["nothing on limit", "nothing on DariError"]
    with pytest.raises(AssertionError, match=r"Expected:\s+3\s+Got:\s+2"):
        run_examples(public.doc, {}, "ask")


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The names that examples go on from, as the package's own docstring makes them."""
    folder = tmp_path_factory.mktemp("examples")
    for path, text in FILES.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for name in [name for name in os.environ if name.startswith("DARI_")]:
            if name != cache.FOLDER:
                patch.delenv(name)
        patch.setenv("DARI_LOCAL_STEP_DELAY", "0")
        patch.setattr(connections, "_current", None)
        patch.setattr(connections, "_servers", {})
        names: dict[str, Any] = {}
        run_examples(dari_nb.__doc__ or "", names, "dari_nb")
        names["batch"].wait(timeout=180)
        yield names
        names["d"].close()
        names["server"].stop()


def run_examples(text: str, names: dict[str, Any], where: str) -> None:
    """Run a docstring's examples as a notebook would, ``await`` included."""
    runner = asyncio.Runner()
    with runner:
        for example in doctest.DocTestParser().get_examples(text):
            said = run(example.source, names, runner)
            flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
            checker = doctest.OutputChecker()
            comes_out = where in LIVE and "Traceback" not in said
            if not (comes_out or checker.check_output(example.want, said, flags)):
                difference = checker.output_difference(example, said, flags)
                raise AssertionError(f"{where}: {example.source}{difference}")


def run(source: str, names: dict[str, Any], runner: asyncio.Runner) -> str:
    output = io.StringIO()
    code = compile(source, "<example>", "single", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    with contextlib.redirect_stdout(output), underscore_restored():
        try:
            made = eval(code, names)
            if inspect.iscoroutine(made):
                runner.run(made)
        except Exception:  # noqa: BLE001 - examples show errors, too
            output.write(traceback.format_exc())
    return output.getvalue()


@contextlib.contextmanager
def underscore_restored() -> Any:
    before = vars(builtins).get("_")
    yield
    if before is None:
        vars(builtins).pop("_", None)
    else:
        vars(builtins)["_"] = before


def gaps(public: Public) -> Iterator[str]:
    """Tell what ``help()`` lacks."""
    first = public.doc.partition("\n")[0]
    if not first.endswith((".", ":")):
        yield "no sentence in the first line"
    yield from uncited(public.doc)
    if public.is_class and is_record(public.value):
        told = inherited(public)
        yield from (
            f"nothing on {name}" for name in fields_of(public.value) if not tells(told, name)
        )
        yield from lacks_example(told)
    elif public.is_class:
        yield from lacks_example(public.doc)
    elif not (public.is_property or is_wiring(public)):
        yield from lacks_parts(public)
        yield from lacks_example(public.doc)


def lacks_parts(public: Public) -> Iterator[str]:
    told = public.described()
    yield from (f"nothing on {name}" for name in public.parameters() if not tells(told, name))
    if gives_something(public) and not GIVES.search(public.doc):
        yield "nothing on what it returns"
    for error in public.errors():
        kinds = [kind.__name__ for kind in error.__mro__ if issubclass(kind, DariError)]
        if not any(name in told for name in kinds):
            yield f"nothing on {error.__name__}"
    if ASKS.search(source_of(public)) and "Raises:" not in told:
        yield "asks the server and tells no error"


def lacks_example(doc: str) -> Iterator[str]:
    if ">>>" not in doc:
        yield "no example"
    if "+SKIP" in doc:
        yield "an example that is not run"


def uncited(doc: str) -> Iterator[str]:
    """Tell what a docstring cites that is not in the contract which the package brings."""
    for cited in CITES.finditer(doc):
        for section in re.findall(r"\d+(?:\.\d+)?", cited[0]):
            if not re.search(rf"^##+ {re.escape(section)}\.? ", CONTRACT, re.MULTILINE):
                yield f"no section {section} in the contract"
    for point in re.findall(r"\(U(\d+)\)", doc):
        if not re.search(rf"\bU{point}\b", CONTRACT):
            yield f"no U{point} in the contract"


def tells(text: str, name: str) -> bool:
    return bool(re.search(rf"(?:^|\s)\*{{0,2}}{name}:|``{name}[`=]", text))


def gives_something(public: Public) -> bool:
    """Whether it gives back what its signature does not name as a class that is told of."""
    annotation = inspect.signature(public.value).return_annotation
    if annotation in (None, "None", inspect.Signature.empty) or any(
        classes_in(annotation, public.value)
    ):
        return False
    return annotation != "Self"


def source_of(public: Public) -> str:
    try:
        return inspect.getsource(public.value)
    except OSError:
        return ""


def fields_of(record: type) -> list[str]:
    if issubclass(record, msgspec.Struct):
        names = record.__struct_fields__
    elif dataclasses.is_dataclass(record):
        names = tuple(field.name for field in dataclasses.fields(record))
    else:
        names = getattr(record, "_fields", ())
    return [name for name in names if not name.startswith("_")]


def inherited(public: Public) -> str:
    """The docstrings of a class and of those of ours that it is made from."""
    bases = [kind for kind in public.value.__mro__ if kind.__module__.startswith("dari_nb")]
    return "\n\n".join(inspect.getdoc(kind) or "" for kind in bases)
