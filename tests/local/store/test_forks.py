"""Processes forked from one that serves a file, however they end."""

import os
import signal

import pytest

from dari_nb.local import LocalDari

FORKED = """
pid = os.fork()
if pid == 0:
    try:
        {deed}
    except SystemExit:
        raise
    except BaseException:
        os._exit(3)
    os._exit(0)
assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == {status}
""".strip().splitlines()
ENDS = {
    "exits at once": ("os._exit(0)", 0),
    "exits": ("import atexit; sys.exit(0)", 0),
    "fails": ("raise OSError", 3),
    "stops the server": ("server.stop(); sys.exit(0)", 0),
    "leaves the server's block": ("server.__exit__(None, None, None); sys.exit(0)", 0),
    "collects garbage": ("del server; import gc; gc.collect(); sys.exit(0)", 0),
    "runs another program": ("os.execv('/bin/true', ['true'])", 0),
}


def program(deed, status):
    return [line.format(deed=deed, status=status) for line in FORKED]


def asked(api, count=5):
    return [api.ask("echo", f"question {number}")["session_id"] for number in range(count)]


def events_of(api, ids):
    return {(one, e["sequence_number"]): e for one in ids for e in api.events(one)}


@pytest.mark.parametrize("end", ENDS)
def test_the_parent_goes_on_and_a_later_kill_loses_nothing(path, serve, call, opening, end):
    served = serve(path)
    with call(served) as api:
        ids = asked(api)
        for _ in range(2):
            served.does(*program(*ENDS[end]))
            ids += asked(api)
        assert "is open in another local Dari" in opening(path)
        everything = events_of(api, ids)
        served.kill()
    with LocalDari(path) as server, call(server) as api:
        assert events_of(api, ids).items() >= everything.items()


@pytest.mark.parametrize(
    "use",
    [
        "server.agents",
        "server.agent('new')(lambda prompt: prompt)",
        "server.organization('row two')",
        "server.start()",
        "server.backup(path + '.copy')",
    ],
)
def test_using_it_in_the_child_is_an_error_that_says_where_it_is(path, serve, use):
    served = serve(path)
    told = f"served by process {served.process.pid}"
    deed = f"exec('try: {use.replace(chr(39), chr(34))}\\nexcept ValueError as e: assert "
    deed += f'"{told}" in str(e)\\nelse: raise OSError' + "')"
    served.does(*program(deed, 0))


def test_one_in_memory_stays_with_its_process_too(serve, call):
    served = serve(":memory:")
    with call(served) as api:
        session_id = api.ask("echo", "hello")["session_id"]
        deed = "exec('try: server.agents\\nexcept ValueError: pass\\nelse: raise OSError')"
        served.does(*program(deed, 0))
        served.does(*program("sys.exit(0)", 0))
        assert api.events(session_id)


def test_temporary_workspaces_outlive_a_child_that_exits(serve, call):
    served = serve(":memory:")
    with call(served) as api:
        file_id = api.upload("notes.txt", b"alpha\n")
        session_id = api.ask("librarian", "alpha?", file_id)["session_id"]
        served.does(*program("sys.exit(0)", 0))
        assert api.http.get(f"/sessions/{session_id}/workspace.zip").status_code == 200


def test_a_child_by_multiprocessing_speaks_to_the_parent_over_http(path, serve):
    served = serve(path)
    served.does(
        "import multiprocessing, httpx",
        "def look(answers):",
        "    headers = {'Authorization': 'Bearer ' + server.api_key}",
        "    answers.put(httpx.get(server.url + '/v1/agents', headers=headers).status_code)",
        "context = multiprocessing.get_context('fork')",
        "answers = context.Queue()",
        "child = context.Process(target=look, args=(answers,))",
        "child.start()",
        "assert answers.get(timeout=20) == 200",
        "child.join()",
        "assert child.exitcode == 0",
    )


def test_a_child_that_lives_on_keeps_neither_the_file_nor_the_address(path, serve, call, opening):
    served = serve(path)
    served.does(
        "import time",
        "pid = os.fork()",
        "if pid == 0:",
        "    time.sleep(60)",
        "    os._exit(0)",
        "written = open(path + '.pid', 'w').write(str(pid))",
    )
    port = int(served.url.rsplit(":", 1)[1])
    served.kill()
    assert opening(path) == "opened"
    with LocalDari(path, port=port) as server, call(server) as api:
        assert api.ask("echo", "hello")["status"] == "completed"
    os.kill(int(path.with_name("course.db.pid").read_text()), signal.SIGKILL)


def test_forks_under_load_neither_hang_nor_lose(path, serve, call):
    served = serve(path)
    with call(served) as api:
        served.does(
            "from threading import Thread",
            "def fork():",
            "    for _ in range(100):",
            "        pid = os.fork()",
            "        if pid == 0:",
            "            sqlite3.connect(':memory:').execute('SELECT 1')",
            "            os._exit(0)",
            "        os.waitpid(pid, 0)",
            "forking = [Thread(target=fork) for _ in range(2)]",
            "[one.start() for one in forking]",
        )
        ids = asked(api, 50)
        served.does("[one.join() for one in forking]")
        everything = events_of(api, ids)
        served.kill()
    with LocalDari(path) as server, call(server) as api:
        assert events_of(api, ids).items() >= everything.items()
