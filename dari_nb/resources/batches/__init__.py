"""Batches: tasks with LLMs as one object, however many API batches they take."""

from .batch import Batch
from .cells import Attempt, Cell, Column
from .compared import ComparedBatches, compare_batches
from .gathering.gathered import Gathered
from .noun import Batches
from .plan import Plan
from .results import Results
from .tasks import Task

__all__ = [
    "Attempt",
    "Batch",
    "Batches",
    "Cell",
    "Column",
    "ComparedBatches",
    "Gathered",
    "Plan",
    "Results",
    "Task",
    "compare_batches",
]
