"""The token file and what is made from it."""

from __future__ import annotations

import stat
from datetime import timedelta
from pathlib import Path

import pytest

from forge_loop import UnsupportedPlaceError
from forge_loop_dashboard.access.keys import FILE_NAME, LINK_LASTS, LOGIN_LASTS, Keys, OneTimeLink, open_keys
from support.samples import NOW

KEYS = Keys("t" * 43)


def test_the_token_is_made_once_and_only_its_owner_can_read_it(tmp_path: Path) -> None:
    first = open_keys(tmp_path)
    assert open_keys(tmp_path) == first
    assert stat.S_IMODE((tmp_path / FILE_NAME).stat().st_mode) == 0o600
    assert len(first.token) > 40


@pytest.mark.parametrize("spoil", ["open", "empty", "symlink"])
def test_a_token_file_that_could_be_anybodys_is_refused_with_what_to_do(tmp_path: Path, spoil: str) -> None:
    path = tmp_path / FILE_NAME
    if spoil == "symlink":
        (tmp_path / "elsewhere").write_text("t" * 43)
        path.symlink_to(tmp_path / "elsewhere")
    else:
        open_keys(tmp_path)
        path.chmod(0o640 if spoil == "open" else 0o600)
        path.write_text("" if spoil == "empty" else path.read_text())
    with pytest.raises(UnsupportedPlaceError) as refused:
        open_keys(tmp_path)
    assert refused.value.hint == f"remove it, and a new one is made: rm {path}"


def test_a_cookie_proves_its_login_until_it_is_too_old() -> None:
    cookie = KEYS.new_cookie(NOW)
    login = KEYS.login_of(cookie, NOW)
    assert login is not None
    assert KEYS.login_of(cookie, NOW + LOGIN_LASTS) is None
    assert Keys("o" * 43).login_of(cookie, NOW) is None


@pytest.mark.parametrize("cookie", ["", ".", "a.b", "a.b.c", "ü.1.x", "a.99999999999.0"])
def test_what_nobody_signed_proves_nothing(cookie: str) -> None:
    assert KEYS.login_of(cookie, NOW) is None


def test_a_cookie_whose_time_was_stretched_proves_nothing() -> None:
    login, until, proof = KEYS.new_cookie(NOW).split(".")
    assert KEYS.login_of(f"{login}.{int(until) + 1}.{proof}", NOW) is None


def test_a_form_token_is_of_one_login_alone() -> None:
    assert KEYS.is_form_token(KEYS.form_token("a"), "a")
    assert not KEYS.is_form_token(KEYS.form_token("a"), "b")
    assert not KEYS.is_form_token("", "a")


def test_the_link_opens_once_and_not_for_long() -> None:
    link = OneTimeLink(NOW)
    assert not link.take("x", NOW)
    assert link.take(link.code, NOW + LINK_LASTS - timedelta(seconds=1))
    assert not link.take(link.code, NOW)
    assert not (late := OneTimeLink(NOW)).take(late.code, NOW + LINK_LASTS)
