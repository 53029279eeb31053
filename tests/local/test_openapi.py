import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest
import yaml

import dari_nb.local
from dari_nb.local.http.app import ROUTES
from dari_nb.local.openapi import OPERATIONS

SHARED = Path(__file__).parents[3] / "shared/api/openapi.yaml"
CONTRACT = (Path(dari_nb.local.__file__).parent / "CONTRACT.md").read_text()
METHODS = {"get", "put", "post", "delete"}
SERVED = {(method, route.path) for route in ROUTES for method in route.methods - {"HEAD"}}


class Facts(NamedTuple):
    """What a schema says: fields that are always there, all fields, and allowed values."""

    required: frozenset[str] = frozenset()
    fields: Mapping[str, list[Any]] = {}
    values: frozenset[str] = frozenset()
    items: tuple[Any, ...] = ()


def facts(document: Any, schema: Any) -> Facts:
    """Read a schema without regard to how it is written: references and variants are resolved."""
    while "$ref" in schema:
        schema = at(document, schema["$ref"])
    values = {schema["const"]} if "const" in schema else set(schema.get("enum", ()))
    fields = {name: [field] for name, field in schema.get("properties", {}).items()}
    required, items = set(schema.get("required", ())), [schema.get("items")]
    for part in schema.get("allOf", ()):
        required, fields, values, items = joined(
            (required, fields, values, items), facts(document, part)
        )
    variants = [
        facts(document, part)
        for part in (*schema.get("oneOf", ()), *schema.get("anyOf", ()))
        if part.get("type") != "null"
    ]
    if variants:
        required |= frozenset.intersection(*(variant.required for variant in variants))
        for variant in variants:
            _, fields, values, items = joined((required, fields, values, items), variant)
    return Facts(
        frozenset(required), fields, frozenset(values), tuple(i for i in items if i is not None)
    )


def joined(so_far: Any, more: Facts) -> Any:
    required, fields, values, items = so_far
    fields = {
        name: fields.get(name, []) + more.fields.get(name, []) for name in {*fields, *more.fields}
    }
    return required | more.required, fields, values | more.values, [*items, *more.items]


def at(document: Any, reference: str) -> Any:
    for step in reference.removeprefix("#/").split("/"):
        document = document[step]
    return document


def differences(ours: Any, theirs: Any, where: str, *, is_answer: bool) -> list[str]:
    """Compare schemas field by field; an answer may promise more than the contract does."""
    mine, wanted = facts(*ours), facts(*theirs)
    found = []
    if not (wanted.required <= mine.required if is_answer else wanted.required == mine.required):
        found.append(f"{where}: required {sorted(mine.required)}, not {sorted(wanted.required)}")
    if wanted.values and mine.values != wanted.values:
        found.append(f"{where}: one of {sorted(mine.values)}, not {sorted(wanted.values)}")
    for name in wanted.fields.keys() & mine.fields.keys():
        pair = {"anyOf": mine.fields[name]}, {"anyOf": wanted.fields[name]}
        found += differences(
            *((ours[0], pair[0]), (theirs[0], pair[1]), f"{where}.{name}"), is_answer=is_answer
        )
    if not is_answer and (missing := wanted.fields.keys() - mine.fields.keys()):
        found.append(f"{where}: lacks {sorted(missing)}")
    if wanted.items and mine.items:
        pair = {"anyOf": list(mine.items)}, {"anyOf": list(wanted.items)}
        found += differences(
            *((ours[0], pair[0]), (theirs[0], pair[1]), f"{where}[]"), is_answer=is_answer
        )
    return found


def operations(document: Any) -> dict[tuple[str, str], Any]:
    """Method and path of each operation; parameters of the path are parameters of each."""
    return {
        (method.upper(), path): operation
        | {"parameters": [*item.get("parameters", ()), *operation.get("parameters", ())]}
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if method in METHODS
    }


def parameters(document: Any, operation: Any) -> set[tuple[str, str, bool]]:
    given = [at(document, p["$ref"]) if "$ref" in p else p for p in operation["parameters"]]
    # The contract's one free-form parameter stands for metadata.KEY and has a name of its own.
    return {
        (p["in"], p["name"], p["required"]) for p in given if p["schema"].get("type") != "object"
    }


def body(document: Any, operation: Any) -> Any:
    found = operation.get("requestBody")
    return at(document, found["$ref"]) if found and "$ref" in found else found


def answer(operation: Any) -> Any:
    response = next(r for code, r in operation["responses"].items() if code.startswith("2"))
    return next(iter(response.get("content", {}).items()), (None, {}))


@pytest.fixture(scope="module")
def described(server) -> Any:
    """The description as anyone gets it, without a key."""
    return httpx.get(f"{server.url}/openapi.json").json()


def test_each_served_route_is_described_and_nothing_else(described):
    assert set(operations(described)) == SERVED


def test_the_description_names_each_operation_once_and_has_no_loose_ends(described):
    names = [operation.name for operation in OPERATIONS]
    assert len(names) == len(set(names))
    assert described["openapi"] == "3.1.0"
    for reference in re.findall(r"'\$ref': '([^']+)'", str(described)):
        assert at(described, reference) is not None


def test_the_table_of_the_contract_has_the_codes_of_the_description():
    rows = re.findall(r"^\| `(\w+) (\S+)` \|.*? \| ([\d, ]+) \| `", CONTRACT, re.MULTILINE)
    # 401 and 403 go without saying: they come with the key and with any id.
    codes = {
        (method, path): {int(code) for code in codes.split(",")} - {401, 403}
        for method, path, codes in rows
    }
    expected = {
        (operation.method, operation.path): {operation.status, *operation.refusals} - {403}
        for operation in OPERATIONS
        if (operation.method, operation.path) in SERVED
    }
    assert codes == expected


@pytest.mark.skipif(not SHARED.exists(), reason="the contract is not on this machine")
def test_the_description_agrees_with_the_contract(described):
    contract = yaml.safe_load(SHARED.read_text())
    wanted = operations(contract)
    found = []
    for key, ours in operations(described).items():
        if key not in wanted:
            continue
        theirs, where = wanted[key], " ".join(key)
        extra = parameters(described, ours) ^ parameters(contract, theirs)
        assert extra <= parameters(described, ours), where
        assert not any(required for _, _, required in extra), where
        mine, other = body(described, ours), body(contract, theirs)
        assert (mine is None) == (other is None), where
        if mine is not None:
            assert mine["required"] == other["required"], where
            (media, sent), (other_media, other_sent) = (
                next(iter(each["content"].items())) for each in (mine, other)
            )
            assert media == other_media, where
            found += differences(
                *((described, sent["schema"]), (contract, other_sent["schema"]), f"{where} body"),
                is_answer=False,
            )
        (media, got), (other_media, other_got) = answer(ours), answer(theirs)
        assert other_media in (media, None), where
        if other_media is not None:
            found += differences(
                *((described, got["schema"]), (contract, other_got["schema"]), f"{where} answer"),
                is_answer=True,
            )
    assert found == []
