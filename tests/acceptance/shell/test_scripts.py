"""Outside of notebooks: scripts, the server as a process, and the choice of a server."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import dari_nb as dari

PROGRAMS = Path(sys.executable).parent
AGENTS = """
@server.agent("poet")
def poet(prompt):
    return prompt + " in verse"
"""
CONFIG = """
[server]
port = 0
key_env = "COURSE_KEY"

[llms.mine]
model = "m"
base_url = "http://127.0.0.1:9/v1"

[agents]
files = ["poets.py"]
"""


def run(code: str, **variables: str) -> str:
    """Run a script with these environment variables, and return what it prints."""
    return subprocess.run(
        [sys.executable, "-c", code],
        env={name: value for name, value in os.environ.items() if "DARI_API" not in name}
        | variables,
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    ).stdout


@pytest.fixture
def served(tmp_path):
    """Run ``dari-local serve --config FILE.toml`` as its own process; yield its address."""
    (tmp_path / "course.toml").write_text(CONFIG)
    (tmp_path / "poets.py").write_text(AGENTS)
    process = subprocess.Popen(
        [PROGRAMS / "dari-local", "serve", "--config", tmp_path / "course.toml"],
        env={**os.environ, "COURSE_KEY": "dari_local_course_key_0123456789"},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        for line in process.stdout:
            if address := re.search(r"http://127\.0\.0\.1:\d+", line):
                yield address[0]
                break
    finally:
        process.terminate()
        process.communicate(timeout=60)


def test_script_prints_plain_text():
    code = "import dari_nb as dari; turn = dari.connect().agents['tour'].send('Hi').follow()\n"
    printed = run(code + "print(turn.session)")
    assert "Hi" in printed
    assert "\x1b" not in printed
    assert "<div" not in printed


def test_config_file_sets_up_a_server(served):
    with dari.connect(base_url=served, api_key="dari_local_course_key_0123456789") as d:
        assert d.agents["poet"].send("rain").wait().text == "rain in verse"
        assert "assistant" in d.agents
    with dari.Dari(served, "another_key") as d, pytest.raises(dari.ApiError) as caught:
        list(d.agents)
    assert caught.value.status == 401


def test_connect_prefers_arguments_then_environment_then_local(served):
    ask = "import dari_nb as dari; d = dari.connect({}); print(d.is_local, 'poet' in d.agents)"
    key = "dari_local_course_key_0123456789"
    assert run(ask.format("")).split() == ["True", "False"]
    there = run(ask.format(""), DARI_API_KEY=key, DARI_API_URL=served)
    assert there.split() == ["False", "True"]
    given = f"base_url={served!r}, api_key={key!r}"
    there = run(ask.format(given), DARI_API_KEY="x", DARI_API_URL="http://127.0.0.1:9")
    assert there.split() == ["False", "True"]


def test_agents_are_a_collection(d):
    assert "tour" in d.agents
    assert "nobody" not in d.agents
    assert {agent.name for agent in d.agents} >= {"echo", "calculator", "librarian", "tour"}
    assert list(d.agents.to_frame()["name"]) == [agent.name for agent in d.agents]
    assert d.agents["tour"].name == "tour"
    with pytest.raises(LookupError):
        d.agents["nobody"]


def test_sessions_are_found_by_text_and_time(d):
    d.agents["echo"].send("Where is my passport?").wait()
    d.agents["echo"].send("Where is my ticket?").wait()
    assert len(d.sessions.list(text="passport", since="2d")) == 1
    assert len(d.sessions.list(since="2d").to_frame()) == 2
    assert len(d.sessions.list(text="passport", since="2030-01-01")) == 0
