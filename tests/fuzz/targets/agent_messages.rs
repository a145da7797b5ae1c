//! Bytes on the socket between runner and agent, as either of them reads it. A program that broke out of its box
//! speaks to the runner with the agent's voice.

#![no_main]

use std::fmt::Debug;

use agent::message::{Command, MAX_COMMAND, MAX_REPLY, Reply, decode, encode};
use libfuzzer_sys::fuzz_target;
use serde::Serialize;
use serde::de::DeserializeOwned;

fuzz_target!(|bytes: &[u8]| {
    read::<Reply>(bytes, MAX_REPLY);
    read::<Command>(bytes, MAX_COMMAND);
});

/// Reads all messages, each with its length before it.
fn read<T: Serialize + DeserializeOwned + PartialEq + Debug>(mut bytes: &[u8], most: usize) {
    while let Ok(Some((message, length))) = decode::<T>(bytes, most) {
        assert!((5..=bytes.len()).contains(&length), "the reader moves on, and not past the end");
        assert_eq!(decode::<T>(&bytes[..length - 1], most), Ok(None), "nothing comes of a part");
        let mut again = Vec::new();
        encode(&message, &mut again);
        assert!(again.len() <= length, "a message is not written longer than it was read");
        assert_eq!(decode::<T>(&again, most), Ok(Some((message, again.len()))));
        bytes = &bytes[length..];
    }
}
