import pytest
from IPython.core.completer import provisionalcompleter


@pytest.fixture
def complete(shell):
    def complete(text):
        with provisionalcompleter():
            return {c.text: c.type for c in shell.ip.Completer.completions(text, len(text))}

    return complete


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("%dari ", {"use", "agents", "sessions", "llms", "connect", "help"}),
        ("%dari se", {"sessions"}),
        ("%dari use ec", {"echo"}),
        ("%dari use echo --l", {"--llm"}),
        ("%dari use echo --llm s", {"small"}),
        ("%dari connect lo", {"local"}),
        ("%dari connect local --co", {"--config"}),
        ("%dari llms --", {"--probe"}),
        ("%%dari_publish ec", {"echo"}),
        ("%%dari_publish --dry-run ec", {"echo"}),
        ("%%dari_publish x --t", {"--tools"}),
        ("%dari sessions --agent to", {"tour"}),
        ("%%dari_agent cal", {"calculator"}),
        ("%%dari_agent calculator --llm ", {"small", "large"}),
        ("%dari_send --q", {"--quiet"}),
        ("%dari_send --bg --s", {"--session"}),
        ("x = %dari use lib", {"librarian"}),
    ],
)
def test_tab_completes(complete, text, expected):
    assert set(complete(text)) == expected


def test_ids_are_completed_with_their_names(shell, complete):
    shell.run("%%dari_agent echo -o turn --quiet\nHi")
    session = shell.names["turn"].session
    assert complete("%dari_transcript sess_") == {session.id: "echo"}
    assert complete("%dari_send --session sess_") == {session.id: "echo"}
    assert complete("%dari_follow sess_") == {session.id: "echo"}
    assert complete("%dari use agt_")[session.agent_id] == "echo"


def test_llms_of_the_current_agent_are_completed(shell, complete):
    shell.run("%dari use tour")
    assert set(complete("%dari_send --llm ")) == {"small", "large"}


def test_versions_are_completed_of_the_agent_that_is_named(shell, complete):
    version = shell.names["d"].agents.get("tour").version().id
    assert complete("%%dari_agent tour --version ") == {version: "active"}


def test_functions_are_completed_one_behind_the_other(shell, complete):
    shell.run("def lookup(): ...\ndef lookdown(): ...\nlooks = 3")
    assert set(complete("%%dari_publish x --tools look")) == {"lookup", "lookdown"}
    assert set(complete("%%dari_publish x --tools lookup,lookd")) == {"lookup,lookdown"}


def test_llms_of_the_local_dari_and_folders_with_agents_are_completed(
    server, complete, tmp_path, monkeypatch
):
    server.add_llms({"tiny": {"model": "m", "base_url": "http://127.0.0.1:9/v1"}})
    (tmp_path / "support").mkdir()
    (tmp_path / "support" / "dari.yml").write_text("name: support\n")
    (tmp_path / "local.toml").write_text("")
    monkeypatch.chdir(tmp_path)
    assert complete("%%dari_publish x --llm t") == {"tiny": "m"}
    assert set(complete("%dari_publish su")) == {"support"}
    assert set(complete("%dari connect local --config l")) == {"local.toml"}


def test_variables_are_completed_in_a_prompt(shell, complete):
    shell.names["packing_list"] = []
    assert "packing_list" in complete("%dari_send Look at {packing_l")


def test_other_lines_are_left_alone(complete):
    assert "print" in complete("pri")
    assert "--llm" not in complete("darius --l")


def test_an_unreachable_server_completes_to_nothing(shell, complete, monkeypatch):
    monkeypatch.setenv("MY_KEY", "x")
    shell.run("%dari connect http://127.0.0.1:9 --key-env MY_KEY")
    assert "echo" not in complete("%dari use ec")
    shell.run("import dari_nb; dari_nb.current().close()")
