"""The scripts, the README's commands, CI and the documents that name them agree."""

from __future__ import annotations

import os
import re
import subprocess

import yaml

from support.tree import CORE, ROOT

SCRIPTS = sorted(path for path in (ROOT / "scripts").iterdir() if path.is_file())
CONSOLE = re.compile(r"```console\n\$ (.*)\n```")


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def steps(workflow: str) -> list[str]:
    jobs = yaml.safe_load(text(f".github/workflows/{workflow}"))["jobs"].values()
    return [step["run"] for job in jobs for step in job["steps"] if "run" in step]


def test_the_readme_gives_two_commands_one_for_the_demo_and_one_for_the_tests() -> None:
    assert CONSOLE.findall(text("README.md")) == ["scripts/demo", "scripts/test"]


def test_ci_runs_the_readmes_test_command_and_the_lints() -> None:
    called = [line.split()[0] for line in text(".ci/run").splitlines() if line.startswith("scripts/")]
    assert called == ["scripts/test", "scripts/lint"]
    assert ".ci/run" in steps("ci.yml")


def test_a_tag_goes_through_the_release_script_and_must_change_nothing() -> None:
    assert steps("release.yml")[-2:] == ['scripts/release "${GITHUB_REF_NAME#v}"', "git diff --exit-code"]


def test_every_script_is_executable_and_parses() -> None:
    for path in [*SCRIPTS, ROOT / ".ci" / "run"]:
        assert os.access(path, os.X_OK), path
        if path.read_text(encoding="utf-8").startswith("#!/bin/sh"):
            subprocess.run(["sh", "-n", str(path)], check=True, timeout=10)


def test_contributing_names_every_script_and_no_other() -> None:
    named = set(re.findall(r"`(scripts/[a-z]+)", text("CONTRIBUTING.md")))
    assert named - {"scripts/uv"} == {f"scripts/{path.name}" for path in SCRIPTS} - {"scripts/uv"}


def test_the_code_map_names_every_module_of_core_and_no_other() -> None:
    code_map = text("ARCHITECTURE.md").partition("## Code map")[2].partition("\n## ")[0]
    named = re.findall(r"^\| `([a-z]+)` \|", code_map, re.MULTILINE)
    on_disk = {path.stem for path in CORE.glob("[a-z]*.py")} | {path.parent.name for path in CORE.glob("*/__init__.py")}
    assert sorted(named) == sorted(on_disk)


def test_the_architecture_is_read_in_one_sitting() -> None:
    assert len(text("ARCHITECTURE.md").splitlines()) <= 150


def test_links_between_documents_lead_somewhere() -> None:
    documents = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]
    links = {(path, link) for path in documents for link in re.findall(r"\]\(([^)#:]+)\)", path.read_text("utf-8"))}
    assert [f"{path.name}: {link}" for path, link in links if not (path.parent / link).exists()] == []
