"""Secrets of all kinds, and what takes them out."""

from __future__ import annotations

from dari_nb._secret import remembered
from dari_nb.tapes import Scrubber

OWN = remembered('own/canary "of" the+process é&1')
HELD = "held-by-a-variable-7"
DECLARED = "CASE-20417"
PROVIDERS = [
    "sk-canaryCanary0123456789",
    "sk-proj-ca_na-ry0123456789-abc",
    "sk-ant-api03-canary-0123456789-abcdef",
    "ghp_canaryCanary0123456789abcd",
    "github_pat_11CANARY0_canary0123456789",
    "glpat-canary0123456789abc",
    "xoxb-123456789-canary-abc",
    "AKIACANARY0123456789",
    "AIzaCanary0123456789-abcdefghijklmnop",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJjYW5hcnkifQ.c2lnbmF0dXJl",
    "hf_canaryCanary0123456789",
    "gsk_canaryCanary0123456789",
    "sk_live_canary0123456789",
    "dari_local_0123456789abcdef0123456789abcdef",
]
HEX, MIXED = "0123456789abcdef", "canary0AB-cd_EF12"
PROVIDERS += [
    f"nvapi-{MIXED * 4}",
    "fw_canary0123456789AbCdEf",
    f"tgp_v1_{MIXED * 2}",
    f"lsv2_pt_{HEX * 2}_0123456789",
    f"tvly-dev-{MIXED}",
    f"pcsk_{'canary0AB_' * 6}",
    f"SG.{MIXED}.{MIXED * 2}",
    f"sk_{HEX * 3}",
    f"GOCSPX-{MIXED * 2}",
    f"dop_v1_{HEX * 4}",
    f"dapi{HEX * 2}",
    f"ntn_{'canary0AB1' * 4}",
    f"lin_api_{'canary0AB1' * 4}",
    f"shpat_{HEX * 2}",
    f"sbp_{HEX * 2}01234567",
    f"phx_{'canary0AB1' * 4}",
]
SECRETS = [OWN, HELD, DECLARED, *PROVIDERS]


def scrubber() -> Scrubber:
    variables = {"MY_API_KEY": HELD, "SHORT_TOKEN": "local", "HOME": "/home/somebody-long"}
    return Scrubber([r"CASE-\d+"], variables=variables)
