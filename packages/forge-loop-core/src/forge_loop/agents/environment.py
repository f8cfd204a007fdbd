"""The environment of what runs beside an agent's code: an allow-list, private directories, markers.

Owns: which variables pass, the quiet ones, the worker's git identity and the marker names. Must not: pass a variable
because it looks harmless; everything here is visible to the agent's shell.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from forge_loop.domain.session import SessionOrder

LOOP_MARKER = "FORGE_LOOP_ID"
SESSION_MARKER = "FORGE_LOOP_SESSION"

_SHARED = (
    "PATH",
    "LANG",
    "LANGUAGE",
    "LC_ALL",
    "LC_CTYPE",
    "TERM",
    "TZ",
    *(name for proxy in ("HTTP", "HTTPS", "ALL", "NO") for name in (f"{proxy}_PROXY", f"{proxy.lower()}_proxy")),
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "NODE_EXTRA_CA_CERTS",
)
_SESSION = (
    "ANTHROPIC_BASE_URL",
    "CLAUDE_CODE_MAX_RETRIES",
    "BASH_DEFAULT_TIMEOUT_MS",
    "BASH_MAX_TIMEOUT_MS",
)
# What a sink may add. The agent's shell sees it: none of these holds a secret.
_TELEMETRY = (
    "TRACEPARENT",
    "CLAUDE_CODE_ENABLE_TELEMETRY",
    "CLAUDE_CODE_ENHANCED_TELEMETRY_BETA",
    "OTEL_TRACES_EXPORTER",
    "OTEL_TRACES_EXPORT_INTERVAL",
    "OTEL_EXPORTER_OTLP_PROTOCOL",
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "OTEL_RESOURCE_ATTRIBUTES",
)
QUIET = {
    "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
    "CLAUDE_CODE_DISABLE_BACKGROUND_TASKS": "1",
    "DISABLE_AUTOUPDATER": "1",
}
_WORKER = "forge-loop worker"
_ADDRESS = "worker@forge-loop.invalid"
_GIT = {
    "GIT_AUTHOR_NAME": _WORKER,
    "GIT_AUTHOR_EMAIL": _ADDRESS,
    "GIT_COMMITTER_NAME": _WORKER,
    "GIT_COMMITTER_EMAIL": _ADDRESS,
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_CONFIG_SYSTEM": "/dev/null",
    "GIT_TERMINAL_PROMPT": "0",
}
# A check or an import must not leave __pycache__ in the workspace: it would look like uncommitted work.
_TIDY = {"PYTHONDONTWRITEBYTECODE": "1"}


def session_environment(
    order: SessionOrder, *, loop_id: str, attempt: int, environ: Mapping[str, str], credential: Mapping[str, str]
) -> dict[str, str]:
    """Everything the host, Claude Code and the agent's shell see."""
    return {
        **_picked(environ, (*_SHARED, *_SESSION)),
        **_picked(order.variables, _TELEMETRY),
        **QUIET,
        **_GIT,
        **_TIDY,
        **credential,
        "HOME": str(order.home),
        "TMPDIR": str(order.tmp),
        "CLAUDE_CONFIG_DIR": str(order.config_dir),
        LOOP_MARKER: loop_id,
        SESSION_MARKER: order.id,
        "FORGE_LOOP_ATTEMPT": str(attempt),
    }


def command_environment(
    *, loop_id: str, marker: str, environ: Mapping[str, str], home: Path, tmp: Path
) -> dict[str, str]:
    """What the operator's own commands see: no credential at all."""
    return {
        **_picked(environ, _SHARED),
        **_GIT,
        **_TIDY,
        "HOME": str(home),
        "TMPDIR": str(tmp),
        LOOP_MARKER: loop_id,
        SESSION_MARKER: marker,
    }


def _picked(environ: Mapping[str, str], names: tuple[str, ...]) -> dict[str, str]:
    return {name: environ[name] for name in names if name in environ}
