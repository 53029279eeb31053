"""Runs llama.cpp with one model: a process of its own, which ends with the one that wants it.

A script that stands alone. Its first line of input is a JSON object that says what to run; the
line that it writes is ``{"url": …}`` as soon as it can be asked. It ends when its input does.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from typing import Any

_DIE_WITH_PARENT = 1


def main() -> None:
    """Load the model, tell the address, and wait for the end of the input."""
    _end_with_parent()
    given = json.loads(sys.stdin.buffer.readline())
    threading.Thread(target=_wait_for_end, daemon=True).start()
    if hasattr(os, "nice"):
        os.nice(5)
    # llama.cpp writes where it likes; all of that belongs into the log.
    answers = os.dup(1)
    os.dup2(2, 1)
    sys.path.append(given["library"])
    try:
        server = _server(given)
    except BaseException:
        _write_log()
        raise
    os.write(answers, json.dumps({"url": server.listening_address}).encode() + b"\n")
    os.close(answers)
    threading.Event().wait()


def _server(given: dict[str, Any]) -> Any:
    import xllamacpp  # type: ignore[import-untyped, import-not-found, unused-ignore]

    params = xllamacpp.CommonParams()
    params.model.path = given["path"]
    params.n_ctx = given["context"]
    params.sampling.dry_multiplier = given["dry"]
    params.n_parallel = given["parallel"]
    params.kv_unified = True
    params.warmup = False
    params.use_jinja = True
    params.ui = False
    params.endpoint_slots = False
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.api_keys = [given["key"]]
    # Its threads wait for each other by spinning: with all cores taken, one that is held up by
    # other work holds up all.
    threads = max(1, (os.cpu_count() or 1) // 2)
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = threads
    return xllamacpp.Server(params)


def _write_log() -> None:
    """Have llama.cpp write what it has not yet: its own thread does, and ends with this process.

    Its Python package has no way to that, so it is asked for by its name in the library.
    """
    import ctypes
    from contextlib import suppress

    import xllamacpp.xllamacpp as library  # type: ignore[import-untyped, import-not-found, unused-ignore]

    with suppress(OSError, AttributeError):
        functions = ctypes.CDLL(library.__file__)
        log = functions["_Z15common_log_mainv"]
        write = functions["_Z16common_log_flushP10common_log"]
        log.restype, write.argtypes = ctypes.c_void_p, [ctypes.c_void_p]
        write(log())


def _end_with_parent() -> None:
    """Have the kernel end this process with its parent, also while a model is loaded."""
    if sys.platform != "linux":
        return
    import ctypes

    ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL, 0, 0, 0)


def _wait_for_end() -> None:
    while os.read(0, 4096):
        pass
    os._exit(0)


if __name__ == "__main__":
    main()
