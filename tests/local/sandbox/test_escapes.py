"""What runs in the sandbox tries to get out, to see, and to rise: nothing of it works."""

import os
import shlex
import socket
import threading
from pathlib import Path

import pytest

from ..tools.conftest import PYTHON, SECRET

SYSCALLS = """
import ctypes, errno, platform
libc = ctypes.CDLL(None, use_errno=True)
column = ["x86_64", "aarch64"].index(platform.machine())
def call(numbers, *args):
    ctypes.set_errno(0)
    result = libc.syscall(numbers[column], *args)
    return errno.errorcode.get(ctypes.get_errno(), "fine") if result < 0 else "fine"
"""


def test_only_the_workspace_the_bundle_and_programs_are_seen(python, outside):
    seen = set(python.gets("bash", command="ls /").split())
    wanted = {"bin", "bundle", "dev", "etc", "lib", "opt", "proc", "tmp", "usr", "workspace"}
    assert seen - {"sbin", "lib32", "lib64", "libx32"} == wanted
    assert python.gets("bash", command="ls -A /tmp /dev/shm") == "/dev/shm:\n\n/tmp:\n"
    etc = python.gets("bash", command="ls /etc").split()
    assert set(etc) <= {"alternatives", "ld.so.cache"}
    assert "No such file" in python.fails("bash", command=f"cat {outside}")
    assert "No such file" in python.fails("bash", command=f"ls {Path.home()}")
    code = f"import os; said = [os.path.exists(p) for p in ({str(outside)!r}, '/root', '/home')]"
    assert python.gets("python", code=code) == [False, False, False]


def test_no_process_and_no_variable_of_the_server_is_seen(python, monkeypatch):
    monkeypatch.setenv("DARI_TEST_KEY", SECRET)
    everything = "env; cat /proc/*/environ /proc/*/cmdline | tr '\\0' '\\n'; ls -l /proc/*/exe"
    seen = python.bash(everything).result
    assert SECRET not in seen
    assert " -m pytest" not in seen.replace("\n", " ")
    assert int(python.gets("bash", command="ls -d /proc/[0-9]* | wc -l")) < 6
    code = "import os; said = dict(os.environ)"
    assert SECRET not in python.gets("python", code=code).values()
    assert "OLDPWD" in python.gets("python", code=code)


def succeeded(someone, commands):
    """Which of these commands succeed, each in a shell of its own within one sandbox."""
    tried = [f"( {each} ) >/dev/null 2>&1 && echo {shlex.quote(each)}" for each in commands]
    *lines, last = someone.gets("bash", command="\n".join([*tried, "echo end"])).splitlines()
    assert last == "end"
    return lines


PROC = [
    "/proc/1/root/root",
    "/proc/1/root/home",
    "/proc/1/cwd/../root",
    "/proc/self/root/root",
    "/proc/self/cwd/../sessions",
    "/proc/self/fd/3",
]


def test_proc_leads_nowhere(someone):
    assert succeeded(someone, [f"ls {path}/" for path in PROC]) == []


KERNEL = [
    "head -c 1 /proc/kcore",
    "head -c 1 /proc/1/mem",
    "echo b > /proc/sysrq-trigger",
    "echo /workspace/x > /proc/sys/kernel/core_pattern",
    "echo 1 > /proc/sys/kernel/randomize_va_space",
    "echo -1000 > /proc/1/oom_score_adj",
    "ls /sys/kernel",
    "dmesg",
    "head -c 1 /dev/mem",
    "head -c 1 /dev/vda || head -c 1 /dev/sda",
    "mknod /workspace/null c 1 3",
    "mknod /tmp/disk b 254 0",
    "exec 3<>/dev/tty",
]


def test_kernel_and_devices_are_out_of_reach(someone):
    assert succeeded(someone, KERNEL) == []


def test_the_devices_are_the_harmless_ones(someone):
    devices = set(someone.gets("bash", command="ls /dev").split())
    harmless = {"core", "fd", "full", "null", "ptmx", "pts", "random", "shm", "console"}
    assert devices <= harmless | {"stderr", "stdin", "stdout", "tty", "urandom", "zero"}


RIGHTS = [
    "mount -t tmpfs tmpfs /tmp",
    "mount -o remount,rw /bundle",
    "mount --bind /workspace /usr",
    "umount /bundle",
    "umount -l /",
    "chroot /workspace /bin/true",
    "unshare --user --map-root-user true",
    "unshare --net true",
    "nsenter --target 1 --mount true",
    "setpriv --reuid 0 true",
    "setpriv --regid 0 --clear-groups true",
    "hostname mine",
    "nice -n -5 true 2>&1 | grep -q 'cannot set' && exit 1",
    "date -s 2020-01-01",
]


