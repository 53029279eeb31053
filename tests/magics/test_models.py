"""``%dari model`` and what ``%dari llms`` says of a model that could be had."""

import signal
import threading
import time

import pytest
from IPython.core.error import UsageError


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("DARI_NB_CACHE", str(tmp_path / "cache"))


def test_without_a_model_a_line_says_how_to_get_one(shell, cache):
    shell.run("%dari connect local")
    for line in ("%dari llms", "%dari model list", "%dari model"):
        assert "smollm2" in repr(shell.run(line))


@pytest.fixture
def own_servers(monkeypatch):
    """Local Daris that no later test finds with a model in them."""
    servers = {}
    monkeypatch.setattr("dari_nb.resources.connections._servers", servers)
    yield
    for server in servers.values():
        server.stop()


def press_when_it_has_begun(folder):
    while not any(folder.rglob("*")):
        time.sleep(0.01)
    signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)


def test_an_interrupted_pull_and_a_removed_model_are_told_in_a_line(
    shell, own_servers, real_model, monkeypatch, tmp_path
):
    monkeypatch.setenv("DARI_NB_CACHE", str(tmp_path))
    shell.run("%dari connect local")
    pressing = threading.Thread(target=press_when_it_has_begun, args=(tmp_path,))
    pressing.start()
    with pytest.raises(KeyboardInterrupt):
        shell.run("%dari model pull smollm2")
    pressing.join()
    assert not list(tmp_path.rglob("*.gguf"))
    shell.run("%dari model pull smollm2")
    assert "removed" in repr(shell.run("%dari model remove smollm2"))
    assert not list(tmp_path.rglob("*.gguf"))


def test_an_agent_of_a_prompt_asks_the_pulled_model(shell, own_servers, real_model):
    shell.run("%dari connect local")
    shell.run("%dari model pull smollm2")
    named = shell.run("%%dari_publish pirate --llm smollm2 --quiet -o made\nYou are a pirate.")
    llm = shell.names["made"].version.manifest["llm"]
    assert (named, llm["default"]) == (None, "smollm2")
    assert llm["options"]["smollm2"]["model"] == "SmolLM2-135M-Instruct"
    with pytest.raises(UsageError, match="smollm2"):
        shell.run("%%dari_publish pirate --llm smolm2\nYou are a pirate.")
    assert not shell.run("%%dari_publish pirate\nYou are a pirate.").is_new


def test_a_model_is_listed_once_also_while_its_agent_is_the_current_one(shell, own_servers):
    shell.run("%dari connect local")
    shell.run("import dari_nb\nd = dari_nb.connect()")
    shell.run("d.server.add_llms({'mine': {'model': 'm', 'base_url': 'http://127.0.0.1:9/v1'}})")
    shell.run("%dari use assistant")
    [found] = [llm for llm in shell.run("%dari llms") if llm.name == "mine"]
    assert (found.model, found.where) == ("m", "http://127.0.0.1:9/v1")
    assert (found.state, found.source) == ("does not answer", "agent assistant, local Dari")
