"""``%dari help``: what there is and what it takes, whole or by topic."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ..suggestions import did_you_mean
from .lines.interpolate import RULE
from .lines.options import MEANT
from .reference import (
    EXAMPLES,
    NAMES,
    WORDS,
    last_parts,
    names_below,
    reference_by_last_part,
    reference_on,
)
from .usage import usage_error
from .ways import WAYS

_QUESTIONS = """\
Questions: a mark at the end of a line is part of the text: %dari_send What is a closure?
%dari_send? alone is help, and so is %dari_send --help.
Questions at which a recorded lesson stops are marks on its tape: %dari help marks."""

_LISTS = """\
Several values: --llm small,large or --llm small, large or --llm small --llm large; the same for
--tools, --file, --meta and --version. Quotes keep commas and spaces: --meta title='one, two'."""

_LLM_OPTIONS = """\
How an LLM answers (temperature, top_p, seed, max_tokens, system) is set where it is named, not
with a message. For the local Dari, here a model that was pulled:

import dari_nb as dari
d = dari.connect()
d.server.add_llms({"exact": {"gguf": "smollm2", "options": {"temperature": 0, "seed": 1}}})
%dari_agent assistant --llm exact What is the capital of France?

A pulled model's max_tokens is 512 unless it is set. One after another, sessions with the same
seed and question get the same answer; side by side, as in a batch, they need not: llama.cpp
computes them together.

Tools for a model that knows none: "tools": "schema" beside the options. They stand in its prompt,
and a JSON Schema binds each answer to one call or a text; whether it calls the right one is its
own affair. "auto", the default, does so where a server refuses tools, or the chat template of a
GGUF file has none; but SmolLM2 would call one for a greeting, too, and is bound by "schema" only.

Images for a model that sees them: "images": True beside the options. PNG, JPEG, GIF and WebP that
are attached (--file plot.png) go to it, smaller where they are above its protocol's limits, which
needs Pillow: pip install 'dari_nb[images]'.

In a file the same stands below [llms.exact]: %dari connect local --config FILE.toml. What there
is to set is told by %dari help LocalDari.add_llms. The LLM options of a published agent stand in
its dari.yml. Options of a magic's line: %dari help MAGIC; several values: %dari help lists."""

_RESULTS = """\
Results: t = %dari_send TEXT and -o t keep the turn, which is shown once; --quiet shows nothing,
--bg returns at once. t.text waits for the answer, t.session.send(TEXT) goes on from there."""

_FORKS = """\
Asking again: %dari_send --again asks the last prompt of the current session anew, in a fork: a
new session with all that was before it. %dari_send --again TEXT asks another in its place, and
--llm L another LLM. The fork is the current session then, the other one stays as it was.
In Python: turn.again("other words", llm="large"), and turn.fork() or session.fork(at=turn) to go on
from the end of a turn. Copies in a fork cost nothing again; frames tell them by copied_from, and
sessions by forked_from. The local Dari can do this; a server that cannot is sent nothing."""

_EXPORT = """\
Sharing: a saved notebook shows everything without a kernel, so a page made of it does, too, also
offline. In JupyterLab: File > Save and Export Notebook As > HTML. In a terminal:
jupyter nbconvert --to html lesson.ipynb; with --no-input the page shows no code.
One session alone: %dari_transcript SESSION at the end of a notebook of its own."""

_WIDGETS = """\
Views are ipywidgets: they stand in boxes and tabs, take layout=, and have traits to observe and to
link. A table of sessions with the active one beside it:

from ipywidgets import HBox, link
table = d.sessions.view(preview=False)  # the reader beside it shows the session
reader = d.sessions.list()[0].view()
link((reader, "session"), (table, "active"))
HBox([table, reader])

The traits of each are told by %dari help Sessions.view, Session.view, Session.chat, Batch.view."""

_ASSISTANT = """\
assistant is the agent of a local Dari that has a language model; it is there once a model is.
In a terminal: pip install 'dari_nb[model]', then restart the kernel. In a cell:
%dari model pull smollm2, a very small model, often wrong. Then:
%dari_agent assistant Write a haiku.
Other models, of a server such as Ollama or a file of this machine: %dari help connect."""

