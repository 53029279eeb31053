"""What keys of known providers look like."""

from __future__ import annotations

import re

_WORD = "A-Za-z0-9"
_BEGINS = rf"(?<![{_WORD}])"
"""Where a word begins: there are words such as task-force."""

FORMS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (begin, re.compile(form, re.S))
    for begin, form in (
        # OpenAI, Anthropic, OpenRouter, DeepSeek and many others; dashes, too.
        ("sk-", rf"{_BEGINS}sk-[{_WORD}_-]{{16,}}"),
        ("sk-", rf"sk-(?:(?:proj|ant|or|svcacct|admin)-[{_WORD}_-]{{16,}}|[{_WORD}]{{32,}})"),
        ("k_live_", rf"[srp]k_live_[{_WORD}]{{10,}}"),
        ("k_test_", rf"[srp]k_test_[{_WORD}]{{10,}}"),
        *((f"gh{kind}_", rf"gh{kind}_[{_WORD}]{{20,}}") for kind in "pousr"),
        ("github_pat_", r"github_pat_\w{20,}"),
        ("glpat-", rf"glpat-[{_WORD}_-]{{16,}}"),
        ("xox", rf"xox[a-z]-[{_WORD}-]{{10,}}"),
        ("xapp-", rf"xapp-[{_WORD}-]{{10,}}"),
        ("AKIA", r"AKIA[A-Z0-9]{16}"),
        ("ASIA", r"ASIA[A-Z0-9]{16}"),
        ("AIza", rf"AIza[{_WORD}_-]{{30,}}"),
        ("ya29.", rf"ya29\.[{_WORD}_-]{{20,}}"),
        ("eyJ", rf"eyJ[{_WORD}_-]{{8,}}\.[{_WORD}_-]{{8,}}\.[{_WORD}_-]*"),
        ("hf_", rf"hf_[{_WORD}]{{20,}}"),
        ("gsk_", rf"gsk_[{_WORD}]{{20,}}"),
        ("xai-", rf"{_BEGINS}xai-[{_WORD}]{{20,}}"),
        ("pplx-", rf"pplx-[{_WORD}]{{20,}}"),
        ("r8_", rf"{_BEGINS}r8_[{_WORD}]{{20,}}"),
        ("npm_", rf"npm_[{_WORD}]{{30,}}"),
        ("pypi-", rf"pypi-[{_WORD}_-]{{30,}}"),
        ("dari_", rf"dari_(?:[a-z]+_)?[{_WORD}]{{16,}}"),
        ("-----BEGIN", r"-----BEGIN[A-Z +]*PRIVATE[ +]KEY-----.*?(?:-----END[A-Z +]*-----|\Z)"),
    )
)
"""Each form with what stands in all of its keys, by which a text without any is told fast."""
