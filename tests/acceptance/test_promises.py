"""PROMISES.md lists each sentence of README and documentation with the tests that hold it."""

import ast
import re
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
NOT_PROSE = re.compile(r"^```.*?^```|<picture>.*?</picture>|^[| -]+$", re.DOTALL | re.MULTILINE)
END_OF_SENTENCE = re.compile(r"(?<=[.?!])\s+(?=[A-Z`\[*(])")


def sentences(text: str) -> list[str]:
    """Split Markdown into sentences; a row of a table is one."""
    found = []
    for line in NOT_PROSE.sub("", text).splitlines():
        if line.startswith("|"):
            found.append(" · ".join(cell.strip() for cell in line.strip("|").split(" | ")).strip())
        elif line.strip() and not line.startswith("#"):
            found += END_OF_SENTENCE.split(line.removeprefix("- ").strip())
    return found


def promises() -> dict[str, str]:
    """Read PROMISES.md: each sentence with its tests, or with ``none, because …``."""
    lines = (HERE / "PROMISES.md").read_text().splitlines()
    return dict(line[2:].rsplit(" → ", 1) for line in lines if " → " in line)


def test_promises_list_every_sentence():
    found = [sentence for page in PAGES for sentence in sentences(page.read_text())]
    assert list(promises()) == found


def test_promises_name_existing_tests():
    for sentence, held in promises().items():
        if held.startswith("none, because "):
            continue
        for name in held.split(", "):
            file, test = name.strip("`").split("::")
            path = HERE / file if (HERE / file).exists() else HERE.parent / file
            functions = ast.walk(ast.parse(path.read_text()))
            named = {node.name for node in functions if isinstance(node, ast.FunctionDef)}
            assert test in named, f"{name} of: {sentence}"
