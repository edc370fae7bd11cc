"""The report of a training run: for the terminal and as one HTML page, in plain words, with nothing hidden."""

from training.report.facts import Report
from training.report.page import page
from training.report.plots import plots
from training.report.terminal import render
from training.report.words import CHOSEN

__all__ = ["CHOSEN", "Report", "page", "plots", "render"]
