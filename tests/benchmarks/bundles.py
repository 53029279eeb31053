"""The size of the script and the style that each view brings into a page."""

from __future__ import annotations

from rows import Row, at_most, print_rows

from dari_nb.widgets.view import STATIC


def measure() -> list[Row]:
    return [largest("script", ".js", 32_000), largest("style", ".css", 14_000)]


def largest(what: str, suffix: str, limit: int) -> Row:
    sizes = {file.name: file.stat().st_size for file in sorted(STATIC.glob(f"*{suffix}"))}
    for name, size in sizes.items():
        print(f"  {name:16} {size:7,} bytes")
    return at_most(f"front end: largest {what} of a view", max(sizes.values()), limit, "bytes")


if __name__ == "__main__":
    print_rows(measure())
