"""``%dari``: where the magics are, what there is, help, and what Tab completes."""

import pytest

MAGICS = {
    "dari_agent": ["-o", "--bg", "--timeout", "--file", "--llm", "--tools", "--meta", "--raw"],
    "dari_send": ["-o", "--bg", "--timeout", "--file", "--llm", "--tools", "--session", "--quiet"],
    "dari_follow": ["-o", "--bg", "--timeout", "--tools", "--quiet"],
    "dari_cancel": [],
    "dari_transcript": ["--view"],
    "dari_chat": ["--tools"],
    "dari_batch": ["-o", "--llm", "--tasks", "--repeats", "--max-cost", "--dry-run", "--new-run"],
    "dari_publish": ["--llm", "--tools", "--dry-run", "--raw"],
    "dari_frame": ["-o", "--agent", "--all", "--meta"],
    "dari_workspace": ["-o", "--wait"],
}


def test_dari_shows_agent_and_session(kernel, heard, server):
    kernel.run("turn = %dari_send Hello")
    result = kernel.run("%dari")
    for words in (server.url, "listener", kernel.value("turn.session.id")):
        assert result.bundles(words)
    assert server.api_key not in str(result)


def test_agents_are_listed(kernel, heard):
    assert {"text/html", "text/plain"} <= set(kernel.run("%dari agents").bundles("listener")[0])
    kernel.run("agents = %dari agents")
    assert "listener" in kernel.value("[agent.name for agent in agents]")


def test_llms_of_agent_are_listed(kernel, heard):
    kernel.run("llms = %dari llms")
    assert kernel.value("{llm.name for llm in llms}") == {"small", "large"}


def test_models_are_listed(kernel):
    assert kernel.run("%dari model").bundles("smollm2")


def test_use_chooses_agent_and_llm(kernel, heard):
    kernel.run("%dari use tour")
    result = kernel.run("name = 'listener'\n%dari use {name} --llm large")
    assert result.bundles("listener")
    kernel.run("%dari_send Hi")
    assert kernel.value("dari.current().sessions.list()[0].llm_id") == "large"
    assert heard == ["Hi"]


def test_sessions_are_found_by_words(kernel, heard):
    kernel.run("%dari_send Where is my passport?")
    kernel.run("%dari_agent listener --meta trip=1 Something else")
    result = kernel.run("%dari sessions passport --since yesterday")
    [bundle] = result.bundles("passport")
    assert "text/html" in bundle
    for options, found in (
        ("passport --since yesterday", {"Where is my passport?"}),
        ("--meta trip=1", {"Something else"}),
        ("--agent tour", set()),
        ("nowhere --since today", set()),
        ("passport --since 2999-01-01", set()),
    ):
        kernel.run(f"sessions = %dari sessions {options}")
        assert set(kernel.value("[one.turn().prompt for one in sessions]")) == found


def test_sessions_view_is_widget(kernel, heard):
    kernel.run("%dari_send Hello")
    result = kernel.run("%dari sessions --view")
    assert result.has_widget


def test_help_lists_magics_and_commands(kernel):
    shown = kernel.run("%dari help").shown
    for magic in MAGICS:
        assert f"%{magic}" in shown
    for command in ("use", "agents", "sessions", "llms", "connect", "model", "help"):
        assert f"%dari {command}" in shown


@pytest.mark.parametrize("magic", MAGICS)
def test_help_lists_options_of_magic(kernel, heard, magic):
    topic = magic.removeprefix("dari_")
    for cell in (f"%dari help {topic}", f"%dari help {magic}", f"%{magic}?"):
        shown = kernel.run(cell).shown
        for words in (f"%{magic}", *MAGICS[magic]):
            assert words in shown
    assert heard == []


@pytest.mark.parametrize(
    ("topic", "words"),
    [
        ("Session.view", ["Session.view", "height"]),
        ("dari.Session.view()", ["Session.view", "height"]),
        ("batch", ["%%dari_batch", "max_cost", "retry_failed"]),
        ("plan", ["plan", "batch"]),
        ("tape", ["%dari tape"]),
        ("sessions", ["%dari sessions", "--since"]),
        ("connect", ["%dari connect", "--path"]),
        ("use", ["%dari use"]),
        ("errors", ["DariError", "TimedOutError"]),
        ("messages_frame", ["messages_frame"]),
        ("scores.wilson", ["wilson"]),
    ],
)
def test_help_explains_topic(kernel, topic, words):
    shown = kernel.run(f"%dari help {topic}").shown
    assert all(word in shown for word in words)


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("%dari use lis", {"listener"}),
        ("%dari use listener --llm ", {"small", "large"}),
        ("%dari_agent lis", {"listener"}),
        ("%%dari_agent lis", {"listener"}),
        ("%%dari_agent listener --llm s", {"small"}),
        ("%dari_send --llm ", {"small", "large"}),
        ("%%dari_batch lis", {"listener"}),
        ("%%dari_batch listener --llm ", {"small", "large"}),
        ("%dari_send --qu", {"--quiet"}),
        ("%dari_send --tools dou", {"double"}),
        ("%dari_send --file no", {"notes.md"}),
        ("%dari_transcript --v", {"--view"}),
        ("%dari_frame tool", {"tool_calls"}),
        ("%dari se", {"sessions"}),
        ("%dari sessions --since y", {"yesterday"}),
        ("%dari connect lo", {"local"}),
        ("%dari help Session.vi", {"Session.view"}),
        ("turn = %dari_agent lis", {"listener"}),
        ("%dari_send Look at {packing_l", {"packing_list"}),
        ("%%dari_send\nLook at\n{packing_l", {"packing_list"}),
    ],
)
def test_tab_completes_line(kernel, heard, folder, typed, offered):
    (folder / "notes.md").touch()
    kernel.run("packing_list = []\ndef double(x): ...")
    assert kernel.complete(typed) == offered


def test_tab_completes_sessions(kernel, heard):
    kernel.run("turn = %dari_send Hello")
    session = kernel.value("turn.session.id")
    for magic in ("dari_transcript", "dari_follow", "dari_cancel", "dari_frame messages"):
        assert kernel.complete(f"%{magic} {session[:-1]}") == {session}


def test_loading_again_keeps_session(kernel, heard):
    kernel.run("%dari_send Hello\n%unload_ext dari_nb")
    assert "UsageError" in kernel.attempt("%dari_send Hello").error.classes
    result = kernel.run("%load_ext dari_nb\n%dari_send Again")
    assert len(result.bundles("heard you")) == 1
    kernel.run("turn = %dari_send And again?")
    prompts = ["Hello", "Again", "And again?"]
    assert kernel.value("list(dari.messages_frame(turn.session)['prompt'])") == heard == prompts
