//! `emperor`: the daemon.
#![forbid(unsafe_code)]

use std::error::Error;
use std::process::ExitCode;

use emperor::settings::Settings;
use emperor::{check, log, reign};
use shared::config::{World, read_emperor};
use shared::exit::Exit;

fn main() -> ExitCode {
    match run() {
        Ok(exit) => exit.into(),
        Err(error) => {
            let mut text = error.to_string();
            let mut cause = error.source();
            while let Some(deeper) = cause {
                text = format!("{text}: {deeper}");
                cause = deeper.source();
            }
            eprintln!("emperor: {text}");
            Exit::Failure.into()
        }
    }
}

/// Arguments -> settings -> reign.
fn run() -> Result<Exit, Box<dyn Error>> {
    let arguments: Vec<_> = std::env::args_os().skip(1).collect();
    match arguments.first().and_then(|first| first.to_str()) {
        Some("--version" | "-V") => {
            println!("emperor {}", env!("CARGO_PKG_VERSION"));
            return Ok(Exit::Success);
        }
        Some("--help" | "-h") | None => {
            println!("{HELP}");
            return Ok(Exit::Success);
        }
        Some("--check") => return Ok(check::check(&arguments[1..])?),
        Some(_) => {}
    }
    let world = World::of_this_process()?;
    let mut reading = read_emperor(&arguments, &world);
    let settings = Settings::new(&mut reading, &world);
    for finding in &reading.findings {
        eprintln!("emperor: {finding}");
    }
    if reading.refused() {
        return Ok(Exit::Failure);
    }
    if let Some(path) = &settings.logto {
        log::redirect(path).map_err(|error| format!("logto {}: {error}", path.display()))?;
    }
    let terminal = log::start();
    Ok(reign::reign(settings, terminal)?)
}

const HELP: &str = "usage: emperor --ini /etc/uwsgi/emperor.ini
       emperor --emperor /etc/uwsgi/sites [--option value ...]
       emperor --check [--format human|json|sarif] [--strict-warnings] [emperor.ini|DIR ...]

Governs one vassal for each configuration file of a directory. Options have uWSGI's names, on
the command line (--name value) as in files (name = value). Ask a running one with emperorctl.

  --emperor DIR|PATTERN      where the vassals' files are (may be repeated)
  --emperor-tyrant           each vassal runs as the owner of its file
  --refuse-root              refuse vassals that would run as root
  --vassal-set KEY=VALUE     an option for every vassal (may be repeated)
  --emperor-stats ADDRESS    statistics as JSON
  --api-socket PATH          the management API (default /run/emperor/api.sock)
  --state-dir DIR            what outlives the daemon (default /var/lib/emperor)
  --start-parallel N         vassals that start at once (default: twice the processors)
  --logto FILE               the log (default: standard error)";
