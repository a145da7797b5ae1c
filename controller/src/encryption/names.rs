//! The names and addresses that this machine may be dialled by.

use std::net::{IpAddr, SocketAddr};

use nix::ifaddrs::getifaddrs;

/// Those of a machine with these doors.
pub(super) fn of(doors: &[SocketAddr]) -> Vec<String> {
    let mut addresses: Vec<IpAddr> = doors.iter().map(SocketAddr::ip).collect();
    // Without them one can still be dialled by any name: clients of Ruche know the fixed one.
    addresses.extend(getifaddrs().into_iter().flatten().filter_map(|interface| address(&interface)));
    let host = nix::unistd::gethostname().ok().and_then(|name| name.into_string().ok());
    together(host, addresses)
}

fn address(interface: &nix::ifaddrs::InterfaceAddress) -> Option<IpAddr> {
    let address = interface.address.as_ref()?;
    let v4 = address.as_sockaddr_in().map(|address| address.ip().into());
    v4.or_else(|| address.as_sockaddr_in6().map(|address| address.ip().into()))
}

fn together(host: Option<String>, addresses: Vec<IpAddr>) -> Vec<String> {
    let usable = |name: &String| {
        name.len() <= 253 && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.'))
    };
    let mut names = vec!["localhost".to_owned(), "127.0.0.1".to_owned(), "::1".to_owned()];
    names.extend(host.filter(|name| !name.is_empty()).filter(usable));
    names.extend(addresses.iter().filter(|address| !address.is_unspecified()).map(IpAddr::to_string));
    names.sort_unstable();
    names.dedup();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_in_a_certificate_is_left_out() {
        let addresses = ["0.0.0.0", "10.0.0.1", "127.0.0.1"].map(|text| text.parse().unwrap()).to_vec();
        let names = together(Some("my_host".to_owned()), addresses.clone());
        assert_eq!(names, ["10.0.0.1", "127.0.0.1", "::1", "localhost"]);
        assert!(together(Some("lab-1.school".to_owned()), addresses).contains(&"lab-1.school".to_owned()));
    }
}
