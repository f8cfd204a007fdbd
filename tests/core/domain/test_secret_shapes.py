from __future__ import annotations

import base64
import hashlib
import time
import uuid

import pytest

from forge_loop.domain.secret_shapes import kinds_in, outgoing, secrets_in, texts_of
from support.planted_secrets import ALL, SECRETS

TOKEN = SECRETS["github classic"][1]
AROUND = ("{}", 'token = "{}"', "curl -H 'Authorization: Bearer {}'", "ends a line {}\nand another begins", "({})")


@pytest.mark.parametrize("around", AROUND)
@pytest.mark.parametrize("name", ALL)
def test_a_secret_is_found_whatever_stands_around_it(name: str, around: str) -> None:
    what, secret = ALL[name]
    assert kinds_in([around.format(secret)]) == (what,)


@pytest.mark.parametrize(
    "text",
    [
        "",
        hashlib.sha256(b"x").hexdigest(),
        f"commit {hashlib.sha1(b'x', usedforsecurity=False).hexdigest()}",
        str(uuid.UUID(int=7)),
        base64.b64encode(bytes(range(256))).decode(),
        "ghp_ is how a token begins, and so does github_pat_",
        "gh" + "p_" + "short",
        "-----BEGIN PRIVATE KEY----- is what the file begins with",
        "https://github.com/owner/name.git",
        "https://$USER:$PASSWORD@git.company.com/x.git",
        "https://user:******@git.company.com/x.git",
        "postgres://postgres:postgres@localhost:5432/db",
        "postgres://app:development@db/app",
        "amqp://guest:password@127.0.0.1:5672",
        "https://user:password@git.example.com/x.git",
        "sk-antelope",
    ],
)
def test_what_is_no_secret_is_left_alone(text: str) -> None:
    assert kinds_in([text]) == ()


def test_a_value_is_withheld_whole_and_the_rest_stays() -> None:
    before = {"reason": f"it said {TOKEN} twice", "count": 3, "paths": ("a.py", TOKEN), "more": {"deep": [TOKEN, None]}}
    withheld = "[withheld: it looks as if it holds a GitHub token]"
    after = {"reason": withheld, "count": 3, "paths": ["a.py", withheld], "more": {"deep": [withheld, None]}}
    assert outgoing(before) == after
    assert kinds_in(texts_of(before)) == ("a GitHub token",)
    assert kinds_in(texts_of(after)) == ()


def test_what_was_found_can_be_told_from_another_of_its_kind() -> None:
    other = TOKEN[:-1] + "0"
    assert secrets_in(TOKEN) != secrets_in(other)
    assert secrets_in(f"{TOKEN} {other}") == secrets_in(TOKEN) | secrets_in(other)


@pytest.mark.parametrize("piece", ["a", "a.", "gh" + "s_", "a://b:", "-----BEGIN ", "AKIA", "xoxb-", "A" * 64 + "\n"])
def test_a_long_text_takes_no_more_than_its_time(piece: str) -> None:
    began = time.process_time()
    secrets_in(piece * (1_000_000 // len(piece)))
    assert time.process_time() - began < 5.0
