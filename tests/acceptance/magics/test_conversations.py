"""Messages from cells: what the agent gets, what the cell shows, and what the result holds."""

import pytest

import dari_nb as dari
from dari_nb.local import ToolCall


@pytest.fixture
def reader(server):
    """An agent that reads what is attached to a message."""

    @server.agent("reader")
    def reader(prompt, turn):
        return " + ".join(f"{file.name}: {file.text}" for file in turn.files)


@pytest.fixture
def caller(server):
    """An agent that calls a function of the kernel."""

    @server.agent("caller")
    def caller(prompt):
        result = yield ToolCall("double", {"x": 4}, external=True)
        yield f"the result is {result.result}"


@pytest.mark.parametrize(
    "cell",
    [
        "%dari_send Hello",
        "%%dari_send\nHello",
        "%dari_agent listener Hello",
        "%%dari_agent listener\nHello",
        "turn = %dari_send Hello",
        "turn = %dari_agent listener Hello",
        "%dari_send -o turn Hello",
        "if True:\n    %dari_send Hello",
        "turn = get_ipython().run_line_magic('dari_send', 'Hello')",
    ],
)
def test_answer_is_shown_once(kernel, heard, cell):
    result = kernel.run(cell)
    assert result.static("heard you")
    assert "heard you" not in result.text
    if "turn" in cell:
        assert kernel.value("turn.prompt, turn.text") == ("Hello", "small heard you")


def test_quiet_option_shows_nothing(kernel, heard):
    result = kernel.run("%dari_send --quiet -o turn Hello")
    assert result.shown.strip() == ""
    assert kernel.value("turn.text") == "small heard you"
    assert len(kernel.run("turn").bundles("heard you")) == 1


def test_sending_continues_current_session(kernel, heard, d):
    kernel.run("one = %dari_send One\ntwo = %dari_send Two\nother = %dari_agent listener X")
    kernel.run("three = %dari_send Three\nback = %dari_send --session {one.session.id} Back")
    names = ["one", "two", "back", "other", "three"]
    one, two, back, other, three = (kernel.value(f"{name}.session.id") for name in names)
    assert (one, other) == (two, three)
    assert one == back != other
    assert list(dari.messages_frame(d.sessions[one])["prompt"]) == ["One", "Two", "Back"]


@pytest.mark.parametrize(
    "cell",
    [
        "%dari use listener --llm large\nturn = %dari_send Hi",
        "turn = %dari_send --llm large Hi",
        "turn = %dari_agent listener --llm large Hi",
        "%%dari_agent listener --llm large -o turn\nHi",
    ],
)
def test_llm_option_chooses_llm(kernel, heard, cell):
    kernel.run(cell)
    assert kernel.value("turn.text, turn.session.llm_id") == ("large heard you", "large")


def test_llm_of_session_is_fixed(kernel, refused, heard):
    kernel.run("%dari_send --llm large One")
    assert refused("%dari_send --llm small Two") == "llm_fixed"
    assert heard == ["One"]


def test_version_option_pins_version(kernel, server, d):
    versions = {}
    for answer in ("old", "new"):

        @server.agent("versioned")
        def versioned(prompt, turn, answer=answer):
            return answer

        versions[answer] = d.agents["versioned"].version().id

    kernel.run(f"turn = %dari_agent versioned --version {versions['old']} Hi")
    assert kernel.value("turn.text") == "old"
    kernel.run("turn = %dari_agent versioned Hi")
    assert kernel.value("turn.text") == "new"


def test_meta_option_labels_session(kernel, heard, d):
    kernel.run("%dari_agent listener --meta lesson=7 --meta 'who=a b' Hi")
    [session] = d.sessions.list(metadata={"lesson": "7"})
    assert session.metadata == {"lesson": "7", "who": "a b"}


def test_file_option_attaches_files(kernel, heard, reader, folder):
    (folder / "notes.txt").write_text("blue")
    (folder / "my data.csv").write_text("a,b")
    kernel.run("path = 'my data.csv'")
    kernel.run("%dari_agent reader --file notes.txt --file {path} -o turn Read")
    assert kernel.value("turn.text") == "notes.txt: blue + my data.csv: a,b"


