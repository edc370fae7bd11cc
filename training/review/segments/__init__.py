"""The report ``segments``: marketing's segments and sales's ABC cross, groups that differ, the reconciled list."""

from training.review.segments.report import document

__all__ = ["document"]
