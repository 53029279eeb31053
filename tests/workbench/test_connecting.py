import pytest

import dari_nb as dari
from dari_nb.errors import InvalidRequestError
from dari_nb.workbench import connection


@pytest.fixture(autouse=True)
def clean(monkeypatch):
    monkeypatch.setattr(connection, "_current", None)
    for name in ("DARI_API_KEY", "DARI_API_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DARI_LOCAL_PACE", "0")
    made = []
    monkeypatch.setattr(connection.Dari, "__init__", _noting(connection.Dari.__init__, made))
    yield
    for d in made:
        d.close()


def _noting(init, made):
    def noting(self, *args, **kwargs):
        init(self, *args, **kwargs)
        made.append(self)

    return noting


def test_without_a_key_the_embedded_dari_is_used():
    d = dari.connect()
    assert d.is_local
    assert repr(d) == "<Dari local>"
    assert dari.current() is d
    assert d.agents.get("echo").send("Hi").wait().status == "completed"


def test_current_connects_when_nothing_did():
    assert dari.current().is_local


def test_the_embedded_dari_is_the_same_for_the_whole_process():
    session = dari.connect("local").sessions.create("echo")
    assert dari.connect("local").sessions.get(session.id).id == session.id


def test_a_path_makes_it_durable(tmp_path):
    path = tmp_path / "course.db"
    dari.connect("local", path=path).agents.get("echo").send("Hi").wait()
    assert path.exists()
    assert len(dari.connect("local", path=str(path)).sessions.list()) == 1


@pytest.mark.parametrize("durable", [False, True])
def test_a_stopped_embedded_dari_starts_again(durable, tmp_path):
    path = tmp_path / "course.db" if durable else None
    first = dari.connect("local", path=path)
    first.agents.get("echo").send("Hi").wait()
    first.close()
    first.server.stop()
    assert len(dari.connect("local", path=path).sessions.list()) >= 1


def test_a_closed_connection_asks_to_connect_again():
    dari.connect("local").close()
    with pytest.raises(InvalidRequestError, match="connect again"):
        dari.current()
    assert dari.connect("local").agents.list()


@pytest.mark.parametrize("pace", ["fast", "-1", "nan", "inf", "1e9"])
def test_a_pace_that_is_none_is_refused_by_name(monkeypatch, pace):
    monkeypatch.setenv("DARI_LOCAL_PACE", pace)
    monkeypatch.setattr(connection, "_servers", {})
    with pytest.raises(InvalidRequestError, match=f"DARI_LOCAL_PACE={pace}"):
        dari.connect("local")


def test_a_key_in_the_environment_means_the_hosted_dari(monkeypatch):
    monkeypatch.setenv("DARI_API_KEY", "dari_secret")
    d = dari.connect()
    assert (d.is_local, d.base_url) == (False, "https://api.dari.dev/v1")
    monkeypatch.setenv("DARI_API_URL", "http://127.0.0.1:9")
    assert dari.connect().base_url == "http://127.0.0.1:9"
    assert dari.connect("local").is_local


def test_arguments_win_over_the_environment(monkeypatch):
    monkeypatch.setenv("DARI_API_KEY", "dari_one")
    monkeypatch.setenv("DARI_API_URL", "http://127.0.0.1:9")
    assert dari.connect(base_url="http://127.0.0.1:8", api_key="x").base_url.endswith(":8")
    assert dari.connect("http://127.0.0.1:7").base_url.endswith(":7")


def test_no_key_is_ever_shown():
    d = dari.connect(base_url="http://127.0.0.1:9", api_key="dari_secret")
    for thing in (d, d.client, d.agents, d.stream_client, vars(d.client)):
        assert "dari_secret" not in repr(thing)
    with pytest.raises(dari.DariError) as caught:
        d.agents.list()
    assert "dari_secret" not in str(caught.value)
    assert "127.0.0.1:9" in str(caught.value)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: dari.connect(base_url="http://127.0.0.1:9"), "No API key .* set DARI_API_KEY"),
        (lambda: dari.connect("api.dari.dev", api_key="x"), "is no URL"),
        (lambda: dari.connect("http://a", base_url="http://b"), "Give the URL once"),
        (lambda: dari.connect("local", base_url="http://b"), "Give the URL once"),
        (lambda: dari.connect("http://a", api_key="x", path="y"), "path= is for the embedded"),
    ],
)
def test_contradictions_are_refused_with_what_to_do(call, message):
    with pytest.raises(InvalidRequestError, match=message):
        call()
