"""Settings and briefs: what holds, where it comes from, what differs from the default.

Owns: showing them. Must not: change one; that is done in the files.
"""

from __future__ import annotations

from forge_loop.extension import BRIEFS, Briefs, settings_rows
from forge_loop_dashboard.look import Facts, Look, View


def facts(look: Look) -> Facts:
    project = look.desk.project
    rows = settings_rows(project.loaded)
    sections: dict[str, list[object]] = {}
    for row in rows:
        section, dot, _ = row.key.partition(".")
        sections.setdefault(section if dot else "general", []).append(row)
    briefs = Briefs(project.directory / BRIEFS)
    return {
        "sections": sections,
        "changed": sum(row.origin != "default" for row in rows),
        "files": project.loaded.files,
        "briefs": [(role, briefs.origin(role), briefs.sha256(role), briefs.source(role)) for role in briefs.roles()],
        "brief_problems": briefs.check(),
        "project": project.directory,
        "state": project.layout.root,
    }


VIEW = View(name="settings", path="/settings", title="Settings", facts=facts, key="s")
