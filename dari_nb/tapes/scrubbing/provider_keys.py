"""What keys of known providers look like, and what is a key because of what stands before it."""

from __future__ import annotations

import re

_WORD = "A-Za-z0-9"
_BEGINS = rf"(?<![{_WORD}])"
"""Where a word begins: there are words such as task-force."""
_NO_WORD = (
    r"(?<![Bb]a|[Bb]o|[Cc]a|[Dd]a|[Dd]e|[Dd]i|[Dd]u|[Hh]i|[Hh]u|[Ii]o|[Ll]a|[Ll]i|[Ll]u|[Mm]a|[Mm]u"
    rf"|[Rr]i|[Rr]u|[Tt]a|[Tt]u)(?<!(?<![{_WORD}])[AaDdIiMmTt])"
)
"""What sk- is no end of a word behind, as it is in task-, disk-, ask- and tsk-."""

MIXED = r"(?=[\w-]{0,60}\d)(?=[\w-]{0,60}[a-z])(?=[\w-]{0,60}[A-Z])"
"""Small and capital letters and digits, as no word has them."""
_NOT_SMALL = r"(?=[a-z_-]{0,60}[A-Z0-9])"
"""Not in small letters alone, as words are; a key has no digit once in a while."""
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
_LINES = rf"(?:{_AROUND}{_LINE})++(?:{_AROUND}{_LAST_LINE})?"
_PRIVATE_KEY = (
    r"-----BEGIN[A-Z +]*PRIVATE[ +]KEY(?:[ +]BLOCK)?-----"
    rf"(?:(?={_UP_TO}?{_LINE}){_UP_TO}+-----END[A-Z +]*-----"
    rf"|{_HEADER}{_LINES})"
)
"""A private key; without its last line, as far as lines of a key stand behind its first."""

_Row = tuple[str, str, str]

