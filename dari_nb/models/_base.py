"""The base of all resources: typed fields in front, the answer as it was sent behind."""

from __future__ import annotations

import copy
from functools import cache
from typing import Any, ClassVar, Self

import msgspec

from ._nulls import without_nulls

_NOTHING: tuple[Any, ...] = (None, {}, [], msgspec.UNSET)


class Model(msgspec.Struct, kw_only=True, frozen=True, eq=False, gc=False):
    """An immutable resource that keeps what it was made from.

    Fields that this version does not know are in :attr:`extra`, and :meth:`to_dict` gives the
    API's own shape back, unknown and left-out fields included. A null where a field has a default
    is that default.

    >>> from dari_nb.models import Agent
    >>> agent = Agent.from_dict({"id": "agt_1", "name": "tour", "colour": "blue"})
    >>> agent.name, agent.extra, agent.to_dict()["colour"]
    ('tour', {'colour': 'blue'}, 'blue')
    """

    _hidden: ClassVar[frozenset[str]] = frozenset()
    """Fields that hold a secret, and so are not shown by ``repr``."""

    _wire: bytes | dict[str, Any] | msgspec.UnsetType = msgspec.field(
        default=msgspec.UNSET, name="<wire>"
    )

    @classmethod
    def from_json(cls, body: bytes) -> Self:
        """Decode one JSON object.

        Args:
            body: The object as the server sent it.

        Raises:
            msgspec.ValidationError: A known field has a type that cannot be read.
            msgspec.DecodeError: The body is not JSON.

        >>> from dari_nb.models import Agent
        >>> Agent.from_json(b'{"id": "agt_1"}').id
        'agt_1'
        """
        try:
            self: Self = _decoder(cls).decode(body)
        except msgspec.ValidationError:
            self = cls._read(object_in(body))
        msgspec.structs.force_setattr(self, "_wire", body)
        return self

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Self:
        """Read an object that is decoded already.

        Args:
            data: The object in the API's own shape.

        Raises:
            msgspec.ValidationError: A known field has a type that cannot be read.

        >>> from dari_nb.models import Agent
        >>> Agent.from_dict({"id": "agt_1"}).id
        'agt_1'
        """
        self = cls._read(as_object(data))
        msgspec.structs.force_setattr(self, "_wire", data)
        return self

    @classmethod
    def gaps(cls, data: dict[str, Any], known: dict[str, Any]) -> dict[str, Any]:
        """Pick what is known, by names of fields, and left out or null in an object."""
        told = cls._settled(data)
        return {
            name: value
            for name, value in known.items()
            if value is not None and told.get(name) in (None, "")
        }

    @classmethod
    def _settled(cls, data: dict[str, Any]) -> dict[str, Any]:
        """Bring the shape that was sent to this class's own fields."""
        return data

    @classmethod
    def _read(cls, data: dict[str, Any]) -> Self:
        try:
            return msgspec.convert(data, cls, strict=False)
        except msgspec.ValidationError:
            return msgspec.convert(without_nulls(data, cls), cls, strict=False)

    def to_dict(self) -> dict[str, Any]:
        """Return the API's own shape as a new dict, with what was replaced since it came.

        >>> from dari_nb.models import Agent
        >>> Agent.from_dict({"id": "agt_1", "colour": "blue"}).to_dict()
        {'id': 'agt_1', 'colour': 'blue'}
        """
        if isinstance(self._wire, bytes):
            return {**object_in(self._wire), **self._replaced(type(self).from_json(self._wire))}
        if isinstance(self._wire, dict):
            wire = copy.deepcopy(self._wire)
            return {**wire, **self._replaced(type(self).from_dict(wire))}
        return dict(msgspec.to_builtins(self))

    def to_json(self) -> bytes:
        """Return the API's own shape as JSON, just as it was sent if it came that way.

        >>> from dari_nb.models import Agent
        >>> Agent.from_json(b'{"id": "agt_1"}').to_json()
        b'{"id": "agt_1"}'
        """
        if isinstance(self._wire, bytes) and not self._replaced(type(self).from_json(self._wire)):
            return self._wire
        return msgspec.json.encode(self.to_dict())

    def _replaced(self, sent: Self) -> dict[str, Any]:
        """Find the fields that ``msgspec.structs.replace`` has changed, in the API's shape."""
        names = zip(self.__struct_fields__, self.__struct_encode_fields__, strict=True)
        return {
            key: _plain(getattr(self, name))
            for name, key in names
            if name != "_wire" and not _is_same(getattr(self, name), getattr(sent, name))
        }

    @property
    def extra(self) -> dict[str, Any]:
        """The fields that the server sent and this version does not know."""
        known = self.__struct_encode_fields__
        return {key: value for key, value in self.to_dict().items() if key not in known}

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Model):
            return NotImplemented
        return type(self) is type(other) and self.to_dict() == other.to_dict()

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        shown = (
            f"{name}={value!r}"
            for name, value in msgspec.structs.asdict(self).items()
            if name != "_wire" and name not in self._hidden and value not in _NOTHING
        )
        return f"{type(self).__name__}({', '.join(shown)})"


