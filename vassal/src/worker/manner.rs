//! What the configuration says of every answer: fields that are added, left out or remembered,
//! and pages in place of the server's own short texts.

use std::fs::File;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

use shared::settings::Content;
use shared::settings::content::{Heads, Pages};

use super::output::Piece;

/// What the configuration says of every answer.
#[derive(Debug)]
pub struct Manner {
    pub(super) heads: Heads,
    pages: Pages,
}

/// What the rules of one request do to its answer's head.
#[derive(Debug, Default)]
pub struct Edit {
    /// Fields that are added.
    pub add: Vec<(Vec<u8>, Vec<u8>)>,
    /// Names of fields that are left out.
    pub remove: Vec<Vec<u8>>,
}

impl Manner {
    /// `None` where the configuration says nothing.
    pub fn of(content: &Content) -> Option<Self> {
        let (heads, pages) = (content.heads.clone(), content.pages.clone());
        let off = heads == Heads::default() && pages == Pages::default();
        (!off).then_some(Self { heads, pages })
    }

    /// Whether a field of this name is left out.
    pub(super) fn removes(&self, name: &[u8]) -> bool {
        self.heads.remove.iter().any(|one| one.as_bytes().eq_ignore_ascii_case(name))
    }

    /// The page for a status, if there is one that can be read.
    pub(super) fn page(&self, status: u16) -> Option<Piece> {
        let paths = match status {
            403 => &self.pages.forbidden,
            404 => &self.pages.missing,
            500 => &self.pages.failed,
            _ => return None,
        };
        paths.iter().rev().find_map(open)
    }
}

/// A regular file, whole. Anything else is no page; a pipe does not block.
fn open(path: &PathBuf) -> Option<Piece> {
    let flags = nix::fcntl::OFlag::O_NONBLOCK | nix::fcntl::OFlag::O_NOCTTY;
    let file = File::options().read(true).custom_flags(flags.bits()).open(path).ok()?;
    let facts = file.metadata().ok().filter(std::fs::Metadata::is_file)?;
    Some(Piece { file, offset: 0, left: facts.len() })
}
