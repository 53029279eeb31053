"""What makes a view of a box of plain widgets, whose keys the notebook would hear."""

from __future__ import annotations

import traitlets

from ..view import STATIC, View


class Border(View):
    """Keeps keys and focus in the box that has it as a child; it is out of sight itself.

    Attributes:
        label: What the box is called for those who hear the page; read-only.
    """

    _esm = STATIC / "border.js"
    _css = STATIC / "border.css"

    label = traitlets.Unicode("", read_only=True).tag(sync=True)
