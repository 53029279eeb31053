"""``python -m dari_nb.local`` is the command ``dari-local``."""

import sys

from .cli import main

if __name__ == "__main__":
    sys.exit(main())
