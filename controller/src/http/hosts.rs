//! By which names this door may be called. A web page elsewhere can give itself a name that leads here (DNS rebinding),
//! and a browser then takes this door for a part of that page: but the name it calls is still that one.

use std::net::IpAddr;

/// Whether this is a name of the door's own: an address, a name of this machine for itself, or one of these.
pub fn is_ours(authority: &str, names: &[String]) -> bool {
    let host = without_port(authority);
    let address = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    if address.parse::<IpAddr>().is_ok() {
        return true;
    }
    let host = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
    host == "localhost"
        || host.ends_with(".localhost")
        || names.iter().any(|name| name.eq_ignore_ascii_case(&host))
}

fn without_port(authority: &str) -> &str {
    match authority.rsplit_once(':') {
        Some((host, port))
            if port.bytes().all(|byte| byte.is_ascii_digit())
                && (host.ends_with(']') || !host.contains(':')) =>
        {
            host
        }
        _ => authority,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_this_machines_names_are_ours_and_others_have_to_be_told() {
        let names = ["ruche.school.example".to_owned()];
        let ours = [
            "127.0.0.1:7080",
            "10.1.2.3",
            "[::1]:7080",
            "[2001:db8::1]",
            "localhost",
            "LocalHost:7080",
            "a.localhost",
            "Ruche.School.example.",
            "ruche.school.example:443",
        ];
        for host in ours {
            assert!(is_ours(host, &names), "{host}");
        }
        for host in [
            "evil.example",
            "evil.example:7080",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "",
            ":80",
        ] {
            assert!(!is_ours(host, &names), "{host}");
        }
    }
}
