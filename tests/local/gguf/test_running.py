"""A model of this machine runs in a process of its own, as long as it is asked and no longer."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from dari_nb.cli.cli import main
from dari_nb.errors import InvalidRequestError
from dari_nb.local import LocalDari, gguf, reachable_llms
from dari_nb.local.gguf import running

ENDLESS = {"max_tokens": 2000, "temperature": 1}
SHORT = {"max_tokens": 8, "seed": 1}


def children(pid: int | None = None) -> list[int]:
    """The processes with models that belong to a process, by their ids."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            line = (place / "cmdline").read_bytes()
            parent = int((place / "stat").read_text().rpartition(")")[2].split()[1])
        except (OSError, IndexError):
            continue
        if b"runner.py" in line and parent == (pid or os.getpid()):
            found.append(int(place.name))
    return found


@pytest.fixture
def serve(call, cache):
    """Start a local Dari with these LLMs; gives its caller."""
    with LocalDari(llm_backoff=(0.01, 0.02, 0.02), cost_delay=0.0) as server, call(server) as api:

        def serving(**llms):
            server.add_llms(llms)
            return api

        api.server = server
        yield serving


def of(path, **options):
    return {"gguf": str(path), "context": 2048, "options": options, "tools": "native"}


def said(message):
    return "".join(part["text"] for part in message["output"]["parts"])


def test_it_starts_with_the_first_question_and_stops_with_the_server(
    serve, tiny_model, cache, wait
):
    api = serve(mine=of(tiny_model, **SHORT))
    assert children() == []
    message = api.ask("assistant", "Hello?")
    # Random weights say what they like, and are cut off.
    assert said(message) or "cut off" in message["output"]["error"]
    assert len(children()) == 1
    cost = api.get(f"/costs/sessions/{message['session_id']}")
    assert float(cost["total_cost_usd"]) == 0
    # llama.cpp writes its log on a thread of its own.
    wait((cache / "logs" / "tiny.log").read_text, lambda text: "tiny" in text)
    api.server.stop()
    assert children() == []


def test_its_port_is_for_this_process_alone(serve, tiny_model):
    api = serve(mine=of(tiny_model, **SHORT))
    api.ask("assistant", "Hello?")
    [model] = api.server._llms.sender._running.values()
    assert model._address.url.startswith("http://127.0.0.1:")
    assert model._address.key not in repr(model._address)
    told = Path(f"/proc/{children()[0]}/cmdline").read_bytes()
    assert model._address.key.encode() not in told
    refused = httpx.post(f"{model._address.url}/chat/completions", json={"messages": []})
    assert refused.status_code == 401


def test_a_model_that_dies_in_mid_answer_is_started_once_more(serve, tiny_model, wait):
    api = serve(mine=of(tiny_model, **ENDLESS))
    session = api.create("assistant")
    message_id = api.send(session, "Talk.")["message"]["id"]
    [first] = wait(children, lambda found: len(found) == 1)
    wait(lambda: api.server._llms.sender._running, bool)
    [model] = api.server._llms.sender._running.values()
    before = wait(lambda: model._address, bool)
    os.kill(first, signal.SIGKILL)
    again = wait(lambda: api.get(f"/messages/{message_id}"), lambda m: m["attempt"] == 2)
    assert again["status"] == "running"
    [second] = wait(children, lambda found: found not in ([], [first]) and len(found) == 1)
    wait(lambda: model._address, lambda address: address is not before)
    os.kill(second, signal.SIGKILL)
    failed = api.finished(message_id)
    assert failed["attempt"] == 2
    assert "its process ended by signal 9; its log is " in failed["output"]["error"]


def test_an_idle_model_is_stopped_and_started_again(serve, tiny_model, wait, monkeypatch):
    monkeypatch.setattr(running, "IDLE", 0.0)
    api = serve(mine=of(tiny_model, **SHORT))
    first = api.ask("assistant", "Hello?")
    wait(children, lambda found: not found)
    second = api.finished(api.send(first["session_id"], "Again?")["message"]["id"])
    assert (second["attempt"], bool(second["output"])) == (1, True)


