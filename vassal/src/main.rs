//! `vassal`: the launcher, and the drop-in `uwsgi` command line.
#![forbid(unsafe_code)]

use std::io::Write;
use std::process::ExitCode;

use shared::exit::Exit;
use vassal::launch::{self, cli};

fn main() -> ExitCode {
    let exit = match cli::face(std::env::args_os().skip(1).collect()) {
        cli::Face::Summons { .. } => launch::summoned(),
        cli::Face::Errand => launch::errand::run(),
        cli::Face::Plan(args) => launch::print_plan(args),
        cli::Face::Check(args) => launch::check::check(&args),
        cli::Face::Prepare(args) => launch::print_settings(args),
        cli::Face::Tell(order) => launch::tell(&order),
        cli::Face::Serve(args) => launch::serve(&args),
        cli::Face::Version => {
            print(concat!("uWSGI-compatible Emperor ", env!("CARGO_PKG_VERSION"), "\n"))
        }
        cli::Face::Help => {
            print(&launch::help::answer(&std::env::args_os().skip(1).collect::<Vec<_>>()))
        }
    };
    exit.into()
}

fn print(text: &str) -> Exit {
    match std::io::stdout().write_all(text.as_bytes()) {
        Ok(()) => Exit::Success,
        Err(_) => Exit::Failure,
    }
}