class VariedModel(Model, frozen=True, kw_only=True):
    """A resource that servers are known, or may be expected, to send in several shapes."""

    @classmethod
    def _read(cls, data: dict[str, Any]) -> Self:
        return super()._read(cls._settled(data))

    @classmethod
    def from_json(cls, body: bytes) -> Self:
        """Decode one JSON object, and read it as :meth:`from_dict` does.

        Args:
            body: The object as the server sent it.

        Raises:
            msgspec.ValidationError: A known field has a type that cannot be read.

        >>> from dari_nb.models import BundleFile
        >>> BundleFile.from_json(b'{"name": "dari.yml"}').path
        'dari.yml'
        """
        return cls.from_dict(object_in(body))


class Whole(Model, frozen=True, kw_only=True):
    """A resource with others inside of it, each of which keeps its own unknown fields."""

    @classmethod
    def _read(cls, data: dict[str, Any]) -> Self:
        """Read the parts."""
        raise NotImplementedError

    @classmethod
    def from_json(cls, body: bytes) -> Self:
        """Decode one JSON object, and read it as :meth:`from_dict` does.

        Args:
            body: The object as the server sent it.

        Raises:
            msgspec.ValidationError: A known field has a type that cannot be read.

        >>> from dari_nb.models import Batch
        >>> Batch.from_json(b'{"batch_id": "batch_1", "sessions": []}').id
        'batch_1'
        """
        return cls.from_dict(object_in(body))


def as_object(value: Any) -> dict[str, Any]:
    """Take a decoded value for an object.

    Raises:
        msgspec.ValidationError: It is none.
    """
    return msgspec.convert(value, dict[str, Any])


def object_in(body: bytes) -> dict[str, Any]:
    """Decode one object.

    Raises:
        msgspec.ValidationError: It is JSON, but no object.
        msgspec.DecodeError: It is not JSON.
    """
    return msgspec.json.decode(body, type=dict[str, Any])


def part(data: dict[str, Any], key: str) -> dict[str, Any]:
    """Return an object inside of another; an empty one where there is none."""
    found = data.get(key)
    return found if isinstance(found, dict) else {}


def parts(value: Any) -> list[dict[str, Any]]:
    """Take a decoded value for a list of objects: a null is an empty one, nulls in it are none.

    Raises:
        msgspec.ValidationError: It is no list, or holds what is no object.
    """
    entries = msgspec.convert(value, list[dict[str, Any] | None] | None)
    return [entry for entry in entries or [] if entry is not None]


def _is_same(value: Any, other: Any) -> bool:
    """Compare two values; resources by their fields, which spares making dicts of them."""
    if isinstance(value, Model) and type(value) is type(other):
        names = value.__struct_fields__
        return all(_is_same(getattr(value, name), getattr(other, name)) for name in names)
    if isinstance(value, list) and isinstance(other, list):
        return len(value) == len(other) and all(map(_is_same, value, other))
    return bool(value == other)


def _plain(value: Any) -> Any:
    if isinstance(value, Model):
        return value.to_dict()
    if isinstance(value, list):
        return [_plain(entry) for entry in value]
    return msgspec.to_builtins(value)


@cache
def _decoder(cls: type[Model]) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(cls, strict=False)
