"""The shipped dashboard: it imports anywhere, and asks only for what is exposed."""

from __future__ import annotations

import json
from pathlib import Path

from forge_loop_observability.metrics.families import exposed_names
from support.prometheus import needs_prometheus, promtool
from support.shipped_metrics import dashboard, names, queries


def test_every_name_in_a_query_is_exposed() -> None:
    assert {query: names(query) - exposed_names() for query in queries() if names(query) - exposed_names()} == {}
    assert all(names(query) for query in queries())
    assert len(queries()) > 20


def test_the_dashboard_belongs_to_no_one_grafana() -> None:
    found = dashboard()
    assert (found["id"], found["uid"], found["schemaVersion"]) == (None, "forge-loop", 39)
    assert [each["name"] for each in found["__inputs"]] == ["DS_PROMETHEUS"]
    sources = {json.dumps(target["datasource"]) for panel in found["panels"] for target in panel["targets"]}
    assert sources == {json.dumps({"type": "prometheus", "uid": "${DS_PROMETHEUS}"})}


def test_no_two_panels_lie_on_one_another() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in dashboard()["panels"]:
        place = panel["gridPos"]
        cells = {
            (column, row)
            for column in range(place["x"], place["x"] + place["w"])
            for row in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, panel["title"]
        assert place["x"] + place["w"] <= 24
        taken |= cells


@needs_prometheus
def test_promtool_can_read_every_query(tmp_path: Path) -> None:
    rules = [{"record": f"query:number{number}", "expr": query} for number, query in enumerate(queries())]
    path = tmp_path / "rules.yaml"
    path.write_text(json.dumps({"groups": [{"name": "dashboard", "rules": rules}]}))
    said = promtool("check", "rules", str(path))
    assert said.returncode == 0, said.stdout + said.stderr
