"""The rules of a job's life and the kinds of failure, each with what shows it: the decision alone, and the whole loop.

Owns: the list. `tests/test_requirements.py` checks it both ways: every kind of failure, every scripted behaviour and
every outage stands in it, and whatever it names exists.
"""

from __future__ import annotations

from dataclasses import dataclass

from forge_loop.domain.job import FailureKind as Kind


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """`decided` are tests of the decision alone, `cases` rows of the behaviours' tables, `played` other tests of it
    through the loop. `kinds` are the failure kinds whose policy it is."""

    id: str
    says: str
    decided: tuple[str, ...]
    cases: tuple[str, ...] = ()
    played: tuple[str, ...] = ()
    kinds: tuple[Kind, ...] = ()


DOMAIN = "tests/core/domain/test_"
RETRY = DOMAIN + "retry.py::test_"
LIMITS = DOMAIN + "limits.py::test_"
STALL = DOMAIN + "stall.py::test_"
REVIEW = DOMAIN + "review.py::test_"
SPEC = DOMAIN + "spec.py::test_"
GATE = DOMAIN + "merge_gate.py::test_"
OUTCOME = "tests/core/agents/test_outcome.py::test_"
RUNNER = "tests/core/runner/test_runner.py::test_"
NIGHT = "tests/behaviours/test_night.py::test_"
ASKING = "tests/behaviours/test_asking.py::test_"
OUTAGE = "tests/behaviours/test_outages.py::test_an_outage_waits_charges_nothing_and_the_session_goes_on"
OPERATING = "tests/behaviours/test_operating.py::test_"
HARVEST = "tests/core/git/test_"

