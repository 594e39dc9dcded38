//! A refusal or a finding, rendered for a terminal, as JSON, as SARIF and as GitHub annotations.
#![forbid(unsafe_code)]
