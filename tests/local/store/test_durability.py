import signal
import subprocess
import sys
import threading

import httpx
import pytest

from dari_nb.errors import InvalidRequestError
from dari_nb.local import LocalDari, ToolCall
from dari_nb.local.service.recovery import UNFINISHED


@pytest.fixture
def path(tmp_path):
    return tmp_path / "course.db"


def test_sessions_files_and_keys_survive_a_restart(path, call):
    key = {"Idempotency-Key": "once"}
    with LocalDari(path) as server, call(server) as api:
        file_id = api.upload("notes.txt", b"alpha\n")
        session_id = api.create("librarian", name="mine", metadata={"a": "b"}, llm_id="small")
        sent = api.send(session_id, "alpha?", file_id, headers=key)
        api.finished(sent["message"]["id"])
        session = api.rests(session_id)
        items, agents = api.items(session_id), api.get("/agents")
    with LocalDari(path) as server, call(server) as api:
        assert api.get("/agents") == agents
        assert api.get(f"/sessions/{session_id}") == session
        assert api.items(session_id) == items
        assert api.send(session_id, "x", headers=key)["event"] == sent["event"]
        more = api.finished(api.send(session_id, "alpha again")["message"]["id"])
        assert "notes.txt, line 1" in more["output"]["parts"][-1]["text"]


def test_unfinished_turns_end_as_failed_after_a_restart(path, call):
    gate = threading.Event()
    with LocalDari(path) as server, call(server) as api:

        @server.agent("slow")
        def slow(prompt):
            yield ToolCall("open")
            gate.wait(60)

        session_id = api.create("slow")
        messages = [api.send(session_id, text)["message"]["id"] for text in "ab"]
        api.reaches(messages[0], "running")
    gate.set()
    with LocalDari(path) as server, call(server) as api:
        for message_id in messages:
            message = api.get(f"/messages/{message_id}")
            assert (message["status"], message["output"]["error"]) == ("failed", UNFINISHED)
        [lost] = [e for e in api.events(session_id) if e["type"] == "tool.call_failed"]
        assert (lost["data"]["tool_name"], lost["data"]["result"]) == ("open", UNFINISHED)
        session = api.get(f"/sessions/{session_id}")
        assert (session["status"], session["last_message_status"]) == ("idle", "failed")
        events = api.events(session_id)
        assert [e["sequence_number"] for e in events] == list(range(1, len(events) + 1))
        lost = api.finished(api.send(session_id, "c")["message"]["id"])
        assert 'no code for the agent "slow"' in lost["output"]["error"]
        assert '@d.server.agent("slow")' in lost["output"]["error"]


def test_a_killed_process_loses_nothing_that_was_acknowledged(path, call):
    program = (
        f"from dari_nb.local import LocalDari\nserver = LocalDari({str(path)!r}).start()\n"
        "print(server.url, server.api_key, flush=True)\nimport time\ntime.sleep(60)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    with process:
        url, key = process.stdout.readline().split()
        headers = {"Authorization": f"Bearer {key}"}
        with httpx.Client(base_url=f"{url}/v1", headers=headers) as http:
            agent_id = http.get("/agents").json()["agents"][0]["id"]
            body = {"type": "user.message", "content": [{"type": "text", "text": "x"}]}
            path_of = f"/agents/{agent_id}/messages"
            sent = [http.post(path_of, json=body).json() for _ in range(20)]
        process.send_signal(signal.SIGKILL)
    with LocalDari(path) as server, call(server) as api:
        for one in sent:
            assert api.get(f"/messages/{one['message']['id']}")["status"] in ("completed", "failed")
            assert api.events(one["session"]["id"])[0] == one["event"]


def test_a_file_that_is_open_elsewhere_is_refused(path):
    with LocalDari(path), pytest.raises(InvalidRequestError, match="open in another local Dari"):
        LocalDari(path)


def test_a_file_that_is_no_database_or_has_no_folder_is_refused(tmp_path):
    (tmp_path / "text.db").write_text("no database" * 100)
    for name in ("text.db", "missing/course.db"):
        with pytest.raises(InvalidRequestError, match="cannot be opened"):
            LocalDari(tmp_path / name)


def test_a_stopped_server_with_a_path_has_let_go_of_its_file(path):
    server = LocalDari(path).start()
    server.stop()
    with pytest.raises(InvalidRequestError, match="let go of its file"):
        server.start()
    with LocalDari(path) as again:
        assert again.url
