"""A real Prometheus scrapes a loop that works: the rules evaluate, and every query of the dashboard returns data."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from forge_loop.domain.session import Role
from forge_loop_observability.metrics.exposition import registry_of, serve
from support.prometheus import needs_prometheus, running
from support.runner_world import approve, approves, commits, open_world, script
from support.shipped_metrics import alerts, queries, text


def work(root: Path, title: str) -> Path:
    """Let a loop merge one issue; its state directory."""
    root.mkdir(exist_ok=True)
    worker = script(commits({"said.txt": f"{title}\n"}))
    world = open_world(root, {Role.WORKER: worker, Role.CRITIC: script(approves)})
    approve(world, title)
    world.run()
    world.close()
    return world.layout.root


@needs_prometheus
def test_a_real_prometheus_sees_the_loop_work(tmp_path: Path) -> None:
    state = work(tmp_path / "world", "Say one")
    rules = tmp_path / "alerts.yaml"
    rules.write_text(text("alerts.yaml"))
    with serve(registry_of(state), "127.0.0.1", 0) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            with running(tmp_path, target=urlsplit(server.url).netloc, rules=rules) as prometheus:
                merged = 'forge_loop_jobs{state="merged"}'
                prometheus.until(lambda: [found["value"][1] for found in prometheus.query(merged)] == ["1"])
                work(tmp_path / "world", "Say two")
                grown = 'increase(forge_loop_attempts_total{outcome="merged"}[1h]) > 0'
                prometheus.until(lambda: len(prometheus.query(grown)) == 1)
                assert [query for query in queries() if not prometheus.query(query)] == []
                prometheus.until(lambda: health(prometheus.ask("rules")) == dict.fromkeys(alerts(), "ok"))
                pending = 'ALERTS{alertstate="pending"}'
                prometheus.until(lambda: alert_names(prometheus.query(pending)) == ["ForgeLoopDown"])
        finally:
            server.shutdown()
            thread.join(10)


def alert_names(found: list[dict[str, Any]]) -> list[str]:
    return [each["metric"]["alertname"] for each in found]


def health(found: dict[str, list[dict[str, list[dict[str, str]]]]]) -> dict[str, str]:
    return {rule["name"]: rule["health"] for group in found["groups"] for rule in group["rules"]}
