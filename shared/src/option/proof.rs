//! Which test proves each option.
