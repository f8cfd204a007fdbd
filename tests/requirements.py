"""What this project's stable surface must do: a stable id and a sentence each, and the tests that show it.

Owns: the list. `tests/test_requirements.py` checks it both ways: no sentence without a test, no test named that is not
there. Ids are never reused. What is not kept yet says so, and the README shows it.
"""

from __future__ import annotations

from dataclasses import dataclass

from lifecycle_rules import LIFECYCLE


@dataclass(frozen=True, kw_only=True, slots=True)
class Requirement:
    """`missing` says what of it is not kept, or not shown by a test, yet; empty means that it is kept."""

    id: str
    says: str
    tests: tuple[str, ...] = ()
    missing: str = ""


SURFACE = "tests/test_install_surface.py::test_"
FAMILY = "tests/packaging/test_family.py::test_"
SHAPES = "tests/packaging/test_shapes.py::test_"
RUNNER = "tests/core/runner/test_runner.py::test_"
ACTS = "tests/core/runner/test_human_acts.py::test_"
PULLS = "tests/core/runner/test_pull_request.py::test_"
GATE = "tests/core/domain/test_merge_gate.py::test_"
APPROVAL = "tests/core/domain/test_approval.py::test_"
CODE_HOST = "tests/contracts/test_code_host_contract.py::test_"
TRACKER = "tests/contracts/test_tracker_contract.py::test_"
QUEUE_CONTRACT = "tests/contracts/test_queue_contract.py::test_"
SQLITE_QUEUE = "tests/test_queue_sqlite.py::test_"
QUEUE_PROCESSES = "tests/core/queue/test_processes.py::test_"
KILLS = "tests/faults/test_kill_at_effects.py::test_"
SYSCALLS = "tests/faults/test_kill_at_syscalls.py::test_"
REPLIES = "tests/faults/test_lost_replies.py::test_"
TWO_LOOPS = "tests/faults/test_two_loops.py::test_"
FULL_DISK = "tests/faults/test_full_disk.py::test_"
HOSTS = "tests/core/agents/test_hosts.py::test_"
SIGNALS = "tests/faults/test_signals.py::test_"
STRAYS = "tests/faults/test_strays.py::test_"
SIMULATION = "tests/simulation/test_simulation.py::test_"
OUTAGES = "tests/behaviours/test_outages.py::test_"
OUTAGE = "tests/core/runner/test_outage.py::test_"
PACE = "tests/core/forge/github/test_faults.py::test_"
TRUST = "tests/core/forge/github/test_trust.py::test_"
COMMENTS = "tests/core/forge/github/test_comments.py::test_"
TALK = "tests/core/runner/test_talk.py::test_"
GITHUB = "tests/e2e/test_github.py::test_"
OWN = "tests/e2e/test_own_repository.py::test_"
DEMO = "tests/e2e/test_demo.py::test_"
COMMAND_LINE = "tests/core/cli/test_main.py::test_"
PLUGINS = "tests/core/test_plugins.py::test_"
NIGHT = "tests/integrations/test_night.py::test_"
SINK = "tests/integrations/test_sink.py::test_"
SENDING = "tests/integrations/outbox/test_sending.py::test_"
SINK_CONTRACT = "tests/contracts/test_event_sink_contract.py::test_"
POSTING = "tests/integrations/test_posting.py::test_"
WEBHOOK = "tests/integrations/webhook/test_channel.py::test_"
SLACK = "tests/integrations/slack/test_bot.py::test_"
CLICKS = "tests/integrations/slack/test_clicks.py::test_"
DISCORD = "tests/integrations/discord/test_channel.py::test_"
COLLECTOR = "tests/observability/metrics/test_collector.py::test_"
ALERTS = "tests/observability/metrics/test_alerts.py::test_"
PROMETHEUS = "tests/observability/metrics/test_real_prometheus.py::test_"
TREE = "tests/observability/traces/test_whole_tree.py::test_"
SPANS = "tests/observability/traces/test_spans.py::test_"
OTEL = "tests/observability/traces/test_sink.py::test_"
CLAUDE_CODE = "tests/observability/traces/test_claude_code.py::test_"
VERIFY = "tests/observability/replay/test_command.py::test_"
FORK = "tests/observability/replay/test_fork.py::test_"

