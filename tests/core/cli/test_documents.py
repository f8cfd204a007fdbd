"""The operator's documents and the command line say the same."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import click
import pytest

import forge_loop
from forge_loop.cli.catalogue import COMMANDS
from forge_loop.cli.main import command_line
from forge_loop.domain.job import JobState
from forge_loop.errors import AuthenticationError, ForgeLoopError, LoopRunningError, OperatorError
from support import github_page
from support.settings_page import PAGE, with_table
from support.tree import ROOT

OPERATING = (ROOT / "docs" / "operating.md").read_text(encoding="utf-8")
QUICKSTART = (ROOT / "docs" / "quickstart.md").read_text(encoding="utf-8")
TYPED = re.compile(r"^\$ forge-loop (?P<words>[^#\n]+)", re.MULTILINE)


def documented() -> dict[str, str]:
    """Command -> its words in the table of commands."""
    table = OPERATING.partition("## Commands")[2].partition("\n## ")[0]
    return {row.split()[0]: row for row in re.findall(r"^\| `([^`]+)` \|", table, re.MULTILINE)}


def load(name: str) -> click.Command:
    found = command_line.get_command(click.Context(command_line), name)
    assert found is not None
    return found


def options(command: click.Command) -> set[str]:
    return {name for parameter in command.params for name in parameter.opts}


def test_the_table_of_commands_is_the_catalogue_in_its_order() -> None:
    assert list(documented()) == list(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_word_of_a_documented_command_exists(name: str) -> None:
    row, command = documented()[name], load(name)
    words = row.replace("\\|", "|").split()[1:]
    named = set(re.findall(r"(?<![\w-])--?[a-z][a-z-]*", row))
    assert named <= options(command)
    if isinstance(command, click.Group):
        assert set(words[0].split("|")) == set(command.commands)


def test_the_exit_codes_are_those_of_the_errors() -> None:
    codes = {int(code) for code in re.findall(r"^\| (\d+) \|", OPERATING, re.MULTILINE)}
    of_errors = {error.exit_code for error in (ForgeLoopError, OperatorError, AuthenticationError, LoopRunningError)}
    assert codes == of_errors | {0, 3, 130}


@pytest.mark.parametrize("words", TYPED.findall(QUICKSTART))
def test_what_the_quickstart_types_is_understood(words: str) -> None:
    name, *rest = words.split()
    command = load(name)
    if isinstance(command, click.Group):
        found = command.get_command(click.Context(command), rest[0])
        assert found is not None
        command = found
    assert {word for word in rest if word.startswith("-")} <= options(command)


def test_the_quickstart_types_something() -> None:
    assert len(TYPED.findall(QUICKSTART)) >= 8


def codes_of_explain() -> set[str]:
    """The codes of the reasons that `explain` can give, as they stand in the source; `fleet` is the fleet's."""
    domain = Path(forge_loop.__file__).parent / "domain"
    found = {"fleet"}
    for name in ("approval", "dispatch", "explain", "limits", "overlap"):
        for node in ast.walk(ast.parse((domain / f"{name}.py").read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Reason":
                code = next(word.value for word in node.keywords if word.arg == "code")
                if isinstance(code, ast.Constant):
                    found.add(str(code.value))
    return found


def test_every_reason_of_explain_has_what_lifts_it() -> None:
    text = (ROOT / "docs" / "troubleshooting.md").read_text(encoding="utf-8")
    table = text.partition("## Every reason")[2].partition("\n## ")[0]
    listed = re.findall(r"^\| `([a-z_]+)` \|", table, re.MULTILINE)
    states = {str(state) for state in JobState if state.terminal} | {str(JobState.COOLING), str(JobState.PARKED)}
    assert len(listed) == len(set(listed))
    assert set(listed) == codes_of_explain() | states


def test_the_page_of_settings_has_every_setting_as_it_is() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert text == with_table(text), "run scripts/readme"


def test_the_page_of_github_shows_what_people_see_there() -> None:
    text = github_page.PAGE.read_text(encoding="utf-8")
    assert text == github_page.with_examples(text), "run scripts/readme"


def test_the_readme_names_every_page() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8").partition("## More")[2]
    pages = [path.name for path in (ROOT / "docs").glob("*.md")]
    assert [page for page in pages if f"(docs/{page})" not in readme] == []


@pytest.mark.parametrize("page", sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]), ids=lambda page: page.name)
def test_every_link_to_a_file_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []
