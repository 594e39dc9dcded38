//! The network: one bounded, synchronous HTTPS GET for JSON documents.
