"""The tools that an agent of the local Dari can use while it works.

The file tools (``read``, ``write``, ``edit``, ``ls``, ``find``, ``grep``) run in the server and
reach nothing outside of the session's workspace. ``bash`` and custom tools of kind ``main`` run in
a sandbox that bubblewrap makes anew for each call; where it cannot be made, they are not offered.

What is promised, of a command that does its worst:

- It sees the workspace, the bundle (only to be read), ``/usr`` and two empty folders in memory;
  no home, no other file, no process, no variable of the server, and no network unless the session
  has internet access.
- It holds no rights: no capabilities, no set-uid programs, no namespaces of its own, no devices,
  and fewer system calls. Where the server is root, it is a user who owns only the workspace.
- It is held to a time, a number of processes, an amount of memory and of disk, and an amount of
  output; what it starts ends with it.
- A file tool follows no link, whoever exchanges what while it looks, never writes into a file that
  has a second name, and opens no pipe or device.

What is not:

- The kernel is shared: a fault of the kernel is a way out. This is no virtual machine.
- ``/usr`` can be read, with whatever is installed there, and so can the version and the load of the
  machine, and the outer path of the workspace.
- Memory and disk are looked at ten times a second, and can be exceeded in between; buffers that the
  kernel keeps for pipes and sockets are not counted.
- ``internet_access`` is the machine's own network, with what listens on its loopback address and in
  its local net, the server itself included.
- Secrets that the manifest hands to the sandbox are in the hands of what runs there.
"""

from .limits import Limits
from .offered import tool_notes
from .sandbox import sandbox_available, sandbox_trouble
from .specs import ToolOutcome, ToolSpec, ToolTrouble
from .toolbox import Toolbox, toolbox_of

__all__ = [
    "Limits",
    "ToolOutcome",
    "ToolSpec",
    "ToolTrouble",
    "Toolbox",
    "sandbox_available",
    "sandbox_trouble",
    "tool_notes",
    "toolbox_of",
]
