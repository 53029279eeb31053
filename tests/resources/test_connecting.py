import pytest

import dari_nb as dari
from dari_nb.errors import InvalidRequestError
from dari_nb.resources import connections
from dari_nb.tapes import read_tape


@pytest.fixture(autouse=True)
def clean(monkeypatch):
    monkeypatch.setattr(connections, "_current", None)
    for name in ("DARI_API_KEY", "DARI_API_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DARI_LOCAL_STEP_DELAY", "0")
    made = []
    monkeypatch.setattr(connections.Dari, "__init__", _noting(connections.Dari.__init__, made))
    yield
    for d in made:
        d.close()


def _noting(init, made):
    def noting(self, *args, **kwargs):
        init(self, *args, **kwargs)
        made.append(self)

    return noting


@pytest.mark.parametrize(
    "options",
    [
        {"target": "local"},
        {"target": "local", "path": "tomorrow.db"},
        {"base_url": "http://127.0.0.1:9", "api_key": "dari_secret"},
    ],
)
def test_without_arguments_the_current_connection_is_meant(options, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "local.toml").write_text("")
    d = dari.connect(**options)
    monkeypatch.setenv("DARI_API_KEY", "dari_other")
    monkeypatch.setenv("DARI_API_URL", "http://127.0.0.1:8")
    assert dari.connect() is dari.current() is d
    assert dari.connect("local") is not d


def test_a_default_follows_the_environment_and_another_server_in_it_is_connected_to(monkeypatch):
    local = dari.current()
    assert dari.connect() is local
    monkeypatch.setenv("DARI_API_KEY", "dari_one")
    monkeypatch.setenv("DARI_API_URL", "http://127.0.0.1:9")
    first = dari.connect()
    assert first.base_url == "http://127.0.0.1:9"
    assert dari.connect() is first
    monkeypatch.setenv("DARI_API_KEY", "dari_two")
    assert dari.connect() is not first
    monkeypatch.delenv("DARI_API_KEY")
    monkeypatch.delenv("DARI_API_URL")
    assert dari.connect().is_local


def test_after_closing_the_environment_decides_again(tmp_path):
    dari.connect("local", path=tmp_path / "tomorrow.db").close()
    again = dari.connect()
    assert (again.is_closed, again.server.path) == (False, None)


def test_a_path_makes_it_durable(tmp_path):
    path = tmp_path / "course.db"
    dari.connect("local", path=path).agents.get("echo").send("Hi").wait()
    assert path.exists()
    assert len(dari.connect("local", path=str(path)).sessions.list()) == 1


def test_a_path_that_stands_for_memory_makes_no_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    dari.connect("local", path=":memory:").agents.get("echo").send("Hi").wait()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("durable", [True])
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


@pytest.mark.parametrize("step_delay", ["fast", "nan"])
def test_a_step_delay_that_is_none_is_refused_by_name(monkeypatch, step_delay):
    monkeypatch.setenv("DARI_LOCAL_STEP_DELAY", step_delay)
    monkeypatch.setattr(connections, "_servers", {})
    with pytest.raises(InvalidRequestError, match="DARI_LOCAL_STEP_DELAY"):
        dari.connect("local")


def test_a_key_in_the_environment_means_the_hosted_dari(monkeypatch):
    monkeypatch.setenv("DARI_API_KEY", "dari_secret")
    d = dari.connect()
    assert (d.is_local, d.base_url) == (False, "https://api.dari.dev/v1")
    monkeypatch.setenv("DARI_API_URL", "http://127.0.0.1:9")
    assert dari.connect().base_url == "http://127.0.0.1:9"
    assert dari.connect("local").is_local


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: dari.connect(base_url="http://127.0.0.1:9"),
            r"set DARI_API_KEY, .*connect\('local'\)",
        ),
        (lambda: dari.connect("api.dari.dev", api_key="x"), "is no URL"),
        (lambda: dari.connect("http://a", base_url="http://b"), "Give the URL once"),
        (lambda: dari.connect("http://a", api_key="x", path="y"), "path= is for the embedded"),
    ],
)
def test_contradictions_are_refused_with_what_to_do(call, message):
    with pytest.raises(InvalidRequestError, match=message):
        call()


def test_a_tape_is_recorded_on_until_another_one_is_named(tmp_path):
    d = dari.connect("local", tape=tmp_path / "lesson.tape")
    d.agents["echo"].send("Record me").wait()
    assert dari.connect() is d
    assert d.server.tape.path == tmp_path / "lesson.tape"
    dari.connect("local", tape=str(tmp_path / "other.tape"))
    d.agents["echo"].send("And me").wait()
    d.server.eject()
    asked = [
        [turn.line.asked for turn in read_tape(tmp_path / name).turns]
        for name in ("lesson.tape", "other.tape")
    ]
    assert asked == [["Record me"], ["And me"]]
