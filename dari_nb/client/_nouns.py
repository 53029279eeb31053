"""The API's nouns with their verbs, sent and awaited, from the endpoints' descriptions."""

from __future__ import annotations

from ._call import acall, astream_call, call, stream_call
from ._transport import AsyncTransport, Transport
from .endpoints import (
    agents,
    api_keys,
    batches,
    costs,
    credentials,
    files,
    members,
    messages,
    publishing,
    sessions,
    snapshots,
    storage_bindings,
    webhooks,
    workspaces,
)


class _Noun:
    def __init__(self, transport: Transport) -> None:
        self._transport = transport


class _AsyncNoun:
    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport


class Agents(_Noun):
    """Agents, their versions and bundles (contract, section 4).

    >>> client.agents.get("tour").name
    'tour'
    """

    list = call(agents.list_)
    get = call(agents.get)
    send = call(agents.send)
    publish = call(publishing.publish)
    publish_snapshot = call(agents.publish_snapshot)
    versions = call(agents.versions)
    version = call(agents.version)
    bundle_files = call(agents.bundle_files)
    read_bundle_file = call(agents.read_bundle_file)
    set_model_backend = call(agents.set_model_backend)
    delete = call(agents.delete)


class AsyncAgents(_AsyncNoun):
    """Agents, their versions and bundles (contract, section 4).

    >>> async with dari.AsyncClient(server.url, server.api_key) as client:
    ...     print((await client.agents.get("tour")).name)
    tour
    """

    list = acall(agents.list_)
    get = acall(agents.get)
    send = acall(agents.send)
    publish = acall(publishing.publish)
    publish_snapshot = acall(agents.publish_snapshot)
    versions = acall(agents.versions)
    version = acall(agents.version)
    bundle_files = acall(agents.bundle_files)
    read_bundle_file = acall(agents.read_bundle_file)
    set_model_backend = acall(agents.set_model_backend)
    delete = acall(agents.delete)


class Snapshots(_Noun):
    """Source snapshots (contract, section 3).

    >>> from dari_nb.client import Bundle
    >>> bundle = Bundle.from_folder("agents/support")
    >>> snapshot = client.snapshots.create(bundle.sha256, len(bundle.content))
    """

    create = call(snapshots.create)
    upload = call(snapshots.upload)
    finalize = call(snapshots.finalize)
    manifest = call(snapshots.manifest)
    delete = call(snapshots.delete)


class AsyncSnapshots(_AsyncNoun):
    """Source snapshots (contract, section 3).

    >>> async with dari.AsyncClient(server.url, server.api_key) as client:
    ...     print((await client.snapshots.create("0" * 64, 100)).status)
    pending_upload
    """

    create = acall(snapshots.create)
    upload = acall(snapshots.upload)
    finalize = acall(snapshots.finalize)
    manifest = acall(snapshots.manifest)
    delete = acall(snapshots.delete)


class Sessions(_Noun):
    """Sessions, their events, messages, transcripts, files (contract, sections 5 to 10).

    >>> client.sessions.get(session.id).status
    'idle'
    """

    create = call(sessions.create)
    get = call(sessions.get)
    list = call(sessions.list_)
    send = call(sessions.send)
    submit_tool_result = call(sessions.submit_tool_result)
    cancel = call(sessions.cancel)
    events = call(sessions.events)
    stream = stream_call(sessions.stream)
    messages = call(sessions.messages)
    transcript = call(sessions.transcript)
    workspace = call(workspaces.workspace)


class AsyncSessions(_AsyncNoun):
    """Sessions, their events, messages, transcripts, files (contract, sections 5 to 10).

    >>> async with dari.AsyncClient(server.url, server.api_key) as client:
    ...     print((await client.sessions.get(session.id)).status)
    idle
    """

    create = acall(sessions.create)
    get = acall(sessions.get)
    list = acall(sessions.list_)
    send = acall(sessions.send)
    submit_tool_result = acall(sessions.submit_tool_result)
    cancel = acall(sessions.cancel)
    events = acall(sessions.events)
    stream = astream_call(sessions.stream)
    messages = acall(sessions.messages)
    transcript = acall(sessions.transcript)
    workspace = acall(workspaces.workspace)


class Messages(_Noun):
    """Messages: one user turn with its answer each (contract, section 7).

    >>> client.messages.get(turn.wait().id).text
    '$$6 ... 42$$'
    """

    get = call(messages.get)


class AsyncMessages(_AsyncNoun):
    """Messages: one user turn with its answer each (contract, section 7).

    >>> async with dari.AsyncClient(server.url, server.api_key) as client:
    ...     print((await client.messages.get(turn.wait().id)).status)
    completed
    """

    get = acall(messages.get)