FAILURES = (
    Rule(
        id="FAIL-1",
        says="a limit with a reset time parks the whole loop until then; the same session goes on, nothing is charged",
        kinds=(Kind.LIMIT,),
        decided=(
            RETRY + "a_usage_limit_parks_the_loop_and_costs_nothing",
            LIMITS + "the_loop_waits_for_the_reset_and_up_to_a_minute_longer",
            LIMITS + "the_latest_deadline_wins",
            OUTCOME + "a_limit_needs_a_reset_time",
        ),
        cases=("the five hours are used up", "the seven days are used up"),
        played=(OUTAGE, NIGHT + "only_what_a_worker_did_is_charged"),
    ),
    Rule(
        id="FAIL-2",
        says="an overload, a lost network, a 5xx, a limit without a reset time: back off, doubling; nothing is charged",
        kinds=(Kind.TRANSIENT, Kind.INTERRUPTED),
        decided=(
            RETRY + "what_came_from_outside_waits_and_is_not_charged",
            RETRY + "the_delay_doubles_from_half_a_minute_to_an_hour",
            LIMITS + "a_later_success_ends_an_outage_and_no_limit",
            OUTCOME + "a_failed_call_is_read_from_its_error",
        ),
        cases=(
            "429 with no reset time",
            "429 that is called a limit and names no reset time",
            "529 overloaded",
            "500",
            "502",
            "503",
            "no connection",
            "cut before the first word",
            "cut in mid-sentence",
        ),
        played=(OUTAGE, "tests/faults/test_full_disk.py::test_a_disk_that_fills_at_any_effect_costs_nothing_but_time"),
    ),
    Rule(
        id="FAIL-3",
        says="a refused account or a wrong configuration halts dispatch and says what to do; nothing is charged",
        kinds=(Kind.AUTH, Kind.CONFIGURATION),
        decided=(RETRY + "what_the_operator_must_mend_halts_with_its_words",),
        cases=("401", "403", "400 no credit", "404 for the model"),
        played=(
            OUTAGE,
            OPERATING + "a_red_base_starts_no_session_and_costs_no_attempt",
            OPERATING + "hooks_run_around_every_session_and_a_failing_one_halts_and_charges_nothing",
            RUNNER + "checks_that_are_red_on_the_untouched_base_cost_no_issue_an_attempt",
        ),
    ),
    Rule(
        id="FAIL-4",
        says="work that failed, committed nothing or did not report is charged, cools down, and ends blocked",
        kinds=(Kind.WORKER_FAILED, Kind.NO_COMMIT, Kind.NO_REPORT),
        decided=(
            RETRY + "every_kind_of_failure_has_its_policy",
            RETRY + "the_last_attempt_that_is_charged_gives_up",
            RETRY + "the_same_failure_twice_in_a_row_cools_down",
            DOMAIN + "worker_report.py::test_anything_else_is_no_report",
        ),
        cases=(
            "commits nothing",
            "commits an empty commit",
            "leaves its tree uncommitted for good",
            "commits after it has finished",
            "commits on a branch that it leaves again",
            "commits nothing in a round of revision",
            "never reports",
            "reports in a shape of its own",
            "refuses to answer",
            "is told that its prompt is too long",
            "breaks off at the length limit",
            "asks for changes in every round",
            "knows a severity of its own",
            "finds more than anybody can mend",
            "names the commit that it approves",
            "never gives a verdict",
            "never hands in a spec",
            "hands in an empty spec",
        ),
        played=(NIGHT + "every_issue_ends_as_its_part_says",),
    ),
    Rule(
        id="FAIL-5",
        says="checks that stay red after the last round are charged; without a pull request the attempt fails",
        kinds=(Kind.CHECKS_RED,),
        decided=(RETRY + "every_kind_of_failure_has_its_policy",),
        cases=("breaks the checks in every round and says that they pass",),
    ),
    Rule(
        id="FAIL-6",
        says="a session that is silent, stands still or runs out of time or turns is ended, and the attempt charged",
        kinds=(Kind.STALLED, Kind.TIMED_OUT, Kind.KILLED),
        decided=(
            STALL + "a_silent_session_is_warned_of_and_then_ended",
            STALL + "a_session_whose_files_no_longer_change_is_ended",
            STALL + "a_session_is_ended_at_its_wall_clock_however_lively",
            STALL + "a_tool_call_under_way_has_its_own_allowance",
            OUTCOME + "the_ends_of_turns_and_of_patience_have_names",
        ),
        cases=(
            "falls silent",
            "talks without an end",
            "uses all its turns",
            "reads on beyond its time",
            "stops its own Claude Code",
            "stops the process around it",
            "falls silent over a review",
        ),
        played=(
            OPERATING + "a_session_that_the_operator_kills_is_charged_and_its_issue_tried_again",
            OPERATING + "a_lively_session_whose_files_stand_still_is_ended",
            OPERATING + "a_tool_call_that_is_under_way_may_be_silent_for_longer",
        ),
    ),
    Rule(
        id="FAIL-7",
        says="five denied permissions fail the attempt, with the denied calls named",
        kinds=(Kind.PERMISSION_DENIED,),
        decided=(DOMAIN + "denials.py::test_five_denials_are_too_many_and_each_call_is_named_once",),
        cases=("asks again and again for what it is denied",),
    ),
    Rule(
        id="FAIL-8",
        says="a conflict with base is a round: the worker resolves it on the new base",
        kinds=(Kind.CONFLICT,),
        decided=(
            RETRY + "every_kind_of_failure_has_its_policy",
            DOMAIN + "candidate.py::test_base_left_out_after_a_conflict_is_another_round_and_no_refusal",
        ),
        cases=(
            "changes a line that others change too",
            "conflicts with base and merges it in",
            "conflicts with base and does not merge it in",
        ),
        played=(
            RUNNER + "a_conflict_is_resolved_by_the_worker_on_the_new_base",
            RUNNER + "a_worker_that_leaves_base_out_after_a_conflict_is_sent_back_once_more",
        ),
    ),
    Rule(
        id="FAIL-9",
        says="a session whose processes die goes on in the same conversation; dying again and again is charged",
        kinds=(Kind.LOST,),
        decided=(RETRY + "a_session_that_is_lost_again_and_again_is_the_works_own_fault",),
        cases=("dies once", "dies again and again", "kills the process around it"),
        played=(
            "tests/e2e/test_own_repository.py::test_a_kill_in_the_middle_of_a_session_costs_nothing_and_merges_once",
        ),
    ),
    Rule(
        id="FAIL-10",
        says="a candidate that must not be pushed is refused with every reason, and the attempt charged",
        kinds=(Kind.REFUSED_CANDIDATE,),
        decided=(
            RETRY + "every_kind_of_failure_has_its_policy",
            DOMAIN + "secret_shapes.py::test_a_secret_is_found_whatever_stands_around_it",
        ),
        cases=(
            "commits a huge file",
            "commits a huge file and takes it out again",
            "commits a link that leaves the tree",
            "commits a repository inside its own",
            "dates its commits ahead",
            "commits a secret",
            "commits a submodule",
            "commits a name with control characters",
            "rewrites the history",
            "begins a history of its own",
            "removes its git directory",
            "makes its git directory a door elsewhere",
        ),
        played=(HARVEST + "leaks.py::test_a_secret_in_a_file_is_a_problem_that_is_named_and_not_shown",),
    ),
    Rule(
        id="FAIL-11",
        says="a person's act ends the job, and it yields with one note",
        decided=(DOMAIN + "approval.py::test_a_person_withdraws_an_issue_by_closing_it_or_its_label_or_its_text",),
        played=(
            OPERATING + "a_person_who_withdraws_an_issue_is_obeyed_at_once_and_nothing_is_merged",
            RUNNER + "a_person_who_closes_the_issue_wins",
        ),
    ),
)

