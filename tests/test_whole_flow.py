"""Publish, batch, poll, read, pay, download: by plain HTTP as others write it, and by ours."""

import gzip
import hashlib
import io
import tarfile
import time
import zipfile
from decimal import Decimal

import httpx
import pytest

from dari_nb.client import Client, batch_item
from dari_nb.local import LocalDari, Usage

FILES = {
    "dari.yml": """
name: summarizer
harness: pi
instructions:
  system: prompts/system.md
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


@pytest.fixture
def server():
    with LocalDari(cost_delay=0.05) as server:

        @server.agent("summarizer", llms=LLMS)
        def summarizer(prompt, turn):
            (turn.workspace / "reports").mkdir(exist_ok=True)
            (turn.workspace / "reports" / "out.txt").write_text(prompt)
            yield f"{turn.llm_id}: {prompt}"
            yield Usage(Decimal("0.0421"))

        yield server


def test_a_client_written_from_the_contract_alone_completes_its_flow(server):
    headers = {"Authorization": f"Bearer {server.api_key}"}
    with httpx.Client(base_url=f"{server.url}/v1", headers=headers, timeout=20) as http:

        def call(method, path, **body):
            answer = http.request(method, path, **body)
            assert answer.is_success, answer.text
            return answer.json()

        archive = _archive(FILES)
        snapshot = call(
            "POST",
            "/source-snapshots",
            json={
                "format": "tar.gz",
                "sha256": hashlib.sha256(archive).hexdigest(),
                "size_bytes": len(archive),
            },
        )
        put = httpx.put(snapshot["upload_url"], content=archive, headers=snapshot["upload_headers"])
        assert put.is_success
        source = {"source_snapshot_id": snapshot["source_snapshot_id"]}
        path = f"/source-snapshots/{source['source_snapshot_id']}"
        assert call("POST", f"{path}/finalize")["status"] == "ready"
        assert call("GET", f"{path}/manifest")["manifest"]["name"] == "summarizer"
        agent_id = call("POST", "/agents", json=source)["agent_id"]

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
        batch_id = call("POST", "/session-batches", json=body)["batch_id"]
        assert call("POST", "/session-batches", json=body)["batch_id"] == batch_id
        batch = _polled(lambda: call("GET", f"/session-batches/{batch_id}"), _is_over)
        assert batch["counts"] == {"queued": 0, "running": 0, "completed": 4, "failed": 0}

        answers = []
        for session in batch["sessions"]:
            timeline = call("GET", session["transcript_url"].removeprefix("/v1"))["timeline"]
            answers += [
                block["text"]
                for item in timeline["items"]
                if item["type"] == "assistant_message"
                for block in item["content"]
            ]
            cost = _polled(
                lambda: call("GET", f"/costs/sessions/{session['session_id']}"),  # noqa: B023
                lambda cost: cost["event_count"] > 0,
            )
            assert cost["total_cost_usd"] == "0.0421"
            zipped = http.get(
                f"/sessions/{session['session_id']}/workspace.zip", params={"path": "reports"}
            )
            with zipfile.ZipFile(io.BytesIO(zipped.content)) as files:
                assert files.read("reports/out.txt").decode() in TASKS
        assert answers == [f"{llm}: {task}" for task in TASKS for llm in LLMS]
        found = call("GET", "/sessions", params={"metadata.managed_run_id": "run_1"})["sessions"]
        assert len(found) == 4


def test_our_client_completes_the_same_flow(server, tmp_path):
    for name, text in FILES.items():
        file = tmp_path / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)
    with Client(server.url, server.api_key) as client:
        published = client.agents.publish(tmp_path)
        agent_id = published.agent_id
        assert client.agents.get("summarizer").id == agent_id
        assert (
            client.agents.read_bundle_file(agent_id, published.version_id, "prompts/system.md")
            == FILES["prompts/system.md"]
        )
        items = [batch_item(agent_id, task, llm_id=llm) for task in TASKS for llm in LLMS]
        batch = client.batches.create(items, idempotency_key="run_2")
        batch = client.batches.wait(batch.id, timeout=20, every=0.05)
        assert batch.status == "completed"
        for item in batch.items:
            cost = _polled(
                lambda: client.costs.session(item.session_id),  # noqa: B023
                lambda cost: cost.total_cost,
            )
            assert cost.total_cost == Decimal("0.0421")
            with client.sessions.workspace(item.session_id, paths=["reports"]) as workspace:
                assert workspace.read_text("reports/out.txt") in TASKS


def _archive(files):
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for name, text in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(text.encode())
            tar.addfile(entry, io.BytesIO(text.encode()))
    return gzip.compress(packed.getvalue(), mtime=0)


def _is_over(batch):
    return batch["status"] in ("completed", "failed", "partial_failed")


def _polled(ask, good):
    deadline = time.monotonic() + 180
    while not good(answer := ask()):
        assert time.monotonic() < deadline, answer
        time.sleep(0.05)
    return answer
