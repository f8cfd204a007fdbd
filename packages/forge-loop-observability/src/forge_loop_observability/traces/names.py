"""The names of spans and attributes: the one place that follows the conventions.

Owns: the pinned table; a test holds what is sent to it. Must not: be spread over the code: the GenAI conventions move.

The names are those of the GenAI semantic conventions after their move out of the main repository (v0.1.0), and of the
VCS and CICD conventions of 1.41. All are of status Development: a new name is a minor release. No schema URL is sent,
because the GenAI conventions have none yet.
"""

from __future__ import annotations

SERVICE = "forge-loop"
SCOPE = "forge_loop"
ISSUE_AGENT = "forge-loop.issue"
PROVIDER = "anthropic"
PIPELINE = "checks"

# Spans.
WORKFLOW = "invoke_workflow issue"
SESSION = "invoke_agent"  # followed by the role
CHECK = "checks"
REVIEW = "review"
EFFECTS = {"push": "push", "pull_request.open": "open_pull_request", "merge": "merge"}

# Attributes: GenAI.
OPERATION = "gen_ai.operation.name"
AGENT = "gen_ai.agent.name"
PROVIDER_NAME = "gen_ai.provider.name"
MODEL = "gen_ai.request.model"
CONVERSATION = "gen_ai.conversation.id"
INPUT_TOKENS = "gen_ai.usage.input_tokens"
OUTPUT_TOKENS = "gen_ai.usage.output_tokens"
EVALUATION = "gen_ai.evaluation.name"
EVALUATION_LABEL = "gen_ai.evaluation.score.label"
# General, VCS and CICD.
ERROR = "error.type"
HEAD_NAME = "vcs.ref.head.name"
HEAD_REVISION = "vcs.ref.head.revision"
BASE_REVISION = "vcs.ref.base.revision"
CHANGE = "vcs.change.id"
CHANGE_STATE = "vcs.change.state"
PIPELINE_NAME = "cicd.pipeline.name"
PIPELINE_RUN = "cicd.pipeline.run.id"
PIPELINE_RESULT = "cicd.pipeline.result"
# The loop's own.
FORGE_ISSUE = "forge_loop.issue"
FORGE_JOB = "forge_loop.job"
FORGE_ATTEMPT = "forge_loop.attempt"
FORGE_NUMBER = "forge_loop.session.number"
FORGE_PURPOSE = "forge_loop.session.purpose"
FORGE_ROUND = "forge_loop.round"
FORGE_CHECK = "forge_loop.check"
FORGE_EFFECT = "forge_loop.effect"
FORGE_FINDINGS = "forge_loop.findings"
FORGE_OUTCOME = "forge_loop.outcome"

EVALUATION_EVENT = "gen_ai.evaluation.result"
ATTRIBUTES = frozenset(
    value for name, value in list(globals().items()) if name.isupper() and isinstance(value, str) and "." in value
) - {ISSUE_AGENT, EVALUATION_EVENT}
