"""Small git repositories that stand for an operator's checkout and a code host.

Owns: making them and committing to them as a person would, with that person's own git. Must not: use the product.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

FILES = {"README.md": "# Sample\n", "src/app.py": "def one() -> int:\n    return 1\n"}
BASE = "main"


def git(directory: Path, *words: str, stdin: str = "") -> str:
    """Run git as a person in `directory` and return what it printed, stripped."""
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": "/nonexistent",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_SYSTEM": os.devnull,
        **{f"GIT_{role}_NAME": "A Person" for role in ("AUTHOR", "COMMITTER")},
        **{f"GIT_{role}_EMAIL": "person@example.invalid" for role in ("AUTHOR", "COMMITTER")},
    }
    done = subprocess.run(
        ["git", "-c", "protocol.file.allow=always", *words],
        cwd=directory,
        env=environment,
        input=stdin,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, f"git {words!r}: {done.stderr}"
    return done.stdout.strip()


def write(directory: Path, files: Mapping[str, str | None]) -> None:
    """Write files below `directory`; None deletes one."""
    for name, text in files.items():
        path = directory / name
        if text is None:
            path.unlink()
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)


def commit(directory: Path, files: Mapping[str, str | None], message: str = "Change it") -> str:
    """Write the files, commit everything and return the commit."""
    write(directory, files)
    git(directory, "add", "--all")
    git(directory, "commit", "--quiet", "--allow-empty", "-m", message)
    return git(directory, "rev-parse", "HEAD")


def make_checkout(path: Path, files: Mapping[str, str] = FILES) -> Path:
    """A repository with one commit on `main`, as an operator has it."""
    path.mkdir(parents=True)
    git(path, "init", "--quiet", f"--initial-branch={BASE}")
    commit(path, files, "Begin")
    return path


def make_bare(path: Path, checkout: Path) -> Path:
    """A bare repository with the branches of `checkout`."""
    git(checkout, "clone", "--quiet", "--bare", "--no-hardlinks", str(checkout), str(path))
    return path


def head(directory: Path, ref: str = "HEAD") -> str:
    return git(directory, "rev-parse", "--verify", ref)


@dataclass(frozen=True, kw_only=True, slots=True)
class Upstream:
    """A checkout and the bare repository it pushes to."""

    checkout: Path
    bare: Path

    def land(self, files: Mapping[str, str | None], message: str = "Land it") -> str:
        """Commit in the checkout and push to the bare repository's base."""
        sha = commit(self.checkout, files, message)
        git(self.checkout, "push", "--quiet", str(self.bare), f"HEAD:refs/heads/{BASE}")
        return sha

    @property
    def base_sha(self) -> str:
        return head(self.bare, f"refs/heads/{BASE}")


def make_upstream(directory: Path, files: Mapping[str, str] = FILES) -> Upstream:
    checkout = make_checkout(directory / "checkout", files)
    return Upstream(checkout=checkout, bare=make_bare(directory / "origin.git", checkout))
