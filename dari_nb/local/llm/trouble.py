"""What goes wrong between this server and a model, as one tree of errors.

::

    TurnFailure
    └── ProviderTrouble     the model gave no answer that can be used
        └── BrokenStream    its stream ended early, or holds what nobody can read
"""

from __future__ import annotations

from ..agents import TurnFailure
from ..steps import clean

_SHOWN = 500
"""Characters of a provider's own words that are shown."""


class ProviderTrouble(TurnFailure):
    """A request to a model failed; the text says how, without the key.

    Attributes:
        may_pass: Whether the same request may succeed later.
        wait: Seconds that the provider asked to wait, if it did.
        begun: Whether the provider had begun to answer, so that it may have counted tokens.
    """

    def __init__(
        self, text: str, *, may_pass: bool = False, wait: float | None = None, begun: bool = False
    ) -> None:
        super().__init__(text)
        self.may_pass = may_pass
        self.wait = wait
        self.begun = begun


class BrokenStream(ProviderTrouble):
    """The stream of an answer cannot be read to its end."""

    def __init__(self, text: str) -> None:
        super().__init__(text, may_pass=True, begun=True)


def shortened(text: str) -> str:
    """Keep the beginning of a text that somebody else wrote."""
    text = clean(text.strip())
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]} …"
