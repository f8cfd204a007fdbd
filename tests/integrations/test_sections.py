"""The sections of the configuration: every problem at once, with the nearest name, and no secret in any of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from forge_loop.config.model import ForgeKind, Settings, Sink
from forge_loop.errors import ConfigError
from forge_loop_integrations.routing import Class, Send, Severity
from forge_loop_integrations.sink import OutboxSink
from forge_loop_integrations.sinks import sinks_of

SECRET = "whsec_Zm9yZ2UtbG9vcC10ZXN0LXNlY3JldC0wMDAx"
ENVIRON = {
    "HOOK": "https://receiver.example/hook",
    "SECRET": SECRET,
    "BOT": "xoxb-0000-verysecret",
    "APP": "xapp-1-verysecret",
    "SLACK": "https://hooks.slack.com/services/T0/B0/verysecret",
    "DISCORD": "https://discord.com/api/webhooks/123/verysecret",
}
WEBHOOK = {"url": "env:HOOK", "secret": "env:SECRET"}
BOT = {"token": "env:BOT", "channel": "C012ABCDEF"}
DISCORD = {"url": "env:DISCORD"}


def made(name: str, section: Mapping[str, Any], environ: Mapping[str, str] = ENVIRON) -> OutboxSink:
    settings = Settings(sinks=(Sink(name=name, settings=section),))
    return sinks_of(settings, Path("/nowhere"), environ)[name]


def problems(name: str, section: Mapping[str, Any], environ: Mapping[str, str] = ENVIRON) -> list[str]:
    with pytest.raises(ConfigError) as refused:
        made(name, section, environ)
    assert "verysecret" not in str(refused.value)
    assert SECRET not in str(refused.value)
    return list(refused.value.problems)


@pytest.mark.parametrize(
    ("name", "section", "about"),
    [
        ("webhook", WEBHOOK, "Standard Webhooks: one signed request per message"),
        ("slack", BOT, "bot: one message per issue, changed in place, its details in its thread"),
        ("slack", {"url": "env:SLACK"}, "incoming webhook: each message stands for itself"),
        ("discord", DISCORD, "webhook: one embed per issue, changed in place"),
        (
            "slack",
            {**BOT, "buttons": {"app_token": "env:APP", "users": ["U012ABCDEF"]}},
            "bot: one message per issue, changed in place, its details in its thread; buttons",
        ),
    ],
)
def test_a_section_that_is_right_makes_a_sink_that_says_what_it_can_do(
    name: str, section: Mapping[str, Any], about: str
) -> None:
    sink = made(name, section)
    assert sink.about.startswith(about)
    assert sink.name == name
    assert "verysecret" not in repr(vars(sink))


def test_making_a_sink_opens_nothing(tmp_path: Path) -> None:
    settings = Settings(sinks=(Sink(name="webhook", settings=WEBHOOK),))
    sinks_of(settings, tmp_path / "state", ENVIRON)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "section", "says"),
    [
        ("webhook", {}, "sinks.webhook.url: is missing"),
        ("webhook", {"url": "env:HOOK"}, "sinks.webhook.secret: is missing"),
        ("webhook", {**WEBHOOK, "url": "https://verysecret"}, "expected env:NAME or file:/PATH"),
        ("webhook", {**WEBHOOK, "secret": SECRET}, "expected env:NAME or file:/PATH"),
        ("webhook", {**WEBHOOK, "secret": "env:NOT_SET"}, "env:NOT_SET holds nothing"),
        ("webhook", {**WEBHOOK, "secret": "env:HOOK"}, "a webhook's secret is whsec_ and base64"),
        ("webhook", {**WEBHOOK, "secret": "file:/not/there"}, "file:/not/there cannot be read"),
        ("webhook", {**WEBHOOK, "allow_privat": True}, "did you mean 'allow_private'?"),
        ("webhook", {**WEBHOOK, "allow_private": "yes"}, "expected true or false"),
        ("webhook", {**WEBHOOK, "timezone": "Mars/Olympus"}, "expected a time zone like Europe/Berlin"),
        ("webhook", {**WEBHOOK, "digest": "25:00"}, "expected a time of day"),
        ("webhook", {**WEBHOOK, "quiet": {"from": "22:00"}}, "sinks.webhook.quiet.to: is missing"),
        ("webhook", {**WEBHOOK, "quiet": {"from": "22:00", "to": "22:00"}}, "is the same as from"),
        ("webhook", {**WEBHOOK, "quiet": {"from": "22:00", "to": "07:00", "pierce": ["all"]}}, "expected one of"),
        ("webhook", {**WEBHOOK, "routes": {}}, "expected a list"),
        ("webhook", {**WEBHOOK, "routes": ["now"]}, "sinks.webhook.routes[0]: expected a mapping"),
        ("webhook", {**WEBHOOK, "routes": [{}]}, "sinks.webhook.routes[0].send: is missing"),
        ("webhook", {**WEBHOOK, "routes": [{"send": "nwo"}]}, "did you mean 'now'?"),
        ("webhook", {**WEBHOOK, "routes": [{"send": "update"}]}, "expected one of now, grouped, digest, off"),
        ("webhook", {**WEBHOOK, "routes": [{"send": "digest"}]}, "sinks.webhook.digest: a route sends to the digest"),
        (
            "webhook",
            {**WEBHOOK, "routes": [{"kinds": ["job.merge"], "send": "now"}]},
            "sinks.webhook.routes[0].kinds: there is no event 'job.merge', did you mean 'job.merged'?",
        ),
        ("webhook", {**WEBHOOK, "routes": [{"kinds": "pr.*", "send": "now"}]}, "there is no event 'pr.*'"),
        ("webhook", {**WEBHOOK, "routes": [{"class": "outcomes", "send": "now"}]}, "did you mean 'outcome'?"),
        ("webhook", {**WEBHOOK, "routes": [{"severity": "high", "send": "now"}]}, "expected one of info, warning"),
        ("webhook", {**WEBHOOK, "routes": [{"repeat": "soon", "send": "now"}]}, "expected a duration"),
        ("slack", {}, "needs token and channel (a bot), or url"),
        ("slack", {"token": "env:BOT"}, "sinks.slack.channel: is missing"),
        ("slack", {"token": "env:BOT", "url": "env:SLACK"}, "goes with a bot's token and not with url"),
        ("slack", {"url": "env:SLACK", "buttons": {}}, "sinks.slack.buttons: goes with a bot's token"),
        ("slack", {**BOT, "buttons": {"users": ["U012ABCDEF"]}}, "sinks.slack.buttons.app_token: is missing"),
        ("slack", {**BOT, "buttons": {"app_token": "env:APP"}}, "sinks.slack.buttons.users: is missing"),
        ("slack", {**BOT, "buttons": {"app_token": "env:APP", "users": ["@me"]}}, "expected ids of Slack users"),
        ("slack", {**BOT, "api_url": "ftp://slack.com"}, "must begin with https://"),
        ("discord", {}, "sinks.discord.url: is missing"),
        ("discord", {"url": "env:SLACK"}, "expected a webhook's URL, https://discord.com/api/webhooks/ID/TOKEN"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(name: str, section: Mapping[str, Any], says: str) -> None:
    assert says in "\n".join(problems(name, section))


def test_every_problem_of_every_section_is_said_at_once() -> None:
    settings = Settings(
        sinks=(
            Sink(name="webhook", settings={"timezone": "Mars", "x": 1}),
            Sink(name="discord", settings={}),
        )
    )
    with pytest.raises(ConfigError) as refused:
        sinks_of(settings, Path("/nowhere"), {})
    assert len(refused.value.problems) == 5


def test_a_secret_in_a_file_is_read_if_only_its_owner_can(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text(f"{SECRET}\n")
    file.chmod(0o600)
    made("webhook", {**WEBHOOK, "secret": f"file:{file}"})
    file.chmod(0o644)
    assert (
        f"file:{file} can be read by others; chmod 600 {file}"
        in problems("webhook", {**WEBHOOK, "secret": f"file:{file}"})[0]
    )


def test_the_policy_is_what_the_section_says_and_then_the_defaults() -> None:
    section = {
        **BOT,
        "timezone": "Europe/Berlin",
        "digest": "08:00",
        "quiet": {"from": "22:00", "to": "07:00", "pierce": ["needs-human", "outcome"]},
        "routes": [
            {"kinds": ["job.*", "attempt.started"], "labels": "p0", "severity": "warning", "send": "now"},
            {"class": "outcome", "send": "digest"},
            {"class": ["needs-human"], "send": "grouped", "within": "2m", "repeat": "1h", "resolved": False},
        ],
    }
    policy = made("slack", section).policy
    first, second, third, *rest = policy.routes
    assert (first.kinds, first.labels, first.severity, first.send) == (
        ("job.*", "attempt.started"),
        ("p0",),
        Severity.WARNING,
        Send.NOW,
    )
    assert (second.classes, second.send) == ((Class.OUTCOME,), Send.DIGEST)
    assert (third.within, third.repeat, third.resolved) == (120.0, 3600.0, False)
    assert len(rest) == 3
    assert policy.quiet is not None
    assert policy.quiet.pierce == {Class.NEEDS_HUMAN, Class.OUTCOME}
    assert (str(policy.zone), str(policy.digest_at)) == ("Europe/Berlin", "08:00:00")


def test_other_satellites_sinks_are_left_to_them() -> None:
    settings = Settings(forge=ForgeKind.LOCAL, sinks=(Sink(name="otel", settings={"endpoint": "x"}),))
    assert sinks_of(settings, Path("/nowhere"), {}) == {}
