//! The harness that starts real clusters.
