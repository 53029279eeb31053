"""Id prefixes of the API (contract, section 1.3) and making new ids."""

import secrets

AGENT = "agt_"
VERSION = "ver_"
SESSION = "sess_"
MESSAGE = "msg_"
FILE = "file_"
TOOL_CALL = "call_"
BATCH = "batch_"
SNAPSHOT = "src_"
ORGANIZATION = "org_"
API_KEY = "key_"
CREDENTIAL = "cred_"
STORAGE_BINDING = "stb_"
INVITATION = "inv_"


def new_id(prefix: str) -> str:
    """Return a fresh random id with this prefix, such as ``sess_4f1d0c9ab2e7``."""
    return prefix + secrets.token_hex(8)


def is_agent_id(text: str) -> bool:
    """Tell an agent id from an agent name; only the prefix decides."""
    return text.startswith(AGENT)


def is_session_id(text: str) -> bool:
    """Tell a session id from other text; only the prefix decides."""
    return text.startswith(SESSION)
