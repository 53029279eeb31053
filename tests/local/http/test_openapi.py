import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest
import yaml

from dari_nb.local.http.app import OPERATIONS

SHARED = Path(__file__).parents[4] / "shared/api/openapi.yaml"
LISTED = {
    (method, path): tuple(frozenset(fields.split(",")) - {"-"} for fields in (sent, answered))
    for line in (Path(__file__).parents[2] / "contract.txt").read_text().splitlines()
    if not line.startswith("#")
    for _, method, path, sent, answered in [line.split()]
}
METHODS = {"get", "put", "post", "delete"}
SERVED = {(operation.method, operation.path) for operation in OPERATIONS}


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


def takes_null(document: Any, schema: Any) -> bool:
    """Whether a schema allows null."""
    while "$ref" in schema:
        schema = at(document, schema["$ref"])
    types = schema.get("type", ["null"])
    variants = [*schema.get("oneOf", ()), *schema.get("anyOf", ())]
    return (
        "null" in ([types] if isinstance(types, str) else types)
        and None in schema.get("enum", [schema.get("const")])
        and all(takes_null(document, part) for part in schema.get("allOf", ()))
        and (not variants or any(takes_null(document, part) for part in variants))
    )


def at(document: Any, reference: str) -> Any:
    for step in reference.removeprefix("#/").split("/"):
        document = document[step]
    return document


EXTENSIONS = {"message.cancel_requested", "reasoning"}
"""What is said besides the contract's words, where a server offers it."""


def differences(ours: Any, theirs: Any, where: str, *, is_answer: bool) -> list[str]:
    """Compare schemas field by field; an answer may promise more than the contract does."""
    mine, wanted = facts(*ours), facts(*theirs)
    found = []
    if not (wanted.required <= mine.required if is_answer else wanted.required == mine.required):
        found.append(f"{where}: required {sorted(mine.required)}, not {sorted(wanted.required)}")
    if wanted.values and mine.values - EXTENSIONS != wanted.values:
        found.append(f"{where}: one of {sorted(mine.values)}, not {sorted(wanted.values)}")
    for name in wanted.fields.keys() & mine.fields.keys():
        pair = {"anyOf": mine.fields[name]}, {"anyOf": wanted.fields[name]}
        if is_answer and takes_null(ours[0], pair[0]) > takes_null(theirs[0], pair[1]):
            found.append(f"{where}.{name}: may be null")
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


def required_in(document, operation):
    """Fields that the body must have, and fields that the answer always has."""
    sent, (_, answered) = body(document, operation), answer(operation)
    schema = next(iter(sent["content"].values()))["schema"] if sent else {}
    return facts(document, schema).required, facts(document, answered.get("schema", {})).required


def test_each_operation_of_the_contract_is_described_with_its_fields(described):
    ours = {key: required_in(described, one) for key, one in operations(described).items()}
    assert ours.keys() == LISTED.keys()
    assert {key: sent for key, (sent, _) in ours.items()} == {
        key: sent for key, (sent, _) in LISTED.items()
    }
    lacking = {key: LISTED[key][1] - answered for key, (_, answered) in ours.items()}
    assert {key: fields for key, fields in lacking.items() if fields} == {}


def test_the_description_agrees_with_the_contract(described):
    # The contract lies beside the project where it is developed; elsewhere the list stands for it.
    contract = yaml.safe_load(SHARED.read_text()) if SHARED.exists() else {"paths": {}}
    wanted, ours = operations(contract), operations(described)
    assert {
        key: required_in(contract, one) for key, one in wanted.items()
    }.items() <= LISTED.items()
    assert wanted.keys() <= ours.keys()
    found = [
        difference
        for key, theirs in wanted.items()
        for difference in (
            *differing_parameters(described, ours[key], contract, theirs, " ".join(key)),
            *differing_bodies(described, ours[key], contract, theirs, " ".join(key)),
            *differing_answers(described, ours[key], contract, theirs, " ".join(key)),
        )
    ]
    assert found == []


def differing_parameters(document, ours, contract, theirs, where):
    mine, wanted = parameters(document, ours), parameters(contract, theirs)
    lacking = [f"{where}: lacks the parameter {parameter}" for parameter in wanted - mine]
    return [*lacking, *(f"{where}: requires {extra}" for extra in mine - wanted if extra[2])]


def differing_bodies(document, ours, contract, theirs, where):
    mine, wanted = body(document, ours), body(contract, theirs)
    if mine is None or wanted is None:
        return [] if mine is wanted else [f"{where}: only one of the two has a body"]
    [(media, sent)], [(wanted_media, wanted_sent)] = (
        mine["content"].items(),
        wanted["content"].items(),
    )
    if (media, mine["required"]) != (wanted_media, wanted["required"]):
        return [f"{where}: the body is {media}, required: {mine['required']}"]
    pair = (document, sent["schema"]), (contract, wanted_sent["schema"])
    return differences(*pair, f"{where} body", is_answer=False)


def differing_answers(document, ours, contract, theirs, where):
    (media, got), (wanted_media, wanted) = answer(ours), answer(theirs)
    if wanted_media is None:
        return []
    if media != wanted_media:
        return [f"{where}: answers {media}, not {wanted_media}"]
    pair = (document, got["schema"]), (contract, wanted["schema"])
    return differences(*pair, f"{where} answer", is_answer=True)


def test_a_method_that_a_path_has_not_is_told_all_that_it_has(described, server, call):
    with call(server) as api:
        for path, item in described["paths"].items():
            wrong = api.http.request("PATCH", re.sub("{.*?}", "x", path))
            allowed = {method.upper() for method in item} | ({"HEAD"} if "get" in item else set())
            assert (wrong.status_code, wrong.json()) == (405, {"detail": "Method Not Allowed"})
            assert set(wrong.headers["allow"].split(", ")) == allowed, path


def test_head_answers_as_get_does_wherever_there_is_get(described, server, call):
    with call(server) as api:
        for path in ("/agents", "/sessions", "/organizations/current/api-keys"):
            assert "get" in described["paths"][path]
            head, got = api.http.head(path), api.http.get(path)
            assert (head.status_code, head.content) == (200, b"")
            assert head.headers["content-length"] == str(len(got.content))
