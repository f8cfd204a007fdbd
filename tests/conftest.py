"""What holds for all tests: an example that a busy machine makes slow is no failure; what is over holds no files."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")

MANY_DESCRIPTORS = 200


@pytest.fixture(scope="module", autouse=True)
def _files_are_closed() -> Iterator[None]:
    """Worlds that a module left to the garbage collector hold their files until it comes, which may be never."""
    yield
    if sum(1 for _ in Path("/proc/self/fd").iterdir()) > MANY_DESCRIPTORS:
        gc.collect()
