"""A process forked from one that serves a file: errors in the child, no harm to the parent."""

import json
import subprocess
import sys

import pytest

import dari_nb as dari

from .conftest import stored_texts

PROGRAM = """
import json, multiprocessing, os, sys, warnings
import dari_nb as dari

warnings.simplefilter("ignore", DeprecationWarning)
path, way = sys.argv[1:]
server = dari.local.LocalDari(path).start()
client = dari.Client(server.url, server.api_key)
echo = client.agents.get("echo").id
sent = {}

def send(text):
    sent[client.agents.send(echo, text, idempotency_key=text).message.id] = text

def use(call):
    try:
        call()
    except dari.DariError as error:
        return [isinstance(error, dari.errors.InvalidRequestError), error.code]
    return "no error"

def child(pipe):
    calls = [
        lambda: server.agents,
        lambda: server.agent("new")(lambda prompt: prompt),
        lambda: server.backup(path + ".copy"),
        server.start,
    ]
    pipe.send([use(call) for call in calls])

def fork(number):
    ours, theirs = multiprocessing.Pipe()
    if way == "multiprocessing":
        process = multiprocessing.get_context("fork").Process(target=child, args=(theirs,))
        process.start()
        answer = ours.recv()
        process.join()
        return answer
    if (pid := os.fork()) == 0:
        child(theirs)
        if way == "exit":
            sys.exit(0)
        if way == "outlive the parent":
            sys.stdin.read()
        os._exit(0)
    answer = ours.recv()
    if way != "outlive the parent":
        os.waitpid(pid, 0)
    return answer

answers = []
for number in range(2):
    send(f"before {number}")
    answers.append(fork(number))
    send(f"after {number}")
print(json.dumps([answers, sent]), flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize("way", ["exit", "os._exit", "outlive the parent", "multiprocessing"])
def test_forked_child_raises_and_parent_loses_nothing(path, way):
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, path, way],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as parent:
        try:
            answers, sent = json.loads(parent.stdout.readline())
        finally:
            parent.kill()
            parent.wait()
        assert answers == [[[True, "forked_process"]] * 4] * 2
        assert len(sent) == 4
        server = dari.local.LocalDari(path)
        with server, dari.Client(server.url, server.api_key) as client:
            assert stored_texts(client) == sent
