"""What is shown inside the sandbox, the three modes, and probes that can fail."""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from forge_loop.agents.sandbox.bubblewrap import Bubblewrap
from forge_loop.agents.sandbox.confinement import HOLDS, INSTALL
from forge_loop.agents.sandbox.probes import UnusableError, probe_claude, probe_walls
from forge_loop.agents.sandbox.secrets import secrets_below
from forge_loop.agents.sandbox.toolchains import private_places, toolchains
from forge_loop.config.model import SandboxMode
from forge_loop.errors import OperatorError
from support.sandboxes import confined, needs_bubblewrap, sandbox_in


def installed(root: Path, *names: str) -> Path:
    """A directory with these below it."""
    for name in names:
        (root / name).mkdir(parents=True)
    return root


def found(path: str, home: Path, *interpreters: Path) -> set[str]:
    private = private_places({"HOME": str(home)})
    return {str(place.relative_to(home)) for place in toolchains(path, interpreters=interpreters, private=private)}


def test_a_directory_of_path_is_shown_and_the_installation_around_it(tmp_path: Path) -> None:
    installed(tmp_path, "node/v20/bin", "node/v20/lib", "tools/bin")
    path = f"{tmp_path}/node/v20/bin:/usr/bin:{tmp_path}/tools/bin:relative/bin::{tmp_path}/absent/bin"
    assert found(path, tmp_path) == {"node/v20", "tools/bin"}


def test_what_holds_private_files_is_not_shown_around_a_directory_of_path(tmp_path: Path) -> None:
    installed(tmp_path, ".local/bin", ".local/lib", ".cargo/bin", "bin", "lib")
    (tmp_path / ".cargo" / "credentials.toml").write_text("token")
    path = f"{tmp_path}/.local/bin:{tmp_path}/.cargo/bin:{tmp_path}/bin"
    assert found(path, tmp_path) == {".local/bin", ".cargo/bin", "bin"}


def test_the_home_itself_is_never_shown_even_if_path_names_it(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path, target_is_directory=True)
    assert found(f"{tmp_path}:{tmp_path.parent}:{tmp_path}/link:{tmp_path}/x/..", tmp_path) == set()


def test_a_virtual_environment_comes_with_the_python_it_was_made_from(tmp_path: Path) -> None:
    base, venv = installed(tmp_path / "python", "bin", "lib"), installed(tmp_path / "venv", "bin", "lib")
    (base / "bin" / "python3").write_text("")
    (venv / "pyvenv.cfg").write_text(f"home = {base}/bin\n")
    (venv / "bin" / "python").symlink_to(base / "bin" / "python3")
    assert found(f"{venv}/bin", tmp_path) == found("", tmp_path, venv) == {"python", "venv"}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root reads what nobody else may")
def test_files_that_not_everybody_may_read_are_secrets(tmp_path: Path) -> None:
    installed(tmp_path, "open/deeper", "closed/inside")
    (tmp_path / "closed").chmod(0o700)
    for name, mode in (("passwd", 0o644), ("shadow", 0o640), ("open/deeper/key", 0o600)):
        (tmp_path / name).write_text("x")
        (tmp_path / name).chmod(mode)
    (tmp_path / "link").symlink_to(tmp_path / "shadow")
    assert {path.name for path in secrets_below(tmp_path)} == {"shadow", "key", "closed"}


def test_off_is_said_and_nothing_is_tried(tmp_path: Path) -> None:
    said = confined(tmp_path / "state", mode=SandboxMode.OFF, environ={"PATH": ""})
    assert said.sandbox is None
    assert said.sentence.startswith("off: ")
    assert "credential" in said.sentence


@needs_bubblewrap
@pytest.mark.parametrize("mode", [SandboxMode.AUTO, SandboxMode.REQUIRE])
def test_a_sandbox_that_holds_is_used_and_said(mode: SandboxMode, tmp_path: Path) -> None:
    said = confined(tmp_path / "state", mode=mode)
    assert (said.sentence, said.hint) == (HOLDS, "")
    assert said.sandbox is not None


def test_without_bubblewrap_auto_goes_on_and_says_so(tmp_path: Path) -> None:
    said = confined(tmp_path / "state", environ={"PATH": str(tmp_path)})
    assert said.sandbox is None
    assert said.sentence.startswith("none, bubblewrap is not installed: ")
    assert "credential" in said.sentence
    assert said.hint == INSTALL


def test_without_bubblewrap_require_does_not_start(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match=r"sandbox\.mode is require, but bubblewrap is not installed") as refused:
        confined(tmp_path / "state", mode=SandboxMode.REQUIRE, environ={"PATH": str(tmp_path)})
    assert (refused.value.hint, refused.value.exit_code) == (INSTALL, 2)


