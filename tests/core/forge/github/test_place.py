"""Where a repository is, and where the token for it comes from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from forge_loop.errors import AuthenticationError, OperatorError
from forge_loop.forge.github import Place, find_token, place_of

PUBLIC = place_of("https://github.com", "octo/sample")
ENTERPRISE = place_of("https://git.corp.example/", "octo/sample.git")
GH = """\
#!/bin/sh
echo "$*" >> "$GH_SAID"
case "$*" in
  "auth token --hostname github.com") echo gho_public ;;
  *) echo "no oauth token" >&2; exit 1 ;;
esac
"""
Environ = Callable[..., dict[str, str]]


@pytest.fixture
def environ(tmp_path: Path) -> Environ:
    """An environment with a `gh` that is logged in to github.com and writes down what it was asked."""
    gh = tmp_path / "bin" / "gh"
    gh.parent.mkdir()
    gh.write_text(GH)
    gh.chmod(0o755)
    usual = {"PATH": f"{gh.parent}:/usr/bin:/bin", "GH_SAID": str(tmp_path / "said")}
    return lambda **more: {**usual, **more}


def found(place: Place, environ: Mapping[str, str], setting: str = "") -> tuple[str, str]:
    token = find_token(place, setting, environ)
    return token.value, token.source


def test_github_com_has_its_api_at_a_host_of_its_own() -> None:
    assert (PUBLIC.api, PUBLIC.graphql) == ("https://api.github.com", "https://api.github.com/graphql")
    assert (PUBLIC.git, PUBLIC.host) == ("https://github.com/octo/sample.git", "github.com")


def test_an_enterprise_server_has_it_below_its_own_address() -> None:
    assert ENTERPRISE.api == "https://git.corp.example/api/v3"
    assert ENTERPRISE.graphql == "https://git.corp.example/api/graphql"
    assert (ENTERPRISE.git, ENTERPRISE.full_name) == ("https://git.corp.example/octo/sample.git", "octo/sample")


@pytest.mark.parametrize(
    "address",
    [
        "http://git.corp.example",
        "git.corp.example",
        "https://",
        "https://me:secret@git.corp.example",
        "https://git.corp.example/?a=b",
        "ssh://git.corp.example",
    ],
)
def test_a_token_is_not_sent_to_what_is_no_address_of_a_github(address: str) -> None:
    with pytest.raises(OperatorError, match="no address of a GitHub"):
        place_of(address, "octo/sample")


def test_a_test_may_use_plain_http_on_loopback() -> None:
    assert place_of("http://127.0.0.1:8080", "octo/sample").api == "http://127.0.0.1:8080/api/v3"


def test_the_token_is_looked_for_in_this_order(environ: Environ, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("ghp_file\n")
    everything = environ(MINE="ghp_mine", GH_TOKEN="ghp_first", GITHUB_TOKEN="ghp_second")
    assert found(PUBLIC, everything, "env:MINE") == ("ghp_mine", "env:MINE")
    assert found(PUBLIC, everything, f"file:{tmp_path / 'token'}")[0] == "ghp_file"
    assert found(PUBLIC, everything) == ("ghp_first", "GH_TOKEN")
    assert found(PUBLIC, environ(GITHUB_TOKEN="ghp_second")) == ("ghp_second", "GITHUB_TOKEN")
    assert found(PUBLIC, environ(GH_TOKEN="  ", GITHUB_TOKEN="ghp_second"))[0] == "ghp_second"
    assert not (tmp_path / "said").exists()
    assert found(PUBLIC, environ()) == ("gho_public", "gh auth token")
    assert (tmp_path / "said").read_text() == "auth token --hostname github.com\n"


def test_a_token_of_github_com_is_not_sent_to_another_host(environ: Environ, tmp_path: Path) -> None:
    with pytest.raises(AuthenticationError, match=r"no token for git\.corp\.example"):
        find_token(ENTERPRISE, "", environ(GH_TOKEN="ghp_first", GITHUB_TOKEN="ghp_second"))
    assert (tmp_path / "said").read_text() == "auth token --hostname git.corp.example\n"
    theirs = environ(GH_TOKEN="ghp_first", GH_ENTERPRISE_TOKEN="ghp_corp", GITHUB_ENTERPRISE_TOKEN="ghp_other")
    assert found(ENTERPRISE, theirs) == ("ghp_corp", "GH_ENTERPRISE_TOKEN")
    assert found(ENTERPRISE, environ(GITHUB_ENTERPRISE_TOKEN="ghp_other"))[0] == "ghp_other"


def test_a_setting_that_holds_nothing_does_not_fall_back(environ: Environ, tmp_path: Path) -> None:
    (tmp_path / "empty").write_text("\n")
    for setting in ("env:MINE", f"file:{tmp_path / 'empty'}", f"file:{tmp_path / 'none'}"):
        with pytest.raises(AuthenticationError):
            find_token(PUBLIC, setting, environ(GH_TOKEN="ghp_first"))
    with pytest.raises(OperatorError, match="expected env:NAME or file:PATH"):
        find_token(PUBLIC, "ghp_itself", environ())


def test_without_gh_there_is_no_token(environ: Environ, tmp_path: Path) -> None:
    with pytest.raises(AuthenticationError, match=r"no token for github\.com") as caught:
        find_token(PUBLIC, "", environ(PATH=str(tmp_path)))
    assert "GH_TOKEN" in caught.value.hint


def test_a_token_is_never_shown(environ: Environ) -> None:
    assert "ghp_first" not in repr(find_token(PUBLIC, "", environ(GH_TOKEN="ghp_first")))
