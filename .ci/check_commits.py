"""Check commit subjects: imperative, at most 72 characters, each used once.

A subject may begin with a scope: ``matrix: keep the header visible while scrolling``.
"""

import re
import subprocess
import sys

FIRST = "80a8d4e4c50b"
"""The commit from which on subjects are checked. Older ones follow other rules."""
LONGEST = 72
NOT_IMPERATIVE = re.compile(r"(?!(bring|embed|feed|need|seed|shed|speed)$)\w+(ed|ing|[^s]s)$")


def mistakes(subjects: list[str]) -> list[str]:
    """List what is wrong with these subjects, a line each."""
    found = []
    for subject in subjects:
        text = re.sub(r"^[\w./, -]+: ", "", subject)
        if len(subject) > LONGEST:
            found.append(f"longer than {LONGEST} characters: {subject}")
        if subject.endswith("."):
            found.append(f"ends with a period: {subject}")
        if NOT_IMPERATIVE.match(text.split(" ")[0].lower()):
            found.append(f"doesn't begin with an imperative: {subject}")
        if subjects.count(subject) > 1:
            found.append(f"used twice: {subject}")
    return sorted(set(found))


def git(*arguments: str) -> str:
    """Run a git command in this checkout."""
    return subprocess.run(["git", *arguments], check=True, capture_output=True, text=True).stdout


def main() -> None:
    """Exit with the mistakes in the subjects of all commits since the first one checked."""
    if subprocess.run(["git", "cat-file", "-e", FIRST], capture_output=True).returncode:
        sys.exit(f"Commit {FIRST} isn't in this clone. Run git fetch --unshallow.")
    subjects = git("log", "--no-merges", "--format=%s", f"{FIRST}..HEAD").splitlines()
    if found := mistakes(subjects):
        sys.exit("\n".join(found))


if __name__ == "__main__":
    main()
