//! A job's JSON, from whoever may submit: read, checked, taken apart for the network and put together again.

#![no_main]

use libfuzzer_sys::fuzz_target;
use protocol::JobSpec;

fuzz_target!(|json: &[u8]| {
    let Ok(spec) = serde_json::from_slice::<JobSpec>(json) else { return };
    let text = serde_json::to_string(&spec).unwrap();
    assert_eq!(serde_json::from_str::<JobSpec>(&text).unwrap(), spec, "it is the same when it is read again");
    let _ = spec.content_bytes();
    match spec.validate() {
        Ok(()) => check_what_was_let_through(&spec),
        Err(problem) => assert!(problem.field.is_some(), "a refusal names the field at fault: {problem:?}"),
    }
    if spec.detached_sizes().is_empty() {
        let mut apart = spec.clone();
        let contents = apart.detach();
        apart.attach(contents).unwrap();
        assert_eq!(apart, spec, "contents find their way back");
    }
});

/// What the parts behind the door count on.
fn check_what_was_let_through(spec: &JobSpec) {
    for file in &spec.files {
        let path = &file.path;
        assert!(!path.starts_with('/') && !path.contains('\0'), "{path:?}");
        assert!(path.split('/').all(|name| !matches!(name, "" | "." | "..")), "{path:?}");
    }
    assert!(spec.main.as_ref().is_none_or(|main| spec.files.iter().any(|file| file.path == *main)));
    let texts = spec.args.iter().chain(&spec.compile_args).chain(spec.env.keys()).chain(spec.env.values());
    assert!(texts.into_iter().all(|text| !text.contains('\0')));
    let limits = spec.runs.iter().flatten().map(|run| run.limits).chain([spec.limits]);
    for (name, limit) in limits.flat_map(|limits| limits.fields()) {
        assert!(limit.is_none_or(|limit| limit.is_finite() && limit > 0.0), "{name}");
    }
}
