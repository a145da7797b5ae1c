//! Verdicts at the edges of each limit, and what is reported there: memory within 5 % or 1 MB, processor time and
//! time on the clock within 30 ms. For one process, for several together, and for a virtual machine.
//!
//! These run with the machine to themselves (.config/nextest.toml): they are about milliseconds.

#![allow(clippy::unwrap_used, reason = "a test helper may fail its test")]

use serde_json::{Value, json};
use tests::Cluster;
use tests::cluster::job;

const MIB: u64 = 1 << 20;

/// How far off a report may be.
const MILLISECONDS: u64 = 30;

/// Memory may be off by this share, or by a megabyte.
const MEMORY_SHARE: f64 = 0.05;

/// One run of `edge.c`: what it uses, how many processes do so together, under which limit, and the verdict.
struct Row {
    kind: &'static str,
    amount: u64,
    processes: u32,
    limits: Value,
    verdict: &'static str,
}

fn row(kind: &'static str, amount: u64, processes: u32, limits: Value, verdict: &'static str) -> Row {
    Row { kind, amount, processes, limits, verdict }
}

fn table() -> Vec<Row> {
    let mut rows = Vec::new();
    for processes in [1, 4] {
        let cpu = json!({ "cpu_seconds": 0.5 });
        rows.push(row("cpu", 470, processes, cpu.clone(), "ok"));
        rows.push(row("cpu", 540, processes, cpu, "cpu_time_exceeded"));
        let memory = json!({ "memory_bytes": 64 * MIB });
        rows.push(row("memory", 62 * 1024, processes, memory.clone(), "ok"));
        rows.push(row("memory", 64 * 1024, processes, memory, "memory_exceeded"));
    }
    let wall = json!({ "wall_seconds": 0.5 });
    rows.push(row("wall", 470, 1, wall.clone(), "ok"));
    rows.push(row("wall", 530, 1, wall, "wall_time_exceeded"));
    let file = json!({ "memory_bytes": 32 * MIB, "disk_bytes": 64 * MIB });
    rows.push(row("file", 30 * 1024, 1, file.clone(), "ok"));
    rows.push(row("file", 32 * 1024, 1, file, "memory_exceeded"));
    let disk = json!({ "disk_bytes": 8 * MIB });
    rows.push(row("file", 8 * 1024 - 64, 1, disk.clone(), "ok"));
    rows.push(row("file", 8 * 1024 + 1, 1, disk, "runtime_error"));
    let output = json!({ "output_bytes": 100_000 });
    rows.push(row("output", 100_000, 1, output.clone(), "ok"));
    rows.push(row("output", 100_001, 1, output, "output_exceeded"));
    let processes = json!({ "processes": 5 });
    rows.push(row("wall", 0, 4, processes.clone(), "ok"));
    rows
}

/// Whether a run's own figures are right, where the row says what they should be.
fn misreported(row: &Row, usage: &Value) -> Option<String> {
    let figure = |name: &str| usage[name].as_u64().unwrap();
    let off = |name: &str, expected: u64, tolerance: u64| {
        let reported = figure(name);
        (reported.abs_diff(expected) > tolerance).then(|| format!("{name} {reported}, not {expected}"))
    };
    let limit = |name: &str| row.limits[name].as_f64();
    match row.kind {
        "cpu" => {
            let most = (limit("cpu_seconds").unwrap() * 1000.0) as u64;
            off("cpu_ms", row.amount.min(most), MILLISECONDS)
        }
        "wall" if row.amount > 0 => {
            let most = (limit("wall_seconds").unwrap() * 1000.0) as u64;
            off("wall_ms", row.amount.min(most), MILLISECONDS)
        }
        "memory" | "file" => {
            let most = limit("memory_bytes").map_or(u64::MAX, |limit| limit as u64);
            let expected = (row.amount << 10).min(most);
            off("memory_bytes", expected, ((expected as f64 * MEMORY_SHARE) as u64).max(MIB))
        }
        _ => None,
    }
}

