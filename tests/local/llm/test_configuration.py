"""``dari-local serve --config``, and what the settings of LLMs and prices refuse."""

import os
import signal
import subprocess
import sys
import tomllib
from decimal import Decimal
from pathlib import Path

import httpx
import pytest

from dari_nb.cli.cli import main
from dari_nb.errors import InvalidRequestError
from dari_nb.local import LocalDari, reachable_llms
from dari_nb.local.configuration import EXAMPLE, read_configuration
from dari_nb.local.llm.settings import named_llm

ROOT = Path(__file__).parents[3]
BUNDLE = "name: support\nharness: pi\ninstructions: {system: system.md}\nllm: {model: small}\n"
AGENTS = '@server.agent("shout")\ndef shout(prompt):\n    return prompt.upper()\n'


@pytest.fixture
def config(tmp_path):
    def writing(text):
        path = tmp_path / "dari.toml"
        path.write_text(text)
        return path

    return writing


def test_a_configured_server_asks_its_llm_and_counts_its_prices(config, tmp_path, stand_in):
    (tmp_path / "mine.py").write_text(AGENTS)
    (tmp_path / "support").mkdir()
    (tmp_path / "support" / "dari.yml").write_text(BUNDLE)
    (tmp_path / "support" / "system.md").write_text("Be brief.")
    path = config(f"""
        [server]
        port = 0
        key_env = "OWN_KEY"
        [llms.small]
        model = "stand-in"
        base_url = "{stand_in.url}"
        api_key_env = "SMALL_KEY"
        [prices."stand-in"]
        input = 0.15
        output = 0.60
        [agents]
        files = ["mine.py"]
        bundles = ["support/"]
    """)
    keys = {"OWN_KEY": "dari_own", "SMALL_KEY": "sk-small", "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, "-m", "dari_nb.cli", "serve", "--config", str(path)]
    with subprocess.Popen(
        command, cwd=ROOT, env=os.environ | keys, stdout=subprocess.PIPE, text=True
    ) as process:
        said = []
        for line in process.stdout:
            said.append(line)
            if line.startswith("Then"):
                break
        try:
            check_answers(url_in(said), stand_in)
        finally:
            process.send_signal(signal.SIGINT)
            rest = process.stdout.read()
    assert "LLMs: small\n" in said
    assert rest.endswith("Stopped.\n")
    assert "sk-small" not in "".join(said) + rest


def url_in(said):
    return next(line for line in said if line.startswith("export DARI_API_URL="))[20:].strip()


def check_answers(url, stand_in):
    with httpx.Client(
        base_url=f"{url}/v1", headers={"Authorization": "Bearer dari_own"}, timeout=10
    ) as http:
        agents = {agent["name"]: agent["id"] for agent in http.get("/agents").json()["agents"]}
        assert {"shout", "support", "assistant"} <= set(agents)
        body = {"type": "user.message", "content": [{"type": "text", "text": "hi"}]}
        sent = http.post(f"/agents/{agents['support']}/messages", json=body).json()
        session_id = sent["session"]["id"]
        with http.stream("GET", f"/sessions/{session_id}/stream") as stream:
            for line in stream.iter_lines():
                if '"status":"completed"' in line or '"status":"failed"' in line:
                    assert "failed" not in line
                    break
    assert stand_in.requests[-1].headers["authorization"] == "Bearer sk-small"
    assert stand_in.requests[-1].body["messages"][0]["content"].startswith("Be brief.")


def test_the_shown_example_is_a_right_one(config, tmp_path):
    configuration = read_configuration(config(EXAMPLE))
    assert configuration.llms["small"]["model"] == "llama3.2"
    assert configuration.prices["llama3.2"] == {"input": Decimal("0.15"), "output": Decimal("0.60")}
    assert configuration.bundles == [tmp_path / "support"]
    assert read_configuration(config("[server]\nstep_delay = 0.5")).server.step_delay == 0.5
    assert tomllib.loads(EXAMPLE)["server"]["port"] == configuration.server.port == 8787


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[llms.small]\nmodle = 'x'", "llms.small"),
        ("[llms.small]\nmodel = 'x'\nmax_steps = 0", "llms.small"),
        ("[llms.small]\nmodel = 'x'\napi_key = 'sk-1'", "llms.small.api_key"),
        ("[prices.x]\ninput = 1", "prices.x"),
        ("[server]\nport = 'x'", "server.port"),
        ("[server\n", "dari.toml"),
        ("[server]\nkey_env = 'NO_SUCH_KEY'", "server.key_env"),
        ("[agents]\nbundles = ['none/']", "none"),
        ("[agents]\nfiles = ['none.py']", "none.py"),
    ],
)
def test_a_wrong_configuration_is_refused_by_name(config, capsys, text, told):
    assert main(["serve", "--port", "0", "--config", str(config(text))]) == 2
    said = capsys.readouterr().err
    assert said.startswith("dari-local: ")
    assert told in said
    assert "sk-1" not in said
    assert said.count("\n") == 1


