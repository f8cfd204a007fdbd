"""The settings, one frozen dataclass per section: the schema, the defaults and what each key means.

Owns: names, types, defaults, units and one help sentence per key (in field metadata). Must not: read files or the
environment. Durations are seconds, sizes bytes; in the file they are written `15m` and `2GiB`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from forge_loop.config import rules
from forge_loop.domain.severity import Severity


class ForgeKind(StrEnum):
    LOCAL = "local"
    GITHUB = "github"


class MergeMode(StrEnum):
    AUTO = "auto"
    MANUAL = "manual"


class MergeMethod(StrEnum):
    SQUASH = "squash"
    MERGE = "merge"
    REBASE = "rebase"


class PoMode(StrEnum):
    AUTO = "auto"
    ASK = "ask"


class AgentAuth(StrEnum):
    SUBSCRIPTION = "subscription"
    API_KEY = "api_key"


class Effort(StrEnum):
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    XHIGH = "xhigh"
    MAX = "max"


class SandboxMode(StrEnum):
    REQUIRE = "require"
    AUTO = "auto"
    OFF = "off"


HOOK_SECONDS = 60.0
DEFAULT_MODEL = "claude-opus-4-7"


def key(
    default: Any,
    text: str,
    *,
    unit: str = "",
    least: float | None = None,
    filled: bool = False,
    on_github: object = None,
    rule: Callable[[str], None] | None = None,
) -> Any:
    """A setting: its default, its help sentence, its unit (duration | size), the least value, whether "" is refused.

    `on_github` is the default where `forge: github` stands, if it is another one. `rule` is what a text must keep to.
    """
    metadata = {"help": text, "unit": unit, "least": least, "filled": filled, "on_github": on_github, "rule": rule}
    return field(default=default, metadata=metadata)


@dataclass(frozen=True, kw_only=True, slots=True)
class Labels:
    ready: str = key("loop:ready", "a person puts it on an issue to approve it", filled=True)
    blocked: str = key("loop:blocked", "the loop gave up on the issue; it is not taken while this stands", filled=True)
    risk: str = key("risk:high", "an issue that carries it is never merged without a person", filled=True)
    needs_human: str = key("loop:needs-human", "the loop handed the issue over", filled=True)


@dataclass(frozen=True, kw_only=True, slots=True)
class GitHub:
    url: str = key("https://github.com", "where GitHub is; for Enterprise Server https://HOST", filled=True)
    token: str = key("", "env:NAME or file:PATH; empty: GH_TOKEN, GITHUB_TOKEN, then `gh auth token`")


@dataclass(frozen=True, kw_only=True, slots=True)
class Scheduling:
    parallel: int = key(3, "jobs worked on at the same time", least=1)
    tick_seconds: float = key(30.0, "longest time between two ticks, in seconds", least=0.05)
    max_open_pull_requests: int = key(10, "no new job starts while so many of the loop's are open", least=1)
    max_jobs_per_hour: int = key(20, "no new job is taken in once so many were within an hour", least=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Merge:
    mode: MergeMode = key(MergeMode.AUTO, "auto merges what passes the gate; manual leaves that to you")
    method: MergeMethod = key(MergeMethod.SQUASH, "how the code host merges; the local forge squashes")
    draft: bool = key(False, "github: a pull request is a draft until the critic approves")
    protected: tuple[str, ...] = key((), "more path patterns that are never merged without a person")
    ci_wait: float = key(14400.0, "longest wait for the code host's own checks", unit="duration", least=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Agent:
    auth: AgentAuth = key(AgentAuth.SUBSCRIPTION, "who pays: the Claude subscription, or ANTHROPIC_API_KEY per token")


@dataclass(frozen=True, kw_only=True, slots=True)
class Sandbox:
    mode: SandboxMode = key(
        SandboxMode.AUTO,
        "require starts only if bubblewrap holds; auto goes on without it and says so",
        on_github=SandboxMode.REQUIRE,
    )
    read_only: tuple[str, ...] = key(
        (), "more directories to show inside, read-only: toolchains that PATH does not name"
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Worker:
    model: str = key(DEFAULT_MODEL, "the worker's model", filled=True, rule=rules.model)
    effort: Effort = key(Effort.MEDIUM, "the worker's reasoning effort")
    timeout: float = key(7200.0, "wall clock of one session", unit="duration", least=1)
    max_turns: int = key(120, "turns of one session", least=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Critic:
    enabled: bool = key(True, "false: nothing is reviewed, so nothing is merged without a person")
    model: str = key(DEFAULT_MODEL, "the critic's model", filled=True, rule=rules.model)
    effort: Effort = key(Effort.MEDIUM, "the critic's reasoning effort")
    timeout: float = key(600.0, "wall clock of one session", unit="duration", least=1)
    max_turns: int = key(20, "turns of one session", least=1)
    block_on: Severity = key(Severity.SEV2, "findings of this severity or worse go back to the worker")
    rounds: int = key(3, "rounds of revision before a person is asked", least=0)


@dataclass(frozen=True, kw_only=True, slots=True)
class Po:
    enabled: bool = key(True, "expand thin specs before work starts")
    mode: PoMode = key(
        PoMode.AUTO, "auto works on the expanded spec; ask posts it and waits for a new approval", on_github=PoMode.ASK
    )
    model: str = key(DEFAULT_MODEL, "the spec expander's model", filled=True, rule=rules.model)
    effort: Effort = key(Effort.MEDIUM, "the spec expander's reasoning effort")
    timeout: float = key(480.0, "wall clock of one session", unit="duration", least=1)
    max_turns: int = key(25, "turns of one session", least=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Maintenance:
    every_ticks: int = key(20, "idle ticks between two passes; 0 switches the pass off", least=0)
    session: bool = key(False, "after a pass, one session reads the open issues and proposes; you apply")
    apply: tuple[str, ...] = key(
        (),
        "what the loop does of it unasked: comment posts a proposal on its issue, label-triage labels the issue",
        rule=rules.unasked,
    )
    model: str = key(DEFAULT_MODEL, "the maintenance session's model", filled=True, rule=rules.model)
    effort: Effort = key(Effort.MEDIUM, "the maintenance session's reasoning effort")
    timeout: float = key(1800.0, "wall clock of one session", unit="duration", least=1)
    max_turns: int = key(40, "turns of one session", least=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Retry:
    attempts: int = key(3, "attempts per approval before the loop gives up", least=1)
    cooldown: float = key(3600.0, "wait after the same failure twice in a row", unit="duration", least=0)


@dataclass(frozen=True, kw_only=True, slots=True)
class Watchdog:
    warn: float = key(600.0, "warn after so long without a sign of life", unit="duration", least=1)
    stop: float = key(900.0, "end the session after so long without a sign of life", unit="duration", least=1)
    tool: float = key(
        1800.0, "the same while a tool call, such as a long test run, is under way", unit="duration", least=1
    )
    no_progress: float = key(5400.0, "end a worker whose files have not changed for so long", unit="duration", least=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Hooks:
    after_create: str = key("", f"shell command that prepares a worker's new clone, {HOOK_SECONDS:.0f} s at most")
    before_run: str = key("", f"shell command before each worker session, in its clone, {HOOK_SECONDS:.0f} s at most")
    after_run: str = key("", "shell command after each worker session; its failure is only recorded")


@dataclass(frozen=True, kw_only=True, slots=True)
class Deploy:
    command: str = key("", "shell command after each merge, once, in a clean clone of the merge commit")
    timeout: float = key(600.0, "longest time for one deploy", unit="duration", least=1)
    environment: tuple[str, ...] = key(
        (), "names of your environment variables that the command is given, such as a token", rule=rules.variable
    )
    confined: bool = key(True, "false: outside the sandbox, with the network; it runs the code that was merged")


@dataclass(frozen=True, kw_only=True, slots=True)
class Retention:
    transcripts: float = key(14 * 86400.0, "how long transcripts are kept", unit="duration", least=0)
    size: int = key(2 * 1024**3, "transcripts and salvaged work together", unit="size", least=0)


@dataclass(frozen=True, kw_only=True, slots=True)
class Sink:
    """One entry of `sinks`: its settings are its satellite's to validate, and are not shown."""

    name: str
    settings: Mapping[str, Any]


