//! Files that an attempt's runs have left, as they come in. Runners are not trusted: paths, sizes and counts are checked,
//! and what there is no room for is left out. All of it is this link's: over another one it comes again from the first.

use std::collections::{BTreeMap, BTreeSet};

use bytes::{Bytes, BytesMut};
use protocol::runner::{MAX_ARTIFACT_BYTES, MAX_ARTIFACTS};
use protocol::{Artifact, Flag, Step, StepResult, check_path};

use crate::budget::Held;
use crate::store::Produced;

/// The files of one attempt.
#[derive(Debug)]
pub struct Artifacts {
    /// Whether the job wants any.
    wanted: bool,
    held: Held,
    bytes_left: u64,
    /// How many have been announced.
    announced: u32,
    files: BTreeMap<(Step, String), Bytes>,
    incoming: Option<Incoming>,
    /// Steps of whose files some are left out.
    cut: BTreeSet<Step>,
}

/// The file that is coming in.
#[derive(Debug)]
struct Incoming {
    step: Step,
    path: String,
    left: u64,
    /// What has come, where there is room for it.
    content: Option<BytesMut>,
}

impl Artifacts {
    /// None yet. What they take is taken from this.
    pub fn new(wanted: bool, held: Held) -> Self {
        Self {
            wanted,
            held,
            bytes_left: MAX_ARTIFACT_BYTES,
            announced: 0,
            files: BTreeMap::new(),
            incoming: None,
            cut: BTreeSet::new(),
        }
    }

    /// A file of a run under way is announced.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn begin(&mut self, step: Step, path: String, size: u64) -> Result<(), String> {
        self.break_off();
        if !self.wanted || step.run_index().is_none() {
            return Err(format!("a file of step {} that nobody asked for", step.0));
        }
        check_path(&path).map_err(|why| format!("a file that cannot be kept: {why}"))?;
        if path.contains(char::is_control) {
            return Err(format!("a file that cannot be kept: {path:?}"));
        }
        self.announced += 1;
        if self.announced > MAX_ARTIFACTS || self.files.contains_key(&(step, path.clone())) {
            return Err(format!("more than {MAX_ARTIFACTS} files, or {path:?} twice"));
        }
        let has_room = size <= self.bytes_left && self.held.grow(size).is_ok();
        if has_room {
            self.bytes_left -= size;
        } else {
            self.cut.insert(step);
        }
        let content = has_room.then(BytesMut::new);
        self.incoming = Some(Incoming { step, path, left: size, content });
        self.close_if_whole();
        Ok(())
    }

    /// The next bytes of it.
    ///
    /// # Errors
    /// Where it has no more.
    pub fn take(&mut self, data: &[u8]) -> Result<(), String> {
        let incoming = self.incoming.as_mut();
        let incoming = incoming.filter(|incoming| incoming.left >= data.len() as u64);
        let incoming = incoming.ok_or("more of a file than was announced")?;
        incoming.left -= data.len() as u64;
        if let Some(content) = &mut incoming.content {
            content.extend_from_slice(data);
        }
        self.close_if_whole();
        Ok(())
    }

    /// A step has ended with this result: says in it what is kept. The runner does not.
    pub fn settle(&mut self, step: Step, mut result: StepResult) -> StepResult {
        self.break_off();
        let own = self.files.range((step, String::new())..).take_while(|((of, _), _)| *of == step);
        let artifact = |((_, path), content): (&(Step, String), &Bytes)| Artifact {
            path: path.clone(),
            size: content.len() as u64,
        };
        result.artifacts = own.map(artifact).collect();
        if self.cut.contains(&step) && !result.flags.contains(&Flag::ArtifactsCut) {
            result.flags.push(Flag::ArtifactsCut);
        }
        result
    }

    /// All that are kept, to be stored. They are held until this is dropped.
    pub fn produced(&self) -> Vec<Produced> {
        let produced = |((step, path), content): (&(Step, String), &Bytes)| {
            let run = u32::try_from(step.run_index()?).ok()?;
            Some(Produced { run, path: path.clone(), content: content.clone() })
        };
        self.files.iter().filter_map(produced).collect()
    }

    fn close_if_whole(&mut self) {
        let whole = self.incoming.take_if(|incoming| incoming.left == 0);
        if let Some(Incoming { step, path, content: Some(content), .. }) = whole {
            self.files.insert((step, path), content.freeze());
        }
    }

    /// A file that did not come whole is left out: its runner has been told to stop.
    fn break_off(&mut self) {
        if let Some(Incoming { step, .. }) = self.incoming.take() {
            self.cut.insert(step);
        }
    }
}

