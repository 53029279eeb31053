"""Values that are shown nowhere, not even as variables in a verbose traceback."""

from __future__ import annotations

import json
from collections.abc import Iterable


class Secrets:
    """Takes secret values out of texts that came from elsewhere; has no telling repr."""

    def __init__(self, values: Iterable[str]) -> None:
        self._values = tuple(value for value in values if value)

    def and_those(self, values: Iterable[str]) -> Secrets:
        """Make one that hides these as well."""
        return Secrets([*self._values, *values])

    def hidden_in(self, text: str) -> str:
        """Replace each secret, as it is and as JSON escapes it.

        >>> Secrets(["dari_1"]).hidden_in("bad key: dari_1")
        'bad key: [hidden]'
        """
        for value in self._values:
            for form in (
                value,
                json.dumps(value)[1:-1],
                json.dumps(value, ensure_ascii=False)[1:-1],
            ):
                text = text.replace(form, "[hidden]")
        return text
