//! How a receiver knows that a callback comes from the cluster, and when it was sent. Pure.

use hmac::{Hmac, KeyInit as _, Mac as _};
use protocol::Secret;
use sha2::Sha256;

/// The header that proves a body: `t=<seconds since 1970>,v1=<HMAC-SHA256 of "t.body" in hexadecimal digits>`.
pub fn header(key: &Secret, seconds: i64, body: &str) -> String {
    let signed = [seconds.to_string().as_bytes(), b".", body.as_bytes()].concat();
    format!("t={seconds},v1={}", hmac(key.expose().as_bytes(), &signed))
}

fn hmac(key: &[u8], message: &[u8]) -> String {
    #[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("a key of any length");
    mac.update(message);
    mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_vectors_of_rfc_4231() {
        let counting: Vec<u8> = (1..=25).collect();
        let long = "This is a test using a larger than block-size key and a larger than block-size data. The key \
                    needs to be hashed before being used by the HMAC algorithm.";
        for (key, message, expected) in [
            (
                &[0x0b; 20][..],
                &b"Hi There"[..],
                "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
            ),
            (
                b"Jefe",
                b"what do ya want for nothing?",
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
            ),
            (&[0xaa; 20], &[0xdd; 50], "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"),
            (&counting, &[0xcd; 50], "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"),
            (
                &[0xaa; 131],
                b"Test Using Larger Than Block-Size Key - Hash Key First",
                "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
            ),
            (
                &[0xaa; 131],
                long.as_bytes(),
                "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2",
            ),
        ] {
            assert_eq!(hmac(key, message), expected);
        }
    }

    #[test]
    fn time_and_body_are_both_signed() {
        let key = Secret::from("k".to_owned());
        let header = |seconds, body| header(&key, seconds, body);
        assert!(header(7, "{}").starts_with("t=7,v1="));
        assert_eq!(header(7, "{}")[7..], hmac(b"k", b"7.{}"));
        assert_ne!(header(7, "{}")[7..], header(8, "{}")[7..]);
        assert_ne!(header(7, "{}"), header(7, "{ }"));
    }
}
