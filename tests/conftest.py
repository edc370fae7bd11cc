"""For all tests: machines are noisy, so no example is late; and CI tries the same examples each time."""

from __future__ import annotations

import os

from hypothesis import settings

settings.register_profile("accord", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("accord")
