//! Process titles (`auto-procname`, `procname` and what goes around them).

use shared::settings::{Procname, Serve};
use shared::sys::process::SingleThreaded;
use shared::sys::title;

/// What a process is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The supervisor.
    Master,
    /// The interpreter that forks workers.
    Nursery,
    /// A worker, by its number.
    Worker(u32),
}

/// Shows in process lists what this process is, when the settings ask for it. A process that
/// has several threads keeps the title that it has.
pub fn show(serve: &Serve, role: Role) {
    let Some(procname) = &serve.procname else { return };
    if let Ok(proof) = SingleThreaded::prove() {
        // a title is no reason to fail
        let _ = title::set(&text(procname, role), &proof);
    }
}

/// The words are uWSGI's.
fn text(procname: &Procname, role: Role) -> String {
    let own = match role {
        Role::Master => procname.master.clone().or_else(|| procname.whole.clone()),
        Role::Nursery | Role::Worker(_) => procname.whole.clone(),
    };
    let middle = own.unwrap_or_else(|| match role {
        Role::Master => "uWSGI master".to_owned(),
        Role::Nursery => "uWSGI nursery".to_owned(),
        Role::Worker(id) => format!("uWSGI worker {id}"),
    });
    format!("{}{middle}{}", procname.prefix, procname.append)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_say_the_role_between_prefix_and_suffix() {
        let around =
            Procname { prefix: "[shop] ".into(), append: "!".into(), ..Procname::default() };
        assert_eq!(text(&around, Role::Worker(2)), "[shop] uWSGI worker 2!");
        assert_eq!(text(&around, Role::Master), "[shop] uWSGI master!");
        assert_eq!(text(&Procname::default(), Role::Nursery), "uWSGI nursery");
    }

    #[test]
    fn a_name_of_ones_own_replaces_the_role() {
        let own = Procname {
            whole: Some("shop".into()),
            master: Some("boss".into()),
            ..Procname::default()
        };
        assert_eq!(text(&own, Role::Worker(2)), "shop");
        assert_eq!(text(&own, Role::Master), "boss");
        let own = Procname { master: None, ..own };
        assert_eq!(text(&own, Role::Master), "shop");
    }
}
