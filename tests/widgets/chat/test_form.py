"""Forms from JSON Schemas, and values from forms."""

import pytest

from dari_nb.errors import InvalidRequestError
from dari_nb.widgets.chat.form import fields_of, value_of

SCHEMA = {
    "type": "object",
    "required": ["city", "seats"],
    "properties": {
        "city": {"type": "string", "description": "Where to"},
        "seats": {"type": "integer"},
        "price": {"type": "number"},
        "window": {"type": "boolean"},
        "cabin": {"type": "string", "enum": ["economy", "business"]},
        "extras": {"type": "array"},
    },
}


def test_each_property_is_a_field():
    fields = {field["name"]: field for field in fields_of(SCHEMA)}
    assert {name: field["kind"] for name, field in fields.items()} == {
        "city": "text",
        "seats": "integer",
        "price": "number",
        "window": "boolean",
        "cabin": "choice",
        "extras": "json",
    }
    assert fields["cabin"]["choices"] == ["economy", "business"]
    assert fields["city"]["help"] == "Where to"
    assert [name for name, field in fields.items() if field["required"]] == ["city", "seats"]


@pytest.mark.parametrize(
    "schema",
    [
        None,
        {"type": "object", "properties": {}},
        {"type": "object", "properties": {f"f{n}": {} for n in range(13)}},
    ],
)
def test_what_is_no_form_has_no_fields(schema):
    assert fields_of(schema) == []


def test_what_was_filled_in_becomes_json_of_the_right_types():
    filled = {"city": "Bern", "seats": "2", "price": "9.5", "window": True, "cabin": ""}
    filled["extras"] = '["meal"]'
    assert value_of(fields_of(SCHEMA), filled) == {
        "city": "Bern",
        "seats": 2,
        "price": 9.5,
        "window": True,
        "extras": ["meal"],
    }


@pytest.mark.parametrize(
    ("filled", "said"),
    [
        ({"seats": "2"}, "city is missing"),
        ({"city": "Bern", "seats": "two"}, "seats takes a number, not 'two'"),
        ({"city": "Bern", "seats": "2", "extras": "[meal"}, "extras is no JSON"),
    ],
)
def test_what_cannot_be_read_is_named(filled, said):
    with pytest.raises(InvalidRequestError, match=said):
        value_of(fields_of(SCHEMA), filled)


def test_without_fields_the_answer_is_json():
    assert value_of([], '{"ok": true}') == {"ok": True}
    with pytest.raises(InvalidRequestError):
        value_of([], "ok")
