"""Ids are worked out, not drawn."""

from __future__ import annotations

import re
import subprocess
import sys

from forge_loop_observability.traces.identity import job_span, session_span, span_id, trace_id, traceparent


def test_the_same_job_has_the_same_trace_in_every_process() -> None:
    code = (
        "from forge_loop_observability.traces.identity import *; t = trace_id('loop', 7); print(t, session_span(t, 3))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=True)
    trace = trace_id("loop", 7)
    assert done.stdout.split() == [str(trace), str(session_span(trace, 3))]


def test_different_things_have_different_ids() -> None:
    traces = [trace_id("a", 1), trace_id("b", 1), trace_id("a", 2), trace_id("a", None, 1), trace_id("a", None, 2)]
    assert len(set(traces)) == len(traces)
    trace = traces[0]
    spans = [job_span(trace), session_span(trace, 1), session_span(trace, 2), span_id(trace, "check", 1)]
    assert len(set(spans)) == len(spans)
    assert session_span(traces[1], 1) != session_span(trace, 1)


def test_the_header_is_as_w3c_wants_it() -> None:
    trace = trace_id("loop", 7)
    header = traceparent(trace, job_span(trace))
    assert re.fullmatch(r"00-[0-9a-f]{32}-[0-9a-f]{16}-01", header)
    assert int(header.split("-")[1], 16) == trace
