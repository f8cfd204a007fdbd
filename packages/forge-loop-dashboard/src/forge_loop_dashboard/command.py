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
    from forge_loop_dashboard.access.keys import FILE_NAME, OneTimeLink, open_keys
    from forge_loop_dashboard.app import application
    from forge_loop_dashboard.desk import Desk
    from forge_loop_dashboard.pulse import Pulse
    from forge_loop_dashboard.serving import Server, is_local, listen, policy_of, resolve

    address = resolve(host)
    policy = policy_of(host, address, allow_remote=allow_remote)
    desk = Desk(given)
    layout = desk.project.layout
    keys, link = open_keys(layout.root), OneTimeLink(desk.now())
    token_file = layout.root / FILE_NAME
    with listen(address, port) as sock:
        shown = f"[{address}]" if ":" in address else address
        base = f"http://{shown}:{sock.getsockname()[1]}"
        url = f"{base}/login?code={link.code}"
        _tell(given, base, url, str(token_file))
        if not is_local(address):
            given.output.say("other machines can reach it, and nothing on the way is encrypted: put TLS in front of it")
        if opens:
            webbrowser.open(url)
        pulse = Pulse(layout.database)
        app = application(
            desk, keys=keys, link=link, policy=policy, pulse=pulse, token_file=token_file, read_only=read_only
        )
        Server(app, pulse).run(sockets=[sock])
    return 0


def _tell(given: Invocation, base: str, url: str, token_file: str) -> None:
    if given.json:
        given.output.document({"url": base, "login": url, "token_file": token_file})
        return
    given.output.data(url)
    given.output.say(f"the link logs one browser in, within five minutes; afterwards the token does: {token_file}")
    given.output.say("end it with Ctrl-C; the loop does not need it")