def test_a_file_that_is_cut_off_is_told_with_the_cause_and_the_log(
    serve, tiny_model, tmp_path, cache
):
    path, whole = tmp_path / "broken.gguf", tiny_model.read_bytes()
    path.write_bytes(whole[:-100])
    failed = serve(mine=of(path)).ask("assistant", "Hello?")
    assert failed["attempt"] == 1
    error = failed["output"]["error"]
    assert str(path) in error
    assert (cache / "logs" / "broken.log").read_text()
    assert str(cache / "logs" / "broken.log") in error


def test_what_is_no_gguf_file_is_refused(tmp_path):
    def refusal(path):
        with pytest.raises(InvalidRequestError) as caught:
            LocalDari(llms={"mine": of(path)})
        return str(caught.value)

    path = tmp_path / "mine.gguf"
    path.touch()
    assert f"{path} is no GGUF file: it is empty" in refusal(path)
    path.write_text("<html>Not found</html>")
    assert f"{path} is no GGUF file: it does not begin as one does" in refusal(path)
    pipe = tmp_path / "pipe.gguf"
    os.mkfifo(pipe)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "s.gguf"))
        for place in (tmp_path, pipe, tmp_path / "s.gguf", Path("/dev/zero")):
            assert f"llms.mine: {place} is no regular file" in refusal(place)


def test_without_xllamacpp_a_line_says_so_and_all_else_works(serve, tiny_model, monkeypatch):
    monkeypatch.setattr(running, "find_spec", lambda _: None)
    api = serve(mine=of(tiny_model))
    assert "xllamacpp is needed" in api.ask("assistant", "Hello?")["output"]["error"]
    assert [state.state for state in reachable_llms(api.server)] == ["needs xllamacpp"]
    assert "Hello?" in said(api.ask("echo", "Hello?"))
    assert gguf.pulled_llms() == {}


CHILD = """
import sys, time
from dari_nb.local import LocalDari
import dari_nb
server = LocalDari(llms={"mine": {"gguf": sys.argv[1], "options": {"max_tokens": 8}}}).start()
d = dari_nb.connect(base_url=server.url, api_key=server.api_key)
d.agents["assistant"].send("Hello?").wait(timeout=120)
print("asked", flush=True)
sys.stdin.readline()
"""


def test_it_never_outlives_the_process_that_asks_it(tiny_model, cache, wait):
    process = subprocess.Popen(
        [sys.executable, "-c", CHILD, tiny_model],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout.readline() == "asked\n"
        [model] = children(process.pid)
        process.kill()
    wait(lambda: Path(f"/proc/{model}").exists(), lambda there: not there)


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"gguf": "none.gguf"}, r"none.gguf"),
        ({"gguf": "smollm2"}, "dari-local model pull smollm2"),
        ({"model": "x", "options": {"tempreture": 0}}, "temperature"),
        ({"model": "x", "max_output_tokens": 5, "options": {"max_tokens": 5}}, "max_tokens"),
        ({"model": "anthropic/x", "options": {"seed": 1}}, "seed"),
    ],
)
def test_settings_that_cannot_be_right_are_refused(cache, settings, told):
    with pytest.raises(InvalidRequestError, match=told):
        LocalDari(llms={"mine": settings})


def test_a_configuration_names_a_file_beside_it(tiny_model, tmp_path, capsys):
    (tmp_path / "tiny.gguf").symlink_to(tiny_model)
    file = tmp_path / "local.toml"
    file.write_text("[llms.mine]\ngguf = 'tiny.gguf'\noptions = {temperature = 0, seed = 7}\n")
    from dari_nb.local.configuration import read_configuration

    [llm] = LocalDari(llms=read_configuration(file).llms).llms.values()
    assert llm.file.path == tmp_path / "tiny.gguf"
    assert llm.options["temperature"] == 0
    file.write_text("[llms.mine]\ngguf = 'other.gguf'\n")
    assert main(["serve", "--port", "0", "--config", str(file)]) == 2
    assert f"there is no file {tmp_path / 'other.gguf'}" in capsys.readouterr().err
