"""Published versions as agents: the manifest says which model, which prompt, which tools."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import NamedTuple

from ..addresses import is_loopback
from ..agents import Turn, TurnFailure
from ..bundles import Bundles
from ..records import FIRST_ORG, JsonObject, SessionRecord, VersionRecord
from ..tooling import Toolbox, toolbox_of
from .agent import LlmAgent, Mind
from .keys import SessionSecrets, key_of
from .llms import Llms
from .settings import Llm, option_llm
from .skills import skills_text, with_skills

_NO_KEY = (
    'The agent "{name}" asks {llm}, and there is no key for it: put the credential {key}{variable}'
    ", or give the session an llm_api_key. A server can also bring an LLM of its own for it: "
    "LocalDari(llms={{{option!r}: …}})."
)
_NO_LLM = 'The agent "{name}" has no LLM {option!r}, and this server brings none: {known}.'
_CUSTOM = 'The agent "{name}" brings a runtime server of its own, which a local Dari does not run.'


class _Call(NamedTuple):
    """One session's version with what keys it may use."""

    session: SessionRecord
    version: VersionRecord
    org_id: str
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
        credentials_of: The stored credentials of an organization.
        secrets_of: What a session was given.
    """

    def __init__(
        self,
        bundles: Bundles,
        llms: Llms,
        credentials_of: Callable[[str], Mapping[str, str]],
        secrets_of: Callable[[str], SessionSecrets],
    ) -> None:
        self._bundles = bundles
        self._llms = llms
        self._credentials_of = credentials_of
        self._secrets_of = secrets_of

    def agent(self, session: SessionRecord, version: VersionRecord, org_id: str) -> LlmAgent | None:
        """The function that answers in a session, or ``None`` where only code could."""
        if version.manifest.get("harness") == "local":
            return None
        credentials, own = self._credentials_of(org_id), self._secrets_of(session.id)
        call = _Call(session, version, org_id, own, credentials)

        async def mind_for(turn: Turn) -> Mind:
            return await self._mind(call, turn)

        return LlmAgent(mind_for, self._llms.sender, self._llms.prices, self._llms.backoff)

    async def _mind(self, call: _Call, turn: Turn) -> Mind:
        manifest = call.version.manifest
        if isinstance(manifest["harness"], dict) and manifest["harness"]["kind"] != "pi":
            raise TurnFailure(_CUSTOM.format(name=call.name))
        llm = self._llm(call)
        key = self._key(call, llm)
        if key is None and llm.key_name is not None:
            sees = self._sees_environment(call, llm)
            raise TurnFailure(_no_key(call, llm, sees_environment=sees))
        files = await self._bundles.files_of(call.version)
        toolbox = await asyncio.to_thread(_toolbox, call, files, turn)
        return Mind(llm, key, _system(call.version, files), toolbox)

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
                return own
        names = (llm_id, str((option or {}).get("model")))
        named = next((self._llms.named[name] for name in names if name in self._llms.named), None)
        if named or own:
            return named or own  # type: ignore[return-value]
        known = ", ".join(self._llms.named) or "it was started without llms"
        raise TurnFailure(_NO_LLM.format(name=call.name, option=llm_id, known=known))

    def _key(self, call: _Call, llm: Llm) -> str | None:
        sees = self._sees_environment(call, llm)
        return key_of(llm, call.own, call.credentials, sees_environment=sees)

    def _sees_environment(self, call: _Call, llm: Llm) -> bool:
        """Whether a key may come from the server's environment.

        What the operator set up is for all. A bundle names the variable and the address, so it
        could carry any key away: it may only to providers and this machine, and for the first
        organization.
        """
        if llm in self._llms.named.values():
            return True
        given = llm.settings.base_url
        return call.org_id == FIRST_ORG and (given is None or is_loopback(given))


def _option(call: _Call) -> tuple[JsonObject | None, str | None]:
    """The manifest's option for a session, and the name that it goes by."""
    llm = call.version.manifest.get("llm") or {}
    if "options" not in llm:
        return (None if call.session.llm_id else llm or None), call.session.llm_id
    llm_id = call.session.llm_id or llm.get("default")
    return llm["options"].get(llm_id), llm_id


def _no_key(call: _Call, llm: Llm, *, sees_environment: bool) -> str:
    option = call.session.llm_id or llm.settings.model
    variable = " or set that variable where the server runs" if sees_environment else ""
    return _NO_KEY.format(
        name=call.name, llm=llm, key=llm.key_name, variable=variable, option=option
    )


def _toolbox(call: _Call, files: dict[str, bytes], turn: Turn) -> Toolbox:
    # Both are wanted soon, and take a while to load: in this thread that holds up nobody's stream.
    for module in ("httpx", "jsonschema"):
        import_module(module)
    manifest = call.version.manifest
    toolbox = toolbox_of(
        manifest,
        files,
        turn.workspace,
        internet_access=call.session.internet_access,
        secrets={**call.credentials, **call.own.secrets},
    )
    return with_skills(toolbox, manifest, files)


def _system(version: VersionRecord, files: dict[str, bytes]) -> str:
    system = str(version.manifest["instructions"]["system"])
    prompt = files[system].decode() if version.snapshot_id else system
    return "\n\n".join(part for part in (prompt, skills_text(version.manifest, files)) if part)
