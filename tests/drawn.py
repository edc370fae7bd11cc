"""A scorer with drawn weights on the features of any history: to be saved, loaded and asked; nothing is learned."""

from __future__ import annotations

import numpy as np

from crm.history import History
from features.compute import matrix
from features.facts import Facts
from features.infer import infer
from features.instants import micros_of
from models.definition import Definition
from models.head import Head, Heads
from models.linear import Linear
from models.scorer import Meta, Scorer, assemble
from training.designs import design_of


def fitted(history: History, seed: int = 5) -> Scorer:
    """Both heads, the reference leads are those of the history at its export."""
    catalog, facts = infer(history), Facts.of_history(history, history.fields)
    rows = np.arange(len(history.leads), dtype=np.int64)
    x = matrix(catalog, facts, rows, np.full(len(rows), micros_of(history.exported_at)))
    design = design_of(catalog, x, np.ones(len(x)))
    weights = tuple(np.random.default_rng(seed).normal(0, 0.2, len(design.columns)).tolist())
    accept, close = (Head((Linear(design, weights, base),), (1.0,)) for base in (0.2, -1.5))
    meta = Meta(trained_at=history.exported_at.isoformat(), seed=seed, data="0" * 64)
    accepted = np.zeros(len(rows), dtype=bool)
    return assemble(catalog, history.fields, Heads(close, accept), Definition(), meta, x=x, accepted=accepted)