def section(kind: type[Any]) -> Any:
    return field(default_factory=kind)


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """Every setting, resolved. Immutable: a changed file is a new Settings."""

    forge: ForgeKind = key(ForgeKind.LOCAL, "where issues and pull requests live")
    repository: str = key("", "github: owner/name; local: path of the bare repository, empty: in the state directory")
    base: str = key("", "the branch that work starts from and lands on; empty: the one checked out")
    sinks: tuple[Sink, ...] = key((), "where events are sent, by the name of the satellite's sink: {slack: {...}}")
    approvers: tuple[str, ...] = key(
        ("me",), "github: accounts whose label starts work; me is your own, role:write is everybody who may push"
    )
    labels: Labels = section(Labels)
    github: GitHub = section(GitHub)
    scheduling: Scheduling = section(Scheduling)
    checks: tuple[str, ...] = key((), "commands that must pass on the merge result")
    check_timeout: float = key(1800.0, "longest time for one check", unit="duration", least=1)
    merge: Merge = section(Merge)
    agent: Agent = section(Agent)
    sandbox: Sandbox = section(Sandbox)
    worker: Worker = section(Worker)
    critic: Critic = section(Critic)
    po: Po = section(Po)
    maintenance: Maintenance = section(Maintenance)
    retry: Retry = section(Retry)
    watchdog: Watchdog = section(Watchdog)
    hooks: Hooks = section(Hooks)
    deploy: Deploy = section(Deploy)
    retention: Retention = section(Retention)