GUARANTEES = (
    Requirement(
        id="G1",
        says=(
            "**Nothing claimed is lost.** Once an issue is recorded as claimed, stopping the process at any instant, "
            "`kill -9` included, leaves it either resumed or shown as blocked with a reason after restart."
        ),
        tests=(
            KILLS + "a_kill_at_any_point_of_any_effect_loses_nothing_and_doubles_nothing",
            SYSCALLS + "a_kill_at_any_system_call_loses_nothing_and_doubles_nothing",
            SYSCALLS + "a_kill_at_a_few_system_calls_loses_nothing_and_doubles_nothing",
            SIGNALS + "a_signal_ends_the_loop_in_time_and_the_next_one_finishes",
            OWN + "a_kill_in_the_middle_of_a_session_costs_nothing_and_merges_once",
            GITHUB + "a_kill_in_each_phase_and_at_every_kind_of_write_loses_nothing_and_doubles_nothing",
            SIMULATION + "no_seed_breaks_a_guarantee",
        ),
    ),
    Requirement(
        id="G2",
        says=(
            "**Work may repeat; effects do not.** An attempt can run more than once. For each approval the loop opens "
            "at most one pull request and merges at most once."
        ),
        tests=(
            RUNNER + "an_approved_issue_becomes_one_squash_commit_and_the_checkout_is_not_moved",
            CODE_HOST + "opening_twice_is_one_pull_request",
            CODE_HOST + "merging_twice_merges_once",
            KILLS + "a_kill_at_any_point_of_any_effect_loses_nothing_and_doubles_nothing",
            REPLIES + "a_reply_that_is_lost_after_any_write_doubles_nothing",
            OWN + "a_kill_in_the_middle_of_a_session_costs_nothing_and_merges_once",
            GITHUB + "a_kill_in_each_phase_and_at_every_kind_of_write_loses_nothing_and_doubles_nothing",
            SIMULATION + "no_seed_breaks_a_guarantee",
        ),
    ),
    Requirement(
        id="G3",
        says=(
            "**Only what was reviewed is merged.** A merge names one commit, with an approving verdict, every required "
            "check successful and no protected path touched. If any of these cannot be read, the loop does not merge."
        ),
        tests=(
            GATE + "one_thing_wrong_is_enough_and_is_named",
            GATE + "every_fact_of_the_gate_can_withhold_a_merge",
            GATE + "a_truthy_value_is_not_true",
            RUNNER + "an_invalid_report_of_the_critic_is_no_approval",
            RUNNER + "a_protected_path_is_never_merged_without_a_person",
            RUNNER + "without_checks_nothing_is_merged",
            RUNNER + "two_jobs_on_one_file_the_second_is_checked_again_on_the_moved_base",
            CODE_HOST + "nothing_is_merged_but_the_commit_that_was_named",
        ),
    ),
    Requirement(
        id="G4",
        says=(
            "**Only your approval starts work.** The label must come from an account you trust; the text is used as it "
            "stood then. Later edits need a new approval."
        ),
        tests=(
            APPROVAL + "an_issue_is_refused_for_everything_that_speaks_against_it_at_once",
            APPROVAL + "only_an_issue_that_nothing_speaks_against_is_eligible",
            APPROVAL + "a_file_has_no_edit_times_so_its_recorded_text_decides",
            TRACKER + "the_loop_cannot_give_the_ready_label",
            TRACKER + "a_persons_label_names_who_gave_it_and_is_trusted",
            RUNNER + "nothing_is_taken_without_the_label",
            TRUST + "the_account_decides_whose_label_counts",
            COMMENTS + "a_comment_that_was_edited_at_or_after_the_label_needs_another",
            COMMENTS + "strangers_bots_apps_and_the_loop_itself_are_not_heard",
        ),
    ),
    Requirement(
        id="G5",
        says=(
            "**Humans win.** Once the loop sees a closed issue, a removed label, a closed pull request or a foreign "
            "commit, it changes nothing more there except one note. It checks before every write."
        ),
        tests=(
            ACTS + "people_win",
            RUNNER + "a_person_who_closes_the_issue_wins",
            TALK + "what_is_asked_while_the_critic_reads_goes_back_together_with_its_findings",
            PULLS + "changes_that_are_asked_for_just_before_the_merge_stop_it",
            CODE_HOST + "a_closed_pull_request_is_never_merged",
        ),
    ),
    Requirement(
        id="G6",
        says=(
            "**One loop, no strays.** A second loop on the same state directory refuses to start. With bubblewrap no "
            "agent outlives the loop by more than 5 seconds; without it, leftovers that still carry the attempt's "
            "marker are stopped before new work."
        ),
        tests=(
            RUNNER + "a_second_loop_on_the_same_state_directory_is_refused",
            TWO_LOOPS + "of_two_whole_loops_started_together_one_runs_and_the_other_exits_five_naming_it",
            TWO_LOOPS + "a_lock_left_by_a_killed_loop_is_taken_over_every_time",
            "tests/core/runner/test_start.py::test_what_an_earlier_loop_left_running_is_reaped_before_anything_begins",
            STRAYS + "no_stray_of_a_killed_loop_outlives_the_next_start",
            HOSTS + "leftovers_of_an_earlier_loop_are_reaped_and_others_spared",
            HOSTS + "daemonised_children_are_gone_when_the_session_ends",
            "tests/core/agents/test_host.py::test_a_killed_loop_takes_its_sessions_with_it",
            "tests/security/test_strays.py::test_no_process_of_a_session_outlives_a_killed_loop_by_5_seconds",
            "tests/security/test_strays.py::test_no_process_of_a_check_outlives_a_killed_loop_by_5_seconds",
        ),
    ),
    Requirement(
        id="G7",
        says=(
            "**Outages wait.** Rate limits, usage limits, lost network and full disks pause the work and use no "
            "attempts."
        ),
        tests=(
            RUNNER + "a_usage_limit_parks_the_loop_charges_nothing_and_the_session_resumes",
            RUNNER + "interruptions_in_a_row_wait_longer_each_time_and_charge_nothing",
            OUTAGES + "an_outage_waits_charges_nothing_and_the_session_goes_on",
            OUTAGE + "a_lost_network_costs_a_job_nothing_but_time",
            OUTAGE + "nothing_is_taken_in_while_the_tracker_cannot_be_read",
            PACE + "nothing_is_asked_before_the_time_that_github_gave",
            "tests/core/forge/github/test_pace.py::test_a_limit_of_graphql_comes_with_status_200_and_is_waited_for",
            HOSTS + "a_service_that_cannot_be_reached_is_transient",
            FULL_DISK + "a_disk_that_fills_at_any_effect_costs_nothing_but_time",
            FULL_DISK + "room_that_runs_low_is_told_once_and_work_waits_for_room",
            FULL_DISK + "a_worker_that_fails_on_a_full_disk_is_not_blamed_for_it",
        ),
    ),
)

