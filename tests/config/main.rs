//! Configurations as users write them, read by a whole server.
//!
//! The same tests run against the original (`SUBJECT=uwsgi`); where ours differs on purpose, the
//! test says so. This is where each item of the compatibility list that concerns configuration
//! is proven (`x::y`: module and test of this target, else the target's name is given):
//!
//! | item | proven in |
//! |---|---|
//! | 1 arithmetic, `%z`, `100%%` | `placeholder::arithmetic_goes_from_left_to_right`, `text::an_unknown_percent_letter_is_nothing_and_two_percent_signs_are_one` |
//! | 2 `%` joins lines | `text::a_percent_sign_before_the_end_of_a_line_joins_the_next` |
//! | 3 truth of flags | `value::a_flag_with_a_comment_behind_it_is_true_and_off_is_false_in_any_case`, `value::requests_are_logged_where_disable_logging_is_false` |
//! | 4 first and last | `placeholder::a_placeholder_takes_the_first_and_an_option_the_last`, `value::of_several_numbers_the_last_one_counts` |
//! | 5 order of loops | `logic::a_loop_repeats_line_by_line` |
//! | 6 `inherit`, `include` | `placeholder::inherited_files_are_not_expanded_and_included_ones_are` |
//! | 7 `env` | `placeholder::the_environment_is_that_of_the_start`, `value::the_last_env_wins_over_the_others_and_over_the_start` |
//! | 8 `UWSGI_PROCESSES` | `value::a_variable_of_the_environment_sets_an_option_that_the_file_leaves_open`, `source::variables_of_the_environment_come_first` |
//! | 9 positional files | `source::a_positional_file_comes_after_the_options_and_a_named_one_at_its_place`, `source::a_positional_word_that_is_no_configuration_is_refused` |
//! | 10 `strict`, `chmod-socket` | `source::strict_covers_the_whole_configuration`, `value::a_negative_number_and_a_mode_with_four_digits_are_refused` |
//! | 11 numbers | `value::{a_negative_number_..., a_word_where_a_number_belongs, numbers_are_read_up_to_the_first_letter}` |
//! | 12 missing module | `value::an_application_that_cannot_be_imported`; target vassal: `workers::without_an_application_and_need_app_off_every_answer_is_500` |
//! | 13 what ends a start | target vassal: `bad_input::{no_socket_at_all_..., a_port_that_is_taken_..., a_missing_directory_..., a_missing_user_...}`; `value::a_backlog_above_the_limit_of_the_kernel` |
//! | 14 owner of sockets | `socket::a_socket_belongs_to_the_user_unless_somebody_else_is_named` |
//! | 15 `vacuum` | `socket::vacuum_spares_what_somebody_else_put_there`; target vassal: `serve::vacuum_removes_the_socket_at_the_end_and_chmod_sets_its_mode` |
//! | 16 signals | target vassal: `serve::{term_lets_a_running_request_finish_..., hup_replaces_every_worker_...}` |
//! | 18 `harakiri` | target vassal: `workers::harakiri_ends_a_request_that_takes_too_long` |
//! | 19 `max-requests` | target vassal: `workers::max_requests_recycles_a_worker_without_losing_one` |
//! | 21-25, 33 protocols, WSGI | targets protocol and wsgi |
//! | 29 statistics | target vassal: `stats` |
//!
//! Items 17, 20, 26-28, 30-32, 34, 35 concern options that other work builds.

/// A table of bad files.
mod bad;
/// As a vassal of the Emperor: a bad file hurts nobody else.
mod emperor;
/// Files that mean harm, or are none.
mod hostile;
/// Options that act at once.
mod immediate;
/// Blocks.
mod logic;
/// `%x`.
mod magic;
/// `%(name)`, arithmetic, `$(NAME)`.
mod placeholder;
/// `@(target)`, `exec://` and their kind.
mod scheme;
/// Owners and modes of sockets.
mod socket;
/// Environment, command line, files.
mod source;
/// The text of ini files.
mod text;
/// What values do.
mod value;
