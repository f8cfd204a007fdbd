"""From layers to settings: flag > environment > project file > user file > default.

Owns: the order of the layers, where each value came from, the rules between settings, every problem at once.
Must not: act on a setting.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from forge_loop.config.keys import Key, keys, settings_of
from forge_loop.config.layers import Layer, read_environment, read_file, read_flags
from forge_loop.config.model import ForgeKind, MergeMethod, MergeMode, Settings
from forge_loop.config.quantities import duration_text
from forge_loop.config.values import BadValue, value
from forge_loop.errors import ConfigError

FILE_NAME = "forge-loop.yaml"
DEFAULT = "default"
REPOSITORY = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*/[A-Za-z0-9._-]+")


@dataclass(frozen=True, kw_only=True, slots=True)
class Loaded:
    """Resolved settings. `origins` says for every dotted name where its value came from: `forge-loop.yaml:12`,
    a variable, a flag, `default`, or the setting that implies it. `files` are those that were read, strongest first.
    """

    settings: Settings
    origins: Mapping[str, str]
    files: tuple[Path, ...]


def load(
    directory: Path,
    *,
    config_file: Path | None = None,
    environ: Mapping[str, str],
    flags: Mapping[str, object],
) -> Loaded:
    """The settings for the project in `directory`. `config_file` replaces its forge-loop.yaml and must exist.

    `flags` maps dotted names to values, text or typed; None means not given. Raises ConfigError with every problem.
    """
    by_path = {key.path: key for key in keys()}
    problems: list[str] = []
    files = tuple(_files(directory, config_file, environ, problems))
    layers = [read_flags(flags, by_path, problems), read_environment(environ, by_path, problems)]
    layers += [read_file(path, _called(path, directory), by_path, problems) for path in files]
    values, origins = _resolved(layers, by_path, problems)
    _manual_without_critic(values, origins, problems)
    _by_forge(values, origins, by_path)
    settings = settings_of(values)
    if not problems:
        # Rules between settings are only told once every single value is known to be right.
        problems.extend(_broken_rules(settings, origins))
    if problems:
        raise ConfigError(problems)
    return Loaded(settings=settings, origins={path: origins.get(path, DEFAULT) for path in by_path}, files=files)


def user_file(environ: Mapping[str, str]) -> Path | None:
    """The operator's own file for all projects, whether it exists or not; None without a home."""
    base = environ.get("XDG_CONFIG_HOME", "")
    if base.startswith("/"):  # the XDG specification: a relative path is ignored
        return Path(base) / "forge-loop" / "config.yaml"
    home = environ.get("HOME", "")
    return Path(home) / ".config" / "forge-loop" / "config.yaml" if home else None


def _files(
    directory: Path, config_file: Path | None, environ: Mapping[str, str], problems: list[str]
) -> Iterator[Path]:
    project = config_file or directory / FILE_NAME
    if _is_there(project):
        yield project
    elif config_file is not None:
        problems.append(f"{config_file}: no such file")
    user = user_file(environ)
    if user is not None and _is_there(user):
        yield user


def _is_there(path: Path) -> bool:
    """Whether there is anything to read; what cannot be looked at counts, so that reading it tells why."""
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True
    return True


def _called(path: Path, directory: Path) -> str:
    return str(path.relative_to(directory)) if path.is_relative_to(directory) else str(path)


def _resolved(
    layers: list[Layer], by_path: Mapping[str, Key], problems: list[str]
) -> tuple[dict[str, object], dict[str, str]]:
    """Values and origins, strongest layer first. A weak layer's bad value is a problem even where it is overridden."""
    values: dict[str, object] = {}
    origins: dict[str, str] = {}
    for layer in layers:
        for path, node in layer.items():
            try:
                chosen = value(by_path[path], node)
            except BadValue as error:
                problems.extend(error.problems)
                continue
            if path not in values:
                values[path], origins[path] = chosen, node.place.origin
    return values, origins


def _manual_without_critic(values: dict[str, object], origins: dict[str, str], problems: list[str]) -> None:
    if values.get("critic.enabled") is not False:
        return
    if values.get("merge.mode") is MergeMode.AUTO:
        problems.append(
            f"{origins['merge.mode']}: merge.mode: auto needs the critic, "
            f"but critic.enabled is false ({origins['critic.enabled']}); nothing is merged unreviewed"
        )
    elif "merge.mode" not in values:
        values["merge.mode"], origins["merge.mode"] = MergeMode.MANUAL, "critic.enabled: false"


def _by_forge(values: dict[str, object], origins: dict[str, str], by_path: Mapping[str, Key]) -> None:
    """Where strangers write issues, some defaults are stricter."""
    if values.get("forge") is not ForgeKind.GITHUB:
        return
    for path, key in by_path.items():
        if key.on_github is not None and path not in values:
            values[path], origins[path] = key.on_github, f"forge: {ForgeKind.GITHUB}"


def _broken_rules(settings: Settings, origins: Mapping[str, str]) -> Iterator[str]:
    watchdog, labels = settings.watchdog, settings.labels
    yield from _forge_rules(settings, origins)
    if watchdog.warn >= watchdog.stop:
        place = _place(origins, "watchdog.warn", "watchdog.stop")
        warn, stop = duration_text(watchdog.warn), duration_text(watchdog.stop)
        yield f"{place}: watchdog.warn ({warn}) must be shorter than watchdog.stop ({stop})"
    names = {name: getattr(labels, name) for name in ("ready", "blocked", "risk", "needs_human")}
    for name, label in names.items():
        twins = [other for other in names if other < name and names[other].casefold() == label.casefold()]
        for other in twins:
            place = _place(origins, f"labels.{name}", f"labels.{other}")
            yield f"{place}: labels.{other} and labels.{name} are both {label!r}"


def _forge_rules(settings: Settings, origins: Mapping[str, str]) -> Iterator[str]:
    if settings.forge is ForgeKind.GITHUB and not REPOSITORY.fullmatch(settings.repository):
        got = f", got {settings.repository!r}" if settings.repository else ""
        yield f"{_place(origins, 'repository', 'forge')}: repository: forge: github needs owner/name{got}"
    if settings.forge is ForgeKind.LOCAL and settings.merge.method is not MergeMethod.SQUASH:
        yield f"{_place(origins, 'merge.method')}: merge.method: the local forge only knows squash"


def _place(origins: Mapping[str, str], *paths: str) -> str:
    return next((origins[path] for path in paths if path in origins), DEFAULT)
