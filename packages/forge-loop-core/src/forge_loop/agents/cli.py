"""Where Claude Code is and which version, without importing the agent SDK (its import costs about 2 s).

Owns: finding the executable the SDK bundles, else `claude` on PATH, and asking it for its version and its login. Must
not: start a session.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from forge_loop.agents.credentials import Credential
from forge_loop.agents.environment import QUIET
from forge_loop.errors import AgentError, AuthenticationError

MINIMUM = (2, 1, 248)  # the first that honours verbatim prompts; an older one would expand `@/path` in an issue
_HINT = "reinstall forge-loop from wheels (the agent SDK's wheel bundles Claude Code), or put `claude` on PATH"


def cli_path(environ: Mapping[str, str]) -> Path:
    """The executable that sessions run. Raises AgentError if there is none."""
    bundled = _bundled()
    if bundled is not None:
        return bundled
    found = shutil.which("claude", path=environ.get("PATH", ""))
    if found is None:
        raise AgentError("Claude Code is not installed", hint=_HINT)
    return Path(found)


def _bundled() -> Path | None:
    # Along the path as the import would, but without the import: the loop's own process does not even ask for it.
    packages = (Path(entry) / "claude_agent_sdk" for entry in sys.path)
    found = next((package for package in packages if (package / "__init__.py").is_file()), None)
    path = found / "_bundled" / "claude" if found is not None else None
    return path if path is not None and path.is_file() else None


def claude_version(environ: Mapping[str, str]) -> str:
    """What `claude --version` says, such as "2.1.330 (Claude Code)". Raises AgentError if it cannot run."""
    path = cli_path(environ)
    try:
        done = subprocess.run(
            [str(path), "--version"],
            capture_output=True,
            check=True,
            timeout=30,
            stdin=subprocess.DEVNULL,
            env={"PATH": environ.get("PATH", ""), "HOME": environ.get("HOME", "/"), "DISABLE_AUTOUPDATER": "1"},
        )
    except (OSError, subprocess.SubprocessError) as problem:
        raise AgentError(f"Claude Code cannot run: {problem}", hint=_HINT) from problem
    return done.stdout.decode(errors="replace").strip()


def login_method(credential: Credential, environ: Mapping[str, str]) -> str:
    """How Claude Code itself says a session with this credential is logged in, such as "oauth_token". Asks no server.

    Raises AgentError if it cannot run, AuthenticationError if it says that it is not logged in.
    """
    with tempfile.TemporaryDirectory(prefix="forge-loop-") as place:
        credential.install(Path(place))
        private = {"HOME": place, "TMPDIR": place, "CLAUDE_CONFIG_DIR": place}
        try:
            done = subprocess.run(
                [str(cli_path(environ)), "auth", "status", "--json"],
                capture_output=True,
                check=False,
                timeout=30,
                stdin=subprocess.DEVNULL,
                env={"PATH": environ.get("PATH", ""), **QUIET, **private, **credential.variables},
            )
            said = json.loads(done.stdout)
            logged_in, method = said["loggedIn"], str(said["authMethod"])
        except (OSError, subprocess.SubprocessError, ValueError, KeyError, TypeError) as problem:
            raise AgentError(f"`claude auth status` cannot be read: {problem!r}", hint=_HINT) from problem
    if not logged_in:
        raise AuthenticationError("Claude Code says that it is not logged in", hint="claude setup-token")
    return method


def require_supported(environ: Mapping[str, str]) -> Path:
    """The executable, if it is new enough to be given an issue's text. Raises AgentError."""
    path = cli_path(environ)
    if path == _bundled():
        return path  # the SDK's own pin; asking would cost a start of the CLI per session
    version = claude_version(environ)
    found = re.match(r"(\d+)\.(\d+)\.(\d+)", version)
    if found is None or tuple(int(part) for part in found.groups()) < MINIMUM:
        wanted = ".".join(str(part) for part in MINIMUM)
        raise AgentError(f"Claude Code {version!r} at {path} is older than {wanted}", hint="claude update")
    return path
