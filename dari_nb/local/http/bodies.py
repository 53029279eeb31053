"""Request bodies: shapes as types (422 when malformed), rules as checks (400 when broken)."""

from __future__ import annotations

import re
from typing import Any, Literal

import msgspec

from ..._secret import hidden
from ...transcript.nesting import is_nested_deeper
from ..llm import SessionSecrets
from ..records import JsonObject
from ..resources import Refusal

_MAX_NESTING = 100
_SECRET_NAME = re.compile(r"[A-Z_][A-Z0-9_]*")
_PATH = re.compile(r"^(?P<msg>.*?)(?: - at `(?P<path>\$.*)`)?$", re.DOTALL)


class TextBlock(msgspec.Struct, tag_field="type", tag="text"):
    """A text block."""

    text: str


class FileBlock(msgspec.Struct, tag_field="type", tag="file"):
    """A block that refers to an uploaded file."""

    file_id: str


class ImageBlock(msgspec.Struct, tag_field="type", tag="image"):
    """A block that refers to an uploaded image."""

    file_id: str


Block = TextBlock | FileBlock | ImageBlock


class SessionBody(msgspec.Struct, kw_only=True):
    """What a new session can be given (contract, section 5)."""

    name: str | None = None
    metadata: dict[str, str] | None = None
    secrets: dict[str, str] | None = None
    llm_api_key: str | None = None
    llm_id: str | None = None
    internet_access: bool | None = None
    version_id: str | None = None
    storage_binding_id: str | None = None

    def check(self) -> None:
        """Hold the rules that the shape cannot express."""
        for name, value in (self.secrets or {}).items():
            if not _SECRET_NAME.fullmatch(name):
                raise Refusal(400, f"Secret name {name!r} must match ^[A-Z_][A-Z0-9_]*$")
            if not value:
                raise Refusal(400, f"Secret {name} must not be empty")

    def own(self) -> SessionSecrets | None:
        """What the session is given that nobody gets to see again, if there is any."""
        if not self.llm_api_key and not self.secrets:
            return None
        return SessionSecrets(
            hidden(self.llm_api_key),
            {name: hidden(value) for name, value in (self.secrets or {}).items()},
        )


class UserMessageBody(msgspec.Struct, kw_only=True, tag_field="type", tag="user.message"):
    """A user message (contract, section 6)."""

    content: list[Block]
    metadata: dict[str, Any] | None = None

    def check(self) -> None:
        """Refuse a message that holds nothing."""
        if not any(not isinstance(b, TextBlock) or b.text.strip() for b in self.content):
            raise Refusal(400, "The message is empty: content needs a text, file or image")


class ToolResultBody(msgspec.Struct, kw_only=True, tag_field="type", tag="tool.result_submitted"):
    """The answer to an external tool call (contract, section 6)."""

    message_id: str
    tool_call_id: str
    result: Any | msgspec.UnsetType = msgspec.UNSET
    is_error: bool | None = None


class OneShotBody(msgspec.Struct, kw_only=True):
    """A first message with its session (contract, section 6)."""

    type: Literal["user.message"]
    content: list[Block]
    metadata: dict[str, Any] | None = None
    session: SessionBody | None = None


EventBody = UserMessageBody | ToolResultBody


def parse(body: bytes) -> Any:
    """Decode a JSON body, or refuse it with 422; no body at all counts as an empty object."""
    if not body.strip():
        return {}
    try:
        data = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise malformed(str(error), kind="json_invalid") from None
    if is_nested_deeper(data, _MAX_NESTING):
        raise malformed(f"Nested more than {_MAX_NESTING} levels deep", kind="json_invalid")
    return data


def shaped(data: Any, shape: Any) -> Any:
    """Read decoded JSON as one of the types above, or refuse it with 422."""
    try:
        return msgspec.convert(data, shape)
    except (msgspec.ValidationError, RecursionError) as error:
        raise malformed(str(error)) from None


def malformed(message: str, *, kind: str = "value_error", where: str = "body") -> Refusal:
    """Make the 422 that says what is wrong and where."""
    match = _PATH.match(message)
    text, path = (match["msg"], match["path"] or "") if match else (message, "")
    loc: list[str | int] = [where, *_steps(path)]
    entry: JsonObject = {"loc": loc, "msg": text, "type": kind}
    return Refusal(422, [entry])


def _steps(path: str) -> list[str | int]:
    """Split ``$.content[0].text`` into its steps."""
    parts = re.findall(r"\.([^.\[]+)|\[(\d+)\]", path)
    return [int(index) if index else name for name, index in parts]
