"""`forge-loop dashboard`: serve the page.

Owns: its options and what is printed. Must not: import the web stack before it is asked to serve; that costs a second.
"""

from __future__ import annotations

import webbrowser

import click

from forge_loop.extension import Invocation, as_json, shared


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, metavar="ADDRESS", help="Where to listen.")
@click.option("--port", default=8765, show_default=True, type=click.IntRange(0, 65535), help="0: any that is free.")
@click.option("--open", "opens", is_flag=True, help="Open it in a browser.")
@click.option("--read-only", is_flag=True, help="Show everything, let nothing be asked for.")
@click.option("--allow-remote", is_flag=True, help="Let --host be an address that other machines reach.")
@as_json
@shared
@click.pass_obj
def command(given: Invocation, host: str, port: int, opens: bool, read_only: bool, allow_remote: bool) -> int:
    """Serve the operator's web page. Prints a link that logs a browser in, once, within five minutes."""
    from forge_loop_dashboard.access.keys import OneTimeLink
    from forge_loop_dashboard.desk import Desk
    from forge_loop_dashboard.house import House
    from forge_loop_dashboard.neighbours import neighbours
    from forge_loop_dashboard.serving import is_local, policy_of, resolve

    address = resolve(host)
    policy = policy_of(host, address, allow_remote=allow_remote)
    own = Desk(given)
    with House(policy, address, OneTimeLink(own.now()), read_only=read_only) as house:
        first = house.open(own.project.directory.name, own, port)
        for name, desk in neighbours(own).items():
            house.open(name, desk, port)
        url = f"{first.url}/login?code={house.link.code}"
        _tell(given, url, [(page.name, page.url, str(page.token_file)) for page in house.pages])
        if not is_local(address):
            given.output.say("other machines can reach it, and nothing on the way is encrypted: put TLS in front of it")
        if opens:
            webbrowser.open(url)
        house.serve()
    return 0


def _tell(given: Invocation, login: str, pages: list[tuple[str, str, str]]) -> None:
    _, base, token_file = pages[0]
    if given.json:
        others = [{"name": name, "url": url} for name, url, _ in pages[1:]]
        given.output.document({"url": base, "login": login, "token_file": token_file, "others": others})
        return
    given.output.data(login)
    given.output.say(f"the link logs one browser in, within five minutes; afterwards the token does: {token_file}")
    for name, url, _ in pages[1:]:
        given.output.say(f"{name}: {url}")
    given.output.say("end it with Ctrl-C; the loop does not need it")
