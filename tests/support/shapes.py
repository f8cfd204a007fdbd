"""Install shapes: the built distributions, installed into environments that know nothing of this workspace.

Owns: building once, the clean environments, what is run in them. Must not: import the product from the workspace.
Third-party packages come from uv's cache when it has them all, else from the index.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path

from support.tree import ROOT

INHERITED = ("PATH", "LANG", "TERM", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR", "HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY")


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    status: int
    stdout: str
    stderr: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """An environment: where its programs are, and the variables a command in it sees."""

    root: Path
    bin: Path
    variables: Mapping[str, str] = field(default_factory=dict)

    @property
    def site(self) -> Path:
        return next(self.root.glob("lib/python3*/site-packages"))

    def run(self, program: str, *words: str, cwd: Path | None = None, timeout: float = 60) -> Outcome:
        """Run a program of this environment, without a terminal and outside the checkout."""
        return run([str(self.bin / program), *words], cwd=cwd or self.root, env=self.variables, timeout=timeout)

    def python(self, code: str) -> Outcome:
        # -I: neither the current directory nor PYTHONPATH is looked at.
        return self.run("python", "-I", "-c", code)

    def distribution(self, name: str) -> metadata.Distribution:
        (found,) = metadata.Distribution.discover(name=name, path=[str(self.site)])
        return found


def run(command: Sequence[str], *, cwd: Path, env: Mapping[str, str], timeout: float) -> Outcome:
    done = subprocess.run(
        command,
        cwd=cwd,
        env=dict(env),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    return Outcome(status=done.returncode, stdout=done.stdout, stderr=done.stderr)


def uv() -> str:
    """The uv that runs the tests (`uv run` says which in UV), or the one on PATH."""
    found = os.environ.get("UV") or shutil.which("uv")
    assert found, "uv is needed: run the tests with scripts/test"
    return found


def clean_variables(home: Path) -> dict[str, str]:
    """A newcomer's variables: a home of their own, no credential, nothing of this project; uv's cache is shared."""
    home.mkdir(parents=True, exist_ok=True)
    kept = {name: os.environ[name] for name in INHERITED if name in os.environ}
    cache = subprocess.run([uv(), "cache", "dir"], capture_output=True, text=True, timeout=30, check=True)
    return kept | {"HOME": str(home), "UV_CACHE_DIR": cache.stdout.strip(), "UV_PYTHON": sys.executable}


def build(out: Path) -> Path:
    """All wheels and sdists, as an index would get them. `FORGE_LOOP_DIST` names ready ones instead."""
    ready = os.environ.get("FORGE_LOOP_DIST")
    if ready:
        return Path(ready).resolve()
    subprocess.run([ROOT / "scripts" / "build", str(out)], check=True, timeout=300, stdin=subprocess.DEVNULL)
    return out


def ask_uv(words: Sequence[str], *, dist: Path, variables: Mapping[str, str], cwd: Path) -> Outcome:
    """One uv command that finds the family in `dist`: offline if the cache has the rest, else from the index."""
    command = [uv(), *words[:2], "--find-links", str(dist), *words[2:]]
    offline = run(command, cwd=cwd, env={**variables, "UV_OFFLINE": "1"}, timeout=120)
    return offline if offline.status == 0 else run(command, cwd=cwd, env=variables, timeout=600)


def install(root: Path, dist: Path, *requirements: str) -> Place:
    """A fresh virtual environment with these requirements, by uv."""
    variables = clean_variables(root.with_name(root.name + "-home"))
    subprocess.run([uv(), "venv", "--quiet", str(root)], check=True, timeout=60, env=variables)
    words = ["pip", "install", "--quiet", "--python", str(root), *requirements]
    done = ask_uv(words, dist=dist, variables=variables, cwd=root)
    assert done.status == 0, done.stderr
    return Place(root=root, bin=root / "bin", variables=variables)


def install_with_pip(root: Path, dist: Path, *requirements: str) -> Place:
    """The same by plain pip, which uv seeds: Debian's python3 may come without ensurepip."""
    variables = clean_variables(root.with_name(root.name + "-home"))
    subprocess.run([uv(), "venv", "--quiet", "--seed", str(root)], check=True, timeout=60, env=variables)
    place = Place(root=root, bin=root / "bin", variables=variables)
    done = place.run("pip", "install", "--quiet", "--find-links", str(dist), *requirements, timeout=600)
    assert done.status == 0, done.stderr
    return place


def install_as_tool(root: Path, dist: Path, requirement: str) -> Place:
    """`uv tool install`: the environment is uv's, and only the named distribution's programs are exposed."""
    root.mkdir(parents=True)
    variables = clean_variables(root / "home") | {
        "UV_TOOL_DIR": str(root / "tools"),
        "UV_TOOL_BIN_DIR": str(root / "bin"),
    }
    done = ask_uv(["tool", "install", "--quiet", requirement], dist=dist, variables=variables, cwd=root)
    assert done.status == 0, done.stderr
    return Place(root=root / "tools" / "forge-loop", bin=root / "bin", variables=variables)
