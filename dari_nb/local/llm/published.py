"""Published versions as agents: the manifest says which model, which prompt, which tools."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace
from importlib import import_module
from typing import NamedTuple

from ..agents import Turn, TurnFailure
from ..bundles.allowances import Allowance
from ..bundles.bundles import Bundles
from ..store.records import FIRST_ORG, JsonObject, SessionRecord, VersionRecord
from ..tools import Toolbox, toolbox_of
from .agent import LlmAgent, ModelContext
from .keys import SessionSecrets, key_of, may_take_from_environment
from .llms import Llms
from .settings import Llm, option_llm
from .skills import skills_text, with_skills

_NO_KEY = (
    'The agent "{name}" asks {llm}, and there is no key for it: put the credential {key}{variable}'
    ", or give the session an llm_api_key. A server can also bring an LLM of its own for it: "
    "LocalDari(llms={{{option!r}: …}})."
)
_NO_LLM = (
    'The agent "{name}" has no LLM {option!r}: this server has {known}. '
    "Add it again with LocalDari.add_llms({{{option!r}: …}})."
)
_CUSTOM = 'The agent "{name}" brings a runtime server of its own, which a local Dari does not run.'


class _Call(NamedTuple):
    """One session's version with what keys it may use."""

    session: SessionRecord
    version: VersionRecord
    org_id: str
    allowance: Allowance
    own: SessionSecrets
    credentials: Mapping[str, str]

    @property
    def name(self) -> str:
        return str(self.version.manifest.get("name"))


class PublishedAgents:
    """Makes agent functions out of published versions.

    Args:
        bundles: Their files.
        llms: The server's LLMs.
        allowance_of: What the operator lets an organization do.
        credentials_of: The stored credentials of an organization.
        secrets_of: What a session was given.
    """

    def __init__(
        self,
        bundles: Bundles,
        llms: Llms,
        allowance_of: Callable[[str], Allowance],
        credentials_of: Callable[[str], Mapping[str, str]],
        secrets_of: Callable[[str], SessionSecrets],
    ) -> None:
        self._bundles = bundles
        self._llms = llms
        self._allowance_of = allowance_of
        self._credentials_of = credentials_of
        self._secrets_of = secrets_of

    def agent(self, session: SessionRecord, version: VersionRecord, org_id: str) -> LlmAgent | None:
        """The function that answers in a session, or ``None`` where only code could."""
        if version.manifest.get("harness") == "local":
            return None
        call = self._call(session, version, org_id)

        async def context_for(turn: Turn) -> ModelContext:
            return await self._context(call, turn)

        return LlmAgent(context_for, self._llms.sender, self._llms.prices, self._llms.backoff)

    def llm_of(self, session: SessionRecord, version: VersionRecord, org_id: str) -> Llm | None:
        """The model that would be asked in a session, or ``None`` where there is none."""
        if version.manifest.get("harness") == "local":
            return None
        try:
            return self._llm(self._call(session, version, org_id))
        except TurnFailure:  # its turn says so
            return None

    def check(self, session: SessionRecord, version: VersionRecord, org_id: str) -> None:
        """Check that a model can be asked in a session.

        Raises:
            TurnFailure: None can.
        """
        self._asked(self._call(session, version, org_id))

    def _call(self, session: SessionRecord, version: VersionRecord, org_id: str) -> _Call:
        credentials, own = self._credentials_of(org_id), self._secrets_of(session.id)
        return _Call(session, version, org_id, self._allowance_of(org_id), own, credentials)

    async def _context(self, call: _Call, turn: Turn) -> ModelContext:
        llm, key = self._asked(call)
        files = await self._bundles.files_of(call.version)
        toolbox = await asyncio.to_thread(_toolbox, call, files, turn)
        return ModelContext(llm, key, _system(call.version, files, llm), toolbox)

    def _asked(self, call: _Call) -> tuple[Llm, str | None]:
        """The model that is asked, and its key."""
        harness = call.version.manifest["harness"]
        if isinstance(harness, dict) and harness["kind"] != "pi":
            raise TurnFailure(_CUSTOM.format(name=call.name))
        llm = self._llm(call)
        key = self._key(call, llm)
        if key is None and llm.key_name is not None:
            sees = self._sees_environment(call, llm)
            raise TurnFailure(_no_key(call, llm, sees_environment=sees))
        return llm, key

    def _llm(self, call: _Call) -> Llm:
        """Choose the model: the manifest's if it can be asked, else the server's of that name."""
        option, llm_id = _option(call)
        own = None
        if option is not None and call.version.snapshot_id is not None:
            try:
                own = option_llm(option)
            except ValueError as error:
                raise TurnFailure(f'The agent "{call.name}" cannot ask its LLM: {error}') from None
            if own.key_name is None or self._key(call, own):
                return self._without_local_access(call, own)
        names = (llm_id, str((option or {}).get("model")))
        named = next((self._llms.named[name] for name in names if name in self._llms.named), None)
        if named or own:
            return named or own  # type: ignore[return-value]
        known = ", ".join(self._llms.named) or "none of its own"
        raise TurnFailure(_NO_LLM.format(name=call.name, option=llm_id, known=known))

    def _without_local_access(self, call: _Call, llm: Llm) -> Llm:
        """Another organization's bundle must not lead requests into this machine's networks."""
        is_own = llm.settings.base_url is not None and llm not in self._llms.named.values()
        return replace(llm, is_foreign=True) if is_own and call.org_id != FIRST_ORG else llm

    def _key(self, call: _Call, llm: Llm) -> str | None:
        sees = self._sees_environment(call, llm)
        return key_of(llm, call.own, call.credentials, sees_environment=sees)

    def _sees_environment(self, call: _Call, llm: Llm) -> bool:
        """Whether a key may come from the server's environment.

        What the operator set up is for all, and what bundles ask for, for the first organization.
        """
        if llm in self._llms.named.values():
            return True
        allowed = call.allowance.variables
        return call.org_id == FIRST_ORG and may_take_from_environment(llm, allowed)


