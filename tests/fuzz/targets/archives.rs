//! Archives that somebody sends as a program: what comes out is a program, and never more than may be.

#![no_main]

use libfuzzer_sys::fuzz_target;
use protocol::JobSpec;
use protocol::archive::{ArchiveError, Caps, is_archive, unpack};

const CAPS: Caps = Caps { entries: 50, bytes: 64 * 1024 };

fuzz_target!(|archive: &[u8]| {
    match unpack(archive, CAPS) {
        Ok(files) => {
            assert!(is_archive(archive));
            let spec = JobSpec { language: "c".into(), files, ..JobSpec::default() };
            assert!(spec.files.len() <= CAPS.entries && spec.content_bytes() <= CAPS.bytes);
            assert_eq!(spec.validate(), Ok(()));
        }
        Err(error) => {
            assert_eq!(error == ArchiveError::Unknown, !is_archive(archive));
            assert!(error.to_string().len() < 2000, "a refusal is short whatever it names");
        }
    }
});
