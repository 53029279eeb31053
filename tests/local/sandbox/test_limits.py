"""What runs in the sandbox takes all that it can get: it is stopped, and leaves nothing behind."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ..tools.conftest import PYTHON, running

MIB = 1024 * 1024


@pytest.fixture
def mark(request, wait):
    """A word for a command; in the end no process of the machine has it in its command line."""
    word = f"mark-{os.getpid()}-{time.monotonic_ns()}"
    yield word
    assert wait(lambda: running(word), lambda found: not found) == []


def test_a_command_that_takes_too_long_is_stopped_with_what_it_wrote(someone, mark):
    said = someone.fails("bash", command=f"echo so far; sleep 1000; echo {mark}", timeout=1)
    assert said == "so far\n[Stopped: it took longer than 1 s.]"


def test_a_command_that_ignores_all_signals_is_stopped(someone, mark):
    stubborn = f"trap '' $(seq 1 8) $(seq 10 18); while :; do :; done # {mark}"
    assert "took longer" in someone.fails("bash", command=stubborn, timeout=1)


@pytest.mark.parametrize(
    "command",
    [
        "{sleep} & echo started",
        "(setsid bash -c '{sleep} & exec sleep 100' <&- >&- 2>&- &); echo started",
    ],
)
def test_what_a_command_leaves_running_ends_with_it(someone, mark, command):
    command = command.format(sleep=f'bash -c "exec -a {mark} sleep 1000"')
    assert someone.gets("bash", command=command) == "started\n"


BOMB = ":(){ :|:& };: ; wait; sleep 9"


def test_a_fork_bomb_is_contained_and_the_server_goes_on_answering(someone, mark):
    async def attack():
        command = {"command": f"{BOMB} # {mark}", "timeout": 60}
        bomb = asyncio.create_task(someone.toolbox.run("bash", command))
        seen = [0]
        # Whoever looks so often has the server's loop to itself, beside the bomb.
        while max(seen) <= 20 or len(seen) < 20:
            seen.append(len(await asyncio.to_thread(running, mark)))
            assert not bomb.done()
        bomb.cancel()
        with pytest.raises(asyncio.CancelledError):
            await bomb
        return max(seen)

    assert asyncio.run(attack()) < 80
    said = someone.fails("bash", command=f"{BOMB} # {mark}", timeout=1)
    assert "took longer" in said or "fork" in said
    assert someone.gets("bash", command="echo here") == "here\n"


def test_a_process_too_many_is_refused_and_told(agent):
    python = agent(**PYTHON, limits={"processes": 20})
    code = (
        "import os, time\nsaid = 0\n"
        "try:\n"
        "    while True:\n"
        "        if not os.fork(): time.sleep(100)\n"
        "        said += 1\n"
        "except BlockingIOError: pass\n"
    )
    assert 10 < python.gets("python", code=code) < 20
    threads = "import threading, time\nfor n in range(99): threading.Thread(target=time.sleep, "
    assert "can't start new thread" in python.fails(
        "python", code=f"{threads}args=(9,), daemon=True).start()"
    )


def test_a_process_that_wants_too_much_memory_does_not_get_it(agent):
    python = agent(**PYTHON, limits={"memory_bytes": 200 * MIB})
    assert "MemoryError" in python.fails("python", code="said = len(bytearray(300_000_000))")
    assert python.gets("python", code="said = len(bytearray(100_000_000))") == 100_000_000


@pytest.mark.parametrize(
    "held",
    [
        "mmap.mmap(-1, 300 << 20).write(b'x' * (300 << 20))",
        "[os.fork() or (bytearray(b'x') * (60 << 20), time.sleep(9)) for _ in range(5)]",
    ],
    ids=["shared", "of several processes"],
)
def test_processes_that_take_too_much_memory_together_are_stopped(agent, held):
    python = agent(**PYTHON, limits={"memory_bytes": 200 * MIB})
    code = f"import mmap, os, time\nheld = {held}\ntime.sleep(9)"
    if held.startswith("mmap"):
        code = "import mmap, time\nm = mmap.mmap(-1, 300 << 20)\nfor _ in range(300):"
        code += " m.write(bytes([1]) * (1 << 20))\ntime.sleep(9)"
    said = python.fails("python", code=code)
    assert "stopped: it took more than 200 MiB of memory" in said


def test_output_without_end_is_stopped(someone):
    said = someone.fails("bash", command="yes; echo end")
    assert "Stopped: it wrote more than 8 MiB" in said
    assert len(said) < 34_000


def test_long_output_keeps_its_beginning_and_its_end_and_says_what_is_missing(someone):
    said = someone.gets(
        "bash", command="echo first; head -c 100000 /dev/zero | tr '\\0' x; echo; echo last"
    )
    assert said.startswith("first\nxxx")
    assert said.endswith("xxx\nlast\n")
    assert f"\n[{100_012 - 32 * 1024} bytes left out]\n" in said


def test_errors_come_with_the_output_in_order(someone):
    outcome = someone.bash("echo one; echo two >&2; echo three; exit 3")
    assert (outcome.result, outcome.is_error) == ("one\ntwo\nthree\n[Exit code 3.]", True)
    assert someone.gets("bash", command="true") == "[No output.]"


FILL = {
    "many files": "for n in $(seq 1000); do head -c 5M /dev/zero > file$n; done",
    "many names": "mkdir d; cd d; while :; do : > $RANDOM$RANDOM$RANDOM; done",
}


@pytest.mark.parametrize("command", FILL.values(), ids=FILL)
def test_a_disk_that_is_filled_is_noticed_and_nothing_more_can_be_written(agent, command):
    limits = {"workspace_bytes": 40 * MIB, "workspace_files": 2000, "seconds": 20}
    someone = agent(limits={**limits, "file_bytes": 500 * MIB})
    said = someone.fails("bash", command=command)
    assert "Stopped: the workspace h" in said
    used = sum(path.stat().st_blocks * 512 for path in Path(someone.workspace).rglob("*"))
    assert used < 1000 * MIB
    assert someone.bash("head -c 1M /dev/zero > more").is_error
    someone.fails("write", path="more", content="x")
    someone.gets("bash", command="rm -rf /workspace/*")
    someone.gets("write", path="more", content="x")
    someone.gets("bash", command="echo more >> more")


def test_one_file_cannot_be_larger_than_the_limit(agent):
    someone = agent(limits={"file_bytes": MIB})
    for command in ("head -c 2M /dev/zero > file", "truncate -s 2M file", "fallocate -l 2M file"):
        assert someone.bash(command).is_error
        assert (someone.workspace / "file").stat().st_size <= MIB


def test_folders_in_memory_are_small(agent):
    someone = agent(limits={"scratch_bytes": MIB})
    for place in ("/tmp", "/dev/shm"):
        assert "No space left" in someone.fails("bash", command=f"head -c 2M /dev/zero > {place}/x")


def test_a_call_that_is_given_up_ends_its_processes(someone, mark, wait):
    async def give_up():
        call = someone.toolbox.run("bash", {"command": f"sleep 100 # {mark}; true"})
        task = asyncio.create_task(call)
        while not await asyncio.to_thread(running, mark):
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(give_up())


SERVER = """
import asyncio, sys
from pathlib import Path
from dari_nb.local.sandbox.limits import Limits
from dari_nb.local.sandbox.process import run_sandboxed
from dari_nb.local.sandbox.bubblewrap import Room
room = Room(workspace=Path(sys.argv[1]))
asyncio.run(run_sandboxed(room, ["/bin/bash", "-c", input()], Limits(), {}))
"""


def test_a_server_that_is_killed_takes_its_sandboxes_with_it(workspace, mark, wait):
    line = [sys.executable, "-c", SERVER, str(workspace)]
    begun = workspace / "begun"
    with subprocess.Popen(line, stdin=subprocess.PIPE, text=True) as server:
        server.stdin.write(f"trap '' TERM HUP; touch begun; sleep 100; true {mark}\n")
        server.stdin.flush()
        try:
            wait(begun.exists, bool, 30)
        finally:
            server.send_signal(signal.SIGKILL)