COMMON: tuple[_Row, ...] = (
    ("a private key", "-----BEGIN", _PRIVATE_KEY),
    *(
        ("a token behind “Bearer”", scheme, rf"{scheme}({_HAS_RUN}[{_WORD}._~+/-]{{20,}}=*)")
        for scheme in ("Bearer ", "bearer ", "BEARER ")
    ),
    ("ElevenLabs", "sk_", r"sk_[0-9a-f]{48}"),
    ("Airtable", "pat", rf"pat(?<![{_WORD}]pat)[{_WORD}]{{14}}\.[0-9a-f]{{64}}"),
    (
        "Mailgun",
        "key-",
        rf"key-(?<![{_WORD}]key-)(?<![{_WORD}][_-]key-)[0-9a-f]{{32}}(?![{_WORD}])",
    ),
    ("Twilio", "SK", rf"SK(?<![{_WORD}]SK)[0-9a-f]{{32}}(?![{_WORD}])"),
    ("crates.io", "cio", rf"cio(?<![{_WORD}]cio){MIXED}[{_WORD}]{{32}}(?![{_WORD}])"),
    (
        "Resend",
        "re_",
        rf"re_(?<![{_WORD}]re_){MIXED}[{_WORD}]{{8}}_{MIXED}[{_WORD}]{{24}}(?![{_WORD}])",
    ),
    ("Dropbox", "sl.", rf"sl\.(?<![{_WORD}]sl\.)[{_WORD}_.-]{{120,}}"),
    (
        "a password in an address",
        "://",
        rf"://[^\s/?#@:\"'<>\[]*:{_PLACEHOLDER}({_IN_ADDRESS})@(?!sha\d+:)[{_WORD}\[]",
    ),
)
"""Forms that may hold no long word, or whose beginnings many ordinary texts have.

Each with whose key it is, and what stands in all of its keys.
"""
_WORDS: tuple[_Row, ...] = (
    (
        "OpenAI, Anthropic or the like",
        "sk-",
        (
            rf"{_NO_WORD}sk-(?:{_HAS_RUN}[{_WORD}_-]{{16,}}|[{_WORD}]{{32,}}"
            rf"|(?:proj|ant|or|svcacct|admin)-(?=[A-Za-z_-]{{0,60}}\d)[{_WORD}_-]{{16,}})"
        ),
    ),
    ("Stripe", "k_live_", rf"[srp]k_live_[{_WORD}]{{10,}}"),
    ("Stripe", "k_test_", rf"[srp]k_test_[{_WORD}]{{10,}}"),
    ("Stripe", "whsec_", rf"whsec_[{_WORD}+/]{{24,}}={{0,2}}"),
    *(("GitHub", f"gh{kind}_", rf"gh{kind}_[{_WORD}]{{20,}}") for kind in "pousr"),
    ("GitHub", "github_pat_", r"github_pat_\w{20,}"),
    ("GitLab", "glpat-", rf"glpat-[{_WORD}_-]{{16,}}(?:\.[0-9a-z]{{2}}\.[0-9a-z]{{9}})?"),
    ("GitLab", "glptt-", r"glptt-[0-9a-f]{40}"),
    *(
        ("GitLab", f"gl{kind}-", rf"gl{kind}-{_NOT_SMALL}[{_WORD}_-]{{20,}}")
        for kind in ("dt", "rt", "ft", "imt", "cbt", "oas", "agent", "soat", "ffct")
    ),
    ("Slack", "xox", rf"xox[a-z]-(?!\d{{4}}-\d\d-\d\d)(?=[A-Za-z-]{{0,60}}\d)[{_WORD}-]{{10,}}"),
    ("Slack", "xapp-", rf"xapp-\d-[{_WORD}-]{{10,}}"),
    (
        "Slack",
        "hooks.slack.com/services/",
        rf"hooks\.slack\.com/services/(T\w+/B\w+/[{_WORD}]{{16,}})",
    ),
    ("AWS", "AKIA", r"AKIA[A-Z0-9]{16}"),
    ("AWS", "ASIA", r"ASIA[A-Z0-9]{16}"),
    *(
        (
            "AWS",
            begin,
            rf"(?i:secret_?access_?key)[\s\"':=]{{1,5}}([{_WORD}/+]{{40}})(?![{_WORD}/+=])",
        )
        for begin in ("ecret_access_key", "ECRET_ACCESS_KEY", "ecretAccessKey")
    ),
    ("Azure", "AccountKey=", rf"AccountKey=([{_WORD}+/]{{40,}}={{0,2}})"),
    ("Azure", "Q~", rf"(?<![{_WORD}~.])[{_WORD}_~.]{{3}}\dQ~[{_WORD}_~.-]{{31,34}}(?![{_WORD}~])"),
    ("Google", "AIza", rf"AIza[{_WORD}_-]{{30,}}"),
    ("Google", "ya29.", rf"ya29\.[{_WORD}_-]{{20,}}"),
    ("Google", "GOCSPX-", rf"GOCSPX-[{_WORD}_-]{{20,}}"),
    ("a JSON web token", "eyJ", rf"eyJ[{_WORD}_-]{{8,2000}}+\.[{_WORD}_-]{{8,}}\.[{_WORD}_-]*"),
    ("Hugging Face", "hf_", rf"hf_[{_WORD}]{{20,}}"),
    ("Groq", "gsk_", rf"gsk_{_NOT_SMALL}[{_WORD}]{{20,}}"),
    ("xAI", "xai-", rf"{_BEGINS}xai-[{_WORD}]{{20,}}"),
    ("Perplexity", "pplx-", rf"pplx-[{_WORD}]{{20,}}"),
    ("Replicate", "r8_", rf"{_BEGINS}r8_[{_WORD}]{{20,}}"),
    ("npm", "npm_", rf"npm_(?=[A-Za-z]{{0,60}}\d)[{_WORD}]{{30,}}"),
    ("PyPI", "pypi-", rf"pypi-AgE[{_WORD}_-]{{30,}}"),
    ("Dari", "dari_", rf"dari_(?:[a-z]{{1,20}}_)?{_NOT_SMALL}[{_WORD}]{{16,}}"),
    ("NVIDIA", "nvapi-", rf"nvapi-[{_WORD}_-]{{40,}}"),
    ("Fireworks", "fw_", rf"{_BEGINS}fw_{_NOT_SMALL}[{_WORD}]{{20,}}"),
    ("Together", "tgp_v1_", rf"tgp_v1_[{_WORD}_-]{{30,}}"),
    ("LangSmith", "lsv2_", r"lsv2_(?:pt|sk)_[0-9a-f]{32}_[0-9a-f]{10}"),
    ("Tavily", "tvly-", rf"tvly-[{_WORD}_-]{{20,}}"),
    ("Pinecone", "pcsk_", rf"pcsk_[{_WORD}_]{{40,}}"),
    ("Voyage", "pa-", rf"{_BEGINS}pa-{MIXED}[{_WORD}_-]{{43}}(?![{_WORD}])"),
    ("Firecrawl", "fc-", rf"{_BEGINS}fc-[0-9a-f]{{32}}(?![{_WORD}])"),
    ("Weights & Biases", "wandb_v1_", rf"wandb_v1_[{_WORD}_-]{{30,}}"),
    ("Jina", "jina_", rf"{_BEGINS}jina_{_NOT_SMALL}[{_WORD}_-]{{40,}}"),
    ("SendGrid", "SG.", rf"{_BEGINS}SG\.[{_WORD}_-]{{16,}}\.[{_WORD}_-]{{32,}}"),
    ("Discord", "/api/webhooks/", rf"/api/webhooks/\d{{15,}}/([{_WORD}_-]{{60,}})"),
    (
        "Discord",
        ".",
        rf"{_BEGINS}[MNO][DTjz][{_WORD}_-]{{22,26}}\.[{_WORD}_-]{{6}}\.[{_WORD}_-]{{27,38}}(?![{_WORD}])",
    ),
    ("Telegram", ":AA", rf"(?<!\d)\d{{8,10}}:AA[{_WORD}_-]{{33}}(?![{_WORD}])"),
    ("DigitalOcean", "dop_v1_", r"dop_v1_[0-9a-f]{64}"),
    ("Databricks", "dapi", rf"{_BEGINS}dapi[0-9a-f]{{32}}"),
    ("Notion", "ntn_", rf"{_BEGINS}ntn_[{_WORD}]{{40,}}"),
    ("Notion", "secret_", rf"{_BEGINS}secret_{MIXED}[{_WORD}]{{43}}(?![{_WORD}])"),
    ("CircleCI", "CCIPAT_", rf"CCIPAT_[{_WORD}]{{20,24}}_[0-9a-f]{{40}}"),
    ("OpenAI", "sess-", rf"{_BEGINS}sess-{MIXED}[{_WORD}]{{40}}(?![{_WORD}])"),
    ("Linear", "lin_api_", rf"lin_api_[{_WORD}]{{32,}}"),
    ("Shopify", "shp", r"shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}"),
    ("Supabase", "sbp_", r"sbp_[0-9a-f]{40}"),
    ("Supabase", "sb_secret_", rf"sb_secret_[{_WORD}_-]{{20,}}"),
    ("PostHog", "phx_", rf"{_BEGINS}phx_[{_WORD}]{{40,}}"),
    ("HashiCorp", "hvs.", rf"{_BEGINS}hvs\.[{_WORD}_-]{{20,}}"),
    ("HashiCorp", ".atlasv1.", rf"[{_WORD}]{{10,40}}\.atlasv1\.[{_WORD}_-]{{30,}}"),
    ("Docker", "dckr_pat_", rf"dckr_pat_[{_WORD}_-]{{20,}}"),
    ("Atlassian", "ATATT3x", rf"ATATT3x[{_WORD}_=-]{{20,}}"),
    ("Sentry", "sntrys_", rf"sntrys_[{_WORD}_+/=-]{{20,}}"),
    ("Sentry", "sntryu_", r"sntryu_[0-9a-f]{64}"),
    ("Vercel's blobs", "vercel_blob_rw_", rf"vercel_blob_rw_[{_WORD}_]{{20,}}"),
    ("age", "AGE-SECRET-KEY-1", r"AGE-SECRET-KEY-1[A-Z0-9]{50,}"),
    (
        "PuTTY",
        "Private-Lines:",
        rf"Private-Lines: \d{{1,3}}\s{{1,3}}{_AROUND}({_LINE}(?:{_LINES})?)",
    ),
    ("Tailscale", "tskey-", rf"tskey-[a-z]{{2,12}}-[{_WORD}]{{6,}}-[{_WORD}]{{16,}}"),
    ("Figma", "figd_", rf"figd_[{_WORD}_-]{{38,}}"),
    ("New Relic", "NRAK-", r"NRAK-[A-Z0-9]{27}"),
    ("Grafana", "glsa_", rf"glsa_[{_WORD}]{{32}}_[0-9a-fA-F]{{8}}"),
    ("Grafana", "glc_", rf"{_BEGINS}glc_eyJ[{_WORD}+/]{{30,}}={{0,2}}"),
    (
        "Doppler",
        "dp.",
        rf"{_BEGINS}dp\.(?:pt|st|ct|sa|scim|audit)\.(?:[a-z0-9_-]{{2,35}}\.)?[{_WORD}]{{40,44}}",
    ),
    ("PlanetScale", "pscale_", rf"pscale_(?:tkn|pw|oauth|otp)_[{_WORD}_.=-]{{32,}}"),
    ("Pulumi", "pul-", rf"{_BEGINS}pul-[0-9a-f]{{40}}(?![{_WORD}])"),
    ("Square", "sq0", rf"{_BEGINS}sq0(?:atp|csp)-[{_WORD}_-]{{22,}}"),
    ("Heroku", "HRKU-", rf"HRKU-[{_WORD}_-]{{36,}}"),
    ("Fly", "fm2_", rf"{_BEGINS}fm2_[{_WORD}+/_=-]{{80,}}"),
    ("Render", "rnd_", rf"{_BEGINS}rnd_{_NOT_SMALL}[{_WORD}]{{28,}}"),
    ("Netlify", "nfp_", rf"{_BEGINS}nfp_{_NOT_SMALL}[{_WORD}_]{{36,}}"),
    ("Brevo", "xkeysib-", rf"xkeysib-[0-9a-f]{{64}}-[{_WORD}]{{16}}"),
    (
        "HubSpot",
        "pat-",
        r"pat-[a-z]{2}\d{1,2}-[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
    ),
    ("Buildkite", "bkua_", rf"bkua_[{_WORD}]{{40}}"),
    ("RubyGems", "rubygems_", r"rubygems_[0-9a-f]{48}"),
    ("Mailchimp", "-us", rf"{_BEGINS}[0-9a-f]{{32}}-us\d{{1,2}}(?!\.?[{_WORD}])"),
)
"""Forms of which each holds ten letters, digits, dashes or underscores in a row."""

Form = tuple[str, str, re.Pattern[str]]


def _compiled(rows: tuple[_Row, ...]) -> tuple[Form, ...]:
    return tuple(
        (_description(owner), begin, re.compile(form, re.S)) for owner, begin, form in rows
    )


def _description(owner: str) -> str:
    return f"what looks like {owner if owner.startswith('a ') else f'a key of {owner}'}"


WORDS = _compiled(_WORDS)
FORMS = (*WORDS, *_compiled(COMMON))
"""Each form with what its keys look like, and what stands in all of them: without, it is told fast.

What is secret is the group of a form that has one, and else all of it.
"""
OWNERS = tuple({owner: None for owner, *_ in (*_WORDS, *COMMON) if not owner.startswith("a ")})
"""Whose keys are known."""
