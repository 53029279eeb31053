"""Calls of custom tools, in the sandbox."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import msgspec

from ...models.nesting import is_nested_deeper
from ..agents.tools import ToolOutcome, ToolSpec, ToolTrouble
from ..bundles.archive import Files
from ..bundles.declared import folder_of
from ..json_schema.schemas import checked, flaw_of
from ..sandbox.bubblewrap import Room
from ..sandbox.limits import Limits, in_words
from ..sandbox.process import Finished, run_sandboxed
from ..sandbox.runtimes import Runtime, runtime_of
from ..store.records import JsonObject
from .reading import shortened
from .unpacked import Unpacked

_DEEPEST = 50
_SAID = 2000


class CustomTool:
    """A tool of kind ``main``: a handler in the bundle.

    Args:
        spec: What it is.
        entry: Its entry in the manifest, which has been checked.
        files: The files of the bundle.
        bundle: The same, as a folder.
        room: What its sandbox shows, without the bundle.
        variables: Its environment.
        limits: What a call may take.
    """

    def __init__(
        self,
        spec: ToolSpec,
        entry: JsonObject,
        files: Files,
        bundle: Unpacked,
        room: Room,
        variables: Mapping[str, str],
        limits: Limits,
    ) -> None:
        self._spec = spec
        file, _, self._export = str(entry["handler"]).partition(":")
        inside = f"{folder_of(entry)}/{file}"
        self._file = f"/bundle/{inside if inside in files else file}"
        self._retries = int(entry.get("retries") or 0)
        self._bundle = bundle
        self._runtime: Runtime = runtime_of(str(entry["runtime"]), file)
        self._room = replace(room, binds=(*room.binds, *self._runtime.binds))
        self._variables = {**self._runtime.variables, **variables}
        self._limits = replace(limits, seconds=spec.timeout_seconds or limits.seconds)

    async def __call__(self, arguments: dict[str, Any]) -> ToolOutcome:
        """Run a call; one that fails is run again as often as the manifest's ``retries`` says.

        Raises:
            ToolTrouble: The handler failed each time, or gave nothing that can be used.
        """
        given = msgspec.json.encode(arguments)
        for _ in range(self._retries):
            try:
                return await self._called(given)
            except ToolTrouble:
                continue
        return await self._called(given)

    async def _called(self, given: bytes) -> ToolOutcome:
        room = replace(self._room, bundle=await self._bundle.folder())
        program = [*self._runtime.program, self._file, self._export]
        done = await run_sandboxed(room, program, self._limits, self._variables, given)
        result = _result(done, self._limits)
        schema = self._spec.output_schema
        if schema is not None and (flaw := await checked(flaw_of, result, schema)):
            raise ToolTrouble(f"The tool's result does not fit its schema: {flaw}")
        return ToolOutcome(result)


def _result(done: Finished, limits: Limits) -> Any:
    if done.stopped:
        raise ToolTrouble(f"The tool was stopped: {done.stopped}.{_said(done)}")
    if done.output.total > limits.result_bytes:
        most = in_words(limits.result_bytes)
        raise ToolTrouble(f"The tool's result has {done.output.total} bytes, more than {most}.")
    try:
        answer = msgspec.json.decode(done.output.data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        answer = None
    if not isinstance(answer, dict) or not {"result", "error"} & set(answer):
        raise ToolTrouble(f"The tool ended with exit code {done.code}, no result.{_said(done)}")
    if "error" in answer:
        raise ToolTrouble(f"The tool failed: {shortened(str(answer['error']), _SAID)}{_said(done)}")
    if is_nested_deeper(answer["result"], _DEEPEST):
        raise ToolTrouble("The tool's result is nested too deeply.")
    return answer["result"]


def _said(done: Finished) -> str:
    """The end of what the handler printed, its traceback included."""
    text = done.errors.text.strip()
    return f"\nIt printed:\n{text[-_SAID:]}" if text else ""
