"""Which event becomes a message, for whom, and when. Pure: `now` is an argument.

Owns: classes and severities of events, routes, quiet hours, what opens and closes a matter. Must not: read a clock,
keep a row, or know how a message looks.
"""

from forge_loop_integrations.routing.classes import HUMAN, VARYING, Class, Severity, classify
from forge_loop_integrations.routing.hours import Quiet, next_time
from forge_loop_integrations.routing.matters import closes, matter_of, may_close
from forge_loop_integrations.routing.plan import Hold, Matter, Plan, Policy, Subject, plan
from forge_loop_integrations.routing.routes import DEFAULT_ROUTES, Route, Send, choose, matches, silent

__all__ = [
    "DEFAULT_ROUTES",
    "HUMAN",
    "VARYING",
    "Class",
    "Hold",
    "Matter",
    "Plan",
    "Policy",
    "Quiet",
    "Route",
    "Send",
    "Severity",
    "Subject",
    "choose",
    "classify",
    "closes",
    "matches",
    "matter_of",
    "may_close",
    "next_time",
    "plan",
    "silent",
]
