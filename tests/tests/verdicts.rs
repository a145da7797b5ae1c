//! Every verdict, for the reason that it names and no other.

#![allow(clippy::unwrap_used, reason = "a test helper may fail its test")]

use serde_json::{Value, json};
use tests::Cluster;
use tests::cluster::{job, job_with_limits};

/// The verdict of a Python program under these limits, and its only run.
fn judge(cluster: &Cluster, program: &str, limits: Value) -> (String, Value) {
    let job = cluster.job(&job_with_limits("python", "main.py", program, limits));
    (job["verdict"].as_str().unwrap().to_owned(), job["runs"][0].clone())
}

#[test]
fn each_limit_has_its_verdict() {
    let cluster = Cluster::offering("python");
    let judge = |program: &str, limits: Value| judge(&cluster, program, limits);

    let (verdict, run) = judge("print('fine')", json!({}));
    assert_eq!((verdict.as_str(), run["exit_code"].as_i64()), ("ok", Some(0)));
    assert_eq!(run["stdout"], "fine\n");

    let (verdict, run) = judge("while True: pass", json!({ "cpu_seconds": 0.5 }));
    assert_eq!(verdict, "cpu_time_exceeded");
    let used = run["usage"]["cpu_ms"].as_u64().unwrap();
    assert!((500..1000).contains(&used), "{used} ms");

    let children = "import os\nfor i in range(3): os.fork()\nwhile True: pass";
    let (verdict, _) = judge(children, json!({ "cpu_seconds": 0.5, "wall_seconds": 10 }));
    assert_eq!(verdict, "cpu_time_exceeded", "all processes count together");

    let (verdict, run) =
        judge("import time\nprint('up', flush=True)\ntime.sleep(60)", json!({ "wall_seconds": 0.5 }));
    assert_eq!(verdict, "wall_time_exceeded");
    assert_eq!(run["stdout"], "up\n", "what it wrote before is kept");

    let hog = "hog = []\nwhile True: hog.append(bytearray(1 << 20))";
    let (verdict, run) = judge(hog, json!({ "memory_bytes": 64 << 20 }));
    assert_eq!(verdict, "memory_exceeded");
    assert!(run["usage"]["memory_bytes"].as_u64().unwrap() > 60 << 20);

    let (verdict, run) = judge("while True: print('x' * 999)", json!({ "output_bytes": 100_000 }));
    assert_eq!(verdict, "output_exceeded");
    assert_eq!(run["truncated"], true);
    assert_eq!(run["stdout"].as_str().unwrap().len(), 100_000, "exactly as much as it may");

    let (verdict, run) = judge("import sys\nsys.exit(3)", json!({}));
    assert_eq!((verdict.as_str(), run["exit_code"].as_i64()), ("runtime_error", Some(3)));

    let (verdict, run) = judge("import os\nos.abort()", json!({}));
    assert_eq!((verdict.as_str(), run["signal"].as_i64()), ("runtime_error", Some(6)));
}

#[test]
fn a_process_cap_and_a_full_disk_are_flags_beside_the_verdict() {
    let cluster = Cluster::offering("python");
    let forks = "import os, time\nfor i in range(40):\n  try:\n    if os.fork() == 0: time.sleep(30)\n  except OSError: print('refused'); break";
    let (verdict, run) = judge(&cluster, forks, json!({ "processes": 10 }));
    assert_eq!((verdict.as_str(), run["stdout"].as_str()), ("ok", Some("refused\n")));
    assert_eq!(run["flags"], json!(["process_limit"]));

    let fill = "try:\n  open('big', 'wb').write(bytes(9 << 20))\nexcept OSError: print('full')";
    let (verdict, run) = judge(&cluster, fill, json!({ "disk_bytes": 8 << 20 }));
    assert_eq!((verdict.as_str(), run["stdout"].as_str()), ("ok", Some("full\n")));
    assert_eq!(run["flags"], json!(["disk_full"]));
}

