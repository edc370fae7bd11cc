"""The service: the REST contract over BentoML."""

import os

# BentoML reports its use to its makers unless told not to. What companies do with their leads is nobody's business.
os.environ.setdefault("BENTOML_DO_NOT_TRACK", "True")
