"""What the operator lets organizations do, and what they are told when they ask for more."""

import sys
from decimal import Decimal
from subprocess import run

import pytest

from dari_nb.errors import InvalidRequestError
from dari_nb.local import LocalDari, Usage

MANIFEST = b"""\
name: curious
harness: pi
instructions: {system: system.md}
llm: {model: m}
built_in_tools: []
sandbox: {internet_access: true}
"""
BUNDLE = {"dari.yml": MANIFEST, "system.md": b"Hello"}


class Member:
    """Who has the key of another organization."""

    def __init__(self, server, name="second row", **allowed):
        self.url = server.url
        self.api_key = server.organization(name, **allowed).api_key


def spending(server):
    @server.agent("spends")
    def spends(prompt):
        yield Usage(Decimal(prompt))
        yield "done"


def refused(api, agent="spends", text="1", **options):
    body = {"type": "user.message", "content": [{"type": "text", "text": text}]}
    answer = api.http.post(f"/agents/{api.agent_id(agent)}/messages", json=body, **options)
    return None if answer.is_success else (answer.status_code, answer.json()["detail"])


def test_a_manifest_has_the_internet_only_where_the_operator_allows_it(call):
    with LocalDari() as server, call(server) as api:
        told = api.publish(BUNDLE)
        [note] = told["notes"]
        assert note.startswith("sandbox.internet_access: The operator of this server does not")
        assert api.get(f"/sessions/{api.create('curious')}")["internet_access"] is False
    with LocalDari(internet_access=True) as server, call(server) as api:
        assert "notes" not in api.publish(BUNDLE)
        assert api.get(f"/sessions/{api.create('curious')}")["internet_access"] is True
        without = api.create("curious", internet_access=False)
        assert api.get(f"/sessions/{without}")["internet_access"] is False


def test_a_caller_who_asks_for_the_internet_in_vain_is_told(call):
    with LocalDari() as server, call(server) as api:
        path = f"/agents/{api.agent_id('echo')}/sessions"
        status, detail = api.refused(path, {"internet_access": True})
        assert (status, "LocalDari(internet_access=True)" in detail) == (403, True)
        assert api.create("echo", internet_access=False)
        server.set_limits(internet_access=True)
        assert api.get(f"/sessions/{api.create('echo')}")["internet_access"] is False
        made = api.create("echo", internet_access=True)
        assert api.get(f"/sessions/{made}")["internet_access"] is True


def test_each_organization_has_an_allowance_of_its_own_that_outlives_the_server(call, tmp_path):
    path = tmp_path / "course.db"
    wish = {"internet_access": True}
    with LocalDari(path, internet_access=True) as server:
        with call(Member(server, api_key="dari_second")) as api:
            assert api.refused(f"/agents/{api.agent_id('echo')}/sessions", wish)[0] == 403
        with call(Member(server, api_key="dari_second", internet_access=True)) as api:
            assert api.get(f"/sessions/{api.create('echo', **wish)}")["internet_access"] is True
    with LocalDari(path) as server:
        with call(server) as api:
            assert api.refused(f"/agents/{api.agent_id('echo')}/sessions", wish)[0] == 403
        with call(Member(server, api_key="dari_second")) as api:
            assert api.create("echo", **wish)
        with call(Member(server, api_key="dari_second", internet_access=False)) as api:
            assert api.refused(f"/agents/{api.agent_id('echo')}/sessions", wish)[0] == 403


def test_a_recording_with_the_internet_is_played_where_there_is_none(call, wait):
    with LocalDari(internet_access=True) as server, call(server) as api:
        session_id = api.ask("echo", "hi", internet_access=True)["session_id"]
        server.set_limits(internet_access=False)
        again = server.replay(session_id, speed=100)
        wait(lambda: api.get(f"/sessions/{again}"), lambda s: s["last_message_status"])
        assert api.get(f"/sessions/{again}")["internet_access"] is False


def test_when_the_money_is_spent_messages_are_refused_and_what_was_sent_can_be_repeated(call):
    with LocalDari(max_cost="1.50") as server, call(server) as api:
        spending(server)
        key = {"headers": {"Idempotency-Key": "once"}}
        assert refused(api, text="0.75", **key) is None
        api.finished(api.ask("spends", "0.7499999999999999999999999999999999")["id"])
        last = api.ask("spends", "0.0000000000000000000000000000000001")
        assert last["status"] == "completed"
        status, detail = refused(api)
        assert status == 402
        assert "1.50 US dollars" in detail
        assert refused(api, text="0.75", **key) is None
        assert (
            api.refused(
                f"/sessions/{last['session_id']}/events",
                {"type": "user.message", "content": [{"type": "text", "text": "1"}]},
            )[0]
            == 402
        )
        item = {"content": [{"type": "text", "text": "1"}]}
        items = [{"agent_id": api.agent_id("spends"), "message": item}]
        batch = api.post("/session-batches", {"items": items})
        assert batch["status"] == "failed"
        assert "is spent" in batch["sessions"][0]["error"]
        server.set_limits(max_cost=2)
        assert refused(api) is None


def test_an_organization_spends_its_own_money_also_after_a_restart(call, tmp_path):
    path = tmp_path / "course.db"
    with LocalDari(path) as server:
        spending(server)
        with call(Member(server, api_key="dari_second", max_cost="0.5")) as api, call(server) as me:
            api.ask("spends", "0.5")
            assert refused(api)[0] == 402
            assert me.ask("spends", "100")["status"] == "completed"
    with LocalDari(path) as server:
        spending(server)
        with call(Member(server, api_key="dari_second")) as api:
            assert refused(api)[0] == 402
        with call(Member(server, api_key="dari_second", max_cost="inf")) as api:
            assert refused(api) is None


@pytest.mark.parametrize("amount", ["x", "NaN", -1])
def test_an_amount_that_is_none_is_refused(amount):
    with pytest.raises(InvalidRequestError, match="max_cost is a number of US dollars"):
        LocalDari(max_cost=amount)
    server = LocalDari()
    with pytest.raises(InvalidRequestError, match="max_cost"):
        server.organization("second row", max_cost=amount)


def test_names_of_secrets_are_a_list():
    with pytest.raises(InvalidRequestError, match=r"secrets is a list of names"):
        LocalDari(secrets="TEAM_KEY")


CONFIGURATION = """\
[server]
port = 0
max_cost = 0.25
internet_access = true
[secrets]
allow = ["TEAM_KEY"]
[organizations."row two"]
key_env = "ROW_TWO_KEY"
max_cost = 0.0
"""


def test_a_configuration_says_what_organizations_may_do(tmp_path, monkeypatch, call):
    from dari_nb import connect

    path = tmp_path / "dari.toml"
    path.write_text(CONFIGURATION)
    command = [sys.executable, "-m", "dari_nb.cli", "serve", "--config", str(path)]
    told = run(command, capture_output=True, text=True, timeout=180, check=False)
    assert told.returncode == 2
    assert "organizations.row two.key_env: the variable ROW_TWO_KEY is not set" in told.stderr
    monkeypatch.setenv("ROW_TWO_KEY", "dari_row_two")
    with connect("local", path=tmp_path / "course.db", config=path) as d:

        class Two:
            url, api_key = d.server.url, "dari_row_two"

        with call(Two) as api:
            assert refused(api, "echo")[0] == 402
            wish = {"internet_access": True}
            assert api.refused(f"/agents/{api.agent_id('echo')}/sessions", wish)[0] == 403
        with call(d.server) as api:
            assert api.create("echo", internet_access=True)
            assert refused(api, "echo") is None
        d.server.stop()
