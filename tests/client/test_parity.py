"""The sync and the async client have the same surface."""

import inspect

import pytest

from dari_nb.client import AsyncClient, Client

NOUNS = {
    "agents": {
        "list",
        "get",
        "publish",
        "publish_snapshot",
        "versions",
        "version",
        "bundle_files",
        "read_bundle_file",
        "set_model_backend",
        "delete",
        "send",
    },
    "snapshots": {"create", "upload", "finalize", "manifest", "delete"},
    "sessions": {
        "create",
        "get",
        "list",
        "send",
        "submit_tool_result",
        "cancel",
        "events",
        "stream",
        "messages",
        "transcript",
        "workspace",
    },
    "messages": {"get"},
    "batches": {"create", "get", "wait"},
    "files": {"upload"},
    "webhooks": {"get", "set", "clear", "rotate"},
    "costs": {"session"},
    "credentials": {"list", "put", "delete"},
    "storage_bindings": {"list", "create"},
    "api_keys": {"list", "create", "delete"},
    "members": {"list", "invite"},
}


def public(thing: object) -> set[str]:
    return {name for name in dir(thing) if not name.startswith("_")}


@pytest.fixture(scope="module")
def clients():
    return Client("http://127.0.0.1:9", "dari_key"), AsyncClient("http://127.0.0.1:9", "dari_key")


def verbs(clients):
    return [
        (name, *(getattr(getattr(client, noun), name) for client in clients))
        for noun in NOUNS
        for name in NOUNS[noun]
    ]


def test_the_nouns_and_verbs_are_these_on_both_sides(clients):
    for client in clients:
        assert public(client) == {*NOUNS, "copy", "base_url", "close", "extensions", "request"}
        assert {noun: public(getattr(client, noun)) for noun in NOUNS} == NOUNS


def test_verbs_have_the_same_parameters_and_results_on_both_sides(clients):
    for name, sync, awaited in verbs(clients):
        mine, theirs = inspect.signature(sync), inspect.signature(awaited)
        assert mine.parameters == theirs.parameters
        assert name == "stream" or mine.return_annotation == theirs.return_annotation
    assert str(inspect.signature(Client)).replace("Client", "") == str(
        inspect.signature(AsyncClient)
    ).replace("AsyncClient", "")


def test_what_no_verb_knows_is_asked_for_in_the_same_way_on_both_sides():
    assert inspect.signature(Client.request) == inspect.signature(AsyncClient.request)


def test_verbs_have_the_same_documentation_and_their_own_names(clients):
    for name, sync, awaited in verbs(clients):
        assert sync.__name__ == awaited.__name__ == name
        assert sync.__doc__ == awaited.__doc__
        assert len(sync.__doc__) > 60


def test_async_verbs_are_coroutine_functions_except_streams(clients):
    for name, sync, awaited in verbs(clients):
        assert inspect.iscoroutinefunction(awaited) is (name != "stream")
        assert not inspect.iscoroutinefunction(sync)
