"""How much the tools may take: time, memory, processes, files, output."""

from __future__ import annotations

from dataclasses import dataclass

KIB = 1024
MIB = 1024 * KIB


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What one workspace, and one run in the sandbox, may take.

    Attributes:
        seconds: Time that a run may last.
        memory_bytes: Memory of all processes of a run together, and of any one of them.
        processes: Processes and threads of a run.
        descriptors: Files that one process may have open.
        file_bytes: Size of any file that a run writes.
        workspace_bytes: Size of a workspace on disk.
        workspace_files: Files and folders in a workspace.
        scratch_bytes: Size of ``/tmp``, and of ``/dev/shm``, which a run starts with empty.
        output_bytes: Output that is kept: its first and its last half.
        flood_bytes: Output at which a run is stopped.
        result_bytes: Size of the result of a custom tool.
    """

    seconds: float = 60
    memory_bytes: int = 1024 * MIB
    processes: int = 64
    descriptors: int = 256
    file_bytes: int = 128 * MIB
    workspace_bytes: int = 512 * MIB
    workspace_files: int = 20_000
    scratch_bytes: int = 64 * MIB
    output_bytes: int = 32 * KIB
    flood_bytes: int = 8 * MIB
    result_bytes: int = MIB


def in_words(size: int) -> str:
    """Write a size for people.

    >>> in_words(700), in_words(32 * KIB), in_words(1_500_000)
    ('700 bytes', '32 KiB', '1.4 MiB')
    """
    if size < KIB:
        return f"{size} bytes"
    unit, name = (MIB, "MiB") if size >= MIB else (KIB, "KiB")
    return f"{size / unit:.1f}".removesuffix(".0") + f" {name}"
