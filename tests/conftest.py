"""For all tests: machines are noisy, so no example is late; and CI tries the same examples each time."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
import structlog
from hypothesis import settings

settings.register_profile("accord", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("accord")


@pytest.fixture(autouse=True)
def _logs_as_they_were() -> Iterator[None]:
    """A command sets up logs for its whole process; here many share one."""
    yield
    structlog.reset_defaults()
