"""The report ``exploration``: what the score adds, by the leads of low grades that were drawn by lot and worked."""

from training.review.exploration.report import document

__all__ = ["document"]
