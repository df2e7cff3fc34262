//! What whoever started us left open for us: the link of a real uWSGI Emperor, and listening
//! sockets that `fd://` may name.
//!
//! Taken first of all, before this process opens anything: a number that somebody names must
//! not come to mean a descriptor of our own.

use std::collections::BTreeMap;
use std::os::fd::{IntoRawFd, OwnedFd};

use nix::sys::socket::{getsockopt, sockopt};
use shared::sys::descriptor;

/// Numbers above this one are not looked at.
const NUMBER_MAX: i32 = 255;

/// Descriptors that this process was started with.
#[derive(Debug, Default)]
pub struct Inherited {
    /// The vassal's end of a uWSGI Emperor's link.
    pub link: Option<OwnedFd>,
    /// Listening sockets by their number.
    pub listeners: BTreeMap<u32, OwnedFd>,
}

impl Inherited {
    /// Takes them; what is neither stays open and is nobody's.
    pub fn take() -> Self {
        let link = std::env::var("UWSGI_EMPEROR_FD").ok().and_then(|text| text.parse().ok());
        let mut result = Self::default();
        for number in 3..=NUMBER_MAX {
            let Some(descriptor) = descriptor::inherited(number) else { continue };
            if link == Some(number) {
                result.link = Some(descriptor);
            } else if getsockopt(&descriptor, sockopt::AcceptConn).unwrap_or(false) {
                result.listeners.insert(number as u32, descriptor);
            } else {
                let _ = descriptor.into_raw_fd();
            }
        }
        result
    }
}
