"""%dari_chat in a real shell."""

import pytest
from IPython.core.error import UsageError


def test_a_chat_with_an_agent_makes_it_the_current_one(shell):
    chat = shell.run("%dari_chat echo -o chat")
    assert shell.names["chat"] is chat
    assert chat.session is None
    shell.run("%dari_send --quiet Hello")
    assert shell.run("%dari_chat").session is not None
    assert shell.run("%dari_chat --new").session is None


def test_a_chat_goes_on_with_a_named_session(shell):
    shell.run("%%dari_agent echo --quiet -o turn\nHello")
    session_id = shell.names["turn"].session.id
    assert shell.run(f"%dari_chat {session_id}").session.id == session_id


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("%dari_chat", "choose an agent first"),
        ("%dari_chat a b", "name one agent or session"),
        ("%dari_chat ecko", "echo"),
        ("%dari_chat sess_gone", "there is no session sess_gone"),
    ],
)
def test_what_is_missing_is_said(shell, line, said):
    with pytest.raises(UsageError, match=said):
        shell.run(line)
