"""What cells of a batch are worth: a journal of scores and ratings, and statistics over tasks.

Everything here works on plain values: a :class:`ScoreBook` keeps them in a file, and the
statistics take *values by task*, such as ``{"task 1": [1.0, 0.0], "task 2": [1.0, 1.0]}``, where
a task's values are those of its repeats. A missing value is ``None`` or NaN and counts for
nothing. Intervals are 95 % ones unless told otherwise, and each estimate's ``method`` tells how its
interval was made.

>>> dari.scores.mean({"a": [1, 0], "b": [1, 1], "c": [0, 0]}).value
0.5
"""

from .adjusting import holm
from .book import Score, ScoreBook
from .comparisons import paired_difference, win_rate
from .detectable import Detectable, detectable
from .estimate import Estimate
from .judges.agreement import Agreement, AgreementConclusion, agreement
from .judges.calibration import calibrated, calibrated_mean
from .means import mean, wilson
from .repeats import pass_at_k, pass_hat_k
from .scoring import Outcome, run_scores, score_each
from .summary import pass_rates, summary, win_rates

__all__ = [
    "Agreement",
    "AgreementConclusion",
    "Detectable",
    "Estimate",
    "Outcome",
    "Score",
    "ScoreBook",
    "agreement",
    "calibrated",
    "calibrated_mean",
    "detectable",
    "holm",
    "mean",
    "paired_difference",
    "pass_at_k",
    "pass_hat_k",
    "pass_rates",
    "run_scores",
    "score_each",
    "summary",
    "wilson",
    "win_rate",
    "win_rates",
]
