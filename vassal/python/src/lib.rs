//! The extension `_vassal`.