@pytest.mark.parametrize("price", [0.15, "x", "-1"])
def test_a_price_is_exact(price):
    with pytest.raises(InvalidRequestError, match=r"prices.m.input"):
        LocalDari(prices={"m": {"input": price, "output": "1"}})


@pytest.mark.parametrize(
    ("settings", "url", "protocol", "model", "key"),
    [
        ({"model": "openai/x"}, "https://api.openai.com/v1", "chat", "x", "OPENAI_API_KEY"),
        ({"model": "x", "provider": "openai"}, "https://api.openai.com/v1", "chat", "x", "OPENAI_"),
        ({"model": "anthropic/x"}, "https://api.anthropic.com/v1", "anthropic", "x", "ANTHROPIC_"),
        ({"model": "x"}, "https://openrouter.ai/api/v1", "chat", "x", "OPENROUTER_API_KEY"),
        (
            {"model": "anthropic/x", "provider": "openrouter"},
            *("https://openrouter.ai/api/v1", "chat", "anthropic/x", "OPENROUTER_API_KEY"),
        ),
        (
            {"model": "openai/x", "base_url": "http://h/v1/"},
            "http://h/v1",
            "chat",
            "openai/x",
            None,
        ),
        (
            {"model": "x", "base_url": "http://h/v1", "provider": "anthropic"},
            *("http://h/v1", "anthropic", "x", None),
        ),
        (
            {"model": "x", "api_key_secret": "MINE"},
            "https://openrouter.ai/api/v1",
            "chat",
            "x",
            "M",
        ),
    ],
)
def test_where_a_model_is_follows_from_its_settings(settings, url, protocol, model, key):
    llm = named_llm("n", settings)
    assert (llm.base_url, llm.model) == (url, model)
    assert llm.protocol.startswith(protocol)
    assert llm.key_name is None if key is None else llm.key_name.startswith(key)


def test_what_can_be_asked_is_told(stand_in, monkeypatch):
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-1")
    gone = "http://127.0.0.1:9/v1"
    llms = {
        "here": {"model": "stand-in", "base_url": stand_in.url},
        "gone": {"model": "x", "base_url": gone},
        "claude": {"model": "anthropic/x"},
        "other": {"model": "y"},
    }
    with LocalDari(llms=llms) as server:
        states = [(llm.name, llm.state, llm.source) for llm in reachable_llms(server)]
        assert states == [
            ("here", "answers", "server"),
            ("gone", "does not answer", "server"),
            ("claude", "has a key", "server"),
            ("other", "has no key", "server"),
        ]
        # Other local Daris of this process may have some, too.
        assert [llm.name for llm in reachable_llms() if llm.name in llms] == list(llms)


def test_a_probe_finds_what_listens_on_the_usual_ports(stand_in, monkeypatch):
    port = int(stand_in.url.rsplit(":", 1)[1].removesuffix("/v1"))
    monkeypatch.setattr("dari_nb.local.llm.reach.PORTS", {"Ollama": port, "vLLM": 9})
    server = LocalDari()
    assert reachable_llms(server) == []
    (found,) = reachable_llms(server, probe=True)
    assert (found.name, found.source, found.state) == ("stand-in", "Ollama", "answers")
    assert found.base_url == stand_in.url
    server.add_llms({"mine": {"model": found.model, "base_url": found.base_url}})
    assert [llm.name for llm in reachable_llms(server, probe=True)] == ["mine"]
