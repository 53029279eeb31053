"""What views tell and take as traits: one object each, to observe, to link and to lay out."""

import ipywidgets
import pytest
import traitlets

from dari_nb.errors import NotFoundError
from dari_nb.resources import Transcript
from dari_nb.resources.sessions.recorded import RecordedSession

pytestmark = pytest.mark.usefixtures("published_comms")


@pytest.fixture
def sessions(d, server):
    server.agent("parrot")(lambda prompt: prompt)
    agent = d.agents.get("parrot")
    return [agent.send(words).wait().session for words in ("first", "second")]


@pytest.fixture
def batch(d, tmp_path):
    options = {"scores_path": tmp_path / "scores.jsonl", "run_id": "sums"}
    return d.batches.run("calculator", ["1 + 1", "2 + 2"], ["small", "large"], **options).wait()


def say(view, **state):
    """Set traits as a page does."""
    data = {"method": "update", "state": state, "buffer_paths": []}
    view.comm.handle_msg({"content": {"data": data}, "buffers": []})


def values_sent(view, name):
    """All values of a trait that the page was told, and not by itself."""
    updates = [data["state"] for data in view.comm.published if data.get("method") == "update"]
    return [state[name] for state in updates if name in state]


def seen_by(view, name):
    """What an observer of a trait gets."""
    news = []
    view.observe(lambda change: news.append(change.new), name)
    return news


def words(view):
    return [item.text for item in view._outline._items]


def everything(d, session, batch):
    return {
        "chat with an agent": d.agents.get("echo").chat,
        "chat of a session": session.chat,
        "reader": session.view,
        "reader of a transcript": session.transcript().view,
        "table": d.sessions.view,
        "matrix": batch.view,
    }


def test_what_is_shown_is_the_widget_itself_and_goes_where_widgets_go(d, sessions, batch):
    views = [make() for make in everything(d, sessions[0], batch).values()]
    assert all(isinstance(view, ipywidgets.DOMWidget) for view in views)
    box = ipywidgets.Accordion([ipywidgets.Tab(views[:3]), ipywidgets.HBox(views[3:])])
    assert [*box.children[0].children, *box.children[1].children] == views
    for view in views:
        view.close()


def test_each_takes_a_layout_as_ipywidgets_do(d, sessions, batch):
    for make in everything(d, sessions[0], batch).values():
        with_dict = make(layout={"width": "40%", "max_height": "300px"})
        assert (with_dict.layout.width, with_dict.layout.max_height) == ("40%", "300px")
        shared = ipywidgets.Layout(flex="2")
        with_object = make(layout=shared)
        assert with_object.layout is shared
        for view in (with_dict, with_object):
            view.close()
        assert shared.comm is not None  # others may use it, too


def test_what_a_page_selects_in_a_table_is_the_session_itself(d, sessions):
    table = d.sessions.view()
    table._rows()
    news, values = seen_by(table, "active"), seen_by(table, "value")
    say(table, active=sessions[0].id)
    assert [session.id for session in news] == [sessions[0].id]
    assert news == values == [table.active]
    assert table.active.turn().text == "first"
    assert values_sent(table, "active") == []
    say(table, active="")
    assert news[1:] == [None]
    table.close()


def test_a_table_is_told_what_to_select_by_a_session_or_its_id(d, sessions):
    table = d.sessions.view()
    table.active = sessions[1]
    assert table.active is sessions[1]
    table.active = sessions[0].id
    assert table.active.id == sessions[0].id
    table.selection = [sessions[1], sessions[0].id]
    assert [session.id for session in table.selection] == [sessions[1].id, sessions[0].id]
    assert values_sent(table, "active") == [sessions[1].id, sessions[0].id]
    with pytest.raises(NotFoundError):
        table.active = "sess_gone"
    with pytest.raises(traitlets.TraitError, match="no session"):
        table.active = 7
    assert table.active.id == sessions[0].id
    table.close()


def test_a_reader_shows_another_session_when_it_is_told_to(d, sessions):
    reader = sessions[0].view()
    assert (words(reader), reader.status) == (["first", "first"], "completed")
    reader.active = reader._outline._items[1]
    reader.session = sessions[1]
    assert words(reader) == ["second", "second"]
    assert (reader.active, reader.value) == (None, sessions[1])
    reader.session = sessions[0].id
    assert words(reader) == ["first", "first"]
    with pytest.raises(NotFoundError):
        reader.session = "sess_gone"
    with pytest.raises(traitlets.TraitError, match="no session"):
        reader.session = d
    assert words(reader) == ["first", "first"]
    reader.session = None
    assert (words(reader), reader.status, reader.head.count("parrot")) == ([], "", 0)
    reader.close()


def test_a_reader_of_a_transcript_or_a_recording_goes_on_to_a_session(d, sessions):
    run = Transcript.from_messages([{"role": "user", "content": "once"}])
    reader = run.view()
    assert (reader.session, words(reader)) == (None, ["once"])
    reader.session = sessions[0]
    assert words(reader) == ["first", "first"]
    recorded = RecordedSession(d._link, run)
    reader.session = recorded
    assert words(reader) == ["once"]
    assert reader._presentation.subject.is_at_rest
    reader.close()


