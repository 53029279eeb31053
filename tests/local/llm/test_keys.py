"""Which model a manifest's LLM is, where its key comes from, and where the key never goes."""

import asyncio
import json
import logging
import socket
import sqlite3
import traceback
from collections.abc import Callable
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from dari_nb.local import LocalDari
from dari_nb.local.llm.asking import Sender
from dari_nb.local.llm.settings import BASE_URLS, named_llm
from dari_nb.local.llm.trouble import ProviderTrouble

KEY = "sk-very-secret-0123456789"


@pytest.fixture
def providers(monkeypatch, stand_in):
    """Let the stand-in be all providers."""
    for name in ("openai", "anthropic", "openrouter"):
        monkeypatch.setitem(BASE_URLS, name, stand_in.url)


def error(message):
    assert message["status"] == "failed", message
    return message["output"]["error"]


def key_sent(stand_in):
    headers = stand_in.requests[-1].headers
    return headers.get("x-api-key") or headers.get("authorization", "").removeprefix("Bearer ")


def put_credential(api, name, value):
    path = f"/organizations/current/credentials/{name}"
    assert api.http.put(path, json={"value": value}).is_success


def test_a_local_address_needs_no_key_and_gets_none(serve, publish, stand_in, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    api = serve()
    publish(api, "a", f"{{model: openai/m, base_url: '{stand_in.url}'}}")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    assert api.ask("a", "hi")["status"] == "completed"
    request = stand_in.requests[-1]
    assert request.body["model"] == "openai/m"
    assert request.body["messages"][0] == {"role": "system", "content": "Be brief."}
    assert "authorization" not in request.headers


@pytest.mark.usefixtures("providers")
@pytest.mark.parametrize(
    ("llm", "name", "sent"),
    [
        ("{model: openai/gpt-5.5}", "OPENAI_API_KEY", "gpt-5.5"),
        ("{model: claude-haiku-4-5, provider: anthropic}", "ANTHROPIC_API_KEY", "claude-haiku-4-5"),
        ("{model: openai/gpt-5.5, api_key_secret: TEAM_KEY}", "TEAM_KEY", "gpt-5.5"),
    ],
)
def test_a_missing_key_is_named_and_may_come_from_anywhere(
    serve, publish, stand_in, monkeypatch, llm, name, sent
):
    api = serve(secrets=["TEAM_KEY"])
    publish(api, "a", llm)
    told = error(api.ask("a", "hi"))
    assert f"there is no key for it: put the credential {name} or set that variable" in told
    assert not stand_in.requests
    monkeypatch.setenv(name, "from-environment")
    assert api.ask("a", "hi")["status"] == "completed"
    assert (key_sent(stand_in), stand_in.requests[-1].body["model"]) == ("from-environment", sent)
    put_credential(api, name, "from-credential")
    api.ask("a", "hi")
    assert key_sent(stand_in) == "from-credential"
    api.ask("a", "hi", secrets={name: "from-secret"})
    assert key_sent(stand_in) == "from-secret"
    api.ask("a", "hi", secrets={name: "from-secret"}, llm_api_key="from-session")
    assert key_sent(stand_in) == "from-session"


@pytest.mark.usefixtures("providers")
def test_a_fork_has_the_secrets_of_its_session_unless_it_is_given_others_or_none(
    serve, publish, stand_in
):
    api = serve()
    publish(api, "a", "{model: openai/gpt-5.5}")
    first = api.ask("a", "hi", secrets={"OPENAI_API_KEY": "of-first"})
    point = {"session_id": first["session_id"], "after_message_id": first["id"]}

    def asked(**given):
        body = {"fork_of": point} | given
        fork = api.post(f"/agents/{api.agent_id('a')}/sessions", body)
        return api.finished(api.send(fork["id"], "again")["message"]["id"])

    asked()
    assert key_sent(stand_in) == "of-first"
    asked(secrets={"OPENAI_API_KEY": "of-fork"})
    assert key_sent(stand_in) == "of-fork"
    assert "there is no key for it" in error(asked(secrets={}))


@pytest.mark.usefixtures("providers")
def test_an_options_form_has_a_default_and_keys_of_its_own(serve, publish, stand_in):
    api = serve()
    options = "{a: {model: x, provider: anthropic, api_key_secret: A_KEY}, b: {model: openai/y}}"
    done = publish(api, "several", f"{{default: a, options: {options}}}")
    version = api.get(f"/agents/{done['agent_id']}/versions/{done['version_id']}")["version"]
    assert version["llms"] == ["a", "b"]
    put_credential(api, "A_KEY", "for-a")
    put_credential(api, "OPENAI_API_KEY", "for-b")
    api.ask("several", "hi")
    assert (stand_in.requests[-1].path, key_sent(stand_in)) == ("/v1/messages", "for-a")
    api.ask("several", "hi", llm_id="b")
    assert (stand_in.requests[-1].path, key_sent(stand_in)) == ("/v1/chat/completions", "for-b")
    item = {"agent_id": done["agent_id"], "llm_id": "b", "secrets": {"OPENAI_API_KEY": "of-item"}}
    item["message"] = {"content": [{"type": "text", "text": "hi"}]}
    batch = api.post("/session-batches", {"items": [item]})
    api.rests(batch["sessions"][0]["session_id"])
    assert key_sent(stand_in) == "of-item"


@pytest.mark.usefixtures("providers")
def test_the_environment_is_not_for_other_organizations(
    serve, publish, stand_in, monkeypatch, call
):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    server = serve(llms={"small": {"model": "openai/m"}}).server

    class Other:
        url, api_key = server.url, server.organization("second row").api_key

    with call(Other) as api:
        publish(api, "a", "{model: openai/m, api_key_secret: OPENAI_API_KEY}")
        told = error(api.ask("a", "hi"))
        assert "put the credential OPENAI_API_KEY, or give the session" in told
        # What the operator set up is for everybody.
        assert api.ask("assistant", "hi")["status"] == "completed"
        assert key_sent(stand_in) == KEY


def test_no_bundle_carries_the_environment_to_an_address_of_its_own(serve, publish, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    api = serve()
    llm = "{model: m, base_url: 'https://llm.example/v1', api_key_secret: OPENAI_API_KEY}"
    publish(api, "a", llm)
    told = error(api.ask("a", "hi"))
    assert "m at https://llm.example/v1, and there is no key for it" in told
    assert "put the credential OPENAI_API_KEY or let bundles have that variable" in told
    assert KEY not in told


@pytest.mark.parametrize("name", ["AWS_SECRET_ACCESS_KEY", "OPENAI_API_KEY"])
@pytest.mark.parametrize("provider", ["", ", provider: anthropic"])
def test_a_variable_leaves_for_an_address_of_a_bundle_only_when_the_operator_says_so(
    serve, publish, stand_in, monkeypatch, name, provider
):
    monkeypatch.setenv(name, KEY)
    for url in (stand_in.url, stand_in.url.replace("http://", "HTTP://")):
        llm = f"{{model: openai/m, base_url: '{url}', api_key_secret: {name}{provider}}}"
        api = serve()
        publish(api, "a", llm)
        assert f"LocalDari(secrets=['{name}'])" in error(api.ask("a", "hi"))
        assert not stand_in.requests
    api = serve(secrets=[name])
    publish(api, "a", llm)
    assert api.ask("a", "hi")["status"] == "completed"
    assert key_sent(stand_in) == KEY


@pytest.mark.usefixtures("providers")
def test_a_variable_that_is_no_providers_own_does_not_go_to_a_provider(
    serve, publish, stand_in, monkeypatch
):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", KEY)
    api = serve()
    publish(api, "a", "{model: openai/m, api_key_secret: AWS_SECRET_ACCESS_KEY}")
    assert "there is no key for it" in error(api.ask("a", "hi"))
    assert not stand_in.requests


def test_a_providers_own_variable_goes_to_that_provider_alone(
    serve, publish, stand_ins, stand_in, monkeypatch
):
    monkeypatch.setitem(BASE_URLS, "openai", stand_in.url)
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    api = serve()
    for name, url, arrives in [
        ("OPENAI_API_KEY", stand_in.url, True),
        ("ANTHROPIC_API_KEY", stand_in.url, False),
        ("OPENAI_API_KEY", stand_in.url.replace("127.0.0.1", "localhost"), False),
        ("OPENAI_API_KEY", stand_in.url.replace("127.0.0.1", "[::1]"), False),
        ("OPENAI_API_KEY", stand_in.url.replace("127.0.0.1", "127.0.0.1."), False),
        ("OPENAI_API_KEY", stand_in.url.replace("http:", "https:"), False),
    ]:
        publish(api, "a", f"{{model: m, base_url: '{url}', api_key_secret: {name}}}")
        before = len(stand_in.requests)
        assert api.ask("a", "hi")["status"] == ("completed" if arrives else "failed")
        assert len(stand_in.requests) - before == arrives


def test_a_redirect_does_not_lead_the_key_elsewhere(serve, publish, stand_in):
    class Redirect(BaseHTTPRequestHandler):
        def do_POST(self):
            self.send_response(307)
            self.send_header("Location", f"{stand_in.url}/chat/completions")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Redirect) as elsewhere:
        Thread(target=elsewhere.serve_forever, daemon=True).start()
        api = serve()
        put_credential(api, "TEAM_KEY", KEY)
        url = f"http://127.0.0.1:{elsewhere.server_port}/v1"
        publish(api, "a", f"{{model: m, base_url: '{url}', api_key_secret: TEAM_KEY}}")
        assert "it answered 307" in error(api.ask("a", "hi"))
        elsewhere.shutdown()
    assert not stand_in.requests


HOSTS = [
    *("127.0.0.1", "localhost", "127.1", "2130706433", "0x7f000001", "0177.0.0.1"),
    *("[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "0.0.0.0", "[::]", "named.test"),
    *("169.254.169.254", "[fd00:ec2::254]", "[64:ff9b::7f00:1]", "10.0.0.1", "[fe80::1]"),
]


def test_a_bundle_of_another_organization_asks_nothing_on_this_machine_or_beside_it(
    serve, publish, stand_in, call, monkeypatch
):
    found = socket.getaddrinfo

    def finding(name, *args, **options):
        return found("127.0.0.1" if name == "named.test" else name, *args, **options)

    monkeypatch.setattr(socket, "getaddrinfo", finding)
    server = serve().server

    class Other:
        url, api_key = server.url, server.organization("second row").api_key

    port = stand_in.url.rsplit(":", 1)[1]
    with call(Other) as api:
        for host in HOSTS:
            publish(api, "a", f"{{model: m, base_url: 'http://{host}:{port}'}}")
            told = error(api.ask("a", "hi"))
            assert "not public" in told or "cannot be read" in told, host
    assert not stand_in.requests


def test_the_servers_llm_stands_in_for_an_option_that_cannot_be_asked(
    serve, publish, stand_in, monkeypatch
):
    mine = {"model": "mine", "base_url": stand_in.url}
    api = serve(llms={"small": mine, "extra": mine})
    done = publish(api, "a", "{default: small, options: {small: {model: openai/m}}}")
    assert api.ask("a", "hi")["status"] == "completed"
    assert stand_in.requests[-1].body["model"] == "mine"
    version = api.get(f"/agents/{done['agent_id']}/versions/{done['version_id']}")["version"]
    assert version["llms"] == ["small", "extra"]
    assert api.ask("a", "hi", llm_id="extra")["status"] == "completed"
    own = f"{{model: own, base_url: '{stand_in.url}'}}"
    publish(api, "b", f"{{default: small, options: {{small: {own}}}}}")
    api.ask("b", "hi")
    assert stand_in.requests[-1].body["model"] == "own"
    publish(api, "c", "{model: small}")
    api.ask("c", "hi")
    assert stand_in.requests[-1].body["model"] == "mine"
    refused = api.http.post(f"/agents/{done['agent_id']}/sessions", json={"llm_id": "none"})
    assert (refused.status_code, "small, extra" in refused.text) == (400, True)


def test_an_assistant_without_its_llm_says_so(tmp_path, call, stand_in):
    llms = {"small": {"model": "m", "base_url": stand_in.url}}
    with LocalDari(tmp_path / "x.db", llms=llms) as server, call(server) as api:
        session_id = api.ask("assistant", "hi")["session_id"]
    with LocalDari(tmp_path / "x.db") as server, call(server) as api:
        message = api.finished(api.send(session_id, "again")["message"]["id"])
        assert "'small'" in error(message)
        server.add_llms(llms)
        message = api.finished(api.send(session_id, "again")["message"]["id"])
        assert message["status"] == "completed"
    assert [m["content"] for m in stand_in.requests[-1].body["messages"]][1] == "hi"


def test_skills_are_listed_and_read_when_wanted(serve, publish, stand_ins, stand_in):
    skill = "---\nname: tidy\ndescription: Make tables\n  tidy.\n---\nFirst, wash."
    files = {"skills/tidy/SKILL.md": skill, "skills/tidy/more/x.txt": "Then, dry."}
    api = serve()
    llm = f"{{model: m, base_url: '{stand_in.url}'}}"
    more = "built_in_tools: []\nskills: [{name: tidy, path: skills/tidy}]\n"
    publish(api, "a", llm, files=files, more=more)
    calls = [("read_skill", {"skill": "tidy"})]
    calls += [("read_skill", {"skill": "tidy", "file": name}) for name in ("more/x.txt", "../x")]
    stand_in.script = [stand_ins.Answer(calls=calls)]
    session_id = api.ask("a", "hi")["session_id"]
    assert "- tidy: Make tables tidy." in stand_in.requests[0].body["messages"][0]["content"]
    results = [i["result"] for i in api.items(session_id) if i["type"] == "tool_call"]
    assert results[0] == skill
    assert results[1] == "Then, dry."
    assert results[2] == "The skill has no file '../x'. It has: SKILL.md, more/x.txt."


def test_a_runtime_server_of_its_own_is_not_run(serve, publish):
    api = serve()
    harness = "{kind: customRuntimeServer, protocol: dari-runtime-v1, customRuntimeServer: "
    harness += "{command: x, port: 1}}"
    manifest = f"name: own\nharness: {harness}\ninstructions: {{system: system.md}}\n"
    publish(api, "x", "{model: m}", files={"dari.yml": manifest})
    assert "brings a runtime server of its own" in error(api.ask("own", "hi"))


def test_an_address_that_cannot_be_asked_is_refused_at_publishing(serve, publish):
    with pytest.raises(AssertionError, match="must not hold a user"):
        publish(serve(), "a", "{model: m, base_url: 'http://user:pass@h/v1'}")


def test_a_key_that_no_header_can_carry_is_refused_without_its_text(serve, stand_in):
    api = serve(llms={"small": {"model": "m", "base_url": stand_in.url}})
    for key in ("sk-ü", "sk-a\nb"):
        told = error(api.ask("assistant", "hi", llm_api_key=key))
        assert "must be printable ASCII" in told
        assert key not in told
    assert not stand_in.requests


def test_the_words_of_a_provider_are_cut_and_no_half_of_a_key_is_left(serve, stand_ins, stand_in):
    api = serve(llms={"small": {"model": "m", "base_url": stand_in.url, "api_key": KEY}})
    for before in range(480, 505, 3):
        stand_in.script = [stand_ins.Answer(status=400, error=f"{'x' * before}{KEY}{'y' * 900}")]
        told = error(api.ask("assistant", "hi"))
        assert told.startswith(f"m at {stand_in.url}: it answered 400: xxx")
        assert told.endswith(" …")
        assert KEY[:3] not in told
        assert len(told) < 600
    stand_in.script = [stand_ins.Answer(status=500, error="x" * 900)] * 3
    assert error(api.ask("assistant", "hi")).endswith("xx … (tried 3 times)")


def test_the_key_is_nowhere_to_be_found(
    tmp_path, call: Callable, publish, stand_ins, stand_in, caplog, capfd
):
    caplog.set_level(logging.DEBUG)
    path = tmp_path / "x.db"
    echoed = {"error": {"message": f"Incorrect API key provided: {KEY}"}}
    bad = stand_ins.Answer(status=401, error=echoed)
    settings = {"model": "m", "base_url": stand_in.url}
    llms = {
        "own": settings | {"api_key": KEY},
        "named": settings | {"api_key_secret": "TEAM_KEY"},
        "messages": settings | {"provider": "anthropic", "api_key_secret": "TEAM_KEY"},
        "gone": {"model": "m", "base_url": "http://127.0.0.1:9/v1", "api_key_secret": "TEAM_KEY"},
    }
    server = LocalDari(path, llms=llms, llm_backoff=(0.01,))
    with server, call(server) as api:
        put_credential(api, "TEAM_KEY", KEY)
        publish(api, "a", f"{{model: m, base_url: '{stand_in.url}', api_key_secret: TEAM_KEY}}")
        for name in llms:
            api.ask("assistant", "hi", llm_id=name)
            assert name == "gone" or key_sent(stand_in) == KEY
            stand_in.script = [bad, stand_ins.Answer("x", error=echoed["error"])]
            for session in ({}, {"llm_api_key": KEY}, {"secrets": {"TEAM_KEY": KEY}}):
                api.ask("assistant", "hi", llm_id=name, **session)
        message = api.ask("a", "hi", secrets={"TEAM_KEY": KEY})
        assert key_sent(stand_in) == KEY
        seen = [json.dumps(api.items(message["session_id"])), json.dumps(api.get("/agents"))]
        seen += [repr(server), repr(server.llms), repr(vars(server)), repr(server._service)]
        seen += [repr(vars(server._service)), repr(vars(server._service.scheduler))]
    with closing(sqlite3.connect(path)) as database:
        seen += list(database.iterdump())
    everything = b"".join(p.read_bytes() for p in tmp_path.rglob("*") if p.is_file())
    assert KEY.encode() not in everything
    out, err = capfd.readouterr()
    assert KEY not in "".join([*seen, out, err, caplog.text])
    assert "Incorrect API key provided: [hidden]" in "".join(seen)


def test_the_key_is_in_no_traceback_that_shows_variables(stand_ins, stand_in):
    answers = [
        stand_ins.Answer(status=401, error="no"),
        stand_ins.Answer("x", fault="cut"),
        stand_ins.Answer("x", fault="garbage"),
    ]
    for protocol in ("openai", "anthropic"):
        settings = {"model": "m", "base_url": stand_in.url, "provider": protocol, "api_key": KEY}
        llm = named_llm("small", settings)
        stand_in.script = list(answers)
        for _ in answers:
            with pytest.raises(ProviderTrouble) as raised:
                asyncio.run(ask(llm))
            shown = traceback.TracebackException.from_exception(raised.value, capture_locals=True)
            frames = [frame for frame in shown.stack if frame.filename != __file__]
            text = "".join(traceback.StackSummary.from_list(frames).format())
            assert "[hidden]" in text
            assert KEY not in text


async def begun():
    pass


async def ask(llm):
    sender = Sender()
    try:
        return [piece async for piece in sender.ask(llm, llm.key, "", [], [], begun)]
    finally:
        await sender.close()
