//! Who is who: the cluster's own certificates, and whose they are.

pub mod authority;
pub mod certificate;
