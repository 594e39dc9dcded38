//! The binding: convert, call, convert.
