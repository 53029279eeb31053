"""Sessions are found by what was asked, and listed so that people know them again."""

import json
import re
import threading
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from dari_nb.errors import InvalidRequestError
from dari_nb.local import ToolCall
from dari_nb.models.times import since_time
from dari_nb.resources import Dari

MANY = 10_000
START = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def asked(d):
    agent = d.agents.get("echo")
    first = agent.send("Where is my passport?", name="lost").wait().session
    second = agent.send("What is a closure?", metadata={"lesson": "2"}).wait().session
    second.send("And in JavaScript?").wait()
    third = d.sessions.create("calculator")
    return [first, second, third]


def ids(sessions):
    return [session.id for session in sessions]


def plain(shown):
    return shown._repr_mimebundle_()["text/plain"]


def test_a_list_tells_what_was_asked_first_and_how_many_turns_there_are(d, asked):
    head, third, second, first = plain(d.sessions.list()).splitlines()
    assert head.split() == ["asked", "agent", "turns", "when", "cost", "session"]
    assert first.startswith("Where is my passport?")
    assert "lost" in first
    assert second.startswith("What is a closure?")
    assert re.search(r"echo · large +2 +\d{4}-", second)
    assert third.startswith("(nothing sent yet)")


@pytest.mark.parametrize(
    ("text", "found"),
    [("PASSPORT where", [0]), ("lost", [0]), ("lesson=2", [1]), ("javascript", [])],
)
def test_sessions_are_found_by_words_of_their_first_message_name_or_metadata(d, asked, text, found):
    listed = d.sessions.list(text=text)
    assert ids(listed) == [asked[place].id for place in found]
    assert (
        "looked through the first messages of 3 sessions, not the later ones: "
        "session.view() finds in all of one"
    ) in plain(listed).splitlines()


@pytest.mark.parametrize(
    ("since", "found"),
    [
        ("yesterday", 3),
        ("3 hours", 3),
        (date(2020, 1, 1), 3),
        (timedelta(hours=1), 3),
        ("2999-01-01T00:00:00Z", 0),
    ],
)
def test_sessions_are_listed_since_a_time_said_as_people_say_it(d, asked, since, found):
    assert len(d.sessions.list(since=since)) == found


@pytest.mark.parametrize(
    ("said", "day"),
    [("Wed", 20), ("last wednesday", 13), ("thu", 14)],
)
def test_a_weekday_is_the_last_one_and_today_is_one_too(said, day):
    wednesday = datetime(2026, 5, 20, 12).astimezone()
    assert since_time(said, wednesday) == datetime(2026, 5, day).astimezone()


@pytest.mark.parametrize("since", ["tomorrow", "5", 5])
def test_what_is_no_time_is_refused_with_some_that_are(d, since):
    with pytest.raises(InvalidRequestError, match=r"is no time: give one such as .*'yesterday'"):
        d.sessions.list(since=since)


def test_a_run_is_one_line_and_what_it_keeps_for_itself_is_out_of_sight(d, asked, tmp_path):
    tasks = [{"prompt": "2 + 2", "level": "easy"}, {"prompt": "3 * 7", "level": "hard"}]
    scores = tmp_path / "scores.jsonl"
    d.batches.run(
        "calculator", tasks, ["small", "large"], run_id="triage", scores_path=scores
    ).wait()
    listed = d.sessions.list()
    assert len(listed) == 7
    lines = plain(listed).splitlines()
    assert len(lines) == 5
    assert lines[1].startswith("2 + 2")
    assert "calculator · small, large" in lines[1]
    assert lines[1].endswith("run “triage”, 4 sessions")
    for text in (*listed.to_mimebundle().values(), str(listed[0].metadata)):
        assert "nb_" not in text
        assert "chunk_key" not in text
    assert listed[0].metadata["managed_run_id"] == "triage"
    assert listed[0].transcript().metadata == listed[0].metadata
    assert "chunk_key" in listed[0].to_dict()["metadata"]
    assert ids(d.sessions.list(text="level=hard")) == ids(listed[:2])
    assert len(d.sessions.list(text="chunk_key")) == 0


def test_a_list_of_sessions_is_a_frame_with_what_was_asked(d, asked):
    frame = d.sessions.list().to_frame()
    assert frame["first_message"].tolist()[1:] == ["What is a closure?", "Where is my passport?"]
    assert frame["turns"].tolist() == [0, 2, 1]
    assert frame["agent"].tolist() == ["calculator", "echo", "echo"]
    assert frame["metadata.lesson"].tolist()[1] == "2"
    empty = d.sessions.list(text="nowhere").to_frame()
    told = [name for name in frame.columns if not name.startswith("metadata.")]
    assert empty.dtypes.astype(str).to_dict() == frame[told].dtypes.astype(str).to_dict()