_COSTS = """\
Before it is paid: %%dari_batch --dry-run, or d.batches.run(…, dry_run=True) and batch.plan(), tell
what a batch would cost; --max-cost 0.50, or max_cost=0.50, stops sending there, and
batch.resume(max_cost=1) sends the rest. batch.judge takes both, too. LocalDari(max_cost=…)
is what a whole local Dari may spend.
After: turn.cost_usd, session.cost_usd, dari.costs_frame(session), batch.pivot("cost_usd"),
batch.plot("cost_usd"). All are US dollars, and None while nobody knows them. Demo agents have
none."""

NOTES = {
    "braces": RULE,
    "questions": _QUESTIONS,
    "lists": _LISTS,
    "options": _LLM_OPTIONS,
    "results": _RESULTS,
    "forks": _FORKS,
    "export": _EXPORT,
    "widgets": _WIDGETS,
    "assistant": _ASSISTANT,
    "costs": _COSTS,
}
"""What holds for all magics, by topic."""

_ALSO = {
    **dict.fromkeys(("interpolation", "variables"), "braces"),
    **dict.fromkeys(("quotes", "values"), "lists"),
    **dict.fromkeys(("again", "branch", "branches", "edit", "retry", "regenerate"), "forks"),
    **dict.fromkeys(("html", "share", "sharing", "nbconvert"), "export"),
    **dict.fromkeys(("link", "view", "dashboard"), "widgets"),
    **dict.fromkeys(("rate", "rating"), "ratings"),
    **dict.fromkeys(("cap", "price", "budget", "spend", "spending", "max_cost", "money"), "costs"),
    **dict.fromkeys(
        ("record", "recorded", "lesson", "mark", "marked", "chapter", "student"), "tape"
    ),
    **dict.fromkeys(("eject", "check"), "tape"),
    **dict.fromkeys(("filter", "order", "sort"), "Batch.view"),
    **dict.fromkeys(("regression", "baseline"), "Batch.view"),
    "judging": "Batch.judge",
    "blind": "Batch.sample",
    "kappa": "scores.agreement",
    "tokens": "Turn.usage",
    **MEANT,
}
"""Topics by other words for them."""


class Help:
    """A text, shown as it stands."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return self._text


def on_topic(asked: str, topics: Mapping[str, str]) -> str:
    """Return what there is to say of a magic, a subcommand, a note, a word or a public name.

    Raises:
        UsageError: There is no such topic.
    """
    name = asked.strip("%?()").removeprefix("dari_")
    topic = _topic(name.lower(), topics)
    is_magic = asked.startswith(("%", "dari_")) and topic in topics
    exact = "" if is_magic else reference_on(name)
    reference = exact or ("" if is_magic else reference_on(topic))
    is_class = bool(exact) and name != topic
    way = "" if is_magic or is_class else WAYS.get(topic, "")
    of_magics = "" if is_class else topics.get(topic, "")
    if not (reference or of_magics):
        reference = next(filter(None, map(reference_by_last_part, _forms(name))), "")
    if not (reference or of_magics):
        first, parts = name.split(".")[0], [path.rpartition(".")[2] for path in last_parts()]
        known = (*topics, *WORDS, EXAMPLES, *NAMES)
        close = did_you_mean(name, names_below(name)) or next(
            filter(None, (did_you_mean(first, names) for names in (known, parts))), ""
        )
        raise usage_error(
            f"there is no help on {asked!r}{close}; there is on: {listed(topics)}",
            code="topic_not_found",
        )
    return "\n\n".join(filter(None, [of_magics, way, reference]))


def _topic(word: str, topics: Mapping[str, str]) -> str:
    """Return the topic that a word stands for: itself, its singular or plural, or another word."""
    from ..resources.sessions.arguments import is_llm_option

    known = (form for form in _forms(word) if form in topics or form in WORDS or form in _ALSO)
    topic = next(known, word)
    if topic == word and is_llm_option(word):
        return "options"
    return _ALSO.get(topic, topic)


def _forms(word: str) -> tuple[str, ...]:
    return word, f"{word}s", word.removesuffix("s"), word.removesuffix("es")


def listed(topics: Iterable[str]) -> str:
    """Return the topics in a line."""
    words = dict.fromkeys([*topics, *WORDS, EXAMPLES])
    return f"{', '.join(words)}, and any public name, such as Session.view"