def test_rights_are_neither_held_nor_got(someone):
    assert succeeded(someone, RIGHTS) == []


def test_no_right_is_left_and_set_uid_gives_none(someone):
    status = someone.gets("bash", command="cat /proc/self/status")
    lines = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert {lines[f"Cap{name}"] for name in ("Inh", "Prm", "Eff", "Bnd", "Amb")} == {"0" * 16}
    assert (lines["NoNewPrivs"], lines["Seccomp"]) == ("1", "2")
    assert lines["Uid"].split() == lines["Gid"].split() == ["1000"] * 4
    copied = "cp /usr/bin/id mine; chmod u+s,g+s mine; ./mine -u; find /usr/bin -perm -4000 | wc -l"
    assert someone.gets("bash", command=copied).split()[0] == "1000"
    assert "1000" in someone.gets("bash", command="su -c 'id -u' 2>&1; id -u")


def test_the_sandbox_user_owns_nothing_where_the_server_is_root(someone):
    someone.bash("touch mine")
    owner = (someone.workspace / "mine").stat().st_uid
    assert owner == (64_999 if os.geteuid() == 0 else os.geteuid())
    assert someone.workspace.stat().st_mode & 0o777 == 0o700


CALLS = {
    "ptrace": ("(101, 117), 16, 1, 0, 0", "EPERM"),
    "ptrace (of itself)": ("(101, 117), 0, 0, 0, 0", "EPERM"),
    "process_vm_readv": ("(310, 270), 1, 0, 0, 0, 0, 0", "EPERM"),
    "keyctl": ("(250, 219), 0, -3, 1", "EPERM"),
    "mount": ("(165, 40), 0, 0, 0, 0, 0", "EPERM"),
    "bpf": ("(321, 280), 0, 0, 0", "EPERM"),
    "perf_event_open": ("(298, 241), 0, 0, -1, -1, 0", "EPERM"),
    "io_uring_setup": ("(425, 425), 1, 0", "EPERM"),
    "userfaultfd": ("(323, 282), 1", "EPERM"),
    "memfd_create": ("(319, 279), b'x', 0", "EPERM"),
    "shmget": ("(29, 194), 0, 4096, 0o1600", "EPERM"),
    "unshare (user)": ("(272, 97), 0x10000000", "EPERM"),
    "clone (user)": ("(56, 220), 0x10000000, 0, 0, 0, 0", "EPERM"),
    "clone3": ("(435, 435), 0, 0", "ENOSYS"),
    "setns": ("(308, 268), 0, 0", "EPERM"),
    "open_by_handle_at": ("(304, 265), 0, 0, 0", "EPERM"),
    "init_module": ("(175, 105), 0, 0, b''", "EPERM"),
    "getpid": ("(39, 172)", "fine"),
}


def test_doors_of_the_kernel_are_shut(python):
    tried = ", ".join(f"{name!r}: call({call})" for name, (call, _) in CALLS.items())
    answers = python.gets("python", code=f"{SYSCALLS}\nsaid = {{{tried}}}")
    assert answers == {name: answer for name, (_, answer) in CALLS.items()}


def test_letters_cannot_be_put_into_a_terminal(python):
    code = (
        "import fcntl, pty, termios, os\nsaid = []\n"
        "ends = pty.openpty()\n"
        "for request in (0x5412, 0x541C):\n"
        "    try: fcntl.ioctl(ends[1], request, b'x')\n"
        "    except OSError as error: said.append(error.strerror)\n"
        "said.append(len(fcntl.ioctl(ends[1], termios.TIOCGWINSZ, bytes(8))))\n"
    )
    assert python.gets("python", code=code) == ["Operation not permitted"] * 2 + [8]


def test_other_processes_cannot_be_ended(someone):
    assert "No such process" in someone.fails("bash", command=f"kill -9 {os.getpid()}")
    assert "still" in someone.gets("bash", command="kill -9 1; echo still")
    own = "sleep 9 & kill -9 -1; wait $!; echo ended by $?"
    assert "ended by 137" in someone.gets("bash", command=own)
    assert someone.gets("bash", command="echo here") == "here\n"


WRITES = [
    "echo x > /bundle/new",
    "echo x >> /bundle/tools/python/tool.py",
    "rm /bundle/tools/python/tool.py",
    "chmod 777 /bundle",
    "mv /bundle/tools /bundle/other",
    "touch /usr/bin/new",
    "rm /usr/bin/env",
    "touch /new",
    "touch /dev/new",
    "touch /opt/new",
    "ln /usr/bin/env /workspace/env",
    "ln /bundle/tools/python/tool.py /workspace/tool.py",
]