@pytest.mark.parametrize(
    ("cell", "calls"),
    [
        ("%dari_agent caller --tools double --approve always -o turn Hi", [4]),
        ("%dari_agent caller --tools double --approve small -o turn Hi", [4]),
        ("%dari_agent caller --tools double --approve large -o turn Hi", []),
        ("%dari_agent caller --bg Hi\nturn = %dari_follow --tools double --approve always", [4]),
        ("%%dari_batch caller --tools double --approve always -o batch\nHi", [4]),
    ],
)
def test_tools_option_answers_calls(kernel, caller, cell, calls):
    kernel.run(
        "calls = []\n"
        "def double(x: int) -> int:\n    calls.append(x)\n    return 2 * x\n"
        "def small(name, arguments):\n    return arguments['x'] < 5\n"
        "def large(name, arguments):\n    return arguments['x'] >= 5"
    )
    kernel.run(cell)
    assert kernel.value("calls") == calls
    text = kernel.value("batch.cells[0].text" if "batch" in cell else "turn.text")
    assert ("the result is 8" in text) == bool(calls)


def test_failed_turn_fails_cell(kernel, server):
    @server.agent("broken")
    def broken(prompt):
        yield "so far"
        raise ValueError("no luck")

    result = kernel.attempt("%dari_agent broken -o turn Hi")
    assert "UsageError" in result.error.classes
    assert result.error.code == "turn_failed"
    assert "Traceback" not in result.shown
    assert "so far" in result.static("no luck")
    assert kernel.value("turn.status") == "failed"


@pytest.mark.parametrize("line", ["%dari_transcript", "%dari_transcript {turn.session.id}"])
def test_transcript_shows_whole_session(kernel, heard, line):
    kernel.run("%dari_send First\nturn = %dari_send Second")
    result = kernel.run(line)
    text = result.static("First")
    assert "Second" in text
    assert text.count("heard you") == 2


def test_transcript_view_is_widget(kernel, heard):
    kernel.run("%dari_send First\n%dari_send Second")
    result = kernel.run("view = %dari_transcript --view\nview")
    assert result.has_widget
    kernel.until(lambda: result.bundles("Second"))
    assert kernel.value("view.status") == "completed"
    kernel.run("view.close()")


def test_follow_shows_turn_again(kernel, heard):
    kernel.run("%dari_send Hello\nsession = dari.current().sessions.list()[0].id")
    kernel.run("%dari_agent listener Other")
    result = kernel.run("turn = %dari_follow {session}")
    assert len(result.bundles("Hello")) == 1
    assert kernel.value("turn.prompt") == "Hello"
    kernel.run("on = %dari_send --quiet More")
    assert kernel.value("on.session.id == session")


@pytest.mark.parametrize("what", ["sessions", "messages", "events", "tool_calls", "costs"])
def test_frame_loads_current_session(kernel, what):
    kernel.run("turn = %dari_agent calculator What is 6 * 7?")
    result = kernel.run(f"frame = %dari_frame {what}\nframe")
    assert any("text/html" in output for output in result.outputs)
    assert kernel.value("len(frame)") > 0
    assert kernel.value(f"frame.equals(dari.{what}_frame(turn.session))")


def test_frame_loads_chosen_sessions(kernel, heard):
    kernel.run("%dari_send --meta frame=1 -o one One\n%dari_agent listener --meta frame=1 Two")
    for options in ("--meta frame=1", "--agent listener", "--all"):
        kernel.run(f"%dari_frame messages {options} -o frame")
        assert {"One", "Two"} <= set(kernel.value("list(frame['prompt'])"))
    kernel.run("%dari_frame messages {one.session.id} -o frame")
    assert kernel.value("list(frame['prompt'])") == ["One"]


def test_workspace_holds_files_of_agent(kernel, server):
    @server.agent("writer")
    def writer(prompt, turn):
        (turn.workspace / "out.csv").write_text("a,b\n1,2\n")
        return "done"

    kernel.run("%dari_agent writer Write")
    result = kernel.run("files = %dari_workspace\nfiles")
    assert result.bundles("out.csv")
    assert kernel.value("files.read_text('out.csv')") == "a,b\n1,2\n"


def test_chat_shows_session_or_agent(kernel, heard):
    kernel.run("%dari_send -o turn Hello")
    result = kernel.run("%dari_chat -o chat")
    assert result.has_widget
    assert kernel.value("chat.session.id == turn.session.id")
    kernel.run("chat.close()\n%dari_chat {turn.session.id} -o chat")
    assert kernel.value("chat.session.id == turn.session.id")
    kernel.run("chat.close()\n%dari_chat listener -o chat")
    assert kernel.value("chat.session") is None
    kernel.run("chat.close()\n%dari_send -o new Hello")
    assert kernel.value("new.session.id != turn.session.id")