def test_the_item_that_a_reader_is_at_is_the_item_itself(d, sessions):
    reader = sessions[0].view()
    question, answer = sessions[0].transcript().items
    news = seen_by(reader, "active")
    say(reader, active=answer.id)
    assert (news[0].id, news[0].text) == (answer.id, "first")
    reader.active = question.id
    assert values_sent(reader, "active") == [question.id]
    with pytest.raises(traitlets.TraitError, match="no item"):
        reader.active = "nowhere"
    reader.close()
    assert sessions[0].view(at=answer.id).active.id == answer.id
    assert sessions[0].view(at="nowhere").active is None


def test_a_link_joins_a_table_and_a_reader_in_both_directions(d, sessions):
    table, reader = d.sessions.view(), sessions[0].view()
    link = traitlets.link((reader, "session"), (table, "active"))
    assert table.active is sessions[0]
    say(table, active=sessions[1].id)
    assert words(reader) == ["second", "second"]
    reader.session = sessions[0].id
    assert values_sent(table, "active")[-1] == sessions[0].id
    link.unlink()
    say(table, active=sessions[1].id)
    assert reader.session.id == sessions[0].id
    for view in (table, reader):
        view.close()


def test_links_of_one_direction_and_links_of_the_page_are_taken(d, sessions, batch):
    table, reader, label = d.sessions.view(), sessions[0].view(), ipywidgets.Label()
    ipywidgets.dlink((reader, "status"), (label, "value"), lambda status: f"it is {status}")
    assert label.value == "it is completed"
    traitlets.directional_link((table, "active"), (reader, "session"))
    assert reader.session is None
    ipywidgets.jslink((reader, "status"), (label, "value"))
    ipywidgets.jslink((table, "active"), (reader, "session"))
    say(reader, session=sessions[1].id)  # what the page does for it
    assert words(reader) == ["second", "second"]
    matrix = batch.view()
    session_of = lambda cell: cell and cell.session  # noqa: E731
    ipywidgets.dlink((matrix, "active"), (reader, "session"), session_of)
    matrix.active = (1, "large")
    assert reader.session is batch[1, "large"].session
    for view in (table, reader, matrix):
        view.close()


def test_what_is_selected_in_a_matrix_is_the_cell_itself(batch):
    matrix = batch.view()
    news = seen_by(matrix, "value")
    say(matrix, active=batch[0, "large"].id, selection=[batch[1, "small"].id])
    assert news == [batch[0, "large"]] == [matrix.active]
    assert matrix.selection == [batch[1, "small"]]
    matrix.active = 1, "small", 0
    matrix.selection = [(0, "small"), batch[0, "large"]]
    assert matrix.active is batch[1, "small"]
    assert values_sent(matrix, "selection") == [[batch[0, "small"].id, batch[0, "large"].id]]
    assert len(batch.compare(*matrix.selection).cells) == 2
    with pytest.raises(KeyError):
        matrix.active = (7, "small")
    assert matrix.status == "completed"
    matrix.close()


def test_a_chat_tells_its_session_once_it_has_begun(d):
    chat = d.agents.get("echo").chat()
    news = seen_by(chat, "session")
    assert (chat.session, chat.status) == (None, "")
    chat._send_message("key", "Hi", [], "").result(20)
    assert news == [chat.session] == [chat.value]
    assert values_sent(chat, "session") == [chat.session.id]
    chat.session.turn().wait()
    chat.show(*chat._now())
    assert chat.status == "completed"
    chat.close()


@pytest.mark.parametrize("wrong", [5, ""])
def test_what_is_no_such_thing_is_refused_and_changes_nothing(d, sessions, batch, wrong):
    reader, chat, table = sessions[0].view(), sessions[0].chat(), d.sessions.view()
    matrix = batch.view()
    refused = (traitlets.TraitError, KeyError)
    singles = [(view, "active") for view in (reader, chat, table, matrix)]
    for view, name in (*singles, (reader, "session")):
        before = getattr(view, name)
        with pytest.raises(refused):
            setattr(view, name, wrong)
        assert getattr(view, name) is before
    for view in (table, matrix):
        for many in [[wrong]] if wrong == [] else [wrong, [wrong]]:
            with pytest.raises(refused):
                view.selection = many
        assert view.selection == []
    for view in (reader, chat, table, matrix):
        view.close()


def test_what_only_the_kernel_tells_no_person_sets(d, sessions, batch):
    chat, reader, matrix = d.agents.get("echo").chat(), sessions[0].view(), batch.view()
    told_by_kernel = [
        (
            chat,
            ("agent", "llms", "begun", "most_bytes", "open_calls", "questions", "note", "watch"),
        ),
        (reader, ("head",)),
        (matrix, ("head", "tools", "same", "busy", "stop", "blocking", "kernel_id")),
    ]
    for view, names in told_by_kernel:
        for name in names:
            before = getattr(view, name)
            with pytest.raises(traitlets.TraitError, match="read-only"):
                setattr(view, name, "x")
            assert getattr(view, name) == before
    for view in (chat, reader, matrix):
        view.close()


def test_an_llm_of_a_chat_is_one_that_there_is(d):
    chat = d.agents.get("calculator").chat()
    with pytest.raises(traitlets.TraitError, match=f"there is {', '.join(chat.llms)}"):
        chat.llm = "x"
    chat.llm = chat.llms[0]
    chat.llm = ""
    chat.close()
