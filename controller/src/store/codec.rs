//! How sources and output are stored: as JSON, and compressed where that makes them smaller.

use protocol::{JobSpec, Score, StepResult, Usage, Verdict};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::{Outcome, Produced, StoreError};

/// What is smaller is not worth compressing, in bytes.
const WORTHWHILE: usize = 512;

/// Fast: what is stored is compressed while a client waits.
const LEVEL: i32 = 1;

/// What takes longer than a blink to compress is done away from the threads that serve connections, in bytes.
const LARGE: u64 = 256 << 10;

/// The first byte of what is stored as it is.
const PLAIN: u8 = 0;

/// The first byte of what is compressed.
const ZSTD: u8 = 1;

/// The results of a job's steps.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Results {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) compile: Option<StepResult>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) runs: Vec<StepResult>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) score: Option<Score>,
}

/// An outcome, ready to be stored.
#[derive(Debug, Clone)]
pub(super) struct Packed {
    pub(super) verdict: Verdict,
    pub(super) message: Option<String>,
    /// The use of all steps, as JSON.
    pub(super) usage: String,
    /// The [`Results`], where there are any.
    pub(super) results: Option<Vec<u8>>,
    /// The files that the runs left.
    pub(super) artifacts: Vec<PackedArtifact>,
}

/// A file that a run left, ready to be stored.
#[derive(Debug, Clone)]
pub(super) struct PackedArtifact {
    pub(super) run: u32,
    pub(super) path: String,
    pub(super) data: Vec<u8>,
}

impl Packed {
    /// The bytes that it takes beside the job's row.
    pub(super) fn stored(&self) -> u64 {
        let artifacts = self.artifacts.iter().map(|artifact| artifact.data.len());
        (artifacts.sum::<usize>() + self.results.as_ref().map_or(0, Vec::len)) as u64
    }
}

/// Makes bytes of a program.
///
/// # Errors
/// Where it cannot be written as JSON.
pub(super) async fn pack_spec(spec: &std::sync::Arc<JobSpec>) -> Result<Vec<u8>, StoreError> {
    let (spec, size) = (std::sync::Arc::clone(spec), spec.content_bytes());
    apart(size, move || encode(&*spec)).await
}

/// Makes what is stored of an outcome.
///
/// # Errors
/// Where it cannot be written as JSON.
pub(super) async fn pack_outcome(outcome: Outcome) -> Result<(Packed, Results), StoreError> {
    let Outcome { verdict, message, compile, runs, score, artifacts } = outcome;
    let results = Results { compile, runs, score };
    let steps = || results.compile.iter().chain(&results.runs);
    let output = steps().flat_map(|step| step.stdout.iter().chain(&step.stderr));
    let size = output.map(protocol::Content::size).sum();
    let usage = to_json(&total(steps()))?;
    let artifacts = pack_artifacts(artifacts).await?;
    if steps().next().is_none() {
        return Ok((Packed { verdict, message, usage, results: None, artifacts }, results));
    }
    let (encoded, results) = apart(size, move || Ok((encode(&results)?, results))).await?;
    Ok((Packed { verdict, message, usage, results: Some(encoded), artifacts }, results))
}

async fn pack_artifacts(artifacts: Vec<Produced>) -> Result<Vec<PackedArtifact>, StoreError> {
    let size = artifacts.iter().map(|artifact| artifact.content.len() as u64).sum();
    let pack = |Produced { run, path, content }| Ok(PackedArtifact { run, path, data: compress(&content)? });
    apart(size, move || artifacts.into_iter().map(pack).collect()).await
}

/// Times added up, the highest memory.
fn total<'a>(steps: impl Iterator<Item = &'a StepResult>) -> Usage {
    steps.map(StepResult::usage_with_judge).fold(Usage::default(), Usage::plus)
}

/// Does at once what is small, and elsewhere what is large.
async fn apart<T: Send + 'static>(
    size: u64,
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    match size < LARGE {
        true => work(),
        false => tokio::task::spawn_blocking(work).await.map_err(StoreError::failed)?,
    }
}

