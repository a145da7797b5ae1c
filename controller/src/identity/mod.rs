//! Who is who: the cluster's own certificates, whose they are, and which runners are part of the cluster.

pub mod authority;
pub mod certificate;
pub mod enrolment;