#[cfg(test)]
mod tests {
    use protocol::Verdict;

    use super::*;
    use crate::budget::Budget;

    const RUN: Step = Step(1);

    fn artifacts(room: u64) -> Artifacts {
        Artifacts::new(true, Budget::new(room).hold())
    }

    fn send(artifacts: &mut Artifacts, path: &str, content: &[u8]) {
        artifacts.begin(RUN, path.to_owned(), content.len() as u64).unwrap();
        content.chunks(2).for_each(|piece| artifacts.take(piece).unwrap());
    }

    fn settled(artifacts: &mut Artifacts) -> (Vec<(String, u64)>, bool) {
        let lie = Artifact { path: "lie".to_owned(), size: 1 };
        let result = StepResult { artifacts: vec![lie], ..StepResult::new(Verdict::Ok) };
        let result = artifacts.settle(RUN, result);
        let kept = result.artifacts.into_iter().map(|artifact| (artifact.path, artifact.size));
        (kept.collect(), result.flags.contains(&Flag::ArtifactsCut))
    }

    #[test]
    fn what_came_whole_is_kept_and_told() {
        let mut artifacts = artifacts(100);
        send(&mut artifacts, "b/c.txt", b"12345");
        send(&mut artifacts, "a", b"");
        assert_eq!(settled(&mut artifacts), (vec![("a".into(), 0), ("b/c.txt".into(), 5)], false));
        let produced = artifacts.produced();
        assert_eq!(
            (produced[1].run, produced[1].path.as_str(), &produced[1].content[..]),
            (0, "b/c.txt", &b"12345"[..])
        );
    }

    #[test]
    fn what_there_is_no_room_for_is_left_out() {
        let mut artifacts = artifacts(6);
        send(&mut artifacts, "a", b"12345");
        send(&mut artifacts, "b", b"12");
        assert_eq!(settled(&mut artifacts), (vec![("a".into(), 5)], true));
        let mut artifacts = super::tests::artifacts(u64::MAX);
        artifacts.begin(RUN, "huge".to_owned(), 1 << 40).unwrap();
        artifacts.take(b"1").unwrap();
        assert_eq!(settled(&mut artifacts), (vec![], true));
        assert_eq!(artifacts.held.bytes(), 0, "a size that is only said takes nothing");
    }

    #[test]
    fn what_was_broken_off_is_left_out() {
        let mut artifacts = artifacts(100);
        artifacts.begin(RUN, "half".to_owned(), 10).unwrap();
        artifacts.take(b"12345").unwrap();
        assert_eq!(settled(&mut artifacts), (vec![], true));
        assert!(artifacts.take(b"12345").is_err());
    }

    #[test]
    fn what_cannot_be_is_not_believed() {
        let long = "x".repeat(256);
        for path in ["../x", "/etc/passwd", "", "a//b", "a\u{1b}", long.as_str()] {
            assert!(artifacts(100).begin(RUN, path.to_owned(), 1).is_err(), "{path:?}");
        }
        assert!(artifacts(100).begin(Step::COMPILE, "a".to_owned(), 1).is_err());
        assert!(Artifacts::new(false, Budget::new(9).hold()).begin(RUN, "a".to_owned(), 1).is_err());
        let mut twice = artifacts(100);
        send(&mut twice, "a", b"1");
        assert!(twice.begin(RUN, "a".to_owned(), 1).is_err());
        let mut more = artifacts(100);
        more.begin(RUN, "a".to_owned(), 1).unwrap();
        assert!(more.take(b"12").is_err());
        let mut many = artifacts(100);
        (0..MAX_ARTIFACTS).for_each(|number| send(&mut many, &number.to_string(), b""));
        assert!(many.begin(RUN, "one more".to_owned(), 0).is_err());
    }
}