/// Makes bytes of a value.
///
/// # Errors
/// Where it cannot be written as JSON.
pub(super) fn encode(value: &impl Serialize) -> Result<Vec<u8>, StoreError> {
    compress(&serde_json::to_vec(value).map_err(StoreError::failed)?)
}

/// Makes bytes smaller where that is worthwhile, and says in the first one whether it did.
///
/// # Errors
/// Where the library fails.
fn compress(data: &[u8]) -> Result<Vec<u8>, StoreError> {
    if data.len() >= WORTHWHILE {
        let mut compressed = zstd::bulk::compress(data, LEVEL).map_err(StoreError::failed)?;
        compressed.insert(0, ZSTD);
        if compressed.len() <= data.len() {
            return Ok(compressed);
        }
    }
    let mut plain = vec![PLAIN];
    plain.extend_from_slice(data);
    Ok(plain)
}

/// The bytes that were stored.
///
/// # Errors
/// Where they are none of this version's.
pub(super) fn decompress(stored: &[u8]) -> Result<std::borrow::Cow<'_, [u8]>, StoreError> {
    match stored.split_first() {
        Some((&PLAIN, data)) => Ok(data.into()),
        Some((&ZSTD, compressed)) => {
            Ok(zstd::stream::decode_all(compressed).map_err(StoreError::failed)?.into())
        }
        _ => Err(StoreError::failed("stored data is of no known kind")),
    }
}

/// Makes a value of bytes.
///
/// # Errors
/// Where they are none of this version's.
pub(super) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, StoreError> {
    serde_json::from_slice(&decompress(bytes)?).map_err(StoreError::failed)
}

/// A small value as JSON text.
///
/// # Errors
/// Where it cannot be written so.
pub(super) fn to_json(value: &impl Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(StoreError::failed)
}

/// A small value from JSON text.
///
/// # Errors
/// Where it is none.
pub(super) fn from_json<T: DeserializeOwned>(text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(StoreError::failed)
}

/// A verdict from its word.
///
/// # Errors
/// Where this version knows no such verdict.
pub(super) fn verdict(word: &str) -> Result<Verdict, StoreError> {
    let known = Verdict::ALL.into_iter().find(|verdict| verdict.as_str() == word);
    known.ok_or_else(|| StoreError::failed(format!("{word:?} is no known verdict")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::SourceFile;

    fn spec(content: Vec<u8>) -> JobSpec {
        let file = SourceFile { path: "main".to_owned(), content: content.into() };
        JobSpec { language: "c".to_owned(), files: vec![file], ..JobSpec::default() }
    }

    #[test]
    fn what_repeats_is_stored_smaller_and_comes_back() {
        let spec = spec(b"int x;\n".repeat(10_000));
        let bytes = encode(&spec).unwrap();
        assert!(bytes.len() < 1000, "{}", bytes.len());
        assert_eq!(decode::<JobSpec>(&bytes).unwrap(), spec);
    }

    #[test]
    fn what_is_tiny_or_does_not_shrink_is_stored_as_it_is() {
        let tiny = encode(&spec(b"x".to_vec())).unwrap();
        assert_eq!(tiny[0], PLAIN);
        let alphabet: Vec<char> = ('!'..='~').filter(|c| !matches!(c, '"' | '\\')).collect();
        let noise: String = (0..400).map(|_| alphabet[rand::random_range(0..alphabet.len())]).collect();
        let noise = spec(noise.into_bytes());
        let bytes = encode(&noise).unwrap();
        assert_eq!(decode::<JobSpec>(&bytes).unwrap(), noise);
        assert!(bytes.len() <= serde_json::to_vec(&noise).unwrap().len() + 1);
    }

    #[test]
    fn what_was_not_stored_by_this_version_is_an_error() {
        for bytes in [&b""[..], b"\x07{}", b"\x01not zstd", b"\x00{"] {
            assert!(decode::<JobSpec>(bytes).is_err(), "{bytes:?}");
        }
        assert!(verdict("splendid").is_err());
    }
}
