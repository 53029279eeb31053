"""What the API keys of known providers look like."""

from __future__ import annotations

import re

_PLAIN, _URL = r"[A-Za-z0-9]", r"[\w-]"
_ROWS = (
    # Each begins with text that all of its keys contain, so that most texts are searched fast.
    ("sk-", rf"(?:proj-|ant-|or-|svcacct-|admin-)?(?=[A-Za-z_-]{{0,60}}\d){_URL}{{16,}}"),
    ("sk_live_", rf"{_PLAIN}{{10,}}"),
    ("sk_test_", rf"{_PLAIN}{{10,}}"),
    ("rk_live_", rf"{_PLAIN}{{10,}}"),
    ("sk_", r"[0-9a-f]{48}"),
    ("whsec_", r"[A-Za-z0-9+/]{24,}={0,2}"),
    *((f"gh{kind}_", rf"{_PLAIN}{{20,}}") for kind in "pousr"),
    ("github_pat_", r"\w{20,}"),
    ("glpat-", rf"{_URL}{{16,}}"),
    ("xox", r"[a-z]-(?=[A-Za-z-]{0,60}\d)[A-Za-z0-9-]{10,}"),
    ("xapp-", r"\d-[A-Za-z0-9-]{10,}"),
    ("hooks.slack.com/services/", r"[\w/]{20,}"),
    ("/api/webhooks/", rf"\d{{15,}}/{_URL}{{60,}}"),
    ("AKIA", r"[A-Z0-9]{16}"),
    ("ASIA", r"[A-Z0-9]{16}"),
    ("AccountKey=", r"[A-Za-z0-9+/]{40,}={0,2}"),
    ("AIza", rf"{_URL}{{30,}}"),
    ("ya29.", rf"{_URL}{{20,}}"),
    ("GOCSPX-", rf"{_URL}{{20,}}"),
    ("eyJ", rf"{_URL}{{8,2000}}\.{_URL}{{8,}}\.{_URL}*"),
    ("hf_", rf"{_PLAIN}{{20,}}"),
    ("gsk_", rf"(?=[a-z]{{0,60}}[A-Z0-9]){_PLAIN}{{20,}}"),
    ("xai-", rf"{_PLAIN}{{20,}}"),
    ("pplx-", rf"{_PLAIN}{{20,}}"),
    ("r8_", rf"{_PLAIN}{{20,}}"),
    ("npm_", rf"{_PLAIN}{{30,}}"),
    ("pypi-AgE", rf"{_URL}{{30,}}"),
    ("dari_", r"(?:[a-z]{1,20}_)?(?=[a-z]{0,60}[A-Z0-9])[A-Za-z0-9]{16,}"),
    ("nvapi-", rf"{_URL}{{40,}}"),
    ("fw_", rf"(?=[a-z]{{0,60}}[A-Z0-9]){_PLAIN}{{20,}}"),
    ("tgp_v1_", rf"{_URL}{{30,}}"),
    ("lsv2_", r"(?:pt|sk)_[0-9a-f]{32}_[0-9a-f]{10}"),
    ("tvly-", rf"{_URL}{{20,}}"),
    ("pcsk_", r"\w{40,}"),
    ("wandb_v1_", rf"{_URL}{{30,}}"),
    ("SG.", rf"{_URL}{{16,}}\.{_URL}{{32,}}"),
    ("dop_v1_", r"[0-9a-f]{64}"),
    ("dapi", r"[0-9a-f]{32}"),
    ("ntn_", rf"{_PLAIN}{{40,}}"),
    ("CCIPAT_", r"\w{40,}"),
    ("lin_api_", rf"{_PLAIN}{{32,}}"),
    ("shpat_", r"[0-9a-fA-F]{32}"),
    ("sbp_", r"[0-9a-f]{40}"),
    ("sb_secret_", rf"{_URL}{{20,}}"),
    ("phx_", rf"{_PLAIN}{{40,}}"),
    ("hvs.", rf"{_URL}{{20,}}"),
    ("dckr_pat_", rf"{_URL}{{20,}}"),
    ("ATATT3x", r"[\w=-]{20,}"),
    ("sntrys_", r"[\w+/=-]{20,}"),
    ("vercel_blob_rw_", r"\w{20,}"),
    ("AGE-SECRET-KEY-1", r"[A-Z0-9]{50,}"),
    ("tskey-", rf"[a-z]{{2,12}}-{_PLAIN}{{6,}}-{_PLAIN}{{16,}}"),
    ("figd_", rf"{_URL}{{38,}}"),
    ("glsa_", rf"{_PLAIN}{{32}}_[0-9a-fA-F]{{8}}"),
    ("rubygems_", r"[0-9a-f]{48}"),
    ("xkeysib-", rf"[0-9a-f]{{64}}-{_PLAIN}{{16}}"),
)

PROVIDER_KEYS = tuple(
    (
        begin,
        re.compile(
            rf"(?<![A-Za-z0-9]){re.escape(begin)}{rest}"
            if begin[0].isalnum()
            else rf"{re.escape(begin)}{rest}"
        ),
    )
    for begin, rest in _ROWS
)
"""The beginning of each key, and the regular expression of the whole key."""
