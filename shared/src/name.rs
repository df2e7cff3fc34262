//! Which file names are vassals: the Emperor's monitors and a check agree here.

/// What uWSGI's Emperor takes for a vassal's configuration.
pub const EXTENSIONS: [&str; 6] = [".ini", ".xml", ".yml", ".yaml", ".js", ".json"];

/// The longest name, bytes (uWSGI's limit: 255 does not fit its record).
pub const LENGTH_MAX: usize = 254;

/// Why a directory entry is not a vassal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unfit {
    /// Not meant to be one: another extension, a hidden file, a name that is too long.
    Silently,
    /// It looks like one, but cannot be: worth a message.
    Loudly(&'static str),
}

/// Decides whether a directory entry's name makes a vassal; `extra` are further endings.
pub fn fit(name: &str, extra: &[String]) -> Result<(), Unfit> {
    if name.starts_with('.') || name.len() > LENGTH_MAX {
        return Err(Unfit::Silently);
    }
    let known = EXTENSIONS.iter().copied().chain(extra.iter().map(String::as_str));
    if !known.into_iter().any(|end| name.ends_with(end)) {
        return Err(Unfit::Silently);
    }
    if name.contains(':') {
        // in uWSGI such a name is a zerg of the vassal before the colon, and flaps for ever
        return Err(Unfit::Loudly("a name with \":\" cannot be a vassal"));
    }
    if name.chars().any(char::is_control) {
        return Err(Unfit::Loudly("a name with control characters cannot be a vassal"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_names_that_count_and_those_that_do_not() {
        let extra = [".foo".to_owned()];
        let long = format!("{}.ini", "x".repeat(250));
        for name in ["ok.ini", "sp ace.ini", "q;x.ini", "a.yaml", "ü.json", "i.foo", &long] {
            assert_eq!(fit(name, &extra), Ok(()), "{name}");
        }
        let longer = format!("x{long}");
        for name in
            ["UPPER.INI", "a.ini~", "#b.ini#", ".c.ini.swp", "d.ini.bak", "noext", ".ini", &longer]
        {
            assert_eq!(fit(name, &extra), Err(Unfit::Silently), "{name}");
        }
        for name in ["z:1.ini", "a\nb.ini"] {
            assert!(matches!(fit(name, &extra), Err(Unfit::Loudly(_))), "{name:?}");
        }
    }
}
