"""What keys of known providers look like, and what is a key because of what stands before it."""

from __future__ import annotations

import re

_WORD = "A-Za-z0-9"
_BEGINS = rf"(?<![{_WORD}])"
"""Where a word begins: there are words such as task-force."""

_MIXED = r"(?=[\w-]*\d)(?=[\w-]*[a-z])(?=[\w-]*[A-Z])"
"""Small and capital letters and digits, as no word has them."""
_HAS_RUN = rf"(?=[\w.~+/-]{{0,80}}?(?=[A-Za-z]{{0,60}}\d)(?=\d{{0,60}}[A-Za-z])[{_WORD}]{{12}})"
"""Twelve letters and digits in a row or more, with both among them, as no words have them."""
_PLACEHOLDER = r"(?!(?i:pass|passwd|password|pwd|secret|token|key)@)"
"""What passwords are called in examples of addresses."""

_PLAIN = r"[^\s@/\"'<>$*{\[\\]"
_IN_ADDRESS = (
    rf"(?!\d{{1,5}}[/?])(?:(?=(?:{_PLAIN}|@){{6,}}@){_PLAIN}*(?:@(?:(?!\?\w{{1,40}}=){_PLAIN})*)*"
    rf"|(?=[^@\s]{{0,99}}\d)(?:{_PLAIN}|/){{6,99}})"
)
"""A password in an address, up to its last @, or where it has a slash, up to the first.

With a slash it has a digit, too; what begins as a port is none.
"""

_LINE = rf"(?:(?=[A-Za-z+/]{{0,63}}\d)[{_WORD}+/=]{{16,}}+|[{_WORD}+/=]{{40,}}+)"
"""A line of a private key: base64 with a digit, or too long for a word."""
_LAST_LINE = rf"(?=[A-Za-z]*+[\d+/=])[{_WORD}+/=]{{1,15}}+(?=[\s\"'`\\]|\Z)"
_UP_TO = r"(?:(?!-----).)*"
_HEADER = r"(?:\s*(?:Proc-Type|DEK-Info|Version|Comment): [^\r\n]{0,80})*+"
_AROUND = r"[\s\"'`>|#,+\\-]{0,20}+"
"""What may stand before a line of a private key, such as a sign of a quotation."""
_PRIVATE_KEY = (
    r"-----BEGIN[A-Z +]*PRIVATE[ +]KEY(?:[ +]BLOCK)?-----"
    rf"(?:(?={_UP_TO}?{_LINE}){_UP_TO}+-----END[A-Z +]*-----"
    rf"|{_HEADER}(?:{_AROUND}{_LINE})++(?:{_AROUND}{_LAST_LINE})?)"
)
"""A private key; without its last line, as far as lines of a key stand behind its first."""

