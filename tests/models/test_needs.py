"""What the way to a score may need."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import models

WITHOUT = """
import sys
for name in ("sklearn", "matplotlib", "mlflow", "bentoml"):
    sys.modules[name] = None
import numpy as np
from tests import fitted
from models import artifact
scores = fitted.scorer().score_matrix(fitted.rows(2), np.zeros(2, bool), language="fr")
assert len(scores.reasons[0]) == 3
"""


def test_scoring_works_where_scikit_learn_matplotlib_mlflow_and_bentoml_are_not_installed() -> None:
    root = Path(models.__file__).parents[1]
    environment = {**os.environ, "PYTHONPATH": str(root), "OMP_NUM_THREADS": "1"}
    done = subprocess.run([sys.executable, "-c", WITHOUT], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
