//! Java: what its virtual machine may use, and the compiler that is started before its job.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test helper may fail its test")]

use std::path::Path;

use serde_json::{Value, json};
use tests::cluster::job;
use tests::{Cluster, wait_until};

const HELLO: &str = "public class Hello {\n  public static void main(String[] a) {\n    \
    System.out.println(String.join(\",\", new java.util.TreeSet<>(java.util.List.of(new java.io.File(\".\").list()))));\n  }\n}\n";

const BROKEN: &str = "public class Hello {\n  public static void main(String[] a) {\n    int x = \"one\";\n    missing();\n  }\n}\n";

const HOLD: &str = "public class Hold {\n  public static void main(String[] a) {\n    \
    byte[][] held = new byte[Integer.parseInt(a[0])][];\n    \
    for (int i = 0; i < held.length; i++) held[i] = new byte[1 << 20];\n    \
    System.out.println(held.length);\n  }\n}\n";

/// How often in a row a compiler has to be seen without work to be taken for waiting.
const QUIET_LOOKS: u32 = 25;

/// A cluster with one slot: one sandbox, and so one compiler that is started ahead.
fn cluster() -> Cluster {
    let mut cluster = Cluster::empty();
    cluster.add_runner("a", &["--language", "java", "--max-jobs", "1"]);
    cluster
}

fn words(path: &Path) -> String {
    String::from_utf8_lossy(&std::fs::read(path).unwrap_or_default()).replace('\0', " ")
}

/// The compilers that a runner has started ahead: process, and processor time in ticks.
fn compilers(runner: &str) -> Vec<(i32, u64)> {
    let processes = std::fs::read_dir("/proc").expect("there is a /proc").flatten();
    let pids = processes.filter_map(|process| process.file_name().to_str()?.parse().ok());
    let found = pids.filter_map(|pid: i32| {
        let folder = Path::new("/proc").join(pid.to_string());
        let own = words(&folder.join("cgroup")).contains(&format!("{runner}/"));
        let is_compiler = own && words(&folder.join("cmdline")).trim_end().ends_with(" Javac");
        let ticks = words(&folder.join("stat")).split_whitespace().nth(13).and_then(|user| user.parse().ok());
        is_compiler.then_some((pid, ticks?))
    });
    found.collect()
}

/// Waits until a compiler has been started ahead and has nothing to do; returns its process.
fn wait_until_warm(runner: &str) -> i32 {
    let mut last = None;
    let mut looks = 0;
    wait_until("a compiler started ahead", || {
        let now = compilers(runner).first().copied();
        looks = if now.is_some() && now == last { looks + 1 } else { 0 };
        last = now;
        (looks > QUIET_LOOKS).then_some(now?.0)
    })
}

fn compile_cpu_ms(job: &Value) -> u64 {
    job["compile"]["usage"]["cpu_ms"].as_u64().expect("a compiled job says what that took")
}

/// What of a compilation has to be the same however it was done.
fn compiled(job: &Value) -> Value {
    let compile = &job["compile"];
    json!([job["verdict"], compile["verdict"], compile["exit_code"], compile["stdout"], compile["stderr"]])
}

#[test]
fn a_compiler_started_ahead_does_what_one_started_for_the_job_does() {
    let cluster = cluster();
    let runner = cluster.runner_name("a");
    let (hello, broken) = (job("java", "Hello.java", HELLO), job("java", "Hello.java", BROKEN));

    let cold = cluster.job(&broken);
    assert!(cold["compile"]["stderr"].as_str().unwrap().starts_with("Hello.java:3: error: "), "{cold}");
    let right_after = cluster.job(&hello);
    assert_eq!(right_after["runs"][0]["stdout"], "Hello.class,Hello.java\n", "{right_after}");

    let process = wait_until_warm(&runner);
    let warm = cluster.job(&hello);
    assert_eq!(compiled(&warm), compiled(&right_after));
    assert_eq!(warm["runs"][0]["stdout"], "Hello.class,Hello.java\n", "nothing is left of the warm-up");
    assert!(compile_cpu_ms(&warm) * 2 < compile_cpu_ms(&right_after), "it was used: {warm}");

    assert_ne!(wait_until_warm(&runner), process, "it serves once");
    let warm = cluster.job(&broken);
    assert_eq!(compiled(&warm), compiled(&cold));
    assert!(compile_cpu_ms(&warm) * 2 < compile_cpu_ms(&cold), "it was used: {warm}");
}

#[test]
fn a_job_that_needs_a_compiler_of_its_own_gets_one() {
    let cluster = cluster();
    let runner = cluster.runner_name("a");
    let mut spec = job("java", "Hello.java", HELLO);
    assert_eq!(cluster.job(&spec)["verdict"], "ok");

    wait_until_warm(&runner);
    spec["compile_args"] = json!(["-J-Dwarm=no", "-Xlint"]);
    assert_eq!(cluster.job(&spec)["runs"][0]["stdout"], "Hello.class,Hello.java\n");
    spec["compile_args"] = json!([]);

    wait_until_warm(&runner);
    spec["limits"] = json!({ "disk_bytes": 128 << 20 });
    assert_eq!(cluster.job(&spec)["runs"][0]["stdout"], "Hello.class,Hello.java\n");
    spec["limits"] = json!({});

    // As the kernel might, for want of memory.
    let process = nix::unistd::Pid::from_raw(wait_until_warm(&runner));
    nix::sys::signal::kill(process, nix::sys::signal::Signal::SIGKILL).expect("it is there");
    let job = cluster.job(&spec);
    assert_eq!(job["runs"][0]["stdout"], "Hello.class,Hello.java\n", "{job}");
    assert_eq!(job["attempts"], 1, "that was no failure of the sandbox");
}

#[test]
fn the_heap_is_the_memory_limit() {
    let cluster = Cluster::offering("java");
    let mut spec = job("java", "Hold.java", HOLD);
    let sizes = [32_u64, 64, 128, 256];
    let run =
        |mib: u64, held: u64| json!({ "args": [held.to_string()], "limits": { "memory_bytes": mib << 20 } });
    let within = sizes.iter().map(|mib| run(*mib, mib * 95 / 100));
    let beyond = sizes.iter().map(|mib| run(*mib, *mib));
    let few_processes = json!({ "args": ["1"], "limits": { "processes": 1 } });
    spec["runs"] = within.chain([few_processes]).chain(beyond).collect();
    let job = cluster.job(&spec);
    let verdicts: Vec<&str> =
        job["runs"].as_array().unwrap().iter().map(|run| run["verdict"].as_str().unwrap()).collect();
    let expected = [["ok"; 5].as_slice(), ["memory_exceeded"; 4].as_slice()].concat();
    assert_eq!(verdicts, expected, "{job}");
}
