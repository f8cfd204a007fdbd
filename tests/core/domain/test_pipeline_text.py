"""A pipeline comes out of its text as it went in."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from forge_loop.domain.pipeline import Node, NodeKind, Pipeline, When
from forge_loop.domain.pipeline_text import read, written

TEXT = st.text(max_size=9)
TEXTS = st.lists(TEXT, max_size=3).map(tuple)
NUMBER = st.none() | st.integers(0, 10**9)
WHEN = st.builds(When, labels=TEXTS, paths=TEXTS, min_lines=NUMBER, max_lines=NUMBER)
NODE = st.builds(
    Node,
    name=TEXT,
    kind=st.sampled_from(NodeKind),
    needs=TEXTS,
    when=WHEN,
    required=st.booleans(),
    timeout=st.none() | st.floats(0.1, 1e6),
    retries=st.integers(0, 5),
    command=TEXT,
    brief=TEXT,
    model=st.none() | TEXT,
    max_turns=NUMBER,
)


@given(st.builds(Pipeline, nodes=st.lists(NODE, max_size=4).map(tuple)))
def test_a_pipeline_comes_out_as_it_went_in_and_is_always_the_same_text(pipeline: Pipeline) -> None:
    assert read(written(pipeline)) == pipeline
    assert written(read(written(pipeline))) == written(pipeline)
