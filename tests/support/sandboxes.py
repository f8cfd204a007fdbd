"""The sandbox as a loop builds it, for tests that look at it from inside and from outside.

Owns: building one over a test's directories, and the mark of tests that need bubblewrap. Must not: loosen it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from forge_loop.agents.sandbox import Confinement, Sandbox, confine
from forge_loop.agents.sandbox.bubblewrap import Bubblewrap
from forge_loop.config.model import Sandbox as SandboxSettings
from forge_loop.config.model import SandboxMode


def _works() -> bool:
    program = shutil.which("bwrap")
    if program is None:
        return False
    words = Bubblewrap(program=Path(program)).wrap(["true"], directory=Path("/"))
    return subprocess.run(words, capture_output=True, check=False, timeout=30).returncode == 0


needs_bubblewrap = pytest.mark.skipif(not _works(), reason="bubblewrap is not installed or may not make namespaces")


def confined(
    state: Path,
    *,
    mode: SandboxMode = SandboxMode.AUTO,
    read_only: tuple[str, ...] = (),
    environ: Mapping[str, str] | None = None,
    private: tuple[Path, ...] = (),
) -> Confinement:
    """What a loop with its state in `state` would be confined by."""
    state.mkdir(mode=0o700, exist_ok=True)
    return confine(
        SandboxSettings(mode=mode, read_only=read_only),
        environ={"PATH": os.environ["PATH"], "HOME": str(state.parent / "home"), **(environ or {})},
        outside=state,
        scratch=state / "private",
        private=private,
    )


def sandbox_in(state: Path) -> Sandbox:
    found = confined(state)
    assert found.sandbox is not None, found.sentence
    return found.sandbox