def broken(tmp_path: Path, script: str) -> str:
    """A PATH on which bubblewrap is this script."""
    place = installed(tmp_path / "path")
    place.mkdir()
    (place / "bwrap").write_text(f"#!/bin/sh\n{script}\n")
    (place / "bwrap").chmod(0o755)
    return f"{place}:/usr/bin:/bin"


def test_a_bubblewrap_that_may_not_make_namespaces_is_none(tmp_path: Path) -> None:
    path = broken(tmp_path, "echo 'bwrap: setting up uid map: Permission denied' >&2; exit 1")
    said = confined(tmp_path / "state", environ={"PATH": path})
    assert said.sandbox is None
    assert "setting up uid map: Permission denied" in said.sentence


NO_WALLS = 'while [ "$1" != -- ]; do shift; done; shift; exec "$@"'


def test_a_bubblewrap_that_confines_nothing_is_found_out(tmp_path: Path) -> None:
    said = confined(tmp_path / "state", environ={"PATH": broken(tmp_path, NO_WALLS)})
    assert said.sandbox is None
    assert "what runs inside could read a file of the loop" in said.sentence


@needs_bubblewrap
@pytest.mark.parametrize(
    ("loosened", "leak"),
    [
        ("--ro-bind {outside} {outside}", "read a file of the loop"),
        ("--share-net", "reach the network"),
    ],
)
def test_each_wall_is_tried(loosened: str, leak: str, tmp_path: Path) -> None:
    state = tmp_path / "state"
    state.mkdir()
    real = shutil.which("bwrap")
    assert real is not None
    words = loosened.format(outside=state)
    # Before the last mount, which closes the root: what bubblewrap is told later wins.
    insert = f'[ "$word" = --remount-ro ] && set -- "$@" {words}'
    path = broken(tmp_path, f'for word; do shift; {insert}; set -- "$@" "$word"; done; exec {real} "$@"')
    loose = Path(path.partition(":")[0]) / "bwrap"
    with pytest.raises(UnusableError, match=leak):
        probe_walls(replace(sandbox_in(tmp_path / "own").bubblewrap, program=loose), outside=state)


@needs_bubblewrap
def test_a_claude_that_ignores_the_socket_is_found_out(tmp_path: Path) -> None:
    other = tmp_path / "other" / "claude"
    other.parent.mkdir()
    other.write_text("#!/bin/sh\necho no such host\n")
    other.chmod(0o755)
    with pytest.raises(UnusableError, match=r"does not send its requests over api\.sock: no such host"):
        probe_claude(replace(sandbox_in(tmp_path / "state"), cli=other), environ={"PATH": os.environ["PATH"]})


@needs_bubblewrap
def test_a_claude_that_was_tried_is_not_tried_again_until_it_changes(tmp_path: Path) -> None:
    sandbox = sandbox_in(tmp_path / "state")
    blind = replace(sandbox, bubblewrap=replace(sandbox.bubblewrap, read_only=(Path("/nowhere"),)))
    probe_claude(blind, environ={})
    with pytest.raises(UnusableError):
        probe_claude(replace(blind, cli=Path(sys.executable)), environ={})


@pytest.mark.parametrize("name", ["~", "~/.ssh", "/", "{state}", "{state}/private", "{project}", "{parent}"])
def test_private_places_cannot_be_configured_into_view(name: str, tmp_path: Path) -> None:
    state, project = tmp_path / "a" / "state", tmp_path / "project"
    for place in (state / "private", project, tmp_path / "a" / "home" / ".ssh"):
        place.mkdir(parents=True)
    written = name.format(state=state, project=project, parent=tmp_path)
    with pytest.raises(OperatorError, match="would show private files"):
        confined(state, read_only=(written,), private=(project,))


@pytest.mark.parametrize("name", ["relative", "/nowhere", ""])
def test_what_cannot_be_shown_is_refused_by_name(name: str, tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match=f"sandbox.read_only: {name!r} is not an absolute path of a directory"):
        confined(tmp_path / "state", read_only=(name,))


@needs_bubblewrap
def test_a_configured_toolchain_is_shown_and_cannot_be_written(tmp_path: Path) -> None:
    (installed(tmp_path / "home", "tools") / "tools" / "tool").write_text("x")
    sandbox = confined(tmp_path / "state", read_only=("~/tools",)).sandbox
    assert sandbox is not None
    assert tmp_path / "home" / "tools" in sandbox.bubblewrap.read_only


def test_the_root_is_closed_after_the_last_mount() -> None:
    words = Bubblewrap(program=Path("bwrap")).wrap(["true", "--bind"], directory=Path("/d"), writable=[Path("/d")])
    assert words[-6:] == ["/", "--chdir", "/d", "--", "true", "--bind"]
    assert words.index("--remount-ro") > max(place for place, word in enumerate(words[:-2]) if word == "--bind")
