"""The tools that an agent of the local Dari can use while it works.

The file tools (``read``, ``write``, ``edit``, ``ls``, ``find``, ``grep``) run in the server and
reach nothing outside of the session's workspace. ``bash`` and custom tools of kind ``main`` run in
a sandbox that bubblewrap makes anew for each call (`dari_nb.local.sandbox` says what it promises);
where it cannot be made, they are not offered.
"""

from .offered import notes_on
from .toolbox import Toolbox, toolbox_of

__all__ = [
    "Toolbox",
    "notes_on",
    "toolbox_of",
]
