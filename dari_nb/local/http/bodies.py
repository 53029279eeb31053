"""Request bodies: shapes as types (422 when malformed), rules as checks (400 when broken)."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

import msgspec

from ..._secret import hidden
from ...models.nesting import is_nested_deeper
from ..llm import SessionSecrets
from ..service import Refusal
from ..service.forks import ForkPoint
from ..service.sessions import NewSession
from ..store.records import ENV_NAME, JsonObject

_MAX_NESTING = 100
_PATH = re.compile(r"^(?P<msg>.*?)(?: - at `(?P<path>\$.*)`)?$", re.DOTALL)

# What breaks these two is a 400 of the service, whose rules they are.
SecretName = Annotated[str, msgspec.Meta(extra_json_schema={"pattern": f"^{ENV_NAME}$"})]
Secrets = dict[SecretName, Annotated[str, msgspec.Meta(extra_json_schema={"minLength": 1})]]
_LARGEST = 2**53
Size = (
    Annotated[int, msgspec.Meta(ge=1, le=_LARGEST)]
    | Annotated[float, msgspec.Meta(ge=1, le=_LARGEST, multiple_of=1)]
)
"""A number of bytes: in JSON, 2.0 is as whole as 2."""
NoFork = Annotated[Any, msgspec.Meta(extra_json_schema={"type": "null"})]
"""What only the making of a session without a message can take."""
_NO_FORK = "A message comes after the fork: POST /agents/{agent_id}/sessions takes `fork_of`"
Key = Annotated[str, msgspec.Meta(min_length=1, extra_json_schema={"writeOnly": True})]


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


class ForkBody(msgspec.Struct, kw_only=True):
    """Where a session is forked: before or after one of its messages (contract, section 18.4)."""

    session_id: str
    before_message_id: str | None = None
    after_message_id: str | None = None

    def __post_init__(self) -> None:
        """Hold what is said above.

        Raises:
            ValueError: There is neither or both.
        """
        if (self.before_message_id is None) == (self.after_message_id is None):
            raise ValueError("Object takes one of `before_message_id` and `after_message_id`")

    def point(self) -> ForkPoint:
        """The place in that session."""
        is_after = self.before_message_id is None
        message_id = self.after_message_id or self.before_message_id or ""
        return ForkPoint(self.session_id, message_id, is_after)


def _one_of(given: str, other: str) -> JsonObject:
    fields = {given: {"type": "string"}, other: {"type": "null"}}
    return {"type": "object", "properties": fields, "required": [given]}


_BEFORE, _AFTER = "before_message_id", "after_message_id"
_PLACES = [{"type": "null"}, _one_of(_BEFORE, _AFTER), _one_of(_AFTER, _BEFORE)]
Fork = Annotated[ForkBody | None, msgspec.Meta(extra_json_schema={"oneOf": _PLACES})]
"""Of the two places one, which only a check can tell."""


class SessionBody(msgspec.Struct, kw_only=True):
    """What a new session can be given (contract, section 5)."""

    name: str | None = None
    metadata: dict[str, str] | None = None
    secrets: Secrets | None = None
    llm_api_key: Key | None = None
    llm_id: str | None = None
    internet_access: bool | None = None
    version_id: str | None = None
    storage_binding_id: str | None = None

    def wish(self) -> NewSession:
        """What the session is to be given."""
        return NewSession(
            self.version_id,
            self.llm_id,
            self.name,
            self.metadata,
            self.internet_access,
            self.storage_binding_id,
            self._secrets(),
        )

    def _secrets(self) -> SessionSecrets | None:
        """What the session is given that nobody gets to see again, if there is any."""
        if not self.llm_api_key and self.secrets is None:
            return None
        return SessionSecrets(
            hidden(self.llm_api_key),
            {name: hidden(value) for name, value in (self.secrets or {}).items()},
        )


class NewSessionBody(SessionBody, kw_only=True):
    """The same for a session without a message, which can begin as a fork of another."""

    fork_of: Fork = None


class Unforked(msgspec.Struct, kw_only=True):
    """What makes a session with its first message, and so no fork."""

    fork_of: NoFork = None

    def __post_init__(self) -> None:
        """Refuse what would make another session than the one that was asked for.

        Raises:
            ValueError: It is to be a fork.
        """
        _refuse(self.fork_of)


class FirstSessionBody(SessionBody, kw_only=True):
    """The same for a session with its first message."""

    fork_of: NoFork = None

    def __post_init__(self) -> None:
        """Refuse what would make another session than the one that was asked for.

        Raises:
            ValueError: It is to be a fork.
        """
        _refuse(self.fork_of)


def _refuse(fork_of: Any) -> None:
    if fork_of is not None:
        raise ValueError(_NO_FORK)


class UserMessageBody(msgspec.Struct, kw_only=True, tag_field="type", tag="user.message"):
    """A user message (contract, section 6)."""

    content: list[Block]
    metadata: dict[str, Any] | None = None


class ToolResultBody(msgspec.Struct, kw_only=True, tag_field="type", tag="tool.result_submitted"):
    """The answer to an external tool call; only an error needs no result (contract, section 6)."""

    message_id: str
    tool_call_id: str
    result: Any | msgspec.UnsetType = msgspec.UNSET
    is_error: bool | None = False

    def __post_init__(self) -> None:
        """Hold what is said above.

        Raises:
            ValueError: There is neither a result nor an error.
        """
        if self.result is msgspec.UNSET and not self.is_error:
            raise ValueError("Object missing required field `result`")


class CancelBody(msgspec.Struct, kw_only=True, tag_field="type", tag="message.cancel_requested"):
    """The wish that a turn end (contract, section 18.3)."""

    message_id: str


class OneShotBody(Unforked, kw_only=True):
    """A first message with its session (contract, section 6)."""

    type: Literal["user.message"]
    content: list[Block]
    metadata: dict[str, Any] | None = None
    session: FirstSessionBody | None = None


EventBody = UserMessageBody | ToolResultBody | CancelBody


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
    """Split ``$.content[0].text`` into its steps; what no name tells (``[...]``) is left out."""
    parts = re.findall(r"\.([^.\[\]]+)|\[(\d+)\]", path)
    return [int(index) if index else name for name, index in parts]
