"""Makes ``notebooks/runs.jsonl`` with the demo agents; run it as it lies here.

Three tasks, two LLM options, two trials. A trial words the same wish differently; the reward is 1
when what the agent said holds the expected text. The same file comes out each time.
"""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import httpx

from dari_nb.local import LocalDari
from dari_nb.models import item_from_dict
from dari_nb.transcript.chat import to_chat

TARGET = Path(__file__).parents[3] / "notebooks" / "runs.jsonl"
MUSEUM = """\
# The Museum of Small Machines

Opening hours: Tuesday to Friday from 10 to 18, Saturday and Sunday from 11 to 17.
The museum is closed on Monday.

Tickets: adults 9 euros, students 5 euros, children under 12 enter free.
Guided tours start on Saturday at 14 and need a ticket of 4 euros on top.

The oldest machine is a music box from 1796. It still plays.
"""


class Task(NamedTuple):
    """What a user wants of an agent, worded once for each trial, and what the answer must hold."""

    agent: str
    instruction: str
    trials: list[list[str]]
    expected: str
    file: str | None = None


TASKS = [
    Task(
        "calculator",
        "Find the price of 7 tickets of 12.40 each, and 15% of it, to the cent.",
        [
            ["What do 7 * 12.40 come to?", "And how much is 15% of 86.80?"],
            ["Seven of us go to the cinema: 7 times 12.4", "We get a discount: 15 percent of 86.8"],
        ],
        "= 13.02$$",
    ),
    Task(
        "calculator",
        "Compare three powers and learn what happens when the exponent grows too far.",
        [
            ["Compare 2**10, 3**7 and 10**3.", "And 9**9**9?"],
            ["Which is largest: 2^10, 3^7 or 10^3?", "Now 9 to the power of 9 to the power of 9"],
        ],
        "3^{7} = 2187",
    ),
    Task(
        "librarian",
        "Learn from the attached file when the museum is open on Sunday and what students pay.",
        [
            ["When is it open on Sunday?", "What does a student ticket cost?"],
            ["Sunday opening hours, please", "Is there a price for students?"],
        ],
        "students 5 euros",
        MUSEUM,
    ),
]


def make_runs() -> Iterator[dict[str, Any]]:
    """Play all tasks on a local Dari; yields one run after another."""
    with LocalDari() as server:
        headers = {"Authorization": f"Bearer {server.api_key}"}
        with httpx.Client(base_url=f"{server.url}/v1", headers=headers) as http:
            for task_id, task in enumerate(TASKS):
                for llm_id in ("small", "large"):
                    for trial, prompts in enumerate(task.trials):
                        messages = _play(http, task, llm_id, prompts)
                        yield _run(task_id, trial, llm_id, task, messages)


def _run(
    task_id: int, trial: int, llm_id: str, task: Task, messages: list[dict[str, Any]]
) -> dict[str, Any]:
    said = [m["content"] or "" for m in messages if m["role"] == "assistant"]
    return {
        "task_id": task_id,
        "trial": trial,
        "model": llm_id,
        "reward": float(any(task.expected in text for text in said)),
        "user_cost_usd": 0.0,
        "instruction": task.instruction,
        "messages": messages,
    }


def _play(http: httpx.Client, task: Task, llm_id: str, prompts: list[str]) -> list[dict[str, Any]]:
    agents = {agent["name"]: agent for agent in http.get("/agents").json()["agents"]}
    agent = agents[task.agent]
    version = f"/agents/{agent['id']}/versions/{agent['active_version_id']}"
    about = http.get(version).json()["version"]["manifest"]["description"]
    path = f"/agents/{agent['id']}/sessions"
    session_id = http.post(path, json={"llm_id": llm_id}).json()["id"]
    files = [_upload(http, task.file)] if task.file else []
    for prompt in prompts:
        _ask(http, session_id, [{"type": "text", "text": prompt}, *files])
        files = []
    items = http.get(f"/sessions/{session_id}/transcript").json()["timeline"]["items"]
    chat = to_chat(map(item_from_dict, items))
    return [{"role": "system", "content": about}, *_renumbered(chat)]


def _upload(http: httpx.Client, text: str) -> dict[str, str]:
    files = {"file": ("museum.md", text.encode())}
    return {"type": "file", "file_id": http.post("/files", files=files).json()["id"]}


def _ask(http: httpx.Client, session_id: str, content: list[dict[str, str]]) -> None:
    body = {"type": "user.message", "content": content}
    http.post(f"/sessions/{session_id}/events", json=body)
    while http.get(f"/sessions/{session_id}").json()["status"] != "idle":
        time.sleep(0.002)


def _renumbered(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Give tool calls the ids ``call_1``, ``call_2`` and so on, so that no run of this differs."""
    text = json.dumps(messages)
    found = [call["id"] for m in messages for call in m.get("tool_calls", ())]
    for number, call_id in enumerate(found, 1):
        text = text.replace(call_id, f"call_{number}")
    return list(json.loads(text))


def text_of_runs() -> str:
    """Return the text of the file."""
    return "".join(json.dumps(run, ensure_ascii=False) + "\n" for run in make_runs())


if __name__ == "__main__":
    TARGET.write_text(text_of_runs(), encoding="utf-8")
    print(f"{TARGET}: {TARGET.stat().st_size:,} bytes")
