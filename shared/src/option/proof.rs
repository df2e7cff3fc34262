//! Which test proves each option that works.
//!
//! A row of the table may say that it works only when a test named here fails without it. Unit
//! tests are named as cargo prints them behind their crate, `shared::config::...`; those of a
//! test target behind `CRATE/TARGET::`. That each of them fails without its option is shown by
//! `tests/run --ablation`, in a build with the feature `ablation`.

/// The primary name of each option that works, and its test.
pub const PROOFS: &[(&str, &str)] = &[
    ("strict", "shared::config::tests::effects::strict_refuses_what_is_no_option"),
    ("show-config", "tests/vassal::titles::the_configuration_is_shown_as_it_was_understood"),
    ("blacklist", "shared::config::tests::effects::a_fence_ends_where_it_says"),
    ("whitelist", "shared::config::tests::effects::a_fence_ends_where_it_says"),
    ("config", "shared::config::tests::effects::other_files_are_read_where_they_are_named"),
    ("set", "shared::config::tests::effects::set_gives_options_and_variables"),
    (
        "set-placeholder",
        "shared::config::tests::effects::set_placeholder_gives_variables_that_strict_allows",
    ),
    ("for", "shared::config::tests::effects::loops_repeat_each_line_for_each_item"),
    ("for-glob", "shared::config::tests::effects::loops_repeat_each_line_for_each_item"),
    ("for-times", "shared::config::tests::effects::loops_repeat_each_line_for_each_item"),
    ("for-readline", "shared::config::tests::effects::loops_repeat_each_line_for_each_item"),
    ("if-opt", "shared::config::tests::effects::a_condition_reads_its_block_when_it_holds"),
    ("if-not-opt", "shared::config::tests::effects::a_condition_reads_its_block_when_it_holds"),
    ("if-env", "shared::config::tests::effects::a_condition_reads_its_block_when_it_holds"),
    ("if-not-env", "shared::config::tests::effects::a_condition_reads_its_block_when_it_holds"),
    ("if-reload", "shared::config::tests::effects::a_condition_reads_its_block_when_it_holds"),
    ("if-not-reload", "shared::config::tests::effects::a_condition_reads_its_block_when_it_holds"),
    ("if-hostname", "shared::config::tests::effects::a_condition_reads_its_block_when_it_holds"),
    (
        "if-not-hostname",
        "shared::config::tests::effects::a_condition_reads_its_block_when_it_holds",
    ),
    ("if-exists", "shared::config::tests::effects::a_condition_reads_its_block_when_it_holds"),
    ("if-not-exists", "shared::config::tests::effects::a_condition_reads_its_block_when_it_holds"),
    ("if-plugin", "shared::config::tests::effects::a_condition_reads_its_block_when_it_holds"),
    ("if-not-plugin", "shared::config::tests::effects::a_condition_reads_its_block_when_it_holds"),
    ("if-file", "shared::config::tests::effects::a_condition_reads_its_block_when_it_holds"),
    ("if-not-file", "shared::config::tests::effects::a_condition_reads_its_block_when_it_holds"),
    ("if-dir", "shared::config::tests::effects::a_condition_reads_its_block_when_it_holds"),
    ("if-not-dir", "shared::config::tests::effects::a_condition_reads_its_block_when_it_holds"),
    ("endif", "shared::config::tests::effects::a_condition_reads_its_block_when_it_holds"),
    ("end-blacklist", "shared::config::tests::effects::a_fence_ends_where_it_says"),
    ("end-whitelist", "shared::config::tests::effects::a_fence_ends_where_it_says"),
    ("inherit", "shared::config::tests::effects::other_files_are_read_where_they_are_named"),
    ("include", "shared::config::tests::effects::other_files_are_read_where_they_are_named"),
    ("help", "tests/vassal::output::help_prints_the_options_and_ends"),
    ("ini", "shared::config::tests::effects::other_files_are_read_where_they_are_named"),
    ("version", "tests/vassal::output::version_prints_a_number_and_ends"),
    ("emperor-nofollow", "tests/emperor::options::emperor_nofollow_takes_a_link_for_what_it_is"),
    ("emperor-tyrant", "tests/emperor::systemd::tyrant_mode_runs_each_file_as_its_owner"),
    ("emperor-no-blacklist", "tests/emperor::options::emperor_no_blacklist_never_pauses"),
    (
        "emperor-graceful-shutdown",
        "tests/emperor::options::emperor_graceful_shutdown_lets_requests_finish_unless_it_is_off",
    ),
    (
        "emperor-freq",
        "tests/emperor::options::emperor_freq_is_the_time_between_scans_where_nothing_can_be_watched",
    ),
    ("emperor-required-heartbeat", "emperor/court::a_missed_heartbeat_is_answered_with_a_reload"),
    ("emperor-curse-tolerance", "emperor/court::a_vassal_that_does_not_stop_is_killed"),
    (
        "emperor-throttle",
        "tests/emperor::options::the_first_pause_after_a_failure_is_emperor_throttle",
    ),
    (
        "emperor-max-throttle",
        "tests/emperor::options::no_pause_is_longer_than_emperor_max_throttle",
    ),
    ("emperor-pidfile", "tests/emperor::options::emperor_pidfile_takes_the_pid"),
    ("emperor-stats", "tests/emperor::systemd::the_statistics_have_the_keys_that_tools_read"),
    ("binary-path", "tests/emperor::options::binary_path_is_the_program_of_the_vassals"),
    (
        "emperor",
        "tests/emperor::governs::a_file_that_appears_is_served_and_one_that_disappears_is_not",
    ),
    (
        "emperor-extra-extension",
        "tests/emperor::options::emperor_extra_extension_lets_more_names_be_vassals",
    ),
    (
        "vassals-inherit",
        "tests/emperor::options::files_of_the_emperor_are_read_before_and_after_that_of_a_vassal",
    ),
    (
        "vassals-include",
        "tests/emperor::options::files_of_the_emperor_are_read_before_and_after_that_of_a_vassal",
    ),
    (
        "vassals-inherit-before",
        "tests/emperor::options::files_of_the_emperor_are_read_before_and_after_that_of_a_vassal",
    ),
    (
        "vassals-include-before",
        "tests/emperor::options::files_of_the_emperor_are_read_before_and_after_that_of_a_vassal",
    ),
    ("vassal-set", "tests/emperor::options::vassal_set_sets_options_and_variables"),
    ("refuse-root", "tests/emperor::options::refuse_root_refuses_what_would_run_as_root"),
    ("api-socket", "tests/emperor::options::api_socket_is_where_the_api_listens"),
    ("start-parallel", "tests/emperor::options::start_parallel_is_how_many_start_at_a_time"),
    ("state-dir", "tests/emperor::options::state_dir_is_where_the_state_is_kept"),
    ("log-keep", "tests/emperor::options::log_keep_is_how_many_lines_are_kept"),
    ("env", "tests/vassal::application::env_sets_and_unenv_removes_variables"),
    ("unenv", "tests/vassal::application::env_sets_and_unenv_removes_variables"),
    ("http", "tests/vassal::serve::the_two_line_command_says_hello_world"),
    (
        "http-keepalive",
        "tests/vassal::listening::http_keepalive_is_how_long_an_idle_connection_is_kept",
    ),
    ("memory-report", "tests/vassal::output::memory_report_shows_the_memory_of_workers"),
    ("disable-logging", "tests/vassal::output::disable_logging_writes_no_line_for_a_request"),
    ("daemonize", "tests/vassal::output::daemonize_detaches_and_writes_a_log"),
    ("daemonize2", "tests/vassal::output::daemonize2_detaches_and_writes_a_log"),
    ("logto", "tests/vassal::output::logto_and_logto2_take_the_output_and_count_from_the_start"),
    ("logto2", "tests/vassal::output::logto_and_logto2_take_the_output_and_count_from_the_start"),
    ("log-format", "tests/vassal::lines::log_format_is_the_form_of_request_lines"),
    (
        "logformat-strftime",
        "tests/vassal::lines::logformat_strftime_gives_ftime_the_form_of_log_date",
    ),
    ("log-micros", "tests/vassal::lines::log_micros_shows_microseconds"),
    (
        "log-x-forwarded-for",
        "tests/vassal::lines::log_x_forwarded_for_shows_whom_a_near_proxy_names",
    ),
    ("log-zero", "tests/vassal::lines::log_zero_keeps_empty_answers"),
    ("log-slow", "tests/vassal::lines::log_slow_keeps_slow_requests"),
    ("log-4xx", "tests/vassal::lines::log_4xx_keeps_mistakes_of_clients"),
    ("log-5xx", "tests/vassal::lines::log_5xx_keeps_mistakes_of_servers"),
    ("log-big", "tests/vassal::lines::log_big_keeps_big_answers"),
    ("log-sendfile", "tests/vassal::lines::log_sendfile_keeps_files"),
    ("log-ioerror", "tests/vassal::lines::log_ioerror_keeps_requests_whose_client_was_gone"),
    (
        "log-date",
        "tests/vassal::loggers::log_date_and_log_prefix_stand_before_messages_of_the_server",
    ),
    (
        "log-prefix",
        "tests/vassal::loggers::log_date_and_log_prefix_stand_before_messages_of_the_server",
    ),
    ("logger", "tests/vassal::loggers::logger_and_req_logger_part_output_and_request_lines"),
    ("req-logger", "tests/vassal::loggers::logger_and_req_logger_part_output_and_request_lines"),
    ("log-route", "tests/vassal::loggers::routes_send_lines_to_the_logger_that_they_name"),
    ("log-req-route", "tests/vassal::loggers::routes_send_lines_to_the_logger_that_they_name"),
    ("log-drain", "tests/vassal::loggers::log_drain_drops_lines_and_log_filter_keeps_lines"),
    ("log-filter", "tests/vassal::loggers::log_drain_drops_lines_and_log_filter_keeps_lines"),
    ("log-encoder", "tests/vassal::loggers::log_encoders_make_each_line_json"),
    ("log-req-encoder", "tests/vassal::loggers::log_encoders_make_each_line_json"),
    ("log-socket", "tests/vassal::loggers::log_socket_sends_each_line_as_a_datagram"),
    ("rsyslog-packet-size", "tests/vassal::loggers::rsyslog_packets_have_a_size_and_may_be_split"),
    (
        "rsyslog-split-messages",
        "tests/vassal::loggers::rsyslog_packets_have_a_size_and_may_be_split",
    ),
    ("log-syslog", "tests/vassal::loggers::log_syslog_speaks_to_the_machines_log"),
    ("log-master-bufsize", "tests/vassal::loggers::log_master_bufsize_is_the_longest_line"),
    ("logger-list", "tests/vassal::loggers::logger_list_prints_the_kinds_of_loggers"),
    ("log-maxsize", "tests/vassal::loggers::log_maxsize_rotates_to_log_backupname_or_the_time"),
    ("log-backupname", "tests/vassal::loggers::log_maxsize_rotates_to_log_backupname_or_the_time"),
    ("log-reopen", "tests/vassal::loggers::log_reopen_opens_the_log_again_with_a_reload"),
    (
        "log-truncate",
        "tests/vassal::loggers::log_truncate_and_logfile_chmod_act_when_the_log_is_opened",
    ),
    (
        "logfile-chmod",
        "tests/vassal::loggers::log_truncate_and_logfile_chmod_act_when_the_log_is_opened",
    ),
    ("logfile-chown", "tests/vassal::loggers::logfile_chown_gives_the_log_to_the_vassals_user"),
    ("enable-metrics", "tests/vassal::stats::enable_metrics_shows_the_table_of_metrics"),
    (
        "metrics-no-cores",
        "tests/vassal::stats::metrics_can_be_left_out_of_the_statistics_or_without_cores",
    ),
    (
        "stats-no-metrics",
        "tests/vassal::stats::metrics_can_be_left_out_of_the_statistics_or_without_cores",
    ),
    ("stats-no-cores", "tests/vassal::stats::stats_no_cores_leaves_the_cores_out"),
    ("stats-http", "tests/vassal::output::stats_http_puts_a_head_before_the_statistics"),
    ("stats-minified", "tests/vassal::output::stats_minified_leaves_white_space_out"),
    ("stats", "tests/vassal::stats::the_document_has_the_keys_that_tools_read_in_order"),
    ("chroot", "tests/vassal::launcher::a_chrooted_vassal_serves_and_reloads_inside_its_root"),
    ("umask", "tests/vassal::application::umask_is_the_mask_of_the_application"),
    ("uid", "tests/vassal::application::the_user_and_the_group_are_those_that_were_named"),
    ("gid", "tests/vassal::application::the_user_and_the_group_are_those_that_were_named"),
    (
        "immediate-uid",
        "tests/vassal::application::the_user_and_the_group_are_those_that_were_named",
    ),
    (
        "immediate-gid",
        "tests/vassal::application::the_user_and_the_group_are_those_that_were_named",
    ),
    ("no-initgroups", "tests/vassal::application::no_initgroups_leaves_the_users_other_groups_out"),
    ("auto-procname", "tests/vassal::titles::auto_procname_alone_gives_titles"),
    (
        "need-app",
        "tests/vassal::workers::without_an_application_and_need_app_off_every_answer_is_500",
    ),
    ("die-on-term", "tests/vassal::limits::without_die_on_term_a_term_reloads"),
    ("catch-exceptions", "tests/wsgi::errors::catch_exceptions_shows_the_traceback"),
    ("lazy-apps", "tests/vassal::workers::lazy_apps_import_in_each_worker"),
    ("vacuum", "tests/vassal::serve::vacuum_removes_the_socket_at_the_end_and_chmod_sets_its_mode"),
    ("processes", "tests/vassal::limits::processes_is_the_number_of_workers"),
    ("harakiri", "tests/vassal::workers::harakiri_ends_a_request_that_takes_too_long"),
    ("reload-mercy", "emperor/court::a_starter_that_never_accepts_does_not_stop_the_emperor"),
    (
        "worker-reload-mercy",
        "tests/vassal::limits::worker_reload_mercy_is_how_long_an_old_worker_may_finish",
    ),
    ("threads", "tests/vassal::workers::threads_run_requests_at_the_same_time"),
    ("max-requests", "tests/vassal::workers::max_requests_recycles_a_worker_without_losing_one"),
    (
        "max-requests-delta",
        "tests/vassal::limits::max_requests_delta_lets_further_workers_live_longer",
    ),
    ("min-worker-lifetime", "tests/vassal::limits::min_worker_lifetime_keeps_a_young_worker"),
    ("procname-prefix", "tests/vassal::titles::a_prefix_is_put_before_titles_as_it_is"),
    ("procname-prefix-spaced", "tests/vassal::titles::processes_say_what_they_are"),
    ("procname-append", "tests/vassal::titles::processes_say_what_they_are"),
    ("procname", "tests/vassal::titles::a_name_of_the_masters_own_is_shown"),
    ("procname-master", "tests/vassal::titles::a_name_of_the_masters_own_is_shown"),
    ("pidfile", "tests/vassal::output::pidfile_and_safe_pidfile_take_the_pid_of_the_master"),
    ("safe-pidfile", "tests/vassal::output::pidfile_and_safe_pidfile_take_the_pid_of_the_master"),
    ("chdir", "tests/vassal::application::chdir_is_the_directory_of_the_application"),
    (
        "need-plugins",
        "shared::config::tests::effects::a_needed_plugin_that_is_not_built_in_refuses_the_file",
    ),
    (
        "mount",
        "tests/vassal::mounts::manage_script_name_finds_the_application_by_the_longest_mount_point",
    ),
    (
        "manage-script-name",
        "tests/vassal::mounts::manage_script_name_finds_the_application_by_the_longest_mount_point",
    ),
    ("no-default-app", "tests/vassal::mounts::no_default_app_answers_500_where_nothing_is_mounted"),
    (
        "ignore-script-name",
        "tests/vassal::mounts::the_web_server_chooses_by_script_name_unless_that_is_ignored",
    ),
    ("vhost", "tests/vassal::mounts::vhost_chooses_by_the_name_that_the_web_server_serves"),
    ("vhost-host", "tests/vassal::mounts::vhost_host_chooses_by_the_host_that_was_asked_for"),
    ("worker-mount", "tests/vassal::mounts::worker_mount_loads_the_application_in_each_worker"),
    ("locks", "tests/vassal::module::a_lock_keeps_workers_and_threads_apart"),
    ("eval", "tests/vassal::loading::eval_is_the_source_of_an_application"),
    ("pymodule-alias", "tests/vassal::loading::aliases_are_other_names_of_modules"),
    ("post-pymodule-alias", "tests/vassal::loading::aliases_are_other_names_of_modules"),
    ("import", "tests/vassal::loading::import_and_shared_import_come_before_the_application"),
    (
        "shared-import",
        "tests/vassal::loading::import_and_shared_import_come_before_the_application",
    ),
    ("optimize", "tests/vassal::loading::the_interpreter_is_told_what_optimize_and_no_site_say"),
    ("no-site", "tests/vassal::loading::the_interpreter_is_told_what_optimize_and_no_site_say"),
    ("paste", "tests/vassal::loading::a_paste_configuration_names_the_application"),
    ("paste-logger", "tests/vassal::loading::a_paste_configuration_names_the_application"),
    ("py-sys-executable", "tests/vassal::loading::py_sys_executable_is_what_the_application_sees"),
    ("wsgi-disable-file-wrapper", "tests/vassal::loading::wsgi_disable_file_wrapper_takes_it_away"),
    ("skip-atexit", "tests/vassal::loading::skip_atexit_ends_a_worker_without_its_last_words"),
    ("chdir2", "tests/vassal::loading::chdir2_is_the_directory_once_the_application_is_loaded"),
    (
        "reload-on-exception",
        "tests/vassal::loading::exceptions_replace_the_worker_where_the_file_says_so",
    ),
    (
        "reload-on-exception-type",
        "tests/vassal::loading::exceptions_replace_the_worker_where_the_file_says_so",
    ),
    (
        "reload-on-exception-value",
        "tests/vassal::loading::exceptions_replace_the_worker_where_the_file_says_so",
    ),
    (
        "reload-on-exception-repr",
        "tests/vassal::loading::exceptions_replace_the_worker_where_the_file_says_so",
    ),
    (
        "harakiri-verbose",
        "tests/vassal::harakiri::harakiri_verbose_says_where_in_the_kernel_the_worker_is",
    ),
    (
        "harakiri-graceful-timeout",
        "tests/vassal::harakiri::a_signal_comes_first_where_that_is_wanted",
    ),
    (
        "harakiri-graceful-signal",
        "tests/vassal::harakiri::a_signal_comes_first_where_that_is_wanted",
    ),
    (
        "no-threads-wait",
        "tests/vassal::loading::no_threads_wait_ends_a_worker_in_spite_of_its_threads",
    ),
    ("thread-stacksize", "tests/vassal::loading::thread_stacksize_limits_how_deep_a_request_goes"),
    (
        "body-buffering",
        "tests/wsgi::stream::an_application_reads_what_came_before_the_rest_is_sent",
    ),
    ("wsgi-file", "tests/vassal::application::wsgi_file_names_a_file"),
    ("module", "tests/vassal::application::module_names_a_module_and_perhaps_a_callable"),
    ("callable", "tests/vassal::application::callable_names_a_callable"),
    ("home", "tests/vassal::application::home_is_the_root_of_the_environment"),
    (
        "pythonpath",
        "tests/vassal::application::pythonpath_comes_first_in_the_path_and_the_last_one_before_the_others",
    ),
    ("pyargv", "tests/vassal::application::pyargv_is_what_the_application_sees_as_arguments"),
    ("abstract-socket", "tests/vassal::listening::abstract_socket_makes_names_that_are_no_files"),
    ("so-keepalive", "tests/vassal::sockets::sockets_have_what_they_were_told"),
    ("freebind", "tests/vassal::sockets::sockets_have_what_they_were_told"),
    ("reuse-port", "tests/vassal::sockets::sockets_have_what_they_were_told"),
    ("tcp-fast-open", "tests/vassal::sockets::sockets_have_what_they_were_told"),
    ("socket-sndbuf", "tests/vassal::sockets::sockets_have_what_they_were_told"),
    ("socket-rcvbuf", "tests/vassal::sockets::sockets_have_what_they_were_told"),
    (
        "skip-zero",
        "tests/vassal::sockets::a_socket_that_is_standard_input_is_served_unless_it_is_skipped",
    ),
    ("map-socket", "tests/vassal::sockets::map_socket_gives_a_socket_to_some_workers"),
    ("shared-socket", "tests/vassal::sockets::a_shared_socket_is_what_its_number_means"),
    ("undeferred-shared-socket", "tests/vassal::sockets::a_shared_socket_is_what_its_number_means"),
    ("https", "tests/vassal::tls::https_is_served_by_each_of_its_options"),
    ("https2", "tests/vassal::tls::https_is_served_by_each_of_its_options"),
    ("https-socket", "tests/vassal::tls::https_is_served_by_each_of_its_options"),
    ("suwsgi-socket", "tests/vassal::tls::suwsgi_socket_speaks_uwsgi_over_tls"),
    ("https-export-cert", "tests/vassal::tls::the_application_is_told_of_a_clients_certificate"),
    ("sni", "tests/vassal::tls::the_certificate_is_chosen_by_the_name_that_is_asked_for"),
    ("sni-dir", "tests/vassal::tls::the_certificate_is_chosen_by_the_name_that_is_asked_for"),
    ("ssl-verbose", "tests/vassal::tls::ssl_verbose_logs_handshakes_that_fail"),
    ("http-to-https", "tests/vassal::sockets::http_to_https_sends_requests_to_https"),
    ("http-var", "tests/vassal::sockets::http_var_and_the_name_of_the_host_are_in_the_environ"),
    (
        "http-server-name-as-http-host",
        "tests/vassal::sockets::http_var_and_the_name_of_the_host_are_in_the_environ",
    ),
    ("listen", "tests/vassal::listening::listen_is_the_length_of_the_queue"),
    ("socket-timeout", "tests/vassal::listening::socket_timeout_is_how_long_a_request_may_pause"),
    ("limit-post", "tests/vassal::listening::limit_post_is_the_largest_body"),
    (
        "post-buffering",
        "tests/vassal::listening::post_buffering_sends_large_bodies_to_a_file_first",
    ),
    ("protocol", "tests/vassal::listening::protocol_is_what_plain_sockets_speak"),
    ("chown-socket", "tests/vassal::listening::chown_socket_gives_a_socket_away"),
    ("socket", "tests/vassal::serve::vacuum_removes_the_socket_at_the_end_and_chmod_sets_its_mode"),
    (
        "fastcgi-socket",
        "tests/protocol::fastcgi::a_request_built_by_hand_is_answered_with_a_status_field_and_an_end",
    ),
    ("fastcgi-nph-socket", "tests/protocol::fastcgi::the_nph_twins_answer_with_a_status_line"),
    (
        "scgi-socket",
        "tests/protocol::scgi::a_request_built_by_hand_is_answered_with_a_status_field",
    ),
    ("scgi-nph-socket", "tests/protocol::fastcgi::the_nph_twins_answer_with_a_status_line"),
    ("enable-proxy-protocol", "tests/protocol::proxy::a_proxy_says_who_the_client_is"),
    ("http-enable-proxy-protocol", "tests/protocol::proxy::a_proxy_says_who_the_client_is"),
    ("http-timeout", "tests/protocol::slow::http_timeout_is_how_long_a_client_may_pause"),
    (
        "http-headers-timeout",
        "tests/protocol::slow::http_headers_timeout_is_how_long_a_head_may_take",
    ),
    ("http-socket", "tests/vassal::serve::the_same_from_an_ini_file"),
    ("http11-socket", "tests/vassal::listening::http11_socket_speaks_http"),
    (
        "chmod-socket",
        "tests/vassal::serve::vacuum_removes_the_socket_at_the_end_and_chmod_sets_its_mode",
    ),
    ("yaml", "shared::config::tests::effects::other_files_are_read_where_they_are_named"),
    ("json", "shared::config::tests::effects::other_files_are_read_where_they_are_named"),
    ("xml", "shared::config::tests::effects::other_files_are_read_where_they_are_named"),
    ("print", "tests/vassal::output::print_and_iprint_print_and_exit_ends_with_its_number"),
    ("iprint", "tests/vassal::output::print_and_iprint_print_and_exit_ends_with_its_number"),
    ("exit", "tests/vassal::output::print_and_iprint_print_and_exit_ends_with_its_number"),
    (
        "fallback-config",
        "tests/vassal::output::fallback_config_is_used_when_the_first_one_cannot_start",
    ),
    ("resolve", "tests/vassal::output::resolve_makes_an_address_of_a_name"),
    (
        "if-hostname-match",
        "shared::config::tests::effects::a_condition_reads_its_block_when_it_holds",
    ),
    (
        "if-not-hostname-match",
        "shared::config::tests::effects::a_condition_reads_its_block_when_it_holds",
    ),
    (
        "declare-option",
        "shared::config::tests::effects::a_declared_option_is_the_options_that_it_was_declared_as",
    ),
    (
        "declare-option2",
        "shared::config::tests::effects::a_declared_option_is_the_options_that_it_was_declared_as",
    ),
    ("inject-before", "shared::config::tests::effects::what_is_injected_is_read_with_each_file"),
    ("inject-after", "shared::config::tests::effects::what_is_injected_is_read_with_each_file"),
    ("envdir", "shared::config::tests::effects::a_directory_of_variables_becomes_the_environment"),
    (
        "early-envdir",
        "shared::config::tests::effects::a_directory_of_variables_becomes_the_environment",
    ),
    (
        "attach-daemon",
        "tests/vassal::surroundings::attach_daemon_is_kept_alive_and_started_anew_at_a_reload",
    ),
    (
        "attach-daemon2",
        "tests/vassal::surroundings::attach_daemon2_is_asked_by_the_signal_of_its_choice",
    ),
    (
        "attach-control-daemon",
        "tests/vassal::surroundings::attach_control_daemon_takes_the_server_with_it",
    ),
    (
        "smart-attach-daemon",
        "tests/vassal::surroundings::smart_attach_daemon_finds_what_detached_itself",
    ),
    ("smart-attach-daemon2", "tests/vassal::surroundings::smart_attach_daemon2_survives_a_reload"),
    ("limit-as", "tests/vassal::surroundings::limits_are_set_for_all_processes"),
    ("limit-nproc", "tests/vassal::surroundings::limits_are_set_for_all_processes"),
    ("max-fd", "tests/vassal::surroundings::limits_are_set_for_all_processes"),
    ("prio", "tests/vassal::surroundings::limits_are_set_for_all_processes"),
    ("cpu-affinity", "tests/vassal::surroundings::cpu_affinity_binds_each_worker"),
    ("static-map", "tests/vassal::files::static_map_sends_files_and_lets_everything_else_through"),
    (
        "static-map2",
        "tests/vassal::files::static_map2_keeps_the_prefix_and_check_static_looks_for_every_path",
    ),
    (
        "check-static",
        "tests/vassal::files::static_map2_keeps_the_prefix_and_check_static_looks_for_every_path",
    ),
    (
        "check-static-docroot",
        "tests/vassal::files::check_static_docroot_looks_where_the_web_server_says",
    ),
    ("static-index", "tests/vassal::files::static_index_is_what_a_directory_sends"),
    ("static-safe", "tests/vassal::files::static_safe_is_where_links_may_lead"),
    ("static-skip-ext", "tests/vassal::files::static_skip_ext_leaves_files_to_the_application"),
    ("static-expires", "tests/vassal::files::static_expires_says_how_long_files_stay_fresh"),
    ("static-expires-mtime", "tests/vassal::files::static_expires_says_how_long_files_stay_fresh"),
    (
        "static-expires-path-info",
        "tests/vassal::files::static_expires_says_how_long_files_stay_fresh",
    ),
    (
        "static-expires-path-info-mtime",
        "tests/vassal::files::static_expires_says_how_long_files_stay_fresh",
    ),
    ("static-expires-uri", "tests/vassal::files::static_expires_says_how_long_files_stay_fresh"),
    (
        "static-expires-uri-mtime",
        "tests/vassal::files::static_expires_says_how_long_files_stay_fresh",
    ),
    ("static-expires-type", "tests/vassal::files::static_expires_says_how_long_files_stay_fresh"),
    (
        "static-expires-type-mtime",
        "tests/vassal::files::static_expires_says_how_long_files_stay_fresh",
    ),
    ("static-gzip", "tests/vassal::files::static_gzip_sends_the_compressed_twin"),
    ("static-gzip-dir", "tests/vassal::files::static_gzip_sends_the_compressed_twin"),
    ("static-gzip-prefix", "tests/vassal::files::static_gzip_sends_the_compressed_twin"),
    ("static-gzip-ext", "tests/vassal::files::static_gzip_sends_the_compressed_twin"),
    ("static-gzip-suffix", "tests/vassal::files::static_gzip_sends_the_compressed_twin"),
    ("static-gzip-all", "tests/vassal::files::static_gzip_sends_the_compressed_twin"),
    ("mime-file", "tests/vassal::files::mime_file_names_types"),
    (
        "file-serve-mode",
        "tests/vassal::files::file_serve_mode_leaves_the_sending_to_the_web_server",
    ),
    ("add-header", "tests/vassal::heads::add_header_adds_a_field_to_every_answer"),
    ("rem-header", "tests/vassal::heads::rem_header_takes_a_field_out"),
    ("response-headers-limit", "tests/vassal::heads::response_headers_limit_is_the_largest_head"),
    ("error-page-500", "tests/vassal::heads::error_page_500_is_sent_when_the_application_fails"),
    ("route", "tests/vassal::routes::each_kind_of_rule_looks_at_its_variable"),
    ("route-uri", "tests/vassal::routes::each_kind_of_rule_looks_at_its_variable"),
    ("route-qs", "tests/vassal::routes::each_kind_of_rule_looks_at_its_variable"),
    ("route-host", "tests/vassal::routes::each_kind_of_rule_looks_at_its_variable"),
    ("route-remote-addr", "tests/vassal::routes::each_kind_of_rule_looks_at_its_variable"),
    ("route-user-agent", "tests/vassal::routes::each_kind_of_rule_looks_at_its_variable"),
    ("route-referer", "tests/vassal::routes::each_kind_of_rule_looks_at_its_variable"),
    ("route-remote-user", "tests/vassal::routes::each_kind_of_rule_looks_at_its_variable"),
    ("route-if", "tests/vassal::routes::each_kind_of_rule_looks_at_its_variable"),
    ("route-if-not", "tests/vassal::routes::each_kind_of_rule_looks_at_its_variable"),
    ("route-run", "tests/vassal::routes::each_kind_of_rule_looks_at_its_variable"),
    ("route-label", "tests/vassal::routes::rules_jump_to_labels_and_end"),
    (
        "error-route",
        "tests/vassal::routes::error_and_response_rules_look_at_the_answer_before_it_is_sent",
    ),
    (
        "error-route-uri",
        "tests/vassal::routes::error_and_response_rules_look_at_the_answer_before_it_is_sent",
    ),
    (
        "error-route-qs",
        "tests/vassal::routes::error_and_response_rules_look_at_the_answer_before_it_is_sent",
    ),
    (
        "error-route-host",
        "tests/vassal::routes::error_and_response_rules_look_at_the_answer_before_it_is_sent",
    ),
    (
        "error-route-remote-addr",
        "tests/vassal::routes::error_and_response_rules_look_at_the_answer_before_it_is_sent",
    ),
    (
        "error-route-user-agent",
        "tests/vassal::routes::error_and_response_rules_look_at_the_answer_before_it_is_sent",
    ),
    (
        "error-route-referer",
        "tests/vassal::routes::error_and_response_rules_look_at_the_answer_before_it_is_sent",
    ),
    (
        "error-route-remote-user",
        "tests/vassal::routes::error_and_response_rules_look_at_the_answer_before_it_is_sent",
    ),
    (
        "error-route-status",
        "tests/vassal::routes::error_and_response_rules_look_at_the_answer_before_it_is_sent",
    ),
    (
        "error-route-if",
        "tests/vassal::routes::error_and_response_rules_look_at_the_answer_before_it_is_sent",
    ),
    (
        "error-route-if-not",
        "tests/vassal::routes::error_and_response_rules_look_at_the_answer_before_it_is_sent",
    ),
    (
        "error-route-run",
        "tests/vassal::routes::error_and_response_rules_look_at_the_answer_before_it_is_sent",
    ),
    (
        "error-route-label",
        "tests/vassal::routes::error_and_response_rules_look_at_the_answer_before_it_is_sent",
    ),
    (
        "response-route",
        "tests/vassal::routes::error_and_response_rules_look_at_the_answer_before_it_is_sent",
    ),
    (
        "response-route-uri",
        "tests/vassal::routes::error_and_response_rules_look_at_the_answer_before_it_is_sent",
    ),
    (
        "response-route-qs",
        "tests/vassal::routes::error_and_response_rules_look_at_the_answer_before_it_is_sent",
    ),
    (
        "response-route-host",
        "tests/vassal::routes::error_and_response_rules_look_at_the_answer_before_it_is_sent",
    ),
    (
        "response-route-remote-addr",
        "tests/vassal::routes::error_and_response_rules_look_at_the_answer_before_it_is_sent",
    ),
    (
        "response-route-user-agent",
        "tests/vassal::routes::error_and_response_rules_look_at_the_answer_before_it_is_sent",
    ),
    (
        "response-route-referer",
        "tests/vassal::routes::error_and_response_rules_look_at_the_answer_before_it_is_sent",
    ),
    (
        "response-route-remote-user",
        "tests/vassal::routes::error_and_response_rules_look_at_the_answer_before_it_is_sent",
    ),
    (
        "response-route-status",
        "tests/vassal::routes::error_and_response_rules_look_at_the_answer_before_it_is_sent",
    ),
    (
        "response-route-if",
        "tests/vassal::routes::error_and_response_rules_look_at_the_answer_before_it_is_sent",
    ),
    (
        "response-route-if-not",
        "tests/vassal::routes::error_and_response_rules_look_at_the_answer_before_it_is_sent",
    ),
    (
        "response-route-run",
        "tests/vassal::routes::error_and_response_rules_look_at_the_answer_before_it_is_sent",
    ),
    (
        "response-route-label",
        "tests/vassal::routes::error_and_response_rules_look_at_the_answer_before_it_is_sent",
    ),
    ("final-route", "tests/vassal::routes::final_rules_look_back_at_the_answer"),
    ("final-route-uri", "tests/vassal::routes::final_rules_look_back_at_the_answer"),
    ("final-route-qs", "tests/vassal::routes::final_rules_look_back_at_the_answer"),
    ("final-route-host", "tests/vassal::routes::final_rules_look_back_at_the_answer"),
    ("final-route-remote-addr", "tests/vassal::routes::final_rules_look_back_at_the_answer"),
    ("final-route-user-agent", "tests/vassal::routes::final_rules_look_back_at_the_answer"),
    ("final-route-referer", "tests/vassal::routes::final_rules_look_back_at_the_answer"),
    ("final-route-remote-user", "tests/vassal::routes::final_rules_look_back_at_the_answer"),
    ("final-route-status", "tests/vassal::routes::final_rules_look_back_at_the_answer"),
    ("final-route-if", "tests/vassal::routes::final_rules_look_back_at_the_answer"),
    ("final-route-if-not", "tests/vassal::routes::final_rules_look_back_at_the_answer"),
    ("final-route-run", "tests/vassal::routes::final_rules_look_back_at_the_answer"),
    ("final-route-label", "tests/vassal::routes::final_rules_look_back_at_the_answer"),
    ("error-page-404", "tests/vassal::routes::rules_answer_with_files_of_their_own"),
    ("error-page-403", "tests/vassal::routes::error_page_403_is_sent_where_a_rule_forbids"),
    (
        "collect-header",
        "tests/vassal::routes::collected_and_pulled_fields_are_variables_of_later_rules",
    ),
    (
        "pull-header",
        "tests/vassal::routes::collected_and_pulled_fields_are_variables_of_later_rules",
    ),
];

/// The test of an option.
pub fn of(name: &str) -> Option<&'static str> {
    PROOFS.iter().find(|(option, _)| *option == name).map(|(_, test)| *test)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::super::{Tier, all};
    use super::*;

    #[test]
    fn what_works_has_one_proof_and_nothing_else_has() {
        let works: HashSet<&str> =
            all().filter(|row| row.tier == Tier::Works).map(|row| row.name).collect();
        let proven: HashSet<&str> = PROOFS.iter().map(|(option, _)| *option).collect();
        assert_eq!(PROOFS.len(), proven.len(), "an option is there twice");
        let mut bare: Vec<_> = works.difference(&proven).collect();
        bare.sort_unstable();
        assert!(bare.is_empty(), "without a proof: {bare:?}");
        let mut idle: Vec<_> = proven.difference(&works).collect();
        idle.sort_unstable();
        assert!(idle.is_empty(), "proven, and the table does not say that it works: {idle:?}");
        assert_eq!(
            of("processes"),
            PROOFS.iter().find(|one| one.0 == "processes").map(|one| one.1)
        );
    }
}
