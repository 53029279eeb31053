"""``python -m dari_nb.commands`` is the command ``dari-local``."""

import sys

from .cli import main

if __name__ == "__main__":
    sys.exit(main())
