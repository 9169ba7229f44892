//! The gateway as a process under faults: bad servers, packets from unexpected sources, mistaken configurations, rude
//! control clients, line and card faults, crashes, and systemd's side of it.
//!
//! Real `tipringd` and `tipring` on loopback, simulated phones, the built-in CallManager. Each test has a loopback
//! address of its own, so nothing collides. Every wait has a deadline and no test sleeps; since waiting is most of it,
//! more tests run side by side than there are processors.

mod alarm;
mod byhand;
mod capture;
mod config;
mod control;
mod crash;
mod dahdi;
mod explain;
mod failover;
mod fault;
mod fax;
mod front;
mod history;
mod hook;
mod hung;
mod identity;
mod json;
mod linetest;
mod log;
mod names;
mod network;
mod operator;
mod place;
mod ports;
mod reload;
mod rtp;
mod server;
mod servers;
mod service;
mod sound;
mod talk;

use libtest_mimic::{Arguments, Trial};

/// Tests at once, unless `--test-threads` says otherwise.
const SIDE_BY_SIDE: usize = 6;

macro_rules! trials {
    ($($module:ident::$test:ident,)*) => {
        vec![$(Trial::test(concat!(stringify!($module), "::", stringify!($test)), || {
            $module::$test();
            Ok(())
        }),)*]
    };
}

