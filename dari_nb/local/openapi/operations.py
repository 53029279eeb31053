"""Every operation below ``/v1``, one entry each: what it takes, answers and refuses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from ..records import JsonObject
from .shapes import NUMBER, OBJECT, TEXT, TEXTS, list_of, record, ref

JSON = "application/json"


class Operation(NamedTuple):
    """One method of one path.

    Attributes:
        method: The HTTP method.
        path: The path below ``/v1``, with its parameters in braces.
        name: The operation's id.
        summary: One line about it.
        status: The code when it works.
        answer: The answer's schema.
        refusals: Codes of its own errors. 401 comes with each, 403 with each id in the path,
            413 with each JSON body; they are not repeated here.
        body: The body's schema, when it takes one.
        body_media: The body's media type.
        body_required: Whether a request must have a body.
        query: Query parameters by name, with their schemas.
        required_query: Those among them that must be there.
        headers: Request headers by name, with what they do.
        media: The answer's media type.
    """

    method: str
    path: str
    name: str
    summary: str
    status: int
    answer: JsonObject
    refusals: tuple[int, ...] = ()
    body: JsonObject | None = None
    body_media: str = JSON
    body_required: bool = True
    query: Mapping[str, JsonObject] = {}
    required_query: tuple[str, ...] = ()
    headers: Mapping[str, str] = {}
    media: str = JSON


_KEY = {"Idempotency-Key": "The same key again gives the first answer's event back."}
_FORM = record({"file": {"type": "string", "contentMediaType": "application/octet-stream"}})
_FILTERS: Mapping[str, JsonObject] = {
    "metadata": {**TEXTS, "propertyNames": {"pattern": "^metadata\\..+$"}}
}
_AGENT = "/agents/{agent_id}"
_VERSION = f"{_AGENT}/versions/{{version_id}}"
_SESSION = "/sessions/{session_id}"
_SNAPSHOT = "/source-snapshots/{source_snapshot_id}"
_ORGANIZATION = "/organizations/current"


def _list(key: str, schema: JsonObject) -> JsonObject:
    return record({key: list_of(schema)})


OPERATIONS = (
    Operation(
        *("POST", "/files", "upload_file", "Upload a file that messages can refer to"),
        *(201, ref("File"), (413, 422), _FORM),
        body_media="multipart/form-data",
    ),
    Operation(
        *("POST", "/source-snapshots", "create_snapshot", "Reserve a place for an archive"),
        *(201, ref("SnapshotTarget"), (413, 422), ref("NewSnapshot")),
    ),
    Operation(
        *("POST", f"{_SNAPSHOT}/finalize", "finalize_snapshot", "Check the uploaded archive"),
        *(200, ref("Snapshot"), (404,)),
    ),
    Operation(
        *("GET", f"{_SNAPSHOT}/manifest", "get_snapshot_manifest", "Read and check dari.yml"),
        *(200, ref("SnapshotManifest"), (400, 404)),
    ),
    Operation(
        *("DELETE", _SNAPSHOT, "delete_snapshot", "Remove a snapshot that no version uses"),
        *(200, OBJECT, (404, 409)),
    ),
    Operation(
        *("GET", "/agents", "list_agents", "Agents that are not deleted, oldest first"),
        *(200, _list("agents", ref("Agent"))),
    ),
    Operation(
        *("POST", "/agents", "publish", "Publish under the name in dari.yml"),
        *(201, ref("Published"), (400, 403, 404, 422), ref("Publish")),
    ),
    Operation(
        *("GET", _AGENT, "get_agent", "One agent", 200, ref("Agent"), (404,)),
    ),
    Operation(
        *("DELETE", _AGENT, "delete_agent", "Delete an agent; its sessions stay readable"),
        *(200, ref("Agent"), (404,)),
    ),
    Operation(
        *("GET", f"{_AGENT}/versions", "list_versions", "An agent's versions, newest first"),
        *(200, ref("Versions"), (404,)),
    ),
    Operation(
        *("POST", f"{_AGENT}/versions", "publish_version", "Publish a new version of this agent"),
        *(201, ref("Published"), (400, 404, 422), ref("Publish")),
    ),
    Operation(
        *("GET", _VERSION, "get_version", "One version", 200, ref("VersionOfAgent"), (404,)),
    ),
    Operation(
        *("GET", f"{_VERSION}/bundle", "list_bundle", "Files of a version's archive"),
        *(200, OBJECT, (404,)),
    ),
    Operation(
        *("GET", f"{_VERSION}/bundle/file", "get_bundle_file", "One text file of the archive"),
        *(200, record({"content": TEXT}), (400, 404, 422)),
        query={"path": TEXT},
        required_query=("path",),
    ),
    Operation(
        *("PUT", f"{_AGENT}/model-backend", "set_model_backend", "Back an agent by a router"),
        *(200, record({"active_version_id": TEXT}), (404, 422), ref("ModelBackend")),
    ),
    Operation(
        *("POST", f"{_AGENT}/sessions", "create_session", "Start an idle session"),
        *(201, ref("Session"), (400, 404, 422), ref("NewSession")),
        body_required=False,
    ),
    Operation(
        *("GET", f"{_AGENT}/sessions", "list_sessions_of_agent", "An agent's sessions"),
        *(200, _list("sessions", ref("Session")), (404,)),
        query=_FILTERS,
    ),
    Operation(
        *("GET", "/sessions", "list_sessions", "All sessions, filtered by metadata.KEY=VALUE"),
        *(200, _list("sessions", ref("Session"))),
        query=_FILTERS,
    ),
    Operation(
        *("GET", _SESSION, "get_session", "One session", 200, ref("Session"), (404,)),
    ),
    Operation(
        *("POST", f"{_AGENT}/messages", "send_first_message", "Start a session with a message"),
        *(202, ref("Sent"), (400, 404, 422), ref("FirstMessage")),
        headers=_KEY,
    ),
    Operation(
        *(
            "POST",
            f"{_SESSION}/events",
            "send_event",
            "Send a message or an external tool's result",
        ),
        *(202, ref("Sent"), (400, 404, 409, 422)),
        body={"oneOf": [ref("UserMessage"), ref("ToolResult")]},
        headers=_KEY,
    ),
    Operation(
        *("GET", f"{_SESSION}/events", "list_events", "A session's ledger, oldest first"),
        *(200, _list("events", ref("Event")), (404, 422)),
        query={"limit": NUMBER},
    ),
    Operation(
        *("GET", f"{_SESSION}/stream", "stream", "The ledger as server-sent events"),
        *(200, TEXT, (404,)),
        headers={"Last-Event-ID": "The stream goes on after this event."},
        media="text/event-stream",
    ),
    Operation(
        *("GET", f"{_SESSION}/messages", "list_messages", "A session's messages in order"),
        *(200, _list("messages", ref("Message")), (404,)),
    ),
    Operation(
        *("GET", "/messages/{message_id}", "get_message", "One message with its answer"),
        *(200, ref("Message"), (404,)),
    ),
    Operation(
        *("GET", f"{_SESSION}/transcript", "get_transcript", "The conversation, ready to show"),
        *(200, ref("Transcript"), (404,)),
    ),
    Operation(
        *("GET", f"{_SESSION}/workspace.zip", "get_workspace", "The session's files as a zip"),
        *(200, TEXT, (400, 404, 409)),
        query={"path": list_of(TEXT)},
        media="application/zip",
    ),
    Operation(
        *("POST", "/session-batches", "create_batch", "Start up to 100 sessions at once"),
        *(201, ref("Batch"), (400, 403, 404, 422), ref("NewBatch")),
    ),
    Operation(
        *("GET", "/session-batches/{batch_id}", "get_batch", "How far a batch is"),
        *(200, ref("Batch"), (404,)),
    ),
    Operation(
        *("GET", f"{_AGENT}/webhook", "get_webhook", "An agent's webhook, without its secret"),
        *(200, ref("Webhook"), (404,)),
    ),
    Operation(
        *("PUT", f"{_AGENT}/webhook", "set_webhook", "Set the webhook; a new one shows its secret"),
        *(200, ref("Webhook"), (400, 404, 422), ref("NewWebhook")),
    ),
    Operation(
        *("DELETE", f"{_AGENT}/webhook", "clear_webhook", "Remove the webhook"),
        *(200, ref("Webhook"), (404,)),
    ),
    Operation(
        *("POST", f"{_AGENT}/webhook/rotate-secret", "rotate_webhook_secret", "Make a new secret"),
        *(200, ref("Webhook"), (404, 409)),
    ),
    Operation(
        *("GET", f"/costs{_SESSION}", "get_session_cost", "What a session has cost so far"),
        *(200, ref("Cost"), (404,)),
    ),
    Operation(
        *("GET", f"{_ORGANIZATION}/credentials", "list_credentials", "Names of the credentials"),
        *(200, _list("credentials", ref("Credential"))),
    ),
    Operation(
        *("PUT", f"{_ORGANIZATION}/credentials/{{name}}", "put_credential", "Set a credential"),
        *(200, ref("Credential"), (400, 422), ref("NewCredential")),
    ),
    Operation(
        *("DELETE", f"{_ORGANIZATION}/credentials/{{name}}", "delete_credential", "Remove one"),
        *(200, ref("Credential"), (404,)),
    ),
    Operation(
        *("GET", f"{_ORGANIZATION}/storage-bindings", "list_storage_bindings", "All bindings"),
        *(200, _list("storage_bindings", ref("StorageBinding"))),
    ),
    Operation(
        *("POST", f"{_ORGANIZATION}/storage-bindings", "create_storage_binding", "Add a binding"),
        *(201, ref("StorageBinding"), (400, 422), ref("NewStorageBinding")),
    ),
    Operation(
        *("GET", f"{_ORGANIZATION}/api-keys", "list_api_keys", "The keys, without their texts"),
        *(200, _list("api_keys", ref("ApiKey"))),
    ),
    Operation(
        *("POST", f"{_ORGANIZATION}/api-keys", "create_api_key", "Make a key, shown this once"),
        *(201, ref("ApiKey"), (422,), ref("NewApiKey")),
    ),
    Operation(
        *("DELETE", f"{_ORGANIZATION}/api-keys/{{key_id}}", "delete_api_key", "Revoke a key"),
        *(200, OBJECT, (404,)),
    ),
    Operation(
        *("GET", f"{_ORGANIZATION}/members", "list_members", "Who is in the organization"),
        *(200, _list("members", ref("Member"))),
    ),
    Operation(
        *("POST", f"{_ORGANIZATION}/invitations", "invite", "Invite somebody"),
        *(201, ref("Invitation"), (422,), ref("NewInvitation")),
    ),
)
