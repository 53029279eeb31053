"""The tools that an agent of the local Dari can use while it works."""

from .specs import ToolOutcome, ToolSpec, ToolTrouble
from .toolbox import Toolbox, toolbox_of

__all__ = ["ToolOutcome", "ToolSpec", "ToolTrouble", "Toolbox", "toolbox_of"]