fn main() {
    if hung::serves() {
        return;
    }
    let mut arguments = Arguments::from_args();
    arguments.test_threads.get_or_insert(SIDE_BY_SIDE);
    let mut trials = trials![
        dahdi::without_dahdi_the_daemon_starts_says_what_is_missing_and_goes_on_trying,
        dahdi::a_block_that_dahdi_does_not_take_is_refused_with_the_reason,
        capture::a_call_that_was_recorded_is_played_as_it_happened,
        capture::a_capture_is_played_to_a_daemon_whose_phone_and_far_ends_are_heard,
        capture::a_recording_that_cannot_be_written_says_so_and_one_whose_reader_has_gone_is_whole,
        config::ten_mistakes_are_reported_at_once_with_line_key_and_what_is_accepted,
        config::two_ports_with_one_device_name_are_refused_with_both_lines,
        config::a_good_file_is_good_to_both,
        config::a_check_whose_answer_cannot_be_written_is_exit_1,
        config::files_that_are_no_configuration_are_exit_78,
        control::rude_clients_cost_their_own_connection,
        control::of_seventy_idle_clients_the_oldest_give_way_and_the_log_says_so_once,
        control::followers_and_watchers_stay_when_idle_clients_crowd_the_socket,
        control::whoever_comes_is_let_in_even_when_all_are_busy,
        control::a_client_that_stops_reading_a_trace_costs_nothing,
        control::a_second_daemon_on_one_socket_refuses_and_names_it,
        control::a_daemon_started_twice_leaves_the_first_and_its_calls_alone,
        control::a_socket_left_by_a_killed_daemon_is_replaced_but_a_file_is_not,
        crash::a_daemon_killed_in_a_call_registers_again_and_its_ports_work,
        crash::calls_that_outlive_their_callmanager_are_counted_as_talking_and_named_preserved,
        crash::a_callmanager_found_by_one_port_is_tried_by_those_that_wait,
        crash::a_callmanager_that_comes_late_finds_the_ports_waiting_and_reorder_is_heard_until_then,
        explain::a_fault_of_the_line_is_on_the_first_line_and_gone_when_it_is_mended,
        explain::a_callmanager_that_is_not_there_rejects_or_is_back_is_on_the_first_line,
        explain::a_call_is_explained_while_it_is_up_and_after_it,
        explain::a_phone_left_off_hook_is_on_the_first_line,
        alarm::a_panel_s_messages_reach_its_receiver_whole_and_are_in_the_trace_without_the_account,
        fault::a_span_in_alarm_in_a_call_heals_by_itself_and_nobody_else_notices,
        fault::a_card_removed_in_a_call_heals_by_itself_and_nobody_else_notices,
        fault::a_battery_lost_in_a_call_heals_by_itself_and_nobody_else_notices,
        fault::a_port_that_stays_dead_leaves_the_callmanager_and_is_back_when_its_line_is,
        fault::a_fault_while_ringing_ends_the_ringing_and_the_next_call_rings,
        fax::a_fax_that_is_carried_as_voice_is_in_the_journal_as_well,
        fax::a_page_goes_over_t38_where_both_ports_have_named_events,
        fax::two_pages_in_pass_through_have_a_record_with_all_of_it_on_both_ports,
        fax::a_far_machine_unplugged_in_its_page_and_a_person_who_answers_are_told_apart,
        fax::a_fax_that_is_cut_off_is_in_the_journal_with_its_cause_until_a_good_one_of_two_pages,
        fax::a_far_end_without_named_events_costs_the_fax_nothing_and_the_trace_says_so,
        fax::t38_that_was_refused_three_times_is_not_asked_for_until_the_far_end_is_forgotten,
        history::finished_calls_are_there_after_a_restart_and_after_a_crash,
        history::a_call_that_the_stop_of_the_daemon_ends_is_in_the_history,
        history::faults_shorter_than_a_second_are_each_kept,
        history::without_the_daemon_its_file_is_read_and_the_answer_says_so,
        history::a_file_that_cannot_be_written_costs_no_call_and_is_kept_again_by_itself,
        history::a_broken_file_is_put_aside_and_another_one_begun,
        history::nothing_is_kept_with_keep_days_0_and_a_reload_ends_that,
        hook::pulses_and_flashes_are_no_off_hooks,
        json::what_json_shows_of_a_call_is_what_the_schema_says,
        json::a_key_without_a_word_in_the_schema_is_found,
        identity::no_virtual_interface_changes_a_device_name,
        identity::an_interface_once_chosen_stays_when_better_ones_come_and_when_it_is_renamed,
        identity::an_interface_that_is_gone_or_replaced_is_a_trouble_and_the_names_stay,
        identity::the_mac_of_the_file_goes_before_every_interface_and_is_not_remembered,
        identity::a_machine_without_an_interface_takes_the_first_physical_one_that_comes,
        identity::a_memory_that_is_damaged_or_cannot_be_written_costs_a_line_in_the_log,
        linetest::the_noise_of_a_line_is_measured_and_judged,
        linetest::a_lifted_phone_a_call_and_a_fault_end_a_test_and_are_named,
        linetest::a_reload_during_a_test_is_used_and_the_test_has_its_result,
        linetest::a_test_that_nobody_waits_for_is_cancelled_and_the_next_one_runs,
        log::a_pipe_that_nobody_reads_stops_nothing,
        log::a_full_disk_costs_log_lines_alone,
        operator::a_port_registers_again_on_request_and_one_in_a_call_is_left_alone,
        operator::a_wait_of_ten_minutes_is_shown_and_ends_on_request,
        operator::a_preferred_callmanager_gets_idle_ports_and_those_of_calls_when_they_end,
        ports::ports_that_others_use_are_skipped,
        ports::a_call_without_a_port_is_refused_with_cause_and_cure_and_works_when_there_is_one,
        reload::a_good_file_is_used_at_once_and_the_same_again_changes_nothing,
        reload::a_broken_file_is_reported_whole_and_changes_nothing,
        reload::a_talking_port_takes_new_settings_after_its_call_and_its_sound_is_unharmed,
        reload::another_device_name_registers_again_when_the_port_is_idle,
        reload::ports_leave_come_back_and_change_places,
        reload::ports_added_while_others_talk_work_until_the_spare_lanes_are_used_up,
        reload::what_needs_a_restart_is_named_with_its_reason_until_it_is_taken_back,
        reload::a_server_that_left_the_list_is_left_by_idle_ports_at_once_and_by_talking_ones_after,
        reload::sighup_reads_the_file_again_and_the_log_shows_the_outcome,
        rtp::packets_from_unexpected_sources_are_dropped_and_counted_and_the_wanted_sound_is_untouched,
        rtp::both_ends_of_a_call_report_to_each_other_and_the_call_is_rated,
        rtp::music_without_start_media_is_heard_and_the_source_that_is_refused_is_named,
        rtp::a_flood_on_one_port_leaves_the_calls_of_the_others_alone,
        server::a_server_that_talks_nonsense_loses_its_connection_and_nobody_else_notices,
        server::single_bytes_and_odd_versions_register_all_the_same,
        server::the_same_trouble_again_and_again_is_one_line_in_the_log,
        server::a_server_that_accepts_and_then_talks_nonsense_does_not_fill_the_log,
        server::nonsense_and_storms_in_a_call_cost_that_call_at_most,
        server::a_server_that_stops_reading_costs_its_own_port,
        server::a_better_callmanager_that_hangs_draws_no_port_off_and_one_that_works_does,
        servers::a_backup_that_refuses_connections_is_a_finding_until_it_is_back,
        servers::a_backup_that_nobody_tries_is_shown_as_not_tried,
        servers::a_callmanager_that_was_frozen_is_back_at_once_where_the_others_cannot_be_reached,
        servers::what_was_wrong_with_a_server_goes_with_it_from_the_list,
        servers::a_rejected_port_has_the_words_of_ciscos_phrase_and_its_trouble_goes_with_it,
        sound::a_recorded_call_is_heard_both_ways_and_the_recorder_gets_nothing,
        sound::a_call_that_outlives_its_server_ends_when_its_rtp_has_ended,
        sound::a_held_phone_hears_the_music_of_a_multicast_group_until_it_is_stopped,
        sound::rtp_that_stops_in_a_call_is_named_until_it_is_back_and_its_begin_and_end_are_kept,
        service::systemd_is_notified_of_readiness_status_strokes_and_stopping,
        service::strokes_come_for_a_watchdog_of_an_hour_and_for_none,
        service::without_realtime_rights_it_starts_says_so_once_and_shows_the_cure,
        service::realtime_that_is_required_and_refused_is_exit_1,
        service::realtime_that_is_off_is_nothing_to_complain_about,
    ];
    // Network and mount namespaces are for root.
    let networks = trials![
        failover::a_callmanager_that_ends_costs_no_call,
        failover::a_callmanager_whose_connections_are_reset_costs_no_call,
        failover::a_callmanager_whose_cable_is_cut_is_left_within_seconds_and_costs_no_call,
        failover::seven_hung_callmanagers_of_eight_cost_no_call,
        failover::ports_by_the_hundred_come_at_a_rate_that_no_callmanager_throttles,
        failover::a_frozen_callmanager_is_left_within_seconds_and_costs_no_call,
        failover::a_callmanager_whose_packets_are_dropped_is_left_within_seconds_and_costs_no_call,
        history::a_full_disk_costs_no_call_and_is_kept_again_when_there_is_room,
        names::a_silent_name_server_keeps_no_port_from_the_other_callmanager_and_the_name_is_named,
        names::a_callmanager_is_reached_by_the_address_that_works_whatever_is_wrong_with_the_other,
        network::a_dead_host_is_left_for_the_next_server_long_before_keepalives_notice,
        network::an_own_address_that_is_replaced_is_noticed_at_once,
        network::a_link_that_comes_up_wakes_the_ports_that_wait,
        network::a_configured_address_that_comes_later_is_named_until_it_does,
    ];
    let without = !network::possible();
    if without {
        eprintln!(
            "SKIPPED: {} trials need networks of their own: root, and the commands ip, unshare and mount (packaging/setup.sh test)",
            networks.len()
        );
    }
    let networks = networks.into_iter().map(|t| t.with_ignored_flag(without));
    trials.extend(networks);
    // On a machine that is configured there is no first start to be seen.
    let first = trials![service::the_first_start_needs_no_configuration,];
    let configured = std::path::Path::new("/etc/tipring/tipring.toml").exists();
    if configured {
        eprintln!(
            "SKIPPED: the trial of a first start, for this machine has /etc/tipring/tipring.toml"
        );
    }
    trials.extend(
        first
            .into_iter()
            .map(|trial| trial.with_ignored_flag(configured)),
    );
    libtest_mimic::run(&arguments, trials).exit();
}
