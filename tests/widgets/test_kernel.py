"""The kernel's id, which Stop needs while a cell blocks."""

from types import SimpleNamespace

import pytest

from dari_nb.widgets import _kernel


@pytest.mark.parametrize(
    ("shell", "kernel_id"),
    [
        (None, ""),
        (
            SimpleNamespace(config={"IPKernelApp": {"connection_file": "kernel-a1-b2.json"}}),
            "a1-b2",
        ),
        (SimpleNamespace(config={"IPKernelApp": {"connection_file": "other.json"}}), ""),
    ],
)
def test_the_kernel_id_is_in_the_name_of_the_connection_file(monkeypatch, shell, kernel_id):
    monkeypatch.setattr(_kernel, "get_ipython", lambda: shell)
    assert _kernel.current_kernel_id() == kernel_id
