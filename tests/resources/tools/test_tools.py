"""From a function to what an agent is told of it, and its arguments back."""

import datetime
import enum
import functools
from dataclasses import dataclass
from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, Field

import dari_nb as dari
from dari_nb.errors import InvalidRequestError


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Place(BaseModel):
    city: str
    zip: int | None = None


@dataclass
class Span:
    begin: datetime.date
    days: int = 1


def test_hints_and_docstring_tell_the_agent_all_it_needs():
    @dari.tool
    def search(query: str, kind: Literal["a", "b"] = "a", limit: int = 10) -> list[str]:
        """Find what fits.

        It looks everywhere.

        Args:
            query: What to look for.
            limit: How many at most.
        """
        return [query, kind][:limit]

    assert search("x", limit=1) == ["x"]
    assert search.__name__ == "search"
    assert search.spec() == {
        "name": "search",
        "description": "Find what fits.\n\nIt looks everywhere.",
        "input_schema": {
            "type": "object",
            "properties": {
                "query": {"type": "string", "description": "What to look for."},
                "kind": {"type": "string", "enum": ["a", "b"], "default": "a"},
                "limit": {"type": "integer", "description": "How many at most.", "default": 10},
            },
            "required": ["query"],
            "additionalProperties": False,
        },
    }


@pytest.mark.parametrize(
    "doc",
    [
        "Do it.\n\nParameters\n----------\nn : int\n    How often.",
        "Do it.\n\n:param n: How often.",
        "Do it.\n\nArgs:\n    n (int): How often.",
    ],
)
def test_every_usual_style_of_docstring_is_read(doc):
    def do(n: int) -> None: ...

    do.__doc__ = doc
    spec = dari.tool(do).spec()
    assert spec["description"] == "Do it."
    assert spec["input_schema"]["properties"]["n"]["description"] == "How often."


def test_arguments_are_converted_to_what_the_hints_say():
    got = []

    @dari.tool
    def take(
        colour: Colour,
        place: Place,
        span: Span,
        when: datetime.datetime,
        ratio: Annotated[float, Field(gt=0, description="A share.")],
        untyped="x",
    ) -> None:
        got.extend([colour, place, span, when, ratio, untyped])

    given = {"colour": "red", "place": {"city": "Ulm"}, "span": {"begin": "2026-01-02"}}
    given |= {"when": "2026-01-02T03:04:05Z", "ratio": "0.5"}
    take.prepare(given)()
    assert got[:3] == [Colour.RED, Place(city="Ulm"), Span(datetime.date(2026, 1, 2))]
    assert got[3].year == 2026
    assert got[4:] == [0.5, "x"]
    assert take.input_schema["properties"]["ratio"]["description"] == "A share."


def test_any_name_of_an_argument_is_possible():
    @dari.tool
    def odd(model_config: int, copy: int, _hidden: int, title: str, /, schema: int = 0) -> list:
        return [model_config, copy, _hidden, title, schema]

    given = {"model_config": 1, "copy": 2, "_hidden": 3, "title": "t", "schema": 5}
    assert odd.prepare(given)() == [1, 2, 3, "t", 5]
    assert list(odd.input_schema["properties"]) == list(given)


def test_methods_and_named_partials_are_tools_too():
    class Shop:
        def price(self, item: str) -> int:
            return len(item)

    assert dari.tool(Shop().price).prepare({"item": "abc"})() == 3
    part = dari.tool(name="pow_of_two")(functools.partial(pow, 2))
    assert part.name == "pow_of_two"


def nested(*args: int) -> None: ...


def many(**options: int) -> None: ...


def unknown(x: "Nowhere") -> None: ...  # noqa: F821


def thread(x: functools.partial) -> None: ...


def bash(command: str) -> None: ...


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (nested, r"nested cannot be a tool, because it takes \*args"),
        (unknown, "annotation cannot be read: name 'Nowhere' is not defined"),
        (thread, "thread cannot be a tool, an annotation says nothing that JSON could"),
        (bash, "bash is the name of a built-in tool"),
        (lambda x: x, "not '<lambda>': give it one with name="),
        (3, "A tool is a function, not int"),
    ],
)
def test_what_cannot_be_a_tool_is_said_where_it_is_made(function, said):
    with pytest.raises(InvalidRequestError, match=said):
        dari.tool(function)


def test_what_is_said_of_a_tool_holds_with_or_without_a_decorator() -> None:
    def marks(pupil: str) -> list[int]:
        """The marks of a pupil."""
        return [1, 2]

    options = {"name": "marks_of", "timeout": 5, "approve": "always"}
    for made in (dari.tool(marks, **options), dari.tool(**options)(marks)):
        assert (made.name, made.timeout, made.approve) == ("marks_of", 5, "always")
        assert made("Anna") == [1, 2]
    assert dari.tool(marks).name == "marks"


@pytest.mark.parametrize(
    "options", [{"timeout": 0}, {"timeout": "5"}, {"approve": "never"}, {"name": "two words"}]
)
def test_bad_options_are_said_where_they_are_given(options):
    with pytest.raises(InvalidRequestError):
        dari.tool(**options)(bash)
