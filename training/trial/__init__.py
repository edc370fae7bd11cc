"""The voices on trial: each team's own rule, and the score, against what really happened."""

from training.trial.figures import Trial
from training.trial.hearing import ground_of, hear
from training.trial.page import as_dict, page
from training.trial.terminal import render

__all__ = ["Trial", "as_dict", "ground_of", "hear", "page", "render"]
