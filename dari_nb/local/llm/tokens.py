"""What a request to a model took."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Tokens:
    """How many tokens a request took; ``cached`` ones are in the input, thoughts in the output."""

    input: int = 0
    output: int = 0
    cached: int = 0
    reasoning: int = 0