COMMON: tuple[tuple[str, str], ...] = (
    ("-----BEGIN", _PRIVATE_KEY),
    *(
        (scheme, rf"{scheme}({_HAS_RUN}[{_WORD}._~+/-]{{20,}}=*)")
        for scheme in ("Bearer ", "bearer ", "BEARER ")
    ),
    ("sk_", r"sk_[0-9a-f]{48}"),
    ("pat", rf"pat(?<![{_WORD}]pat)[{_WORD}]{{14}}\.[0-9a-f]{{64}}"),  # Airtable
    ("key-", rf"key-(?<![{_WORD}]key-)[0-9a-f]{{32}}(?![{_WORD}])"),  # Mailgun
    ("://", rf"://[^\s/?#@:\"'<>\[]*:{_PLACEHOLDER}({_IN_ADDRESS})@(?!sha\d+:)[{_WORD}\[]"),
)
"""Forms that may hold no long word, or whose beginnings many ordinary texts have."""
_WORDS: tuple[tuple[str, str], ...] = (
    # OpenAI, Anthropic, OpenRouter, DeepSeek and many others; dashes, too.
    ("sk-", rf"{_BEGINS}sk-{_HAS_RUN}[{_WORD}_-]{{16,}}"),
    (
        "sk-",
        rf"sk-(?:(?:proj|ant|or|svcacct|admin)-(?=[A-Za-z_-]*\d)[{_WORD}_-]{{16,}}|[{_WORD}]{{32,}})",
    ),
    ("k_live_", rf"[srp]k_live_[{_WORD}]{{10,}}"),
    ("k_test_", rf"[srp]k_test_[{_WORD}]{{10,}}"),
    *((f"gh{kind}_", rf"gh{kind}_[{_WORD}]{{20,}}") for kind in "pousr"),
    ("github_pat_", r"github_pat_\w{20,}"),
    ("glpat-", rf"glpat-[{_WORD}_-]{{16,}}(?:\.[0-9a-z]{{2}}\.[0-9a-z]{{9}})?"),
    ("glptt-", r"glptt-[0-9a-f]{40}"),
    *(
        (f"gl{kind}-", rf"gl{kind}-(?=[A-Za-z_-]*\d)[{_WORD}_-]{{20,}}")
        for kind in ("dt", "rt", "ft", "imt", "cbt", "oas", "agent", "soat", "ffct")
    ),
    ("xox", rf"xox[a-z]-(?=[A-Za-z-]*\d)[{_WORD}-]{{10,}}"),
    ("xapp-", rf"xapp-\d-[{_WORD}-]{{10,}}"),
    ("AKIA", r"AKIA[A-Z0-9]{16}"),
    ("ASIA", r"ASIA[A-Z0-9]{16}"),
    ("AIza", rf"AIza[{_WORD}_-]{{30,}}"),
    ("ya29.", rf"ya29\.[{_WORD}_-]{{20,}}"),
    ("eyJ", rf"eyJ[{_WORD}_-]{{8,2000}}+\.[{_WORD}_-]{{8,}}\.[{_WORD}_-]*"),
    ("hf_", rf"hf_[{_WORD}]{{20,}}"),
    ("gsk_", rf"gsk_[{_WORD}]{{20,}}"),
    ("xai-", rf"{_BEGINS}xai-[{_WORD}]{{20,}}"),
    ("pplx-", rf"pplx-[{_WORD}]{{20,}}"),
    ("r8_", rf"{_BEGINS}r8_[{_WORD}]{{20,}}"),
    ("npm_", rf"npm_[{_WORD}]{{30,}}"),
    ("pypi-", rf"pypi-[{_WORD}_-]{{30,}}"),
    ("dari_", rf"dari_(?:[a-z]+_)?[{_WORD}]{{16,}}"),
    ("nvapi-", rf"nvapi-[{_WORD}_-]{{40,}}"),
    ("fw_", rf"{_BEGINS}fw_(?=[A-Za-z]*\d)[{_WORD}]{{20,}}"),  # Fireworks
    ("tgp_v1_", rf"tgp_v1_[{_WORD}_-]{{30,}}"),  # Together
    ("lsv2_", r"lsv2_(?:pt|sk)_[0-9a-f]{32}_[0-9a-f]{10}"),  # LangSmith
    ("tvly-", rf"tvly-[{_WORD}_-]{{20,}}"),  # Tavily
    ("pcsk_", rf"pcsk_[{_WORD}_]{{40,}}"),  # Pinecone
    ("pa-", rf"(?<![\w-])pa-{_MIXED}[{_WORD}_-]{{43}}(?![\w-])"),  # Voyage
    ("fc-", rf"{_BEGINS}fc-[0-9a-f]{{32}}(?![{_WORD}])"),  # Firecrawl
    ("wandb_v1_", rf"wandb_v1_[{_WORD}_-]{{30,}}"),
    ("SG.", rf"{_BEGINS}SG\.[{_WORD}_-]{{16,}}\.[{_WORD}_-]{{32,}}"),  # SendGrid
    ("hooks.slack.com/services/", rf"hooks\.slack\.com/services/(T\w+/B\w+/[{_WORD}]{{16,}})"),
    ("/api/webhooks/", rf"/api/webhooks/\d{{15,}}/([{_WORD}_-]{{60,}})"),  # Discord
    (":AA", rf"(?<!\d)\d{{8,10}}:AA[{_WORD}_-]{{33}}(?![\w-])"),  # Telegram
    ("GOCSPX-", rf"GOCSPX-[{_WORD}_-]{{20,}}"),
    ("dop_v1_", r"dop_v1_[0-9a-f]{64}"),  # DigitalOcean
    ("dapi", rf"{_BEGINS}dapi[0-9a-f]{{32}}"),  # Databricks
    ("ntn_", rf"{_BEGINS}ntn_[{_WORD}]{{40,}}"),  # Notion
    ("lin_api_", rf"lin_api_[{_WORD}]{{32,}}"),
    ("shp", r"shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}"),  # Shopify
    ("sbp_", r"sbp_[0-9a-f]{40}"),  # Supabase
    ("sb_secret_", rf"sb_secret_[{_WORD}_-]{{20,}}"),
    ("phx_", rf"{_BEGINS}phx_[{_WORD}]{{40,}}"),  # PostHog
    ("hvs.", rf"{_BEGINS}hvs\.[{_WORD}_-]{{20,}}"),  # HashiCorp's Vault and Terraform
    (".atlasv1.", rf"[{_WORD}]{{10,}}\.atlasv1\.[{_WORD}_-]{{30,}}"),
    ("dckr_pat_", rf"dckr_pat_[{_WORD}_-]{{20,}}"),
    ("ATATT3x", rf"ATATT3x[{_WORD}_=-]{{20,}}"),  # Atlassian
    ("sntrys_", rf"sntrys_[{_WORD}_+/=-]{{20,}}"),
    ("vercel_blob_rw_", rf"vercel_blob_rw_[{_WORD}_]{{20,}}"),
    ("AGE-SECRET-KEY-1", r"AGE-SECRET-KEY-1[A-Z0-9]{50,}"),
    *(
        (begin, rf"(?i:secret_?access_?key)[\s\"':=]{{1,5}}([{_WORD}/+]{{40}})(?![{_WORD}/+=])")
        for begin in ("ecret_access_key", "ECRET_ACCESS_KEY", "ecretAccessKey")
    ),
    ("AccountKey=", rf"AccountKey=([{_WORD}+/]{{40,}}={{0,2}})"),  # Azure
)
"""Forms of which each holds ten letters, digits, dashes or underscores in a row."""

Forms = tuple[tuple[str, re.Pattern[str]], ...]

WORDS: Forms = tuple((begin, re.compile(form, re.S)) for begin, form in _WORDS)
FORMS: Forms = (*WORDS, *((begin, re.compile(form, re.S)) for begin, form in COMMON))
"""Each form with what stands in all of its keys, by which a text without any is told fast.

What is secret is the group of a form that has one, and else all of it.
"""
