"""``%%dari_publish`` and ``%dari_publish``: a prompt or a folder becomes an agent's new version."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from .lines import options as opt
from .lines.interpolate import RULE
from .lines.options import Option
from .lines.parser import Line, LineParser
from .results import shown
from .sending import Fill, filling
from .state import State, assign, variable
from .tools import kernel_tools
from .usage import usage_error

if TYPE_CHECKING:
    from ..resources.agents.publishing import Published

LLMS = Option(
    "--llm", "MODEL", "such as openai/gpt-5.5, or a local LLM; or several: a,b", many=True
)
TOOLS = replace(opt.TOOLS, help="functions that the agent can call")
DRY_RUN = Option("--dry-run", None, "show what would change, and publish nothing")
PUBLISH = LineParser(
    "%%dari_publish AGENT [options] or %dari_publish FOLDER [options]",
    (LLMS, TOOLS, DRY_RUN, opt.ASSIGN, opt.RAW, opt.QUIET),
    does="make an agent: the cell is its system prompt",
    notes=RULE,
    example="%%dari_publish greeter --llm openai/gpt-5.5\nYou greet people by their names.",
)

_OF_CELLS = (LLMS, TOOLS, opt.RAW)


def publish(shell: Any, state: State, line: str, cell: str | None) -> Published:
    """Publish the cell, or a folder, and make its agent the current one."""
    parsed, words = PUBLISH.words(line)
    name = variable(parsed.get(opt.ASSIGN))
    if len(words) != 1:
        what = "name the agent" if cell is not None else "name a folder with a dari.yml"
        raise usage_error(f"{what}\nusage: {PUBLISH.usage}", code="missing_name")
    fill = filling(shell, parsed)
    parsed, target = parsed.filled(fill), fill(words[0])
    if cell is None:
        published = _folder(state, parsed, target)
    else:
        published = _prompt(shell, state, parsed, target, cell, fill)
    _use(state, published)
    assign(shell, name, published)
    return shown(published) if parsed.has(opt.QUIET) else published


def _folder(state: State, parsed: Line, folder: str) -> Published:
    for option in _OF_CELLS:
        if parsed.has(option):
            raise usage_error(
                f"{option.flag} is for a prompt in a cell: %%dari_publish AGENT",
                code="conflicting_arguments",
            )
    return state.dari.agents.publish(folder, dry_run=parsed.has(DRY_RUN))


def _prompt(shell: Any, state: State, parsed: Line, agent: str, cell: str, fill: Fill) -> Published:
    from ..resources.agents.front_matter import split_prompt

    # The magic itself stands on the first line.
    prompt, manifest = split_prompt(cell, first_line=2)
    if not prompt:
        raise usage_error(
            "the system prompt is empty: write it into the cell", code="missing_prompt"
        )
    return state.dari.agents.publish_prompt(
        agent,
        fill(prompt),
        llm=parsed.get(LLMS) or None,
        tools=kernel_tools(shell, parsed)["tools"],
        manifest=manifest,
        dry_run=parsed.has(DRY_RUN),
    )


def _use(state: State, published: Published) -> None:
    if published.agent is None or published.is_dry_run:
        return
    is_current = state.agent is not None and state.agent.id == published.agent.id
    if published.is_new or not is_current:
        state.use(published.agent, None)
