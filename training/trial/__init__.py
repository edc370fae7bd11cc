"""The voices on trial: each team's own rule, and the score, against what really happened."""

from training.trial.figures import Trial
from training.trial.hearing import ground_of, hear

__all__ = ["Trial", "ground_of", "hear"]
