"""A lesson is recorded once, and plays without its agent, a key or a network."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import dari_nb as dari

PROVIDER_KEY = "sk-proj-T3BlbkFJabcdefghijklmnop0123456789"
ENVIRONMENT_SECRET = "correct-horse-battery-7"
# Each process asks one session, with an agent that counts how often it is asked.
ASK = """
import json, sys
import dari_nb as dari

prompts, has_agent, options = json.loads(sys.argv[1])
asked = []
d = dari.connect(**options)

def poet(prompt):
    asked.append(prompt)
    yield dari.local.ToolCall("look_up", {"word": prompt, "SECRETS": "SECRETS"})
    yield dari.local.ToolResult(["SECRETS"])
    return f"{prompt} in verse, SECRETS"

if has_agent:
    d.server.agent("poet")(poet)
session, texts, tools, error = None, [], [], None
try:
    for prompt in prompts:
        turn = (session.send if session else d.agents["poet"].send)(prompt).wait()
        session = turn.session
        texts.append(turn.text)
        tools += [call.tool_name for call in turn.tool_calls]
except dari.DariError as raised:
    error = [type(raised).__name__, raised.code]
d.close()
print(json.dumps({"texts": texts, "asked": asked, "error": error, "tools": tools}))
""".replace("SECRETS", f"{PROVIDER_KEY}, {ENVIRONMENT_SECRET}")


def ask(tape: Path, /, *prompts: str, mode: str = "auto", has_agent: bool = False, **options: str):
    """Ask these prompts in one session of a new process, and return what came of it."""
    arguments = [list(prompts), has_agent, options or {"target": "local", "tape": str(tape)}]
    variables = {"DARI_TAPE_MODE": mode, "LESSON_TOKEN": ENVIRONMENT_SECRET}
    done = subprocess.run(
        [sys.executable, "-c", ASK, json.dumps(arguments)],
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def tape_command(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run ``dari-local tape …``."""
    program = Path(sys.executable).with_name("dari-local")
    return subprocess.run(
        [program, "tape", *arguments], capture_output=True, text=True, timeout=120
    )


@pytest.fixture(scope="module")
def recorded(tmp_path_factory) -> Path:
    """Record a session of two turns."""
    path = tmp_path_factory.mktemp("tapes") / "lesson.tape"
    result = ask(path, "rain", "snow", has_agent=True)
    assert result["asked"] == ["rain", "snow"]
    return path


@pytest.fixture
def tape(recorded, tmp_path) -> Path:
    """Copy the recorded tape, so that a test may change it."""
    copy = tmp_path / "lesson.tape"
    copy.write_bytes(recorded.read_bytes())
    return copy


@pytest.mark.parametrize("mode", ["play", "auto"])
def test_recorded_prompts_play_without_agent(tape, mode):
    before = tape.read_bytes()
    result = ask(tape, "rain", "snow", mode=mode)
    assert [text.split(",")[0] for text in result["texts"]] == ["rain in verse", "snow in verse"]
    assert result["tools"] == ["look_up", "look_up"]
    assert tape.read_bytes() == before


def test_play_new_prompt_misses(tape):
    before = tape.read_bytes()
    result = ask(tape, "rain", "hail", mode="play", has_agent=True)
    assert result["error"] == ["TapeMissError", "tape_miss"]
    assert len(result["texts"]) == 1
    assert result["asked"] == []
    assert tape.read_bytes() == before


def test_auto_new_prompt_is_asked_and_recorded(tape):
    result = ask(tape, "rain", "hail", has_agent=True)
    assert result["asked"] == ["hail"]
    assert [text.split(",")[0] for text in result["texts"]] == ["rain in verse", "hail in verse"]
    assert "hail in verse" in tape.read_text()
    assert ask(tape, "rain", "snow", mode="play")["texts"][1].startswith("snow in verse")


def test_record_mode_asks_again(tape):
    result = ask(tape, "rain", "snow", mode="record", has_agent=True)
    assert result["asked"] == ["rain", "snow"]


def test_tape_holds_no_secret(recorded):
    written = recorded.read_text()
    assert "rain in verse" in written
    assert PROVIDER_KEY not in written
    assert ENVIRONMENT_SECRET not in written


def test_hosted_dari_is_recorded_and_played(server, tmp_path):
    tape = tmp_path / "hosted.tape"
    connection = {"base_url": server.url, "api_key": server.api_key, "tape": str(tape)}

    @server.agent("poet")
    def poet(prompt):
        return f"{prompt} from far"

    assert ask(tape, "rain", **connection)["texts"] == ["rain from far"]
    assert server.api_key not in tape.read_text()
    server.stop()
    assert ask(tape, "rain", mode="play", **connection)["texts"] == ["rain from far"]


def test_page_of_a_tape_loads_nothing(recorded, tmp_path):
    page = dari.Tape(recorded).to_html(tmp_path / "lesson.html").read_text()
    assert PROVIDER_KEY not in page
    assert not re.findall(r"""(?:src|href)=["']?(?:https?:)?//""", page)
    assert "default-src 'none'" in page


def test_broken_tape_names_the_line(tape):
    tape.write_text(tape.read_text() + "{not json\n")
    with pytest.raises(dari.DariError) as caught:
        dari.Tape(tape).view()
    assert caught.value.code == "invalid_tape"
    assert str(len(tape.read_text().splitlines())) in str(caught.value)


def test_tape_commands(tape, recorded):
    shown = tape_command("show", tape)
    assert shown.returncode == 0
    assert "rain" in shown.stdout
    assert tape_command("check", tape).returncode == 0
    assert tape_command("diff", recorded, tape).returncode == 0
    tape.write_text(tape.read_text().replace("snow in verse", "snow in prose"))
    assert tape_command("diff", recorded, tape).returncode == 1
    tape.write_text(tape.read_text() + "{not json\n")
    assert tape_command("check", tape).returncode != 0
