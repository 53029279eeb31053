"""%dari_frame, %dari_workspace and the view of a transcript, in a real shell."""

import pytest
from IPython.core.error import UsageError

from dari_nb.widgets import TranscriptView


@pytest.fixture
def asked(shell):
    shell.run("%dari use calculator")
    shell.run("%dari_send --quiet -o turn What is 6 * 7?")
    return shell


@pytest.mark.parametrize(
    ("kind", "rows"), [("sessions", 1), ("messages", 1), ("tool_calls", 1), ("costs", 1)]
)
def test_a_frame_of_the_current_session_is_the_cells_value(asked, kind, rows):
    assert len(asked.run(f"%dari_frame {kind}")) == rows


def test_frames_are_assigned_and_then_not_shown(asked):
    assert asked.run("%dari_frame events -o events") is None
    assert set(asked.names["events"]["session_id"]) == {asked.names["turn"].session.id}


def test_frames_of_named_sessions_of_agents_and_of_all(asked):
    first = asked.names["turn"].session.id
    asked.run("%%dari_agent echo --quiet --meta lesson=2\nHello")
    assert len(asked.run(f"%dari_frame messages {first}")) == 1
    assert list(asked.run("%dari_frame messages --meta lesson=2")["prompt"]) == ["Hello"]
    assert len(asked.run("%dari_frame messages --agent calculator")) == 1
    assert len(asked.run("%dari_frame messages --all")) == 2


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("%dari_frame", "sessions, messages, events, tool_calls, costs"),
        ("%dari_frame event", "did you mean events?"),
        ("%dari_frame messages", "no session yet"),
        ("%dari_workspace a b", "name one session"),
        ("%dari_workspace --wait soon", "--wait takes seconds"),
    ],
)
def test_what_is_missing_is_said(shell, line, said):
    with pytest.raises(UsageError, match=said.replace("?", r"\?")):
        shell.run(line)


def test_a_workspace_is_downloaded_and_its_files_are_read(shell, server):
    @server.agent("writer")
    def writer(prompt, turn):
        (turn.workspace / "out.csv").write_text("a,b\n1,2\n")
        return "done"

    shell.run("%%dari_agent writer --quiet\nWrite.")
    workspace = shell.run("%dari_workspace -o files")
    assert workspace is shell.names["files"]
    assert workspace.read_csv("out.csv").to_dict("list") == {"a": [1], "b": [2]}
    workspace.close()


def test_a_transcript_can_be_a_view(asked):
    view = asked.run("%dari_transcript --view -o view")
    assert isinstance(view, TranscriptView)
    assert asked.names["view"] is view
    view.close()


def test_tab_completes_kinds_and_sessions(asked):
    from IPython.core.completer import provisionalcompleter

    def complete(text):
        with provisionalcompleter():
            return {c.text for c in asked.ip.Completer.completions(text, len(text))}

    assert complete("%dari_frame tool") == {"tool_calls"}
    assert complete("%dari_frame events sess_") == {asked.names["turn"].session.id}
    assert "--view" in complete("%dari_transcript --")
