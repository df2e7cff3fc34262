//! `emperorctl import` and `emperorctl completion`, as their users run them.

/// The words that a shell offers.
mod completion;
/// Files of other servers become sites that serve.
mod sites;
