import io
import tarfile
from datetime import UTC, datetime, timedelta

import httpx
import pytest

import dari_nb.local.service.publishing
from dari_nb.local import LocalDari

DARI_YML = """\
name: {name}
harness: pi
instructions: {{system: prompts/system.md}}
llm:
  default: small
  options:
    small: {{provider: anthropic, model: claude-haiku-4-5}}
    large: {{provider: openai, model: gpt-5.5}}
sandbox: {{internet_access: true}}
"""


def files(name="support", **more):
    yml = DARI_YML.format(name=name).encode()
    return {"dari.yml": yml, "prompts/system.md": "Be brief and kind: ü.".encode()} | more


def packed(bundle, *members):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for path, content in bundle.items():
            info = tarfile.TarInfo(path)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
        for member in members:
            tar.addfile(member)
    return buffer.getvalue()


def test_an_archive_is_uploaded_without_a_key_and_finalized(api):
    archive = packed(files())
    reserved = api.reserve(archive)
    assert reserved["status"] == "pending_upload"
    path = f"/source-snapshots/{reserved['source_snapshot_id']}"
    url, headers = reserved["upload_url"], reserved["upload_headers"]
    assert httpx.put(url, content=archive).status_code == 403
    assert httpx.put(url[:-3] + "xxx", content=archive, headers=headers).status_code == 404
    assert httpx.put(url, content=archive, headers=headers).status_code == 200
    ready = {"source_snapshot_id": path.rpartition("/")[2], "status": "ready"}
    assert api.post(f"{path}/finalize") == ready | {"failure_reason": None}
    assert api.post(f"{path}/finalize")["status"] == "ready"
    assert httpx.put(url, content=archive, headers=headers).status_code == 409


@pytest.mark.parametrize(
    ("sent", "reason"),
    [(None, "No archive"), (b"short", "Size did not"), (b"x", "Checksum did not")],
)
def test_a_mismatch_is_a_success_with_status_failed(api, sent, reason):
    archive = packed(files())
    content = sent * len(archive) if sent == b"x" else sent
    reserved = api.reserve(archive)
    if content is not None:
        httpx.put(reserved["upload_url"], content=content, headers=reserved["upload_headers"])
    snapshot_id = reserved["source_snapshot_id"]
    done = api.post(f"/source-snapshots/{snapshot_id}/finalize")
    assert done["status"] == "failed"
    assert done["failure_reason"].startswith(reason)
    status, detail = api.refused("/agents", {"source_snapshot_id": snapshot_id})
    assert (status, detail) == (400, "The source snapshot is not ready: failed")


def test_an_upload_address_expires(api, monkeypatch):
    archive = packed(files())
    reserved = api.reserve(archive)
    later = datetime.now(UTC) + timedelta(hours=1)

    class Later(datetime):
        @classmethod
        def now(cls, tz=None):
            return later

    monkeypatch.setattr(dari_nb.local.service.publishing, "datetime", Later)
    put = httpx.put(reserved["upload_url"], content=archive, headers=reserved["upload_headers"])
    assert put.status_code == 403


def test_the_manifest_is_answered_with_the_system_prompt(api):
    snapshot_id = api.snapshot(packed(files()))
    answer = api.get(f"/source-snapshots/{snapshot_id}/manifest")
    assert answer["manifest"]["llm"]["default"] == "small"
    assert answer["system_prompt"] == "Be brief and kind: ü."


def test_a_snapshot_is_deleted_unless_a_version_uses_it(api):
    unused = api.snapshot(packed(files("unused")))
    assert api.http.delete(f"/source-snapshots/{unused}").status_code == 200
    assert api.http.delete(f"/source-snapshots/{unused}").status_code == 404
    used = api.snapshot(packed(files("used")))
    api.post("/agents", {"source_snapshot_id": used})
    answer = api.http.delete(f"/source-snapshots/{used}")
    assert (answer.status_code, answer.json()) == (409, {"detail": "in use"})


