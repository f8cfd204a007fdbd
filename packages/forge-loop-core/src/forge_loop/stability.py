"""What ships where: the six distributions, how far each can be relied on, and how each is installed.

Owns: the one table that `--help` groups by, that errors about missing satellites quote, and from which the README's
matrix is generated. Must not: import anything of the project or look at what is installed (that is plugins.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

EVERYTHING = "forge-loop[experimental]"


class Stability(StrEnum):
    STABLE = "STABLE"
    EXPERIMENTAL = "EXPERIMENTAL"


@dataclass(frozen=True, kw_only=True, slots=True)
class Distribution:
    """One distribution. `commands` maps each command it adds to a line of help; `built` is False for an empty shell."""

    name: str
    package: str
    stability: Stability
    ships: str
    extra: str = ""
    built: bool = True
    commands: Mapping[str, str] = field(default_factory=dict)
    sinks: tuple[str, ...] = ()

    @property
    def install(self) -> str:
        """What `uv pip install` is given to get it."""
        return f"'forge-loop[{self.extra}]'" if self.extra else self.name


META = Distribution(
    name="forge-loop",
    package="",
    stability=Stability.STABLE,
    ships="the `forge-loop` command and the extras; no modules of its own",
)
CORE = Distribution(
    name="forge-loop-core",
    package="forge_loop",
    stability=Stability.STABLE,
    ships="the loop with its roles and briefs, the SQLite queue and ledger, GitHub and the local forge, the rehearsal",
)
DASHBOARD = Distribution(
    name="forge-loop-dashboard",
    package="forge_loop_dashboard",
    stability=Stability.EXPERIMENTAL,
    ships="the operator's web page, live and with controls",
    extra="dashboard",
    commands={"dashboard": "serve the operator's web page"},
)
INTEGRATIONS = Distribution(
    name="forge-loop-integrations",
    package="forge_loop_integrations",
    stability=Stability.EXPERIMENTAL,
    ships="Slack, Discord and signed webhooks, with a durable outbox",
    extra="integrations",
    commands={"notify": "try and inspect messages to chat and webhooks"},
    sinks=("slack", "discord", "webhook"),
)
OBSERVABILITY = Distribution(
    name="forge-loop-observability",
    package="forge_loop_observability",
    stability=Stability.EXPERIMENTAL,
    ships="Prometheus metrics, OpenTelemetry traces, replay of what happened",
    extra="observability",
    commands={
        "metrics": "Prometheus metrics, alert rules, a dashboard",
        "replay": "past sessions: judge them by today's rules, run one again",
    },
    sinks=("otel",),
)
MULTIREPO = Distribution(
    name="forge-loop-multirepo",
    package="forge_loop_multirepo",
    stability=Stability.EXPERIMENTAL,
    ships="many repositories over one pool of slots, and a pipeline of reviews, commands and people",
    extra="multirepo",
    commands={
        "repos": "run the loop over many repositories",
        "pipeline": "what must say yes before a merge: reviews, commands, people",
    },
)

DISTRIBUTIONS = (META, CORE, DASHBOARD, INTEGRATIONS, OBSERVABILITY, MULTIREPO)
SATELLITES = tuple(each for each in DISTRIBUTIONS if each.stability is Stability.EXPERIMENTAL)


def owner_of_command(name: str) -> Distribution | None:
    """The satellite whose command this is."""
    return next((each for each in SATELLITES if name in each.commands), None)


def owner_of_sink(name: str) -> Distribution | None:
    """The satellite whose sink this is."""
    return next((each for each in SATELLITES if name in each.sinks), None)
