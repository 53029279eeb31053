"""Runs a command in a folder that is gone in the end, however whoever wants it ends.

A script that stands alone: its arguments are the folder and the command. It writes the command's
exit status as a line; when its input ends, as it does when the process behind it is killed, it
ends the command and removes the folder.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import threading


def _report_end_of(process: subprocess.Popen[bytes]) -> None:
    status = process.wait()
    # Nobody may be there any more to read it.
    with contextlib.suppress(OSError):
        os.write(1, f"{status}\n".encode())


def main() -> None:
    """Run the command, wait for the end of the input, and leave nothing."""
    folder, *command = sys.argv[1:]
    with open(os.path.join(folder, "output.txt"), "wb") as output:  # noqa: PTH118, PTH123
        process = subprocess.Popen(  # noqa: S603
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
        )
    threading.Thread(target=_report_end_of, args=(process,), daemon=True).start()
    while os.read(0, 4096):
        pass
    process.kill()
    process.wait()
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
