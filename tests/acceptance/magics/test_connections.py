"""``%dari connect``: elsewhere, to a local Dari, and to its file after a restart."""

import pytest


@pytest.fixture
def connect(server, kernel):
    """Return the line that connects to the server again."""
    return f"%dari connect {server.url} --key-env DARI_API_KEY"


def test_connecting_forgets_agent_and_session(kernel, server, refused, heard, connect):
    kernel.run("turn = %dari_send Hello")
    assert kernel.run(connect).bundles(server.url)
    assert refused("%dari_send Hello") == "missing_agent"
    assert refused("%dari_transcript") == "missing_session"
    kernel.run("%dari_send --session {turn.session.id} --quiet Again")
    assert heard == ["Hello", "Again"]


def test_python_and_magics_share_connection(kernel, connect, heard):
    kernel.run(f"{connect}\nd = dari.connect()\nturn = d.agents['listener'].send('Hi').wait()")
    kernel.run("followed = %dari_follow {turn.session.id}")
    assert kernel.value("followed.prompt") == "Hi"
    kernel.run("e = dari.connect('local')\n%dari_agent echo --quiet Hello")
    assert kernel.value("len(e.sessions.list())") == 1
    kernel.run(connect)


@pytest.mark.parametrize(
    ("target", "code"),
    [
        ("nonsense", "invalid_url"),
        ("http://127.0.0.1:9 secret", "exposed_api_key"),
        ("http://127.0.0.1:9 --key-env NO_SUCH_KEY", "missing_variable"),
        ("local --config nowhere.toml", "invalid_config"),
    ],
)
def test_wrong_connection_is_refused(refused, kernel, server, target, code):
    assert refused(f"%dari connect {target}") == code
    assert kernel.run("%dari").bundles(server.url)


def test_unreachable_server_is_usage_error(kernel, refused, connect, server):
    kernel.run("%dari connect http://127.0.0.1:9 --key-env DARI_API_KEY")
    assert refused("%dari agents") == "connection_failed"
    assert refused("%dari_agent listener Hi") == "connection_failed"
    kernel.run(connect)


def test_wrong_key_is_usage_error(kernel, refused, connect, server):
    kernel.run("import os\nos.environ['WRONG_KEY'] = 'dari_wrong_1234'")
    kernel.run(f"%dari connect {server.url} --key-env WRONG_KEY")
    assert refused("%dari agents") == "unauthorized"
    kernel.run(connect)


def test_closed_connection_is_usage_error(kernel, refused, connect):
    kernel.run("dari.current().close()")
    assert refused("%dari agents") == "connection_closed"
    kernel.run(connect)


def test_config_file_sets_up_local_server(kernel, folder, connect):
    (folder / "local.toml").write_text('[agents]\nfiles = ["mine.py"]\n')
    (folder / "mine.py").write_text(
        '@server.agent("shout")\ndef shout(prompt):\n    return prompt.upper()\n'
    )
    kernel.run("%dari connect local --config local.toml")
    kernel.run("turn = %dari_agent shout hello")
    assert kernel.value("turn.text") == "HELLO"
    kernel.run(connect)


def test_local_file_outlives_restart(kernel, folder):
    assert kernel.run("%dari connect local --path course.db").bundles("course.db")
    kernel.run("turn = %dari_agent echo Where is my passport?")
    session = kernel.value("turn.session.id")
    kernel.restart()
    kernel.run("%dari connect local --path course.db")
    assert kernel.run("%dari sessions passport --since yesterday").bundles("passport")
    assert kernel.run(f"%dari_transcript {session}").bundles("Where is my passport?")
    kernel.run(f"followed = %dari_follow {session}\nturn = %dari_send And yours?")
    assert kernel.value("turn.session.id") == session
    prompts = kernel.value("list(dari.messages_frame(turn.session)['prompt'])")
    assert prompts == ["Where is my passport?", "And yours?"]
