"""Publish, batch, poll, read, pay, download: with plain HTTP, as a client in any language would."""

import gzip
import hashlib
import io
import tarfile
import time
import zipfile

import httpx
import pytest

from dari_nb.local import LocalDari, Usage

PATIENCE = 60
FILES = {
    "dari.yml": """
name: summarizer
harness: pi
instructions: {system: prompts/system.md}
llm:
  default: small
  options:
    small: { provider: openai, model: gpt-small }
    large: { provider: openai, model: gpt-large }
""",
    "prompts/system.md": "You write reports.\n",
}
TASKS = ["first", "second"]
LLMS = ["small", "large"]


class Api:
    """Calls of the API, whose answers must be successes."""

    def __init__(self, server: LocalDari) -> None:
        headers = {"Authorization": f"Bearer {server.api_key}"}
        self.http = httpx.Client(base_url=f"{server.url}/v1", headers=headers, timeout=PATIENCE)

    def get(self, path, **params):
        return self.http.get(path, params=params).raise_for_status().json()

    def post(self, path, body=None):
        return self.http.post(path, json=body).raise_for_status().json()

    def poll(self, path, is_over):
        deadline = time.monotonic() + PATIENCE
        while not is_over(answer := self.get(path)):
            assert time.monotonic() < deadline, answer
            time.sleep(0.05)
        return answer


@pytest.fixture
def api():
    with LocalDari(cost_delay=0.05) as server:

        @server.agent("summarizer", llms=LLMS)
        def summarizer(prompt, turn):
            (turn.workspace / "reports").mkdir(exist_ok=True)
            (turn.workspace / "reports" / "out.txt").write_text(prompt)
            yield f"{turn.llm_id}: {prompt}"
            yield Usage("0.0421")

        api = Api(server)
        yield api
        api.http.close()


def archive():
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for name, text in FILES.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(text.encode())
            tar.addfile(entry, io.BytesIO(text.encode()))
    return gzip.compress(packed.getvalue(), mtime=0)


def publish(api):
    packed = archive()
    about = {"sha256": hashlib.sha256(packed).hexdigest(), "size_bytes": len(packed)}
    snapshot = api.post("/source-snapshots", {"format": "tar.gz", **about})
    upload = httpx.put(snapshot["upload_url"], content=packed, headers=snapshot["upload_headers"])
    upload.raise_for_status()
    source = {"source_snapshot_id": snapshot["source_snapshot_id"]}
    path = f"/source-snapshots/{source['source_snapshot_id']}"
    assert api.post(f"{path}/finalize")["status"] == "ready"
    assert api.get(f"{path}/manifest")["manifest"]["name"] == "summarizer"
    return api.post("/agents", source)["agent_id"]


def run_batch(api, agent_id):
    items = [
        {
            "agent_id": agent_id,
            "llm_id": llm,
            "metadata": {"managed_run_id": "run_1", "task_index": str(index)},
            "message": {"content": [{"type": "text", "text": task}]},
        }
        for index, task in enumerate(TASKS)
        for llm in LLMS
    ]
    body = {"idempotency_key": "run_1", "items": items}
    batch_id = api.post("/session-batches", body)["batch_id"]
    assert api.post("/session-batches", body)["batch_id"] == batch_id
    ended = ("completed", "failed", "partial_failed")
    return api.poll(f"/session-batches/{batch_id}", lambda batch: batch["status"] in ended)


def test_client_from_contract_completes_flow(api):
    batch = run_batch(api, publish(api))
    assert batch["counts"] == {"queued": 0, "running": 0, "completed": 4, "failed": 0}
    answers = []
    for session in batch["sessions"]:
        path = f"/sessions/{session['session_id']}"
        items = api.get(session["transcript_url"].removeprefix("/v1"))["timeline"]["items"]
        said = [item["content"] for item in items if item["type"] == "assistant_message"]
        answers += [block["text"] for content in said for block in content]
        cost = api.poll(f"/costs{path}", lambda cost: cost["event_count"] > 0)
        assert cost["total_cost_usd"] == "0.0421"
        zipped = api.http.get(f"{path}/workspace.zip", params={"path": "reports"}).content
        with zipfile.ZipFile(io.BytesIO(zipped)) as files:
            assert files.read("reports/out.txt").decode() in TASKS
    assert answers == [f"{llm}: {task}" for task in TASKS for llm in LLMS]
    assert len(api.get("/sessions", **{"metadata.managed_run_id": "run_1"})["sessions"]) == 4
