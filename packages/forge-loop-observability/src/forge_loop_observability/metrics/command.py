"""`forge-loop metrics`: serve, print or file the metrics; print the alert rules and the dashboard.

Owns: the command's words. Must not: need a running loop.
"""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import click
from prometheus_client import CollectorRegistry

from forge_loop import OperatorError
from forge_loop.extension import Invocation, as_json, find_project, shared
from forge_loop_observability.metrics import exposition

HOST = "127.0.0.1"
PORT = 9797


@click.group()
@shared
def command() -> None:
    """Prometheus metrics of the loop, read from its state database."""


@command.command()
@click.option("--host", default=HOST, show_default=True, metavar="ADDRESS", help="Where to listen.")
@click.option("--port", default=PORT, show_default=True, type=click.IntRange(0, 65535), help="0 takes a free one.")
@as_json
@shared
@click.pass_obj
def serve(given: Invocation, host: str, port: int) -> None:
    """Serve the metrics over HTTP until interrupted. Prints the address."""
    try:
        server = exposition.serve(_registry(given), host, port)
    except OSError as error:
        raise OperatorError(
            f"cannot listen on {host}:{port}: {error}", hint="--host 127.0.0.1 --port 0 takes a free one"
        ) from None
    with server:
        if given.json:
            given.output.document({"url": server.url})
        else:
            given.output.data(server.url)
        server.serve_forever(poll_interval=0.5)


@command.command("print")
@as_json
@shared
@click.pass_obj
def print_(given: Invocation) -> None:
    """Print the metrics once."""
    registry = _registry(given)
    if given.json:
        given.output.document({"metrics": _shapes(registry)})
    else:
        given.output.line(exposition.text(registry).rstrip("\n"))


@command.command()
@click.argument("path", type=click.Path(path_type=Path))
@as_json
@shared
@click.pass_obj
def textfile(given: Invocation, path: Path) -> None:
    """Write the metrics to PATH in one step, for node_exporter's textfile collector."""
    try:
        exposition.write(_registry(given), path.absolute())
    except OSError as error:
        hint = "PATH is a file in a directory that you may write"
        raise OperatorError(f"cannot write {path}: {error.strerror}", hint=hint) from None
    if given.json:
        given.output.document({"file": str(path.absolute())})
    else:
        given.output.data(str(path))


@command.command()
@shared
@click.pass_obj
def alerts(given: Invocation) -> None:
    """Print alert rules for Prometheus (YAML)."""
    given.output.line(_shipped("alerts.yaml"))


@command.command()
@shared
@click.pass_obj
def grafana(given: Invocation) -> None:
    """Print a dashboard to import into Grafana (JSON)."""
    given.output.line(_shipped("grafana.json"))


def _registry(given: Invocation) -> CollectorRegistry:
    return exposition.registry_of(find_project(given).layout.root)


def _shipped(name: str) -> str:
    return (files(__package__) / name).read_text(encoding="utf-8").rstrip("\n")


def _shapes(registry: CollectorRegistry) -> list[dict[str, object]]:
    return [
        {
            "name": family.name,
            "type": family.type,
            "help": family.documentation,
            "samples": [{"name": s.name, "labels": dict(s.labels), "value": s.value} for s in family.samples],
        }
        for family in registry.collect()
    ]
