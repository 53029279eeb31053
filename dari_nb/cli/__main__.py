"""``python -m dari_nb.cli`` is the command ``dari-local``."""

import sys


def main() -> int:
    """Run the command, which Ctrl-C ends quietly from its first moment on."""
    try:
        from .cli import main as run

        return run()
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