RULES = (
    Rule(
        id="LIFE-1",
        says="a job goes from state to state as the table says, and reaches a merge only through checks and review",
        decided=(
            DOMAIN + "lifecycle.py::test_a_job_goes_where_the_drawing_leads_and_nowhere_else",
            DOMAIN + "lifecycle.py::test_a_change_reaches_a_merge_only_through_checks_and_review",
        ),
        cases=("commits and reports",),
        played=(NIGHT + "status_explain_attempts_and_events_tell_one_story",),
    ),
    Rule(
        id="LIFE-2",
        says="a worker's claims are recorded and not believed; uncommitted work is asked for once and saved",
        decided=(DOMAIN + "worker_report.py::test_a_report_is_taken_word_for_word",),
        cases=(
            "leaves its tree uncommitted and commits when asked",
            "reports a book",
            "reports what no text can hold",
            "says it is blocked",
            "says it is blocked although it committed",
            "says it is superseded",
            "reports in a shape of its own and then as asked",
        ),
    ),
    Rule(
        id="LIFE-3",
        says="red checks go back to the worker with their output",
        decided=(DOMAIN + "lifecycle.py::test_a_job_goes_where_the_drawing_leads_and_nowhere_else",),
        cases=("breaks the checks and mends them",),
        played=(RUNNER + "red_checks_go_back_to_the_worker_with_their_output",),
    ),
    Rule(
        id="LIFE-4",
        says="nothing that a session starts outlives it, and it uses only the tools of its role",
        decided=("tests/core/agents/test_guard.py::test_writing_stays_inside_the_workspace",),
        cases=(
            "leaves a daemon",
            "leaves a daemon that was forked twice",
            "leaves a daemon that ignores every signal",
            "leaves a daemon that hides its environment",
            "writes outside its workspace",
            "calls a tool that it does not have",
            "runs a command that fails",
            "prints without an end",
            "tries to write",
            "reads outside its clone",
            "tries to write the code itself",
        ),
        played=(NIGHT + "no_process_and_no_workspace_is_left",),
    ),
    Rule(
        id="LIFE-5",
        says="whatever a worker does to its clone, the loop runs none of it and takes only what is checked out there",
        decided=(HARVEST + "harvest_traps.py::test_no_planted_hook_or_setting_runs_from_harvest_to_the_next_clone",),
        cases=(
            "pushes by itself",
            "commits on a branch of another name",
            "commits on no branch",
            "commits on a branch called HEAD",
            "digs directories too deep to walk",
            "puts a pipe where a file stood",
            "turns every end of a line round",
            "moves the branch of its base",
            "plants traps for git",
        ),
    ),
    Rule(
        id="LIFE-6",
        says="protected paths and weakened tests are never merged without a person",
        decided=(GATE + "every_withheld_path_is_named", GATE + "every_fact_of_the_gate_can_withhold_a_merge"),
        cases=(
            "deletes tests",
            "skips tests",
            "takes tests out of a file that stays",
            "edits the submodules",
            "edits the workflows",
            "edits the agents' notes",
            "edits the loop's configuration",
            "edits the loop's briefs",
            "edits an issue",
            "edits git's attributes",
        ),
    ),
    Rule(
        id="LIFE-7",
        says="the critic can only withhold: findings go back or stay open, a block hands over, silence is doubted",
        decided=(
            REVIEW + "only_an_approval_without_a_blocking_finding_approves",
            REVIEW + "a_report_that_is_not_exactly_what_was_asked_for_is_no_verdict",
            REVIEW + "an_approval_of_a_large_change_that_names_nothing_it_read_is_suspicious",
        ),
        cases=(
            "asks for changes once",
            "asks for the same change twice",
            "blocks",
            "approves with a finding that does not block",
            "approves with a finding that blocks",
            "finds scaffold theatre",
            "approves a large change and names nothing it read",
            "names what it read when asked",
            "points at places that are not there",
        ),
    ),
    Rule(
        id="LIFE-8",
        says="a thin spec is expanded once; the operator is asked for a new approval, or it is worked on",
        decided=(
            SPEC + "fewer_than_three_of_the_five_sections_are_thin_whichever_they_are",
            SPEC + "anything_else_is_no_expansion",
        ),
        cases=("expands a thin spec", "writes orders and the ready label into its spec"),
        played=(ASKING + "a_spec_for_a_thin_issue_is_posted_and_waits_for_a_new_approval",),
    ),
    Rule(
        id="LIFE-9",
        says="a maintenance session proposes rows that wait for the operator, and none gives the ready label",
        decided=(DOMAIN + "proposals.py::test_anything_else_is_refused_whole",),
        played=(
            ASKING + "a_maintenance_sessions_proposals_are_rows_that_wait_and_none_approves",
            ASKING + "a_maintenance_session_that_proposes_what_there_is_not_keeps_nothing",
        ),
    ),
    Rule(
        id="LIFE-10",
        says="three attempts over different issues that fail alike halt dispatch until it is resumed",
        decided=(DOMAIN + "breaker.py::test_three_issues_that_failed_alike_trip_it_and_the_newest_note_is_told",),
        played=(
            NIGHT + "what_happened_happened",
            RUNNER + "three_issues_that_fail_alike_halt_dispatch_until_it_is_resumed",
        ),
    ),
    Rule(
        id="LIFE-11",
        says="each merge is deployed once; three failures in a row halt dispatch, and undo nothing",
        decided=(DOMAIN + "deploy.py::test_three_failures_in_a_row_halt",),
        played=(
            OPERATING + "each_merge_is_deployed_once_and_three_failures_halt_until_the_operator_resumes",
            "tests/core/runner/test_deploy.py::"
            "test_a_deploy_that_was_interrupted_is_not_run_again_and_the_operator_is_asked",
        ),
    ),
    Rule(
        id="LIFE-12",
        says="jobs that are expected to change one file are not begun side by side while others wait",
        decided=(DOMAIN + "overlap.py::test_two_jobs_meet_in_a_file_or_below_a_directory",),
        played=(OPERATING + "jobs_that_point_at_one_file_are_not_begun_side_by_side_while_another_waits",),
    ),
    Rule(
        id="LIFE-13",
        says="while most of a limit is used, fewer jobs run at once",
        decided=(DOMAIN + "limits.py::test_the_more_of_a_limit_is_used_the_fewer_jobs_run_at_once",),
        played=(OPERATING + "a_limit_that_is_nearly_used_leaves_one_job_at_a_time",),
    ),
    Rule(
        id="LIFE-14",
        says="what the operator asks is done and answered: a skipped issue ends at once and opens nothing",
        decided=(DOMAIN + "lifecycle.py::test_a_job_goes_where_the_drawing_leads_and_nowhere_else",),
        played=(OPERATING + "an_issue_that_the_operator_skips_ends_at_once_and_nothing_is_opened",),
    ),
    Rule(
        id="LIFE-15",
        says="a halt stands until the operator resumes, over restarts too",
        decided=(DOMAIN + "dispatch.py::test_each_reason_is_told_with_its_words_and_its_end",),
        played=(OUTAGE, RUNNER + "three_issues_that_fail_alike_halt_dispatch_until_it_is_resumed"),
    ),
)

LIFECYCLE = (*FAILURES, *RULES)
