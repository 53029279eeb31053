import hashlib
import io
import sys
import tarfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx
import pytest

from dari_nb.local import LocalDari

HERE = Path(__file__).parent
STAND_IN = HERE.parents[2] / "notebooks" / "stand_in.py"
KEYS = ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "OPENROUTER_API_KEY")
NO_TOOLS = "built_in_tools: []\n"
Json = dict[str, Any]


def load(path: Path) -> ModuleType:
    """Load a module by its path, as a notebook would."""
    spec = spec_from_file_location(f"llm_{path.stem}", path)
    module = module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def stand_ins() -> ModuleType:
    """The module of the stand-in."""
    return load(STAND_IN)


@pytest.fixture
def stand_in(stand_ins: ModuleType) -> Iterator[Any]:
    """An LLM server of this test's own."""
    with stand_ins.StandIn() as running:
        yield running


@pytest.fixture(autouse=True)
def _no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in KEYS:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="session")
def asking() -> Iterator[LocalDari]:
    """One local Dari for all tests that only ask; its tries come fast."""
    with LocalDari(llm_backoff=(0.01, 0.02), cost_delay=0.0) as server:
        yield server


@pytest.fixture
def serve(call: Callable[..., Any]) -> Iterator[Callable[..., Any]]:
    """Start a local Dari whose tries come fast; gives its caller."""
    with ExitStack() as stack:

        def serving(**options: Any) -> Any:
            options = {"llm_backoff": (0.01, 0.02), "cost_delay": 0.0} | options
            server = stack.enter_context(LocalDari(**options))
            caller = stack.enter_context(call(server))
            caller.server = server
            return caller

        yield serving


@pytest.fixture
def publish() -> Callable[..., Json]:
    """Publish a bundle: ``publish(api, "name", llm=…, files={path: text}, more="yaml")``."""

    def publishing(
        api: Any, name: str, llm: str, *, files: dict[str, str] | None = None, more: str = NO_TOOLS
    ) -> Json:
        manifest = f"name: {name}\nharness: pi\ninstructions: {{system: system.md}}\nllm: {llm}\n"
        bundle = {"dari.yml": manifest + more, "system.md": "Be brief.", **(files or {})}
        archive = packed({path: text.encode() for path, text in bundle.items()})
        body = {"format": "tar.gz", "sha256": hashlib.sha256(archive).hexdigest()}
        reserved = api.post("/source-snapshots", body | {"size_bytes": len(archive)})
        url, headers = reserved["upload_url"], reserved["upload_headers"]
        assert httpx.put(url, content=archive, headers=headers).status_code == 200
        snapshot_id = reserved["source_snapshot_id"]
        api.post(f"/source-snapshots/{snapshot_id}/finalize")
        return api.post("/agents", {"source_snapshot_id": snapshot_id})

    return publishing


def packed(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for path, content in files.items():
            info = tarfile.TarInfo(path)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return buffer.getvalue()
