"""``CONTRACT.md`` is complete: every operation and every uncertain point has a row that is true."""

import ast
import inspect
import re
from collections import Counter
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml

import dari_nb.client
import dari_nb.local
import dari_nb.models
from dari_nb.client import AsyncClient, Client
from dari_nb.local.http.app import OPERATIONS
from dari_nb.local.http.openapi import description

TESTS = Path(__file__).parent
LOCAL = Path(dari_nb.local.__file__).parent
CONTRACT = (LOCAL / "CONTRACT.md").read_text(encoding="utf-8")
SHARED = TESTS.parents[1] / "shared/api/openapi.yaml"
METHODS = {"get", "put", "post", "delete"}
ONLY_IN_THE_NOTES = {
    ("GET", "/organizations/current/members"),
    ("POST", "/organizations/current/invitations"),
}


class Row(NamedTuple):
    """A row of the table of endpoints."""

    method: str
    path: str
    section: str
    codes: str
    verbs: list[str]
    module: str
    function: str


def cells(line):
    return [cell.strip() for cell in line.strip("|\n ").split(" | ")]


def row_of(line):
    endpoint, section, codes, verbs, route, *tests = cells(line)
    method, path = endpoint.strip("`").split(" ")
    module, function = route.strip("`").split(": ")
    assert len(tests) == 2, line
    assert tests[0].startswith("`local/"), line
    assert tests[1].startswith("`client/"), line
    return Row(method, path, section, codes, re.findall(r"`([\w.]+)`", verbs), module, function)


ROWS = [row_of(line) for line in CONTRACT.splitlines() if re.match(r"\| `[A-Z]+ /", line)]
POINTS = [cells(line) for line in CONTRACT.splitlines() if line.startswith("| U")]
HEADINGS = re.findall(r"^##+ (\d+(?:\.\d+)?)\.? ", CONTRACT, re.MULTILINE)
CITABLE = {*HEADINGS, *(re.match(r"U\d+", point[0])[0] for point in POINTS)}
LISTED = [
    tuple(line.split()[:3])
    for line in (TESTS / "contract.txt").read_text(encoding="utf-8").splitlines()
    if not line.startswith("#")
]
SERVED = [(operation.method, operation.path) for operation in OPERATIONS]


def operations_in(file):
    paths = yaml.safe_load(file.read_text(encoding="utf-8"))["paths"]
    return {
        (method.upper(), path) for path, item in paths.items() for method in METHODS & set(item)
    }


@cache
def names_of_tests(file):
    tree = ast.parse((TESTS / file).read_text(encoding="utf-8"))
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return {node.name for node in tree.body if isinstance(node, kinds)}


def verbs_of(client):
    return {
        f"{noun}.{verb}"
        for noun, verbs in vars(client).items()
        if not noun.startswith("_")
        for verb in dir(verbs)
        if not verb.startswith("_")
    }


@pytest.fixture(scope="module")
def verbs():
    both = [verbs_of(kind("http://127.0.0.1:9", "dari_key")) for kind in (Client, AsyncClient)]
    return both[0] & both[1]


def cited(text):
    """The sections and the points of the contract that a text names."""
    number = r"\d+(?:\.\d+)?"
    several = rf"sections?\s+({number}(?:(?:,\s+|\s+and\s+|\s+to\s+){number})*)"
    found = re.findall(rf"(?:contract,\s+|\(){several}", text)
    points = re.findall(r"\bU\d{1,2}\b", text)
    return {*points, *(one for numbers in found for one in re.findall(number, numbers))}


def docs_in(file):
    tree = ast.parse(file.read_text(encoding="utf-8"))
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    docs = [ast.get_docstring(node) for node in ast.walk(tree) if isinstance(node, kinds)]
    return " ".join(doc for doc in docs if doc)


def test_citations_are_found_in_each_form():
    assert cited("(contract, section 8.4), (contract,\n    sections 5 to 10)") == {"8.4", "5", "10"}
    assert cited("(contract, sections 2, 4, 5 and 6); (section 13) (U7)") == {*"2456", "13", "U7"}
    assert cited("a section 3 of something else, UTF8") == set()