class Crowd:
    """A server with many sessions of one turn each, which counts what it is asked."""

    def __init__(self):
        self.asked = Counter()
        self.agent_ids = ["agt_1"]
        self.at_once = self.most_at_once = 0
        lock, crowd = threading.Lock(), self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                path, *_ = self.path.removeprefix("/v1").partition("?")
                with lock:
                    crowd.asked[path.rpartition("/")[2]] += 1
                    crowd.at_once += 1
                    crowd.most_at_once = max(crowd.most_at_once, crowd.at_once)
                answer = crowd.answer(path)
                body = json.dumps(answer or {"detail": "Not found"}).encode()
                with lock:
                    crowd.at_once -= 1
                self.send_response(200 if answer else 404)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def answer(self, path):
        match path.strip("/").split("/"):
            case ["agents"]:
                return {"agents": [{"id": "agt_1", "name": "desk"}]}
            case ["agents", agent_id]:
                return {"id": "agt_1", "name": "desk"} if agent_id == "agt_1" else None
            case ["sessions"]:
                return {"sessions": [self.session(n) for n in range(MANY)]}
            case ["sessions", session_id, "events"]:
                return {"events": [self.first(session_id)]}
            case _:
                return {"event_count": 0}

    def session(self, number):
        return {
            "id": f"sess_{number}",
            "agent_id": self.agent_ids[number % len(self.agent_ids)],
            "last_message_id": f"msg_{number}",
            "last_message_status": "completed",
            "created_at": (START + timedelta(seconds=number)).isoformat(),
        }

    def first(self, session_id):
        number = session_id.removeprefix("sess_")
        return {
            "id": f"{session_id}:evt_1",
            "session_id": session_id,
            "sequence_number": 1,
            "message_id": f"msg_{number}",
            "type": "user.message",
            "data": {"content": [{"type": "text", "text": f"Ticket number {number}"}]},
        }


@pytest.fixture
def crowd():
    crowd = Crowd()
    yield crowd
    crowd.server.shutdown()
    crowd.server.server_close()


def test_ten_thousand_sessions_are_listed_with_few_requests(crowd):
    with Dari(crowd.url, "dari_key") as d:
        listed = d.sessions.list()
        assert len(listed) == MANY
        assert crowd.asked == {"agt_1": 1, "sessions": 1}
        shown = plain(listed)
        assert shown.splitlines()[1].startswith("Ticket number 9999")
        assert "9,950 more lines not shown" in shown
        assert crowd.asked["events"] == 50
        assert crowd.asked["messages"] == 0
        assert crowd.most_at_once <= 16
        assert plain(listed) == shown
        assert crowd.asked["events"] == 50


def test_a_session_whose_last_turn_was_cancelled_is_not_called_failed(server, d):
    @server.agent("slow")
    def slow(prompt):
        yield "So far so good."
        if prompt == "fail":
            raise RuntimeError("no")
        yield ToolCall("ask", external=True)

    failed = d.agents["slow"].send("fail").wait(60).session
    session = d.agents["slow"].send("first").cancel().session
    for shown in (d.sessions.list(), d.sessions.list()):  # asked for, and known
        words = plain(shown).splitlines()
        [line] = [one for one in words if session.id in one]
        assert "cancelled" in line
        assert "failed" not in line
        assert "failed" in next(one for one in words if failed.id in one)
    assert session.transcript().head().state == "cancelled"
    assert failed.transcript().head().state == "failed"


def test_a_fork_is_told_by_what_was_asked_in_it_and_whose_fork_it_is(server, d):
    first = d.agents["echo"].send("What is a closure?").wait()
    second = first.session.send("And in Rust?").wait()
    fork = second.again("And in Python?").wait().session
    whole = second.fork()
    lines = str(d.sessions.list()).splitlines()
    line = {one.id: next(line for line in lines if one.id in line) for one in (fork, whole)}
    parent = next(line for line in lines if f"{first.session.id}" in line and "fork" not in line)
    assert "And in Python?" in line[fork.id]
    assert "What is a closure?" in line[whole.id]
    assert "What is a closure?" in parent
    for one in (fork, whole):
        assert f"fork of {first.session.id}" in line[one.id]