INSTALL = (
    Requirement(
        id="INSTALL-1",
        says="core requires exactly its short list, and the meta package core alone",
        tests=(
            SURFACE + "core_requires_exactly_its_short_list",
            SURFACE + "meta_requires_core_and_nothing_else",
            SURFACE + "nothing_of_the_experimental_stack_is_required",
            SURFACE + "this_guard_bites_when_core_is_given_fastapi",
        ),
    ),
    Requirement(
        id="INSTALL-2",
        says="the default install cannot import the experimental stack, and core imports only what it declares",
        tests=(
            SURFACE + "the_default_install_cannot_import_the_experimental_stack",
            SURFACE + "the_default_install_imports_core",
            SURFACE + "core_imports_only_what_it_declares",
        ),
    ),
    Requirement(
        id="INSTALL-3",
        says="a satellite that is missing is named with the command that installs it; exit 2",
        tests=(
            SURFACE + "a_satellite_command_in_the_default_install_names_what_to_install",
            SURFACE + "a_run_with_a_sink_of_a_missing_satellite_does_not_start_and_names_what_to_install",
            SURFACE + "a_sink_that_the_settings_name_names_what_to_install",
            PLUGINS + "a_missing_satellite_is_named_with_the_command_that_installs_it",
            PLUGINS + "a_sink_of_a_missing_satellite_is_named_in_the_same_words",
            PLUGINS + "in_an_environment_of_uv_tool_the_hint_is_for_uv_tool",
            PLUGINS + "the_error_of_a_missing_satellite_is_an_import_error_and_exits_with_2",
        ),
    ),
    Requirement(
        id="INSTALL-4",
        says="an ImportError inside an installed satellite is shown as itself",
        tests=(
            PLUGINS + "an_import_error_inside_an_installed_satellite_is_shown_as_itself",
            COMMAND_LINE + "an_import_error_inside_a_satellite_is_shown_as_itself",
        ),
    ),
    Requirement(
        id="INSTALL-5",
        says="after forge-loop[experimental] each satellite command is there, or says that it is not built",
        tests=(
            SURFACE + "after_everything_is_installed_each_command_is_there_or_says_that_it_is_not_built",
            FAMILY + "a_satellite_registers_what_the_table_says_or_nothing_while_it_is_not_built",
        ),
    ),
    Requirement(
        id="INSTALL-6",
        says="every install shape brings what it names, and all of it imports",
        tests=(
            SHAPES + "a_shape_brings_what_it_names_and_all_of_it_imports",
            SHAPES + "the_demo_runs_where_only_the_stable_part_is_installed",
            SHAPES + "uv_tool_install_gives_the_command",
            SHAPES + "uvx_runs_the_command_without_installing_it",
            SHAPES + "an_installed_distribution_carries_complete_metadata",
            SHAPES + "the_files_render_on_an_index",
        ),
    ),
    Requirement(
        id="INSTALL-7",
        says="the six distributions have one version and pin each other exactly",
        tests=(
            FAMILY + "all_six_have_one_version_and_so_does_the_package",
            FAMILY + "pins_inside_the_family_are_exact_and_outside_it_none_is",
            FAMILY + "experimental_is_the_four_satellites_and_each_has_an_extra_of_its_own",
            FAMILY + "the_meta_package_declares_the_command_that_core_declares",
        ),
    ),
    Requirement(
        id="INSTALL-8",
        says="no Redis backend, cluster, election or per-token budget exists in any wheel",
        tests=(
            SURFACE + "no_wheel_holds_what_was_removed_for_good",
            SURFACE + "a_redis_queue_is_refused_with_a_sentence_that_names_what_to_use",
        ),
    ),
    Requirement(
        id="INSTALL-9",
        says="the loop runs in the default install, and none of its processes asks for what is not stable",
        tests=(
            SURFACE + "a_run_merges_on_disk_and_no_process_of_the_loop_asks_for_what_is_not_stable",
            SURFACE + "the_import_audit_sees_who_asks",
        ),
    ),
    Requirement(
        id="INSTALL-10",
        says="help, version, status and explain load neither the SDK nor a satellite",
        tests=(
            COMMAND_LINE + "help_and_version_load_no_command_no_sdk_and_no_satellite",
            "tests/core/cli/test_start_up.py::test_the_line_for_a_prompt_loads_nothing_it_does_not_need",
            "tests/core/cli/test_start_up.py::test_reading_what_happened_loads_nothing_that_makes_it_happen",
        ),
    ),
)

