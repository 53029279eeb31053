"""The images among what is attached to messages, and whether a model can be shown them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import PurePath

from ....models import Content
from ...agents import Attachment, TurnFailure
from ...store.records import JsonObject
from ...tools.offered import offered_built_ins
from ..settings import Llm
from .headers import NoImage, header_of
from .scaling import LIMITS, Picture, check_scaling, picture_of

MOST_BYTES = 50_000_000
"""Bytes of an image that is looked at."""
_SUFFIXES = (
    *(".png", ".jpg", ".jpeg", ".gif", ".webp"),
    *(".bmp", ".tif", ".tiff", ".heic", ".heif", ".avif", ".ico"),
)
"""How names of images end, the ones that can be sent and others."""
_BLIND = (
    "{name!r} is an image, and {llm} is shown none: an LLM that sees images has the setting "
    'images = true, as in add_llms({{"it": {{"model": …, "images": True}}}})'
)
_NOT_SENT = "{name!r} cannot be sent to {llm} as an image: {why}"
_TOO_LARGE = "it has more than {} MB"
_SMALLER = "sent to the model smaller: it takes {:.2g} MB and {} pixels a side"


def is_image(block: JsonObject) -> bool:
    """Whether a block of a message refers to an image, or to a file with the name of one."""
    named = str(block.get("filename") or "")
    is_named_so = block.get("type") == "file" and PurePath(named).suffix.lower() in _SUFFIXES
    return bool(block.get("file_id")) and (block.get("type") == "image" or is_named_so)


def takes_files(manifest: JsonObject) -> bool:
    """Whether an agent has tools that can make something of any file."""
    return "bash" in offered_built_ins(manifest) or bool(manifest.get("custom_tools"))


def why_not_shown(
    llm: Llm, block: JsonObject, size: int, read: Callable[[], bytes], *, has_use: bool
) -> str | None:
    """Say why an image cannot be sent to a model, before anything is.

    Args:
        llm: The model.
        block: The block that refers to it.
        size: Its bytes.
        read: Reads it.
        has_use: Whether the agent can use it as a file, so that nobody need see it.
    """
    name = str(block.get("filename"))
    if not llm.settings.images:
        is_refused = block["type"] == "image" or not has_use
        return _BLIND.format(name=name, llm=llm.name) if is_refused else None
    why = _flaw(llm, size, read)
    return why and _NOT_SENT.format(name=name, llm=llm.name, why=why)


def _flaw(llm: Llm, size: int, read: Callable[[], bytes]) -> str | None:
    if size > MOST_BYTES:
        return _TOO_LARGE.format(MOST_BYTES // 1_000_000)
    try:
        data = read()
        if not LIMITS[llm.protocol].allow(data, header_of(data)):
            check_scaling()
    except NoImage as why:
        return str(why)
    return None


def note_on(llm: Llm, read: Callable[[], bytes]) -> str | None:
    """Say in a few words that an image is made smaller for a model that sees it, if it is."""
    limits, data = LIMITS[llm.protocol], read()
    if limits.allow(data, header_of(data)):
        return None
    return _SMALLER.format(limits.most_bytes / 1_000_000, limits.longest)


class Pictures:
    """The images of a session's messages, as a model is shown them.

    Args:
        llm: The model.
        files: What is attached to the messages.
    """

    def __init__(self, llm: Llm, files: Iterable[Attachment]) -> None:
        self._llm = llm
        self._files = {file.id: file for file in files} if llm.settings.images else {}

    def of(self, content: Content) -> tuple[Picture, ...]:
        """The images of the message that is to be answered.

        Raises:
            TurnFailure: One of them cannot be sent.
        """
        try:
            return tuple(self._picture(block) for block in self._blocks(content))
        except NoImage as why:
            raise TurnFailure(f"An attached image cannot be sent: {why}") from None

    def of_earlier(self, content: Content) -> tuple[Picture, ...]:
        """The images of an earlier message, as far as they can be sent."""
        found = []
        for block in self._blocks(content):
            try:
                found.append(self._picture(block))
            except NoImage:
                continue  # its message has said so
        return tuple(found)

    def _blocks(self, content: Content) -> list[JsonObject]:
        return [block for block in content if is_image(block) and block["file_id"] in self._files]

    def _picture(self, block: JsonObject) -> Picture:
        return picture_of(self._files[str(block["file_id"])].data, self._llm.protocol)
