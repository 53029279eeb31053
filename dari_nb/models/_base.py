"""The base of all resources: typed fields in front, the answer as it was sent behind."""

from __future__ import annotations

import copy
from functools import cache
from typing import Any, ClassVar, Self

import msgspec


class Model(msgspec.Struct, kw_only=True, frozen=True, eq=False, gc=False):
    """An immutable resource that keeps what it was made from.

    Fields that this version does not know are in :attr:`extra`, and :meth:`to_dict` gives the
    API's own shape back, unknown and left-out fields included.
    """

    _hidden: ClassVar[frozenset[str]] = frozenset()
    """Fields that hold a secret, and so are not shown by ``repr``."""

    _wire: bytes | dict[str, Any] | msgspec.UnsetType = msgspec.field(
        default=msgspec.UNSET, name="<wire>"
    )

    @classmethod
    def from_json(cls, body: bytes) -> Self:
        """Decode one JSON object.

        Raises:
            msgspec.ValidationError: A known field has a type that cannot be read.
            msgspec.DecodeError: The body is not JSON.
        """
        self: Self = _decoder(cls).decode(body)
        msgspec.structs.force_setattr(self, "_wire", body)
        return self

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Self:
        """Read an object that is decoded already; same errors as :meth:`from_json`."""
        self = msgspec.convert(data, cls, strict=False)
        msgspec.structs.force_setattr(self, "_wire", data)
        return self

    def to_dict(self) -> dict[str, Any]:
        """Return the API's own shape as a new dict."""
        if isinstance(self._wire, bytes):
            return dict(msgspec.json.decode(self._wire))
        if isinstance(self._wire, dict):
            return copy.deepcopy(self._wire)
        return dict(msgspec.to_builtins(self))

    def to_json(self) -> bytes:
        """Return the API's own shape as JSON, just as it was sent if it came that way."""
        if isinstance(self._wire, bytes):
            return self._wire
        return msgspec.json.encode(self.to_dict())

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
            if name != "_wire" and name not in self._hidden and value not in (None, {}, [])
        )
        return f"{type(self).__name__}({', '.join(shown)})"


class VariedModel(Model, frozen=True, kw_only=True):
    """A resource that servers are known, or may be expected, to send in several shapes."""

    @classmethod
    def _settled(cls, data: dict[str, Any]) -> dict[str, Any]:
        """Bring the shape that was sent to this class's own fields."""
        raise NotImplementedError

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Self:
        """Read an object in any of the shapes."""
        self = msgspec.convert(cls._settled(data), cls, strict=False)
        msgspec.structs.force_setattr(self, "_wire", data)
        return self

    @classmethod
    def from_json(cls, body: bytes) -> Self:
        """Decode, then read as :meth:`from_dict` does."""
        return cls.from_dict(msgspec.json.decode(body, type=dict[str, Any]))


@cache
def _decoder(cls: type[Model]) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(cls, strict=False)