#[test]
fn verdicts_and_figures_are_exact_at_the_edges() {
    let cluster = Cluster::offering("c");
    let rows = table();
    let mut spec = job("c", "edge.c", include_str!("../programs/limits/edge.c"));
    let runs = rows.iter().map(|row| {
        json!({ "args": [row.kind, row.amount.to_string(), row.processes.to_string()], "limits": row.limits })
    });
    spec["runs"] = runs.collect();
    let done = cluster.job(&spec);
    let mut wrong = Vec::new();
    for (row, run) in rows.iter().zip(done["runs"].as_array().unwrap()) {
        let name = format!("{} {} by {} under {}", row.kind, row.amount, row.processes, row.limits);
        if run["verdict"] != row.verdict {
            wrong.push(format!("{name}: {} rather than {}: {}", run["verdict"], row.verdict, run["usage"]));
        } else if let Some(why) = misreported(row, &run["usage"]) {
            wrong.push(format!("{name}: {why}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert_eq!(done["runs"].as_array().unwrap().len(), rows.len());
}

/// Burns processor time of the whole process, or sleeps, for so many milliseconds.
const JAVA_EDGE: &str = "import java.lang.management.ManagementFactory;\n\
    import com.sun.management.OperatingSystemMXBean;\n\
    public class Edge {\n  public static void main(String[] a) throws Exception {\n    \
    long amount = Long.parseLong(a[1]);\n    if (a[0].equals(\"wall\")) Thread.sleep(amount);\n    \
    var system = (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();\n    \
    while (a[0].equals(\"cpu\") && system.getProcessCpuTime() < amount * 1_000_000) {}\n  }\n}\n";

#[test]
fn a_virtual_machines_verdicts_and_figures_are_exact_too() {
    let cluster = Cluster::offering("java");
    let mut spec = job("java", "Edge.java", JAVA_EDGE);
    let run = |kind: &str, amount: u64, limits: Value| json!({ "args": [kind, amount.to_string()], "limits": limits });
    let cpu = json!({ "cpu_seconds": 1.0 });
    let wall = json!({ "wall_seconds": 1.0 });
    spec["runs"] = json!([
        run("cpu", 950, cpu.clone()),
        run("cpu", 1100, cpu),
        // It takes a while to start, and a moment to end.
        run("wall", 700, wall.clone()),
        run("wall", 1050, wall),
    ]);
    let done = cluster.job(&spec);
    let runs = done["runs"].as_array().unwrap();
    let verdicts: Vec<&str> = runs.iter().map(|run| run["verdict"].as_str().unwrap()).collect();
    assert_eq!(verdicts, ["ok", "cpu_time_exceeded", "ok", "wall_time_exceeded"], "{done}");
    for (run, figure, expected) in [(0, "cpu_ms", 950), (1, "cpu_ms", 1000), (3, "wall_ms", 1000)] {
        let reported = runs[run]["usage"][figure].as_u64().unwrap();
        assert!(
            reported.abs_diff(expected) <= MILLISECONDS,
            "run {run}: {figure} is {reported}, not {expected}"
        );
    }
}

#[test]
fn large_files_of_a_compilation_reach_every_run() {
    let cluster = Cluster::offering("c");
    let mut spec = job(
        "c",
        "main.c",
        "#include <stdio.h>\nint main(void) { puts(fopen(\"large\", \"r\") ? \"here\" : \"lost\"); }",
    );
    spec["files"].as_array_mut().unwrap().push(json!({
        "path": "make.sh", "content": "head -c 400M /dev/zero >large; exec \"$@\"\n"
    }));
    spec["compile_args"] = json!(["-wrapper", "sh,./make.sh"]);
    spec["limits"] = json!({ "disk_bytes": 512 * MIB, "memory_bytes": 1024 * MIB });
    spec["runs"] = (0..4).map(|_| json!({})).collect();
    let done = cluster.job(&spec);
    assert_eq!((&done["verdict"], &done["attempts"]), (&json!("ok"), &json!(1)), "{done}");
    assert!(done["runs"].as_array().unwrap().iter().all(|run| run["stdout"] == "here\n"), "{done}");
}
