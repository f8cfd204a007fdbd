"""Layers, origins, and every problem at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from forge_loop.config.keys import keys
from forge_loop.config.layers import RESERVED
from forge_loop.config.load import Loaded, load
from forge_loop.config.model import Effort, MergeMode, Settings
from forge_loop.domain.severity import Severity
from forge_loop.errors import ConfigError


def write(directory: Path, text: str, name: str = "forge-loop.yaml") -> Path:
    path = directory / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def read(
    directory: Path,
    text: str = "",
    *,
    environ: dict[str, str] | None = None,
    flags: dict[str, object] | None = None,
) -> Loaded:
    write(directory, text)
    return load(directory, environ=environ or {}, flags=flags or {})


def problems(
    directory: Path,
    text: str = "",
    *,
    environ: dict[str, str] | None = None,
    flags: dict[str, object] | None = None,
) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        read(directory, text, environ=environ, flags=flags)
    return list(caught.value.problems)


def test_without_any_layer_everything_is_the_default(tmp_path: Path) -> None:
    loaded = load(tmp_path, environ={}, flags={})
    assert loaded.settings == Settings()
    assert set(loaded.origins.values()) == {"default"}
    assert loaded.files == ()


def test_every_key_has_an_origin(tmp_path: Path) -> None:
    assert list(read(tmp_path, "base: main").origins) == [key.path for key in keys()]


def test_a_flag_beats_the_environment_beats_the_project_beats_the_user_beats_the_default(tmp_path: Path) -> None:
    project, home = tmp_path / "project", tmp_path / "home"
    user = write(
        home,
        "worker: {max_turns: 1}\nretry: {attempts: 1}\npo: {max_turns: 1}\nbase: u\n",
        ".config/forge-loop/config.yaml",
    )
    environ = {"HOME": str(home), "FORGE_LOOP_WORKER_MAX_TURNS": "3", "FORGE_LOOP_RETRY_ATTEMPTS": "3"}
    text = "worker: {max_turns: 2}\nretry: {attempts: 2}\npo: {max_turns: 2}\n"
    loaded = read(project, text, environ=environ, flags={"worker.max_turns": 4})
    settings, origins = loaded.settings, loaded.origins
    assert (settings.worker.max_turns, origins["worker.max_turns"]) == (4, "--max-turns")
    assert (settings.retry.attempts, origins["retry.attempts"]) == (3, "FORGE_LOOP_RETRY_ATTEMPTS")
    assert (settings.po.max_turns, origins["po.max_turns"]) == (2, "forge-loop.yaml:3")
    assert (settings.base, origins["base"]) == ("u", f"{user}:4")
    assert (settings.critic.max_turns, origins["critic.max_turns"]) == (20, "default")
    assert loaded.files == (project / "forge-loop.yaml", user)


def test_the_users_file_is_looked_for_under_xdg_config_home(tmp_path: Path) -> None:
    user = write(tmp_path, "base: mine", "xdg/forge-loop/config.yaml")
    loaded = read(tmp_path / "project", environ={"XDG_CONFIG_HOME": str(tmp_path / "xdg"), "HOME": "/nowhere"})
    assert loaded.origins["base"] == f"{user}:1"


def test_a_relative_xdg_config_home_is_ignored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, "base: mine", "xdg/forge-loop/config.yaml")
    monkeypatch.chdir(tmp_path)
    assert read(tmp_path, environ={"XDG_CONFIG_HOME": "xdg"}).settings.base == ""


def test_a_config_file_that_is_named_replaces_the_projects(tmp_path: Path) -> None:
    write(tmp_path, "base: project")
    other = write(tmp_path, "worker: {effort: max}", "other.yaml")
    loaded = load(tmp_path, config_file=other, environ={}, flags={})
    assert (loaded.settings.base, loaded.settings.worker.effort) == ("", Effort.MAX)
    assert loaded.origins["worker.effort"] == "other.yaml:1"


def test_a_config_file_that_is_named_must_exist(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such file"):
        load(tmp_path, config_file=tmp_path / "none.yaml", environ={}, flags={})


def test_every_type_is_read_from_a_file(tmp_path: Path) -> None:
    text = """\