@pytest.mark.parametrize("part", sorted(one.name for one in LOCAL.parent.iterdir()))
def test_what_docstrings_cite_of_the_contract_is_there(part):
    here = LOCAL.parent / part
    files = [here, *here.rglob("*.py")] if here.is_dir() else [here]
    for file in files:
        if file.suffix == ".py":
            assert cited(docs_in(file)) <= CITABLE, file


def test_docstrings_cite_each_section_that_there_is_an_endpoint_of():
    found = {number for file in LOCAL.parent.rglob("*.py") for number in cited(docs_in(file))}
    assert found >= {row.section for row in ROWS}


def test_the_sections_are_in_order_and_none_is_missing():
    sections = [number for number in CITABLE if not number.startswith("U")]
    order = sorted(sections, key=lambda number: [int(part) for part in number.split(".")])
    assert [number for number in order if "." not in number] == [str(n) for n in range(1, 19)]
    assert {"1.1", "1.2", "1.3", "1.4", "8.1", "8.2", "8.3", "8.4"} <= set(order)
    assert order == HEADINGS


def test_whoever_reads_a_citation_is_told_where_the_contract_is():
    for module in (dari_nb, dari_nb.client, dari_nb.local, dari_nb.models):
        assert "dari_nb/local/CONTRACT.md" in module.__doc__


def test_each_operation_of_the_contract_is_served_described_and_has_one_row():
    listed = Counter((method, path) for _, method, path in LISTED)
    document = description(OPERATIONS)
    described = Counter(
        (method.upper(), path) for path, item in document["paths"].items() for method in item
    )
    assert set(listed.values()) == {1}
    assert Counter(SERVED) == listed
    assert described == listed
    assert Counter((row.method, row.path) for row in ROWS) == listed
    assert {(row.section, row.method, row.path) for row in ROWS} == set(LISTED)


def test_the_list_of_operations_is_the_contracts():
    listed = {(method, path) for _, method, path in LISTED}
    assert {section for section, _, _ in LISTED} >= {str(number) for number in range(2, 15)} - {"8"}
    # The contract itself lies beside the project where it is developed; the list is always there.
    described = operations_in(SHARED) if SHARED.exists() else listed - ONLY_IN_THE_NOTES
    assert listed == described | ONLY_IN_THE_NOTES


def test_each_row_names_the_route_that_serves_it():
    endpoints = {(one.method, one.path): one.endpoint for one in OPERATIONS}
    for row in ROWS:
        endpoint = endpoints[row.method, row.path]
        assert endpoint.__name__ == row.function, row
        assert Path(inspect.getfile(endpoint)) == LOCAL / row.module, row


def test_each_row_has_the_codes_of_the_description():
    document = description(OPERATIONS)
    unsaid = {"401", "413"}
    for row in ROWS:
        operation = next(o for o in OPERATIONS if (o.method, o.path) == (row.method, row.path))
        described = set(document["paths"][row.path][row.method.lower()]["responses"])
        said = unsaid - {str(code) for code in operation.refusals}
        assert set(row.codes.split(", ")) == described - said, row


def test_each_verb_of_the_clients_is_in_a_row_and_each_row_has_one(verbs):
    assert all(row.verbs for row in ROWS)
    assert {verb for row in ROWS for verb in row.verbs} == verbs


def test_each_uncertain_point_has_one_row_with_both_sides_and_their_tests():
    numbers = [int(re.match(r"U(\d+) ", point[0])[1]) for point in POINTS]
    assert numbers == list(range(1, 25))
    for item, ours, theirs, tests in POINTS:
        assert ours, item
        assert theirs, item
        sides = {test.split("/")[0] for test in re.findall(r"`(\w+/\S+)`", tests)}
        assert "local" in sides, item
        assert len(sides) > 1, item


def test_each_named_test_exists():
    named = re.findall(r"`([\w/]+\.py)::(\w+)`", CONTRACT)
    assert len(named) > 2 * (len(ROWS) + len(POINTS)) - 1
    assert [(file, test) for file, test in named if test not in names_of_tests(file)] == []
    loose = re.findall(r"`(test_\w+)`", CONTRACT)
    assert loose == []
