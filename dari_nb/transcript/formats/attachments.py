"""Texts that a document holds once, and refers to from wherever they are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

MAX_ATTACHED = 256 * 2**20
"""Characters that references may bring into one sample: one text can be referred to very often."""
_SCHEME = "attachment://"


def resolved(sample: Mapping[str, Any], names: Iterable[str], attachments: Any) -> dict[str, Any]:
    """Put texts in the place of what refers to them, in some entries of a sample.

    Args:
        sample: The sample.
        names: The entries.
        attachments: The texts, by name or by place.

    Raises:
        ValueError: It would become too large.

    >>> resolved({"input": "attachment://a"}, ["input"], {"a": "Hi"})
    {'input': 'Hi'}
    """
    texts = _Texts(attachments)
    return {**sample, **{name: texts.put(sample[name]) for name in names if name in sample}}


class _Texts:
    def __init__(self, attachments: Any) -> None:
        self._by_key = attachments if isinstance(attachments, dict) else {}
        if isinstance(attachments, list):
            self._by_key = {str(place): text for place, text in enumerate(attachments)}
        self._left = MAX_ATTACHED

    def put(self, value: Any) -> Any:
        if isinstance(value, str):
            return self._text(value) if value.startswith(_SCHEME) else value
        if isinstance(value, list):
            return [self.put(part) for part in value]
        if isinstance(value, dict):
            return {key: self.put(part) for key, part in value.items()}
        return value

    def _text(self, reference: str) -> str:
        found = self._by_key.get(reference.removeprefix(_SCHEME))
        if not isinstance(found, str):
            return reference
        self._left -= len(found)
        if self._left < 0:
            raise ValueError(f"its attachments are more than {MAX_ATTACHED >> 20} MiB")
        return found