def test_publishing_a_name_again_makes_a_new_active_version(api):
    first = api.publish(files("twice"))
    second = api.publish(files("twice"))
    assert first["agent_id"] == second["agent_id"]
    assert httpx.URL(first["agent_url"]).path == f"/v1/agents/{first['agent_id']}"
    third = api.publish(files("other-name"), first["agent_id"])
    listed = api.get(f"/agents/{first['agent_id']}/versions")
    assert listed["agent"]["name"] == "twice"
    assert [v["id"] for v in listed["versions"]] == [
        p["version_id"] for p in (third, second, first)
    ]
    assert [v["is_active"] for v in listed["versions"]] == [True, False, False]
    assert listed["versions"][2]["size_bytes"] == len(packed(files("twice")))
    assert len(listed["versions"][2]["archive_sha256"]) == 64
    session = api.get(f"/sessions/{api.create('twice', version_id=first['version_id'])}")
    assert (session["version_id"], session["llm_id"]) == (first["version_id"], "small")
    assert session["internet_access"] is False
    assert third["notes"]


def test_a_bundle_is_listed_and_its_files_are_read(api):
    done = api.publish(files("browsed", **{"logo.bin": b"\xff\xfe"}))
    path = f"/agents/{done['agent_id']}/versions/{done['version_id']}/bundle"
    listed = [file["path"] for file in api.get(path)["files"]]
    assert listed == ["dari.yml", "logo.bin", "prompts/system.md"]
    read = api.get(f"{path}/file", params={"path": "prompts/system.md"})
    assert read["content"] == "Be brief and kind: ü."
    for name, status in [("none", 404), ("logo.bin", 400)]:
        assert api.http.get(f"{path}/file", params={"path": name}).status_code == status
    assert api.http.get(f"{path}/file").status_code == 422


def test_a_deleted_agent_leaves_the_list_and_its_sessions_stay(api, blocks):
    done = api.publish(files("gone"))
    agent_id, session_id = done["agent_id"], api.create("gone")
    first = api.http.delete(f"/agents/{agent_id}").json()
    assert first["deleted_at"] is not None
    assert api.http.delete(f"/agents/{agent_id}").json() == first
    assert agent_id not in [a["id"] for a in api.get("/agents")["agents"]]
    assert api.get(f"/sessions/{session_id}")["agent_id"] == agent_id
    assert api.get(f"/sessions/{session_id}/transcript")["agent"] == first
    message = {"type": "user.message", "content": blocks("hello")}
    assert api.refused(f"/agents/{agent_id}/sessions", {})[0] == 404
    assert api.refused(f"/agents/{agent_id}/messages", message)[0] == 404
    body = {"source_snapshot_id": api.snapshot(packed(files("gone")))}
    assert api.refused(f"/agents/{agent_id}/versions", body)[0] == 404
    assert api.post("/agents", body)["agent_id"] != agent_id


def test_a_model_backend_makes_a_new_active_version(api):
    done = api.publish(files("routed"))
    path = f"/agents/{done['agent_id']}/model-backend"
    answer = api.http.put(path, json={"kind": "router", "router_id": "rtr_1"})
    active = api.get(f"/agents/{done['agent_id']}")["active_version_id"]
    assert answer.json()["active_version_id"] == active != done["version_id"]
    assert api.http.put(path, json={"kind": "other", "router_id": "rtr_1"}).status_code == 422


def test_a_published_agent_runs_the_function_of_its_name_or_tells_what_is_missing(
    call, monkeypatch
):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with LocalDari() as server, call(server) as api:
        done = api.publish(files("helper"))
        failed = api.ask("helper", "?", llm_id="large")
        assert failed["status"] == "failed"
        assert "put the credential OPENAI_API_KEY" in failed["output"]["error"]
        server.agent("helper")(lambda prompt: f"{prompt} answered")
        active = api.get(f"/agents/{done['agent_id']}")["active_version_id"]
        assert active == done["version_id"]
        assert api.ask("helper", "x")["output"]["parts"][0]["text"] == "x answered"


def link(kind):
    info = tarfile.TarInfo("secret")
    info.type, info.linkname = kind, "/etc/passwd"
    return info


@pytest.mark.parametrize(
    "archive",
    [
        packed(files(), link(tarfile.FIFOTYPE)),
        packed(files(), link(tarfile.DIRTYPE)),
        packed(files(**{"a\udcff": b""})),
        packed(files(), tarfile.TarInfo("dari.yml")),
    ],
    ids=["pipe", "folder", "no text", "twice"],
)
def test_an_archive_that_breaks_a_rule_is_400(api, archive):
    path = f"/source-snapshots/{api.snapshot(archive)}/manifest"
    assert api.http.get(path).status_code == 400
