"""The sandbox in which commands and custom tools run: processes that are shut in by bubblewrap.

What is promised, of a command that does its worst:

- It sees the workspace, the bundle (only to be read), ``/usr`` and two empty folders in memory, and
  what runs a custom tool (Python, Node, tsx) where that lies elsewhere; no home, no other file, no
  process, no variable of the server, and no network unless the session has internet access.
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
- ``internet_access``, where the operator allows it, is the machine's own network: with what listens
  on its loopback address and in its local net, the server itself included, and with its ports to
  listen on. Only its Unix sockets are out of reach.
- Secrets that the manifest hands to the sandbox are in the hands of what runs there.
"""