def test_nothing_but_the_workspace_is_written(python):
    assert succeeded(python, WRITES) == []
    assert python.gets("bash", command="ls /bundle/tools/python") == "in.json\ntool.py\ntool.yml\n"


@pytest.fixture
def listener():
    """A server on the loopback address that counts its connections."""
    accepted = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def accept():
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                accepted.append(1)
                connection.close()

        thread = threading.Thread(target=accept)
        thread.start()
        yield server.getsockname()[1], accepted
        server.shutdown(socket.SHUT_RDWR)
    thread.join()


def test_there_is_no_network(python, listener):
    port, accepted = listener
    assert python.bash(f"exec 3<>/dev/tcp/127.0.0.1/{port}").is_error
    assert "ConnectionRefused" in python.fails(
        "python", code=f"import socket; said = socket.create_connection(('127.0.0.1', {port}))"
    )
    interfaces = python.gets("bash", command="tail -n +3 /proc/net/dev | cut -d: -f1").split()
    assert interfaces == ["lo"]
    assert not accepted


def test_an_abstract_socket_of_the_machine_is_not_reached(python):
    name = f"dari-{os.getpid()}"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(f"\0{name}")
        server.listen()
        code = f"import socket; said = socket.socket(socket.AF_UNIX).connect('\\0{name}')"
        assert "ConnectionRefusedError" in python.fails("python", code=code)


def test_the_network_is_there_when_the_session_has_it(agent, listener):
    port, accepted = listener
    someone = agent(**PYTHON, internet_access=True)
    someone.gets("bash", command=f"exec 3<>/dev/tcp/127.0.0.1/{port}; cat <&3")
    code = f"import socket; said = socket.create_connection(('127.0.0.1', {port})).recv(1).hex()"
    assert someone.gets("python", code=code) == ""
    assert len(accepted) == 2


def test_variables_of_the_manifest_have_no_effect_before_the_last_rights_are_gone(agent):
    sandbox = {"env": {"BASH_ENV": "/workspace/first.sh", "LD_PRELOAD": "/workspace/x.so"}}
    someone = agent(manifest={"sandbox": sandbox})
    (someone.workspace / "first.sh").write_text("id -u >> who; unset BASH_ENV LD_PRELOAD\n")
    said = someone.gets("bash", command="cat who")
    assert said.endswith("1000\n")
    assert said.count("1000") == 1
    assert said.count("cannot be preloaded") <= 2


def test_secrets_reach_the_sandbox_only_if_declared_and_stand_in_no_command_line(agent, wait):
    sandbox = {"env": {"COLOUR": "blue"}, "secrets": ["TOKEN", "ABSENT"]}
    secrets = {"TOKEN": "s3cret-value", "OTHER": "not-declared"}
    someone = agent(manifest={"sandbox": sandbox}, secrets=secrets)
    seen = someone.gets("bash", command="env; cat /proc/*/cmdline | tr '\\0' ' '; echo")
    assert "COLOUR=blue\n" in seen
    assert seen.count("s3cret-value") == 1
    assert "not-declared" not in seen


def test_with_the_network_come_no_unix_sockets_of_the_machine(agent, tmp_path):
    someone = agent(**PYTHON, internet_access=True)
    name = f"dari-net-{os.getpid()}"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(f"\0{name}")
        server.listen()
        code = f"import socket; said = socket.socket(socket.AF_UNIX).connect('\\0{name}')"
        assert "Address family not supported" in someone.fails("python", code=code)
    code = "import socket, asyncio\nasyncio.run(asyncio.sleep(0))\n"
    code += "a, b = socket.socketpair(); a.send(b'x'); said = b.recv(1).decode()\n"
    code += "said += str(socket.getaddrinfo('localhost', 80)[0][4][1])\n"
    code += "socket.socket(socket.AF_INET6, socket.SOCK_DGRAM).close()"
    assert someone.gets("python", code=code) == "x80"
    for family in ("AF_VSOCK", "AF_PACKET"):
        code = f"import socket; said = str(socket.socket(socket.{family}))"
        assert "OSError" in someone.fails("python", code=code)


def test_a_manifest_hands_no_variable_of_the_server_to_the_sandbox(agent, monkeypatch):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hosts-own-value")
    copies = {"A": "$AWS_SECRET_ACCESS_KEY", "B": "${AWS_SECRET_ACCESS_KEY}", "C": "`env`"}
    sandbox = {"env": copies, "secrets": ["AWS_SECRET_ACCESS_KEY"]}
    someone = agent(manifest={"sandbox": sandbox})
    assert "hosts-own-value" not in someone.gets("bash", command="env; cat /proc/1/environ; echo")
