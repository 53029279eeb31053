"""Images that are sent to a session: whether its model can be shown them."""

from __future__ import annotations

from functools import partial

from ...models import Content
from ..llm.images.attached import is_image, note_on, takes_files, why_not_shown
from ..store.records import JsonObject
from .access import Access, Refusal


def checked(access: Access, session_id: str, content: Content) -> Content:
    """Hold that a session's model can be shown the images of a message.

    What is made smaller on its way says so in its block, which the ledger keeps; nobody else does.

    Raises:
        Refusal: The model sees no images, or an image cannot be sent.
    """
    if not any(map(is_image, content)):
        return content
    session = access.session(session_id)
    agent = access.agent(session.agent_id)
    version = access.version(session.agent_id, session.version_id)
    if access.service.registry.function_of(agent.name, version) is not None:
        return content  # a function is given files, and makes of them what it likes
    llm = access.service.published.llm_of(session, version, agent.org_id)
    if llm is None:
        return content
    has_use = takes_files(version.manifest)

    def held(block: JsonObject) -> JsonObject:
        file = access.store.file(str(block["file_id"]))
        assert file is not None
        read = partial(access.store.file_content, file.id)
        why = why_not_shown(llm, block, file.size_bytes, read, has_use=has_use)
        if why is not None:
            raise Refusal(400, why)
        note = note_on(llm, read) if llm.settings.images else None
        own = {key: value for key, value in block.items() if key != "note"}
        return {**own, "note": note} if note else own

    return [held(block) if is_image(block) else block for block in content]