class Batches(_Noun):
    """Session batches (contract, section 11).

    >>> client.batches.get(batch[0, "small"].batch_id).status
    'completed'
    """

    create = call(batches.create)
    get = call(batches.get)
    wait = call(batches.wait)


class AsyncBatches(_AsyncNoun):
    """Session batches (contract, section 11).

    >>> async with dari.AsyncClient(server.url, server.api_key) as client:
    ...     print((await client.batches.get(batch[0, "small"].batch_id)).status)
    completed
    """

    create = acall(batches.create)
    get = acall(batches.get)
    wait = acall(batches.wait)


class Files(_Noun):
    """Uploaded files (contract, section 2).

    >>> client.files.upload("ticket.txt").size_bytes
    21
    """

    upload = call(files.upload)


class AsyncFiles(_AsyncNoun):
    """Uploaded files (contract, section 2).

    >>> async with dari.AsyncClient(server.url, server.api_key) as client:
    ...     print((await client.files.upload("ticket.txt")).size_bytes)
    21
    """

    upload = acall(files.upload)


class Webhooks(_Noun):
    """Agents' webhooks (contract, section 12).

    >>> client.webhooks.get(d.agents["echo"].id).signing_enabled
    False
    """

    get = call(webhooks.get)
    set = call(webhooks.set_)
    clear = call(webhooks.clear)
    rotate = call(webhooks.rotate)


class AsyncWebhooks(_AsyncNoun):
    """Agents' webhooks (contract, section 12).

    >>> async with dari.AsyncClient(server.url, server.api_key) as client:
    ...     print((await client.webhooks.get(d.agents["echo"].id)).signing_enabled)
    False
    """

    get = acall(webhooks.get)
    set = acall(webhooks.set_)
    clear = acall(webhooks.clear)
    rotate = acall(webhooks.rotate)


class Costs(_Noun):
    """What sessions cost (contract, section 13).

    >>> client.costs.session(session.id).scope_kind
    'session'
    """

    session = call(costs.session)


class AsyncCosts(_AsyncNoun):
    """What sessions cost (contract, section 13).

    >>> async with dari.AsyncClient(server.url, server.api_key) as client:
    ...     print((await client.costs.session(session.id)).scope_kind)
    session
    """

    session = acall(costs.session)


class Credentials(_Noun):
    """Stored credentials (contract, section 14).

    >>> client.credentials.put("SHOP_TOKEN", "secret").name
    'SHOP_TOKEN'
    """

    list = call(credentials.list_)
    put = call(credentials.put)
    delete = call(credentials.delete)


class AsyncCredentials(_AsyncNoun):
    """Stored credentials (contract, section 14).

    >>> async with dari.AsyncClient(server.url, server.api_key) as client:
    ...     print((await client.credentials.put("SHOP_TOKEN", "secret")).name)
    SHOP_TOKEN
    """

    list = acall(credentials.list_)
    put = acall(credentials.put)
    delete = acall(credentials.delete)


class StorageBindings(_Noun):
    """Storage bindings (contract, section 14).

    >>> bindings = client.storage_bindings.list()
    """

    list = call(storage_bindings.list_)
    create = call(storage_bindings.create)


class AsyncStorageBindings(_AsyncNoun):
    """Storage bindings (contract, section 14).

    >>> async with dari.AsyncClient(server.url, server.api_key) as client:
    ...     print(len(await client.storage_bindings.list()) < 9)
    True
    """

    list = acall(storage_bindings.list_)
    create = acall(storage_bindings.create)


class ApiKeys(_Noun):
    """API keys (contract, section 14).

    >>> client.api_keys.create("course").label
    'course'
    """

    list = call(api_keys.list_)
    create = call(api_keys.create)
    delete = call(api_keys.delete)


class AsyncApiKeys(_AsyncNoun):
    """API keys (contract, section 14).

    >>> async with dari.AsyncClient(server.url, server.api_key) as client:
    ...     print((await client.api_keys.create("course")).label)
    course
    """

    list = acall(api_keys.list_)
    create = acall(api_keys.create)
    delete = acall(api_keys.delete)


class Members(_Noun):
    """People of the organization (contract, section 14).

    >>> client.members.list()[0].role
    'owner'
    """

    list = call(members.list_)
    invite = call(members.invite)


class AsyncMembers(_AsyncNoun):
    """People of the organization (contract, section 14).

    >>> async with dari.AsyncClient(server.url, server.api_key) as client:
    ...     print((await client.members.list())[0].role)
    owner
    """

    list = acall(members.list_)
    invite = acall(members.invite)
