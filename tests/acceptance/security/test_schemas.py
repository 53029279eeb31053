"""Schemas of tools that look elsewhere, or at themselves: the server follows them nowhere."""

import socket

import pytest

from dari_nb.errors import ApiError
from dari_nb.local import ToolCall


def exploding(levels=60):
    """Return a schema whose levels each look twice at the next one."""
    levels_of = {f"d{n}": {"allOf": [{"$ref": f"#/$defs/d{n + 1}"}] * 2} for n in range(levels)}
    return {"$ref": "#/$defs/d0", "$defs": {**levels_of, f"d{levels}": {"type": "integer"}}}


@pytest.fixture
def listener():
    """Yield a listening socket that nothing should connect to."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        yield listener


@pytest.fixture
def check(server, d):
    """Return a function that submits a result to a tool with a schema; returns the error's status.

    The status is 0 if the result is accepted, or the tool isn't even called.
    """

    def check(schema, result):
        @server.agent("asks")
        def asks(prompt):
            yield ToolCall("count", {}, external=True, output_schema=schema)

        turn = d.agents["asks"].send("Count.")
        try:
            for call in turn.tool_calls:
                turn.session.submit_tool_result(call.tool_call_id, result)
        except ApiError as error:
            return error.status
        return 0

    return check


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_reference_to_web_is_not_loaded(check, listener, scheme):
    url = f"{scheme}://127.0.0.1:{listener.getsockname()[1]}/schema.json"
    assert 400 <= check({"$ref": url}, 1) < 500
    with pytest.raises(BlockingIOError):
        listener.accept()


def test_reference_to_file_is_not_loaded(check, tmp_path):
    schema = tmp_path / "schema.json"
    schema.write_text('{"type": "integer"}')
    assert 400 <= check({"$ref": schema.as_uri()}, 1) < 500


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "#"},
        {"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/a"}}},
        {"$ref": "#/$defs/missing"},
        exploding(),
        {"type": "string", "pattern": "^(a+)+$"},
        {"type": "string", "pattern": "("},
        {"minLength": "x"},
    ],
    ids=["self", "cycle", "missing", "exploding", "backtracking", "pattern", "keyword"],
)
def test_schema_without_end_or_sense_leaves_server_at_work(d, check, schema):
    assert check(schema, "a" * 60 + "!") < 500
    assert d.agents["echo"].send("still there").text
