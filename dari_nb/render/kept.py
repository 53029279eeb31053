"""Paper below a view that lives: seen only when the view is gone, as in a reopened notebook."""

from __future__ import annotations

_CHILD = ".jp-OutputArea-child"
_STYLE = (
    "<style>"
    # The view lives: its paper is out of sight. A view that cannot come back leaves a line that
    # says so: that is out of sight then.
    f"{_CHILD}:has(.dari-view)+{_CHILD}:has(.dari-kept),"
    f"{_CHILD}:not(:has(.dari-view)):has(+{_CHILD} .dari-kept){{display:none}}"
    "</style>"
)


def kept(bundle: dict[str, str] | None = None) -> dict[str, str]:
    """Make a MIME bundle the paper of the view in the output before it.

    Args:
        bundle: Paper, as ``paper`` makes it; ``None`` for a place that is filled later.
    """
    if bundle is None:
        return {"text/html": f'{_STYLE}<div class="dari-kept"></div>', "text/plain": ""}
    html = f'{_STYLE}<div class="dari-kept">{bundle["text/html"]}</div>'
    return {**bundle, "text/html": html}