base: 1.10
checks: ["uv run pytest -q", 'a: b', 12]
check_timeout: 45
merge: {mode: manual}
scheduling: {parallel: 2, tick_seconds: 1}
critic: {block_on: sev1, timeout: 1h30m}
po: {enabled: false}
retention: {size: 500MB}
labels:
"""
    settings = read(tmp_path, text).settings
    assert settings.base == "1.10"
    assert settings.checks == ("uv run pytest -q", "a: b", "12")
    assert settings.check_timeout == 45.0
    assert settings.merge.mode is MergeMode.MANUAL
    assert (settings.scheduling.parallel, settings.scheduling.tick_seconds) == (2, 1.0)
    assert isinstance(settings.scheduling.tick_seconds, float)
    assert (settings.critic.block_on, settings.critic.timeout) == (Severity.SEV1, 5400.0)
    assert settings.po.enabled is False
    assert settings.retention.size == 500_000_000


def test_every_type_is_read_from_the_environment(tmp_path: Path) -> None:
    environ = {
        "FORGE_LOOP_BASE": "true",
        "FORGE_LOOP_CHECKS": "make test\nmake lint\n",
        "FORGE_LOOP_MERGE_PROTECTED": '["a/**", "b"]',
        "FORGE_LOOP_CHECK_TIMEOUT": "5m",
        "FORGE_LOOP_PO_ENABLED": "false",
        "FORGE_LOOP_SCHEDULING_MAX_OPEN_PULL_REQUESTS": "7",
        "FORGE_LOOP_WORKER_EFFORT": "high",
        "FORGE_LOOP_RETENTION_SIZE": "1GiB",
    }
    settings = read(tmp_path, environ=environ).settings
    assert settings.base == "true"
    assert settings.checks == ("make test", "make lint")
    assert settings.merge.protected == ("a/**", "b")
    assert settings.check_timeout == 300.0
    assert settings.po.enabled is False
    assert settings.scheduling.max_open_pull_requests == 7
    assert settings.worker.effort is Effort.HIGH
    assert settings.retention.size == 1024**3


def test_a_flag_may_be_text_or_typed_and_none_means_not_given(tmp_path: Path) -> None:
    flags: dict[str, object] = {
        "worker.timeout": "1h",
        "scheduling.parallel": 5,
        "critic.enabled": True,
        "checks": ("make",),
        "merge.mode": MergeMode.MANUAL,
        "base": None,
    }
    loaded = read(tmp_path, "base: main", flags=flags)
    assert loaded.settings.worker.timeout == 3600.0
    assert loaded.settings.scheduling.parallel == 5
    assert loaded.settings.checks == ("make",)
    assert loaded.settings.merge.mode is MergeMode.MANUAL
    assert (loaded.settings.base, loaded.origins["base"]) == ("main", "forge-loop.yaml:1")
    assert loaded.origins["scheduling.parallel"] == "--parallel"


def test_no_two_keys_share_a_variable_and_none_is_reserved() -> None:
    variables = [key.variable for key in keys()]
    assert len(set(variables)) == len(variables)
    assert not set(variables) & RESERVED


def test_reserved_variables_and_those_of_others_are_left_alone(tmp_path: Path) -> None:
    environ = dict.fromkeys(RESERVED, "x") | {"FORGE": "1", "PATH": "/bin"}
    assert read(tmp_path, environ=environ).settings == Settings()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("chekcs: [a]", "forge-loop.yaml:1:1: unknown key 'chekcs', did you mean 'checks'?"),
        ("worker:\n  timout: 2h", "forge-loop.yaml:2:3: unknown key 'timout' in worker, did you mean 'timeout'?"),
        ("schedulling: {}", "forge-loop.yaml:1:1: unknown key 'schedulling', did you mean 'scheduling'?"),
        ("block_on: sev1", "forge-loop.yaml:1:1: unknown key 'block_on', did you mean 'block_on' under 'critic'?"),
        (
            "critic.timeout: 1m",
            "forge-loop.yaml:1:1: unknown key 'critic.timeout', did you mean 'timeout' under 'critic'?",
        ),
        (
            "worker: {rounds: 1}",
            "forge-loop.yaml:1:10: unknown key 'rounds' in worker, did you mean 'rounds' under 'critic'?",
        ),
        ("budget_usd: 5", "forge-loop.yaml:1:1: unknown key 'budget_usd'"),
    ],
)
def test_an_unknown_key_is_told_with_its_place_and_the_nearest_name(tmp_path: Path, text: str, problem: str) -> None:
    assert problems(tmp_path, text) == [problem]


def test_an_unknown_variable_is_told_with_the_nearest_name(tmp_path: Path) -> None:
    assert problems(tmp_path, environ={"FORGE_LOOP_WORKR_TIMEOUT": "1h"}) == [
        "FORGE_LOOP_WORKR_TIMEOUT: no such setting, did you mean 'FORGE_LOOP_WORKER_TIMEOUT'?"
    ]


def test_an_unknown_flag_is_told(tmp_path: Path) -> None:
    assert problems(tmp_path, flags={"worker.tiemout": "1h"}) == [
        "worker.tiemout: no such setting, did you mean 'worker.timeout'?"
    ]


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("po: {enabled: yes}", "1:15: po.enabled: expected true or false, got 'yes'"),
        ("po: {enabled: 'true'}", "1:15: po.enabled: expected true or false, got the text 'true'"),
        ("po: {enabled: 1}", "1:15: po.enabled: expected true or false, got '1'"),
        ("retry: {attempts: true}", "1:19: retry.attempts: expected a whole number, got 'true'"),
        ("retry: {attempts: 1.5}", "1:19: retry.attempts: expected a whole number, got '1.5'"),
        ("retry: {attempts: 010}", "1:19: retry.attempts: expected a whole number, got '010'"),
        ("retry: {attempts: 0}", "1:19: retry.attempts: must be at least 1, got 0"),
        ("scheduling: {tick_seconds: 0}", "1:28: scheduling.tick_seconds: must be at least 0.05, got 0"),
        ("retry: {attempts: 1000000001}", "1:19: retry.attempts: must be at most 1000000000, got 1000000001"),
        ("check_timeout: 0s", "1:16: check_timeout: must be at least 1s, got 0s"),
        ("check_timeout: soon", "1:16: check_timeout: expected a duration like 90s, 15m or 1h30m, got 'soon'"),
        ("check_timeout: true", "1:16: check_timeout: expected a duration like 15m, got true"),
        ("retention: {size: 2gb}", "1:19: retention.size: expected a size like 500MB or 2GiB, got '2gb'"),
        ("merge: {mode: atuo}", "1:15: merge.mode: expected one of auto, manual, got 'atuo', did you mean 'auto'?"),
        ("base: true", '1:7: base: expected a text, got true; if it is one, write "true"'),
        ("base:", '1:6: base: nothing is written here; leave the key out or write ""'),
        ("retry: {attempts: }", "1:18: retry.attempts: nothing is written here; leave the key out"),
        ('base: "a\\nb"', "1:7: base: holds a control character: 'a\\nb'"),
        ("worker: {model: ''}", "1:17: worker.model: must not be empty"),
        ("labels: {ready: ' '}", "1:17: labels.ready: must not be empty"),
        ("merge: {protected: ['']}", "1:21: merge.protected: must not be empty"),
        ("checks: make", "1:9: checks: expected a list of texts, got a single value"),
        ("checks: [a, [b]]", "1:13: checks: every entry must be a text"),
        ("checks: [true]", "1:10: checks: every entry must be a text"),
        ("base: [a]", "1:7: base: expected a text, got a list"),
        ("base: {a: b}", "1:7: base: expected a text, got a mapping"),
        ("worker: [a]", "1:9: worker must be a mapping of keys to values"),
        ("- a", "1:1: the file must be a mapping of keys to values"),
        ("a: b: c", "1:5: mapping values are not allowed here"),
    ],
)
def test_a_value_that_cannot_be_used_is_told_with_its_place(tmp_path: Path, text: str, what: str) -> None:
    assert problems(tmp_path, text) == [f"forge-loop.yaml:{what}"]


def test_all_problems_of_all_layers_are_told_at_once(tmp_path: Path) -> None:
    write(tmp_path, "retry: {attempts: 0}\n", "home/.config/forge-loop/config.yaml")
    told = problems(
        tmp_path,
        "worker: {timeout: x, effort: y}\nnone: 1\n",
        environ={"HOME": str(tmp_path / "home"), "FORGE_LOOP_PO_ENABLED": "yes", "FORGE_LOOP_CHECKS": "[a"},
        flags={"scheduling.parallel": 0, "retry.attempts": 2},
    )
    assert sorted(line.partition(": ")[0] for line in told) == [
        "--parallel",
        "FORGE_LOOP_CHECKS:1:3",
        "FORGE_LOOP_PO_ENABLED",
        "forge-loop.yaml:1:19",
        "forge-loop.yaml:1:30",
        "forge-loop.yaml:2:1",
        "home/.config/forge-loop/config.yaml:1:19",
    ]


def test_without_a_critic_merging_is_manual_and_says_why(tmp_path: Path) -> None:
    loaded = read(tmp_path, "critic: {enabled: false}")
    assert loaded.settings.merge.mode is MergeMode.MANUAL
    assert loaded.origins["merge.mode"] == "critic.enabled: false"


def test_without_a_critic_an_explicit_manual_keeps_its_origin(tmp_path: Path) -> None:
    loaded = read(tmp_path, "critic: {enabled: false}\nmerge: {mode: manual}")
    assert loaded.origins["merge.mode"] == "forge-loop.yaml:2"


def test_merging_unreviewed_work_by_itself_is_refused(tmp_path: Path) -> None:
    told = problems(tmp_path, "merge: {mode: auto}", environ={"FORGE_LOOP_CRITIC_ENABLED": "false"})
    assert told == [
        "forge-loop.yaml:1: merge.mode: auto needs the critic, but critic.enabled is false "
        "(FORGE_LOOP_CRITIC_ENABLED); nothing is merged unreviewed"
    ]


@pytest.mark.parametrize("text", ["watchdog: {warn: 15m}", "watchdog: {stop: 10m}", "watchdog: {warn: 5m, stop: 5m}"])
def test_the_watchdog_warns_before_it_stops(tmp_path: Path, text: str) -> None:
    (problem,) = problems(tmp_path, text)
    assert problem.startswith("forge-loop.yaml:1: watchdog.warn (")
    assert "must be shorter than watchdog.stop (" in problem


def test_two_labels_of_one_name_are_refused(tmp_path: Path) -> None:
    assert problems(tmp_path, "labels: {blocked: 'Loop:Ready'}") == [
        "forge-loop.yaml:1: labels.blocked and labels.ready are both 'loop:ready'"
    ]


@pytest.mark.parametrize("content", [b"\xff", b"base: \xe9"])
def test_a_file_that_is_not_utf_8_is_refused_with_its_line(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "forge-loop.yaml").write_bytes(b"# fine\n" + content)
    with pytest.raises(ConfigError, match=r"forge-loop\.yaml:2:1: not UTF-8"):
        load(tmp_path, environ={}, flags={})


def test_what_is_not_a_regular_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "forge-loop.yaml").mkdir()
    with pytest.raises(ConfigError, match=r"forge-loop\.yaml: not a regular file"):
        load(tmp_path, environ={}, flags={})


def test_a_file_that_is_too_large_is_refused(tmp_path: Path) -> None:
    write(tmp_path, "#" * (1024 * 1024 + 1))
    with pytest.raises(ConfigError, match=r"forge-loop\.yaml: larger than 1MiB"):
        load(tmp_path, environ={}, flags={})


def test_a_dangling_link_is_not_taken_for_no_file(tmp_path: Path) -> None:
    (tmp_path / "forge-loop.yaml").symlink_to(tmp_path / "nowhere")
    with pytest.raises(ConfigError, match="not a regular file"):
        load(tmp_path, environ={}, flags={})


def test_a_file_that_cannot_be_looked_at_is_not_taken_for_no_file(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    with pytest.raises(ConfigError, match=r"config\.yaml: not a regular file"):
        load(tmp_path, environ={"XDG_CONFIG_HOME": str(tmp_path / "loop")}, flags={})