QUEUE = (
    Requirement(
        id="QUEUE-1",
        says="jobs come by priority, then in push order",
        tests=(
            QUEUE_CONTRACT + "jobs_come_in_push_order",
            QUEUE_CONTRACT + "a_smaller_priority_comes_first_and_equal_ones_in_push_order",
            QUEUE_CONTRACT + "many_pushes_keep_their_order_and_say_which_were_new",
        ),
    ),
    Requirement(
        id="QUEUE-2",
        says="a payload comes back as it was pushed, or is refused",
        tests=(
            QUEUE_CONTRACT + "a_payload_comes_back_as_it_was_pushed",
            QUEUE_CONTRACT + "a_payload_that_json_cannot_hold_is_refused_and_nothing_is_pushed",
        ),
    ),
    Requirement(
        id="QUEUE-3",
        says="a key is unique among live jobs",
        tests=(
            QUEUE_CONTRACT + "a_live_key_pushed_again_changes_nothing",
            QUEUE_CONTRACT + "a_key_stays_taken_while_its_job_is_delayed_or_leased",
            QUEUE_CONTRACT + "an_acked_key_can_be_pushed_again",
        ),
    ),
    Requirement(
        id="QUEUE-4",
        says="a delivery that expired or was taken over changes nothing",
        tests=(
            QUEUE_CONTRACT + "an_expired_lease_changes_nothing",
            QUEUE_CONTRACT + "a_lease_that_another_took_over_changes_nothing",
            QUEUE_CONTRACT + "an_acked_delivery_cannot_be_used_again",
        ),
    ),
    Requirement(
        id="QUEUE-5",
        says="a job whose lease ended is due again: at least once",
        tests=(
            QUEUE_CONTRACT + "a_job_whose_lease_ended_is_delivered_again_under_another_token",
            QUEUE_CONTRACT + "a_leased_job_is_not_delivered_to_another",
            QUEUE_CONTRACT + "an_extended_lease_counts_from_now",
        ),
    ),
    Requirement(
        id="QUEUE-6",
        says="a job dies at its last delivery, with the last reason; without a limit none dies",
        tests=(
            QUEUE_CONTRACT + "a_job_dies_at_its_last_delivery_with_the_last_reason",
            QUEUE_CONTRACT + "a_lease_that_ends_at_the_last_delivery_kills_the_job",
            QUEUE_CONTRACT + "without_a_limit_no_job_dies",
            QUEUE_CONTRACT + "a_requeued_job_starts_anew",
        ),
    ),
    Requirement(
        id="QUEUE-7",
        says="a release counts against nothing",
        tests=(
            QUEUE_CONTRACT + "a_released_job_was_never_delivered",
            QUEUE_CONTRACT + "a_release_can_name_the_moment",
        ),
    ),
    Requirement(
        id="QUEUE-8",
        says="many consumers get each job once, and a push wakes one that waits",
        tests=(
            QUEUE_CONTRACT + "many_threads_get_each_job_once",
            QUEUE_CONTRACT + "a_push_from_another_thread_ends_a_wait",
            QUEUE_CONTRACT + "a_wait_without_a_job_ends_after_its_time",
        ),
    ),
    Requirement(
        id="QUEUE-9",
        says="the depth counts each job once",
        tests=(QUEUE_CONTRACT + "the_depth_counts_each_job_once",),
    ),
    Requirement(
        id="QUEUE-10",
        says="what was pushed is still there after closing and opening again",
        tests=(
            SQLITE_QUEUE + "what_is_pushed_comes_out_in_order_and_is_gone_after_its_ack",
            SQLITE_QUEUE + "what_was_written_is_still_there_after_closing_and_opening_again",
        ),
    ),
    Requirement(
        id="QUEUE-11",
        says="many processes share it, and a killed consumer's job comes back",
        tests=(
            QUEUE_PROCESSES + "eight_processes_take_each_of_several_thousand_jobs_exactly_once",
            QUEUE_PROCESSES + "the_job_of_a_killed_consumer_comes_back_at_once_and_is_counted",
            QUEUE_PROCESSES + "consumers_killed_again_and_again_lose_nothing_and_finish_nothing_twice",
        ),
    ),
)

