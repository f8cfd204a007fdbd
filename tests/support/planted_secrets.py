"""Made-up secrets in every shape that must not leave the box.

Owns: making them. They are put together here, so that no file of this repository holds one. Must not: hold a real one.
"""

from __future__ import annotations

import base64

LETTERS = "AbCdEfGhIj0123456789KlMnOpQrStUvWxYz"  # 36
PEM = f"-----BEGIN {'RSA '}PRIVATE KEY-----\n{LETTERS}{LETTERS}\n-----END {'RSA '}PRIVATE KEY-----\n"

SECRETS: dict[str, tuple[str, str]] = {
    "github classic": ("a GitHub token", "gh" + "p_" + LETTERS),
    "github oauth": ("a GitHub token", "gh" + "o_" + LETTERS),
    "github user": ("a GitHub token", "gh" + "u_" + LETTERS),
    "github refresh": ("a GitHub token", "gh" + "r_" + LETTERS),
    "github app": ("a GitHub token", "gh" + "s_" + LETTERS),
    "github app, long form": ("a GitHub token", "gh" + "s_" + f"{LETTERS}." * 14),
    "github fine-grained": ("a GitHub token", "github" + "_pat_" + "11ABCDEFG0" + LETTERS + "_" + LETTERS),
    "gitlab": ("a GitLab token", "glp" + "at-" + LETTERS[:20]),
    "slack bot": ("a Slack token", "xox" + "b-123456789012-" + LETTERS[:24]),
    "slack app": ("a Slack token", "xap" + "p-1-A0123456789-" + LETTERS[:24]),
    "slack webhook": ("a Slack webhook", "https://hooks.slack" + ".com/services/T01234567/B01234567/" + LETTERS[:24]),
    "discord webhook": ("a Discord webhook", "https://discord" + ".com/api/webhooks/123456789012345678/" + LETTERS * 2),
    "anthropic": ("an Anthropic key", "sk-" + "ant-oat01-" + LETTERS),
    "aws": ("an AWS key", "AKI" + "A0123456789ABCDEF"),
    "private key": ("a private key", PEM),
    "address": ("a password in an address", "https://me:" + "s3cret-pass" + "@git.company.com/x.git"),
}
ENCODED: dict[str, tuple[str, str]] = {
    f"{name}, in base64": (what, base64.b64encode(f"{before}{secret}".encode()).decode())
    for before, (name, (what, secret)) in zip(["", ":", "::", ":::"] * 4, SECRETS.items(), strict=True)
}
ALL = SECRETS | ENCODED
