//! Asking all masters for their numbers, when somebody wants to read them.
//!
//! A master tells who works whenever that changes, but requests are counted in shared memory
//! that nobody watches. So whoever reads the metrics has the masters asked first; one that does
//! not answer in time is shown as it was.

use std::collections::BTreeSet;

use shared::link::ORDER_STATUS;
use shared::sys::descriptor;
use tokio::sync::oneshot;

use super::Court;
use crate::vassal::lifecycle::Tree;
use crate::vassal::name::VassalName;

/// Who was asked, and who waits for it.
#[derive(Debug, Default)]
pub(super) struct Census {
    awaited: BTreeSet<(VassalName, Tree)>,
    readers: Vec<oneshot::Sender<()>>,
}

impl Court {
    /// Asks everybody who has ever told; `reader` hears when all have answered.
    pub(super) fn take_census(&mut self, reader: oneshot::Sender<()>) {
        self.census.readers.retain(|reader| !reader.is_closed());
        if self.census.readers.is_empty() {
            self.census.awaited.clear(); // masters that never answered
        }
        for (name, record) in &self.records {
            for (tree, grove) in &record.trees {
                let tells = grove.status.generation > 0;
                if tells && descriptor::send(&*grove.link, &[ORDER_STATUS], &[]).is_ok() {
                    self.census.awaited.insert((name.clone(), *tree));
                }
            }
        }
        self.census.readers.push(reader);
        self.close_census();
    }

    /// A master told.
    pub(super) fn counted(&mut self, name: &VassalName, tree: Tree) {
        self.census.awaited.remove(&(name.clone(), tree));
    }

    /// Tells the readers when nobody is awaited any more; what was told is published by then.
    pub(super) fn close_census(&mut self) {
        if self.census.awaited.is_empty() {
            for reader in self.census.readers.drain(..) {
                // it may have given up
                let _ = reader.send(());
            }
        }
    }
}
