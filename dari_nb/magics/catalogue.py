"""The parsers of all magics by name: what help lists and completion offers."""

from __future__ import annotations

from . import batches, chatting, loading, publishing, sending, showing
from .options import LineParser

PARSERS: dict[str, LineParser] = {
    "dari_send": sending.SEND,
    "dari_agent": sending.AGENT,
    "dari_batch": batches.BATCH,
    "dari_publish": publishing.PUBLISH,
    "dari_follow": sending.FOLLOW,
    "dari_chat": chatting.CHAT,
    "dari_transcript": showing.TRANSCRIPT,
    "dari_workspace": showing.WORKSPACE,
    "dari_frame": loading.FRAME,
}
