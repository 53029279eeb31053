"""Kernels to speak to as a front end does, reached by files: a free port may be taken meanwhile.

They are forked from a process that has imported what kernels import, which is most of what the
start of one costs, and so are those of the Jupyter servers that tests look at with a browser. Those
of the notebooks are started as people's are.
"""

import atexit
import multiprocessing
import os
import shutil
import signal
import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import AsyncKernelManager, KernelManager
from jupyter_client.provisioning import LocalProvisioner
from jupyter_client.provisioning.factory import KernelProvisionerFactory

IMPORTED = [
    "ipykernel.kernelapp",
    "ipykernel.ipkernel",
    "ipykernel.zmqshell",
    "latex2mathml.converter",
    "markdown_it",
    "mdit_py_plugins.dollarmath",
    "mdit_py_plugins.gfm_autolink",
    "nh3",
    "uvicorn.lifespan.off",
    "uvicorn.protocols.http.h11_impl",
    "dari_nb.local.server",
    "dari_nb.magics",
    "dari_nb.render.page.fallback",
    "dari_nb.widgets",
    "dari_nb.resources.batches.matrix_view",
    "dari_nb.resources.batches.subject",
    "dari_nb.resources.sessions.browser",
    "dari_nb.resources.display.turn",
]
KERNEL = """
import atexit, os, sys
os.setsid()
os.environ.clear()
os.environ.update(env)
os.chdir(folder)
sys.argv = [*argv, f"--IPKernelApp.parent_handle={os.getppid()}"]
from ipykernel.kernelapp import launch_new_instance
from ipywidgets import register_comm_target
register_comm_target()  # done by its import, where a kernel is there by then
try:
    launch_new_instance()
finally:
    atexit._run_exitfuncs()
"""

_forks = multiprocessing.get_context("forkserver")
_forks.set_forkserver_preload(IMPORTED)


class Forked(LocalProvisioner):
    """Has the kernel's process forked."""

    async def launch_kernel(self, cmd: list[str], **options: Any) -> Any:
        self.process = _Fork(cmd, options["env"], str(options.get("cwd") or Path.cwd()))
        self.pid = self.pgid = self.process.pid
        return self.connection_info


class _Fork:
    """A forked process, used as one of ``subprocess``."""

    stdin = stdout = stderr = None

    def __init__(self, argv: list[str], env: Mapping[str, str], folder: str) -> None:
        settings = {"argv": argv[2:], "env": dict(env), "folder": folder}
        self._process = _forks.Process(target=exec, args=(KERNEL, settings), daemon=True)
        self._process.start()
        self.pid = self._process.pid

    def poll(self) -> int | None:
        return self._process.exitcode

    def wait(self) -> int | None:
        self._process.join()
        return self.poll()

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def manager(kind: type[KernelManager] = AsyncKernelManager) -> KernelManager:
    """Make the manager of a kernel that is not started yet."""
    # Not below a test's own folder, whose name is too long for a socket.
    place = tempfile.mkdtemp(prefix="kernel-")
    atexit.register(shutil.rmtree, place, ignore_errors=True)
    made = kind(kernel_name="python3", transport="ipc", ip=f"{place}/k")
    _factory()
    made.kernel_spec.metadata = {"kernel_provisioner": {"provisioner_name": "forked"}}
    return made


def fork_all() -> None:
    """Have all kernels forked that this process starts."""
    _factory().default_provisioner_name = "forked"


def _factory() -> KernelProvisionerFactory:
    factory = KernelProvisionerFactory.instance()
    factory.provisioners["forked"] = SimpleNamespace(load=lambda: Forked)
    return factory


def started(env: Mapping[str, str] | None = None) -> tuple[KernelManager, BlockingKernelClient]:
    """Start a kernel, and wait until it answers."""
    kernel = manager(KernelManager)
    kernel.start_kernel(**({} if env is None else {"env": dict(env)}))
    client = kernel.blocking_client()
    client.start_channels()
    client.wait_for_ready(timeout=180)
    return kernel, client