def _option(call: _Call) -> tuple[JsonObject | None, str | None]:
    """The manifest's option for a session, and the name that it goes by."""
    llm = call.version.manifest.get("llm") or {}
    if "options" not in llm:
        return (None if call.session.llm_id else llm or None), call.session.llm_id
    llm_id = call.session.llm_id or llm.get("default")
    return llm["options"].get(llm_id), llm_id


def _no_key(call: _Call, llm: Llm, *, sees_environment: bool) -> str:
    option = call.session.llm_id or llm.name
    variable = ""
    if sees_environment:
        variable = " or set that variable where the server runs"
    elif call.org_id == FIRST_ORG:
        variable = f" or let bundles have that variable, LocalDari(secrets=[{llm.key_name!r}])"
    return _NO_KEY.format(
        name=call.name, llm=llm, key=llm.key_name, variable=variable, option=option
    )


def _toolbox(call: _Call, files: dict[str, bytes], turn: Turn) -> Toolbox:
    # It is wanted soon, and takes a while to load: in this thread that holds up nobody's stream.
    import_module("httpx_sse")
    manifest = call.version.manifest
    toolbox = toolbox_of(
        manifest,
        files,
        turn.workspace,
        internet_access=call.session.internet_access and call.allowance.internet_access,
        secrets={**call.credentials, **call.own.secrets},
    )
    return with_skills(toolbox, manifest, files)


def _system(version: VersionRecord, files: dict[str, bytes], llm: Llm) -> str:
    system = str(version.manifest["instructions"]["system"])
    if version.snapshot_id is None:
        return llm.settings.options.system or system
    prompt = files[system].decode()
    return "\n\n".join(part for part in (prompt, skills_text(version.manifest, files)) if part)