LOOP = (
    Requirement(
        id="DEMO-1",
        says="the demo merges every issue but the blocked one, and every state of main passes its tests",
        tests=(
            DEMO + "it_ends_well_and_says_so",
            DEMO + "every_issue_ends_as_its_scene_says",
            DEMO + "main_has_one_commit_for_every_merged_issue_and_no_other",
            DEMO + "every_state_that_main_was_in_passes_the_tests",
            DEMO + "what_the_critic_blocked_is_in_no_state_of_main",
        ),
    ),
    Requirement(
        id="DEMO-2",
        says="the demo says what is scripted, and where Claude Code cannot run it says so and plays nothing",
        tests=(
            DEMO + "the_banner_comes_first_and_says_what_is_scripted",
            DEMO + "where_claude_code_cannot_run_one_sentence_says_so_and_nothing_is_played",
        ),
    ),
    Requirement(
        id="DEMO-3",
        says="demo --json is one document of the promised shape",
        tests=(DEMO + "stdout_is_one_document_of_the_promised_shape",),
    ),
    Requirement(
        id="DEMO-4",
        says="the demo leaves the newcomer's home alone and takes no key of the operator's",
        tests=(
            DEMO + "nothing_is_written_into_the_newcomers_home",
            DEMO + "no_key_of_the_operators_reaches_a_session",
        ),
    ),
    Requirement(
        id="EVENTS-1",
        says="events.jsonl has gapless seq and equals the database",
        tests=(
            DEMO + "the_events_are_gapless_and_the_file_equals_the_database",
            RUNNER + "events_jsonl_is_gapless_and_equal_to_the_database",
        ),
    ),
    Requirement(
        id="RUN-1",
        says="in a repository of one's own the loop merges, explain says all that is so, the checkout is not moved",
        tests=(
            OWN + "an_operator_gets_a_merge_and_explain_says_all_that_is_so",
            RUNNER + "an_approved_issue_becomes_one_squash_commit_and_the_checkout_is_not_moved",
        ),
    ),
)