#[test]
fn compile_errors_and_wrong_answers() {
    let cluster = Cluster::offering("c");
    let broken = cluster.job(&job("c", "main.c", "int main(void) { return oops; }"));
    assert_eq!(broken["verdict"], "compile_error");
    assert_eq!(broken["runs"], json!([]));
    let complaint = broken["compile"]["stderr"].as_str().unwrap();
    assert!(complaint.contains("main.c:1") && complaint.contains("oops"), "{complaint}");

    let mut doubled = job(
        "c",
        "main.c",
        "#include <stdio.h>\nint main(void) { int n; scanf(\"%d\", &n); printf(\"%d \\n\", 2 * n); }",
    );
    doubled["runs"] = json!([
        { "name": "one", "stdin": "1", "expect": { "stdout": "2\n" } },
        { "name": "two", "stdin": "2", "expect": { "stdout": "5\n" } },
        { "name": "exact", "stdin": "1", "expect": { "stdout": "2\n", "checker": "exact" } },
    ]);
    let judged = cluster.job(&doubled);
    assert_eq!(judged["verdict"], "wrong_answer");
    let verdicts: Vec<&Value> =
        judged["runs"].as_array().unwrap().iter().map(|run| &run["verdict"]).collect();
    assert_eq!(verdicts, ["ok", "wrong_answer", "wrong_answer"]);
    assert_eq!(judged["runs"][1]["name"], "two");

    doubled["stop_on_failure"] = json!(true);
    assert_eq!(cluster.job(&doubled)["runs"].as_array().unwrap().len(), 2);
}

#[test]
fn a_compiler_has_limits_too() {
    let cluster = Cluster::offering("cpp");
    let bomb = "constexpr long f() { long s = 0; for (long i = 0; i < 2000000000; i++) s += i; return s; }\n\
                static_assert(f() > 0);\nint main() {}\n";
    let mut endless = job("cpp", "main.cpp", bomb);
    endless["compile_args"] =
        json!(["-fconstexpr-ops-limit=100000000000", "-fconstexpr-loop-limit=2147483647"]);
    let judged = cluster.job(&endless);
    assert_eq!(judged["verdict"], "compile_error");
    // Whichever its evaluation uses up first.
    let limit = judged["compile"]["verdict"].as_str().unwrap();
    assert!(matches!(limit, "memory_exceeded" | "cpu_time_exceeded"), "{judged}");
    assert!(judged["message"].as_str().unwrap().contains("compiler"), "{judged}");
    assert_eq!(judged["runs"], json!([]));
}

#[test]
fn java_that_runs_out_of_memory_is_told_so() {
    let cluster = Cluster::offering("java");
    let hog = "import java.util.*;\npublic class Main { public static void main(String[] a) {\n\
               List<byte[]> hog = new ArrayList<>(); while (true) hog.add(new byte[1 << 20]); } }";
    let judged = cluster.job(&job_with_limits("java", "Main.java", hog, json!({ "memory_bytes": 64 << 20 })));
    assert_eq!(judged["verdict"], "memory_exceeded");
}

#[test]
fn output_that_is_not_text_comes_back_byte_for_byte() {
    let cluster = Cluster::offering("python");
    let (_, run) = judge(&cluster, "import sys\nsys.stdout.buffer.write(bytes([0xff, 0, 0xfe]))", json!({}));
    assert_eq!(run["stdout"], json!({ "base64": "/wD+" }));
}

#[test]
fn what_one_job_leaves_the_next_does_not_see() {
    let mut cluster = Cluster::empty();
    cluster.add_runner("a", &["--language", "python", "--max-jobs", "1"]);
    let leave = "import os, time\nopen('/tmp/left', 'w').close(); open('/box/left', 'w').close(); open('/dev/shm/left', 'w').close()\n\
                 if os.fork() == 0:\n  os.setsid(); time.sleep(60)\nprint('left')";
    let look = "import os\nprint(os.listdir('/tmp'), os.listdir('/box'), os.listdir('/dev/shm'), [p for p in os.listdir('/proc') if p.isdigit()])";
    for _ in 0..3 {
        assert_eq!(judge(&cluster, leave, json!({})).1["stdout"], "left\n");
        let (_, run) = judge(&cluster, look, json!({}));
        assert_eq!(run["stdout"], "[] ['main.py'] [] ['1', '2']\n");
    }
}
