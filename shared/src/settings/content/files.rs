//! Files that the server sends by itself.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// Files that the server sends by itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Files {
    /// `check-static`, `static-map`, `static-map2`, in the order in which they are tried.
    pub places: Vec<Place>,
    /// `check-static-docroot`: then below the `DOCUMENT_ROOT` that the web server sends.
    pub docroot: bool,
    /// `static-index`: what is sent for a directory.
    pub index: Vec<String>,
    /// `static-safe`: directories that links may lead into.
    pub safe: Vec<PathBuf>,
    /// `static-skip-ext`: endings of names that are never sent.
    pub skip: Vec<String>,
    /// The `static-expires` family, in the order in which it is asked.
    pub expires: Vec<Expires>,
    /// The `static-gzip` family.
    pub twins: Twins,
    /// `mime-file`.
    pub types: Vec<PathBuf>,
    /// `file-serve-mode`.
    pub delivery: Delivery,
    /// `disable-sendfile`: files are read and written instead of sent by the kernel.
    pub copied: bool,
}

/// Where files are looked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The start of the paths that it concerns; empty is every path.
    pub prefix: String,
    /// `static-map2`: the prefix is part of the file's path too.
    pub kept: bool,
    /// A directory, or (without `kept`) a single file.
    pub target: PathBuf,
}

/// How long a file stays fresh.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Expires {
    /// Which files are meant.
    pub files: Fresh,
    /// For so many seconds.
    pub seconds: u32,
    /// Counted from the file's modification, not from the request.
    pub from_change: bool,
}

/// Which files a rule about freshness means.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fresh {
    /// Those of a type.
    Type(String),
    /// Those whose path in the file system matches.
    File(String),
    /// Those whose request target matches.
    Uri(String),
    /// Those whose `PATH_INFO` matches.
    Path(String),
}

/// Which files may have a compressed twin beside them (`x.css.gz`, `x.css.br`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Twins {
    /// `static-gzip-all`.
    pub all: bool,
    /// `static-gzip`: regular expressions of paths.
    pub patterns: Vec<String>,
    /// `static-gzip-dir`, `static-gzip-prefix`: starts of paths.
    pub prefixes: Vec<String>,
    /// `static-gzip-ext`, `static-gzip-suffix`: ends of paths.
    pub suffixes: Vec<String>,
}

/// Who sends a file's bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Delivery {
    /// This server.
    #[default]
    Body,
    /// nginx, told by `X-Accel-Redirect`.
    Accel,
    /// Apache or lighttpd, told by `X-Sendfile`.
    Sendfile,
}

impl Files {
    /// Whether no request can be answered with a file.
    pub fn is_off(&self) -> bool {
        self.places.is_empty() && !self.docroot
    }
}
