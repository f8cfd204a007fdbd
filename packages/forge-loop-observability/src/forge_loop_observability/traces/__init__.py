"""Traces: the sink `otel`, which makes OpenTelemetry spans of what the loop's rows tell.

Owns: names, ids, spans and their way to a collector. Must not: be loaded unless `sinks.otel` is configured, carry text
from outside (titles, prompts, reports, output), or hold the loop up.
"""