MESSAGES = (
    Requirement(
        id="NOTIFY-1",
        says="a receiver that dies and returns misses nothing and gets nothing twice that it acknowledged",
        tests=(
            NIGHT + "a_receiver_that_dies_and_returns_misses_nothing_and_gets_nothing_twice",
            SINK + "killed_between_the_answer_and_the_note_of_it_a_message_comes_again_under_its_id",
            SINK + "killed_again_and_again_nothing_is_lost_and_little_is_repeated",
            SENDING + "a_receiver_that_is_down_for_a_day_misses_nothing_and_gets_all_of_it_soon_after",
        ),
    ),
    Requirement(
        id="NOTIFY-2",
        says="the loop never waits for a receiver",
        tests=(
            SINK_CONTRACT + "it_hears_of_every_kind_and_never_waits_for_a_receiver",
            SINK + "a_receiver_that_says_nothing_does_not_hold_up_the_end_and_gets_it_at_the_next_start",
        ),
    ),
    Requirement(
        id="NOTIFY-3",
        says="a webhook verifies, follows no redirect and goes to no private address unless that is allowed",
        tests=(
            WEBHOOK + "what_arrives_verifies_with_either_secret",
            POSTING + "a_redirect_is_an_answer_and_is_not_followed",
            WEBHOOK + "a_private_address_is_refused_unless_it_is_allowed_and_nothing_is_sent",
        ),
    ),
    Requirement(
        id="NOTIFY-4",
        says="whatever a stranger writes, a message rings nobody and is within its service's limits",
        tests=(
            SLACK + "whatever_a_stranger_writes_nobody_is_rung_and_slack_takes_it",
            DISCORD + "whatever_a_stranger_writes_nobody_is_rung_and_discord_takes_it",
            WEBHOOK + "hostile_titles_arrive_signed_and_short",
        ),
    ),
    Requirement(
        id="NOTIFY-5",
        says="a click in Slack is a request like the command line's, and only of a user on the list",
        tests=(
            CLICKS + "a_click_in_slack_becomes_a_request_and_its_thread_says_so",
            CLICKS + "somebody_who_is_not_on_the_list_presses_in_vain",
        ),
    ),
)

OBSERVED = (
    Requirement(
        id="OBSERVE-1",
        says="every process tells the same metrics, no count falls, and what cannot be read is not told as 0",
        tests=(
            COLLECTOR + "a_merge_shows_in_every_family_it_belongs_to",
            COLLECTOR + "promtool_accepts_the_metrics_of_a_loop_and_of_none",
            COLLECTOR + "a_file_that_is_no_database_is_an_error_and_not_a_zero",
            "tests/core/store/test_tallies.py::test_counts_stay_where_events_are_removed",
        ),
    ),
    Requirement(
        id="OBSERVE-2",
        says="a real Prometheus evaluates the shipped rules, and each query of the dashboard returns data",
        tests=(
            PROMETHEUS + "a_real_prometheus_sees_the_loop_work",
            ALERTS + "a_rule_fires_when_it_should",
            ALERTS + "nothing_fires_while_all_is_well",
        ),
    ),
    Requirement(
        id="OBSERVE-3",
        says="a job is one trace, down to its merge and to Claude Code's tool calls, and holds nobody's text",
        tests=(
            TREE + "a_run_is_one_tree_down_to_the_tool_calls",
            SPANS + "no_text_from_outside_is_in_any_span",
            CLAUDE_CODE + "claude_code_sends_its_spans_below_the_session_and_no_text",
        ),
    ),
    Requirement(
        id="OBSERVE-4",
        says="a collector that refuses or hangs costs spans and nothing else",
        tests=(
            OTEL + "a_collector_that_refuses_is_told_of_and_the_loop_merges",
            OTEL + "a_collector_that_hangs_holds_up_neither_the_loop_nor_its_end",
        ),
    ),
    Requirement(
        id="OBSERVE-5",
        says="past decisions can be taken again by today's rules, and past work run again with nothing else touched",
        tests=(
            VERIFY + "verify_exits_with_1_where_today_decides_otherwise",
            FORK + "a_workers_attempt_starts_over_with_another_brief_and_nothing_else_is_touched",
        ),
    ),
)

LIFE = tuple(Requirement(id=rule.id, says=rule.says, tests=(*rule.decided, *rule.played)) for rule in LIFECYCLE)

PROMISES = (*INSTALL, *QUEUE, *LOOP, *LIFE, *MESSAGES, *OBSERVED)
REQUIREMENTS = (*GUARANTEES, *PROMISES)
