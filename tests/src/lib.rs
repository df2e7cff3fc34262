//! The harness of the process tests.
