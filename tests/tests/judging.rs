//! Runs that are judged: by the checkers that come with the runner, by a job's own checker and by an interactor.

#![allow(clippy::unwrap_used, reason = "a test helper may fail its test")]

use serde_json::{Value, json};
use tests::Cluster;
use tests::cluster::job;

/// A program that prints what it reads.
const ECHO: &str = "import sys\nsys.stdout.write(sys.stdin.read())";

/// A checker in Python that takes any output with the same numbers, in any order, and half of a run with the right count.
const SAME_NUMBERS: &str = "\
import sys
given, actual, expected = (open(name).read().split() for name in sys.argv[1:])
if sorted(actual) == sorted(expected):
    sys.exit(0)
if len(actual) == len(expected):
    print(0.5)
    print('as many, but others')
    sys.exit(7)
print('input was', *given, file=sys.stderr)
sys.exit(1)
";

/// A program of one file that judges.
fn judge(language: &str, path: &str, content: &str) -> Value {
    json!({ "language": language, "files": [{ "path": path, "content": content }] })
}

/// A job that echoes these inputs, each run judged by the job's own checker.
fn checked(checker: Value, inputs: &[(&str, &str)]) -> Value {
    let run = |(stdin, expected): &(&str, &str)| json!({ "stdin": stdin, "expect": { "stdout": expected, "checker": "custom" } });
    let mut spec = job("python", "main.py", ECHO);
    spec["checker"] = checker;
    spec["runs"] = inputs.iter().map(run).collect();
    spec
}

fn verdicts(job: &Value) -> Vec<&str> {
    job["runs"].as_array().unwrap().iter().map(|run| run["verdict"].as_str().unwrap()).collect()
}

fn fault(job: &Value) -> &str {
    job["runs"][0]["check"]["fault"].as_str().unwrap()
}

#[test]
fn each_checker_that_comes_with_the_runner_judges() {
    let cluster = Cluster::offering("python");
    let mut spec = job("python", "main.py", ECHO);
    let cases = [
        ("a \nb\n\n", "a\nb", json!("trimmed"), "ok"),
        (" a", "a", json!("trimmed"), "wrong_answer"),
        ("a \n", "a\n", json!("exact"), "wrong_answer"),
        ("1   2\n3", "1 2 3", json!("tokens"), "ok"),
        ("b\na", "a\nb", json!("unordered_lines"), "ok"),
        ("b\na\na", "a\nb", json!("unordered_lines"), "wrong_answer"),
        ("0.3333333", "0.3333334", json!({ "float": {} }), "ok"),
        ("0.34", "0.33", json!({ "float": {} }), "wrong_answer"),
        ("0.34", "0.33", json!({ "float": { "absolute": 0.1 } }), "ok"),
    ];
    let run = |(stdin, expected, checker, _): &(&str, &str, Value, &str)| json!({ "stdin": stdin, "expect": { "stdout": expected, "checker": checker } });
    spec["runs"] = cases.iter().map(run).collect();
    let judged = cluster.job(&spec);
    assert_eq!(verdicts(&judged), cases.map(|(.., verdict)| verdict), "{judged}");
    assert_eq!(judged["verdict"], "wrong_answer");
    assert_eq!(judged["score"], json!({ "points": 5.0, "of": 9.0 }));
}

#[test]
fn a_checker_in_another_language_judges_and_its_words_come_with_its_judgement() {
    let cluster = Cluster::offering("c,python");
    let reverse = "#include <stdio.h>\nint main(void) { int a, b; scanf(\"%d %d\", &a, &b); printf(\"%d\\n%d\\n\", b, a); }";
    let mut spec = job("c", "main.c", reverse);
    spec["checker"] = judge("py", "check.py", SAME_NUMBERS);
    spec["runs"] = json!([
        { "stdin": "1 2", "weight": 2, "expect": { "stdout": "1 2", "checker": "custom" } },
        { "stdin": "1 3", "weight": 4, "expect": { "stdout": "1 2", "checker": "custom" } },
        { "stdin": "1 2", "group": "g", "weight": 8, "expect": { "stdout": "1 2", "checker": "custom" } },
        { "stdin": "5 6", "group": "g", "weight": 16, "expect": { "stdout": "1", "checker": "custom" } },
    ]);
    let judged = cluster.job(&spec);
    assert_eq!(verdicts(&judged), ["ok", "wrong_answer", "ok", "wrong_answer"], "{judged}");
    assert_eq!(judged["runs"][1]["partial"], 0.5);
    assert_eq!(judged["runs"][1]["check"]["output"], "0.5\nas many, but others\n");
    assert_eq!(judged["runs"][3]["check"]["output"], "input was 5 6\n");
    assert!(judged["runs"][3].get("partial").is_none());
    assert_eq!(
        judged["score"],
        json!({ "points": 4.0, "of": 30.0 }),
        "a group is worth what its worst run is"
    );
}

#[test]
fn a_checker_that_fails_is_no_judgement_and_says_why() {
    let cluster = Cluster::offering("c,python");
    let judged = |checker: Value| cluster.job(&checked(checker, &[("1", "1")]));
    let python = |content: &str| judged(judge("python", "check.py", content));
    let cases = [
        (python("import sys; print('what I saw'); sys.exit(3)"), "exit code 3", "what I saw\n"),
        (python("import os; os.abort()"), "killed by signal 6", ""),
        (python("print('half'); exit(7)"), "no number from 0 to 1", "half\n"),
        (python("while True: print('x' * 4096)"), "more output than it may", "xxx"),
        (
            python(
                "import os\nprint(os.urandom(8).hex(), end='')\nexit(os.urandom(1)[0] % 2 + (os.urandom(1)[0] % 2) * 7)",
            ),
            "",
            "",
        ),
    ];
    for (job, why, words) in &cases[..4] {
        assert_eq!(
            (verdicts(job), job["verdict"].as_str()),
            (vec!["internal_error"], Some("internal_error"))
        );
        assert!(fault(job).contains(why), "{job}");
        let said = job["runs"][0]["check"]["output"].as_str().unwrap_or_default();
        assert!(said.starts_with(words) && said.len() <= 64 << 10, "{job}");
        assert_eq!(job["runs"][0]["stdout"], "1", "what the program wrote is kept");
    }

    let broken = judged(judge("c", "check.c", "int main(void) { return oops; }"));
    assert!(fault(&broken).contains("the checker does not compile"), "{broken}");
    assert!(broken["runs"][0]["check"]["output"].as_str().unwrap().contains("oops"), "{broken}");
    let none = json!({ "language": "c", "files": [{ "path": "a.c", "content": "" }], "limits": { "wall_seconds": 5 } });
    assert_eq!(verdicts(&judged(none)), ["internal_error"]);

    let mut slow = judge("python", "check.py", "import time; time.sleep(60)");
    slow["limits"] = json!({ "wall_seconds": 0.5 });
    let slow = judged(slow);
    assert!(fault(&slow).contains("more time than it may"), "{slow}");
    assert!(slow["runs"][0]["check"]["usage"]["wall_ms"].as_u64().unwrap() >= 500);
}

#[test]
fn a_checker_that_disagrees_with_itself_is_no_judgement() {
    let cluster = Cluster::offering("python");
    // One of 256 answers each time: two of twenty agree all the time, in no lifetime.
    let moody = "import os\nprint(os.urandom(1)[0] / 256)\nexit(7)";
    let judged = cluster.job(&checked(judge("python", "check.py", moody), &[("1", "1"); 20]));
    let torn = judged["runs"].as_array().unwrap().iter().find(|run| run["verdict"] == "internal_error");
    let fault = torn.unwrap()["check"]["fault"].as_str().unwrap();
    assert!(fault.contains("disagrees with itself"), "{fault}");
}

#[test]
fn a_checker_is_asked_of_runs_that_ended_well_and_finds_a_fresh_box_each_time() {
    let cluster = Cluster::offering("python");
    let program = "import sys\nif sys.stdin.read() == 'crash': sys.exit(9)\nprint('fine')";
    let checker = "\
import os, sys
if os.path.exists('left'): sys.exit(3)
open('left', 'w').close()
print(*sorted(os.listdir('.')), sys.argv[1:], sys.stdin.read() == '')
";
    let mut spec = checked(judge("python", "check.py", checker), &[("crash", ""), ("", ""), ("", "")]);
    spec["files"][0]["content"] = program.into();
    let judged = cluster.job(&spec);
    assert_eq!(verdicts(&judged), ["runtime_error", "ok", "ok"], "{judged}");
    assert!(judged["runs"][0].get("check").is_none());
    let said = judged["runs"][2]["check"]["output"].as_str().unwrap();
    assert_eq!(said, "actual check.py expected input left ['input', 'actual', 'expected'] True\n");
}

#[test]
fn a_program_finds_nothing_of_its_checker() {
    let cluster = Cluster::offering("python");
    let nosy = "\
import os
found = [os.path.join(folder, name) for folder, _, names in os.walk('/') if not folder.startswith(('/proc', '/sys'))
         for name in names if name in ('expected', 'actual', 'check.py')]
processes = sum(name.isdigit() for name in os.listdir('/proc'))
print(found, processes)
";
    let checker = "import sys\nsys.exit(0 if open('actual').read() == \"[] 2\\n\" else 1)";
    let mut spec = checked(judge("python", "check.py", checker), &[("", "secret"), ("", "secret")]);
    spec["files"][0]["content"] = nosy.into();
    let judged = cluster.job(&spec);
    assert_eq!(verdicts(&judged), ["ok", "ok"], "{judged}");
}

#[test]
fn languages_and_limits_of_checkers_are_looked_at_before_anything_runs() {
    let cluster = Cluster::offering("python");
    let refused = |checker: Value| {
        let answer = tests::http::post(&cluster.url("/jobs"), &checked(checker, &[("", "")]));
        (answer.status, answer.body["field"].as_str().unwrap_or_default().to_owned(), answer.body.to_string())
    };
    let (status, field, body) = refused(judge("cobol", "check.cob", "x"));
    assert_eq!((status, field.as_str()), (422, "checker.language"), "{body}");
    assert!(body.contains("cobol") && body.contains("python"), "{body}");
    let mut greedy = judge("python", "check.py", "");
    greedy["limits"] = json!({ "memory_bytes": 1_u64 << 50 });
    let (_, field, body) = refused(greedy);
    assert_eq!(field, "checker.limits.memory_bytes", "{body}");
    let (_, field, _) = refused(judge("python", "check.txt", ""));
    assert_eq!(field, "checker.files");
}

/// Thinks of a number, and answers guesses.
const GUESSING: &str = "\
import sys
number = int(open('input').read())
for turn in range(8):
    line = sys.stdin.readline()
    if not line:
        print('no guess', file=sys.stderr)
        sys.exit(1)
    guess = int(line)
    if guess == number:
        print('right', flush=True)
        print('guessed in', turn + 1, file=sys.stderr)
        sys.exit(0)
    print('higher' if guess < number else 'lower', flush=True)
print('0.25', file=sys.stderr)
sys.exit(7)
";

/// Guesses well.
const BISECTION: &str = "\
low, high = 1, 100
while True:
    middle = (low + high) // 2
    print(middle, flush=True)
    said = input()
    if said == 'right': break
    if said == 'higher': low = middle + 1
    else: high = middle - 1
";

fn interactive(program: &str, interactor: &str) -> Value {
    let mut spec = job("python", "main.py", program);
    spec["interactor"] = judge("python", "talk.py", interactor);
    spec["runs"] = json!([{ "stdin": "37" }]);
    spec["limits"] = json!({ "wall_seconds": 3, "cpu_seconds": 2 });
    spec
}

#[test]
fn a_program_and_an_interactor_talk_and_the_interactor_judges() {
    let cluster = Cluster::offering("python");
    let talk = |program: &str, interactor: &str| cluster.job(&interactive(program, interactor));
    let run = |job: &Value| job["runs"][0].clone();

    let right = talk(BISECTION, GUESSING);
    assert_eq!(verdicts(&right), ["ok"], "{right}");
    assert_eq!(run(&right)["stdout"], "50\n25\n37\n");
    assert_eq!(run(&right)["check"]["output"], "guessed in 3\n");
    assert_eq!(right["score"], json!({ "points": 1.0, "of": 1.0 }));

    let stubborn = "while True:\n    print(1, flush=True)\n    input()";
    let wrong = talk(stubborn, GUESSING);
    assert_eq!((verdicts(&wrong), &run(&wrong)["partial"]), (vec!["wrong_answer"], &json!(0.25)), "{wrong}");
    let silent = talk("pass", GUESSING);
    assert_eq!(verdicts(&silent), ["wrong_answer"]);
    assert_eq!(run(&silent)["check"]["output"], "no guess\n");

    let crashing = talk("print(1, flush=True)\ninput()\nraise SystemExit(5)", GUESSING);
    assert_eq!((verdicts(&crashing), &run(&crashing)["exit_code"]), (vec!["runtime_error"], &json!(5)));
    let hanging = talk("import time\nprint(1, flush=True)\ntime.sleep(60)", GUESSING);
    assert_eq!(verdicts(&hanging), ["wall_time_exceeded"]);
    let mut busy = interactive("while True: pass", GUESSING);
    busy["limits"] = json!({ "cpu_seconds": 0.3, "wall_seconds": 20 });
    let busy = cluster.job(&busy);
    assert_eq!(verdicts(&busy), ["cpu_time_exceeded"]);
    let lingering = talk("import time\nprint(37, flush=True)\ntime.sleep(60)", GUESSING);
    assert_eq!(verdicts(&lingering), ["wall_time_exceeded"], "it may be right, and has to end all the same");
}

#[test]
fn an_interactor_that_fails_is_no_judgement_and_stops_the_program() {
    let cluster = Cluster::offering("c,python");
    let talk = |program: &str, interactor: &str| cluster.job(&interactive(program, interactor));
    let waiting = "input()\nimport time\ntime.sleep(60)";
    let failing = talk(waiting, "import sys\nprint('why', file=sys.stderr)\nsys.exit(3)");
    assert_eq!(verdicts(&failing), ["internal_error"], "{failing}");
    assert!(fault(&failing).contains("the interactor ended with exit code 3"));
    assert_eq!(failing["runs"][0]["check"]["output"], "why\n");

    let flooding = talk(waiting, "while True: print('x' * 4096)");
    assert_eq!(verdicts(&flooding), ["internal_error"], "{flooding}");
    assert!(fault(&flooding).contains("the interactor used more output"), "{flooding}");
    let flooded = talk("while True: print('x' * 4096)", "import time\ntime.sleep(60)");
    assert_eq!(verdicts(&flooded), ["output_exceeded"], "{flooded}");

    let mut broken = interactive(BISECTION, "");
    broken["interactor"] = judge("c", "talk.c", "int main(void) { return oops; }");
    let broken = cluster.job(&broken);
    assert!(fault(&broken).contains("the interactor does not compile"), "{broken}");
    assert_eq!(broken["runs"][0]["stdout"], "", "a program that nobody judges does not run");
}

/// Prints when it begins, waits, and prints when it ends.
const TIMED: &str = "\
import sys, time
print(time.time(), flush=True)
time.sleep(0.5)
print(time.time())
sys.exit(int(sys.stdin.read() or 0))
";

fn timed(parallel: u32, inputs: &[&str]) -> Value {
    let mut spec = job("python", "main.py", TIMED);
    spec["runs"] = inputs.iter().map(|stdin| json!({ "stdin": stdin })).collect();
    spec["parallel"] = parallel.into();
    spec
}

/// When each run began and ended, by its own clock.
fn times(job: &Value) -> Vec<(f64, f64)> {
    let times = |run: &Value| {
        let text = run["stdout"].as_str().unwrap();
        let mut times = text.lines().map(|line| line.parse::<f64>().unwrap());
        (times.next().unwrap(), times.next().unwrap())
    };
    job["runs"].as_array().unwrap().iter().map(times).collect()
}

#[test]
fn runs_are_made_at_once_where_the_job_allows_it_and_slots_are_free() {
    let mut cluster = Cluster::empty();
    cluster.add_runner("a", &["--language", "python", "--language", "c", "--max-jobs", "3"]);
    let overlap = |one: (f64, f64), other: (f64, f64)| one.0 < other.1 && other.0 < one.1;

    let at_once = cluster.job(&timed(2, &["", ""]));
    let together = times(&at_once);
    assert!(overlap(together[0], together[1]), "{together:?}");
    let in_turn = times(&cluster.job(&timed(1, &["", ""])));
    assert!(!overlap(in_turn[0], in_turn[1]), "{in_turn:?}");
    let most = times(&cluster.job(&timed(64, &[""; 5])));
    let at = |moment: f64| most.iter().filter(|(begin, end)| *begin <= moment && moment < *end).count();
    assert!(most.iter().all(|(begin, _)| at(*begin) <= 3), "no more than there are slots: {most:?}");

    let stopped = cluster.job(&{
        let mut spec = timed(2, &["4", "", "", ""]);
        spec["stop_on_failure"] = true.into();
        spec
    });
    let verdicts = verdicts(&stopped);
    assert_eq!(verdicts[..2], ["runtime_error", "ok"], "what was under way ends: {stopped}");
    assert!(verdicts.len() < 4, "none begins after a failure: {stopped}");
    assert_eq!(stopped["verdict"], "runtime_error");
}

#[test]
fn compiled_files_get_to_every_sandbox_and_nothing_of_a_run_to_another() {
    let mut cluster = Cluster::empty();
    cluster.add_runner("a", &["--language", "python", "--language", "c", "--max-jobs", "4"]);
    let program = r#"#include <stdio.h>
#include <unistd.h>
int main(void) {
    int n;
    if (access("left", F_OK) == 0 || access("/tmp/left", F_OK) == 0 || scanf("%d", &n) != 1) return 1;
    fclose(fopen("left", "w"));
    fclose(fopen("/tmp/left", "w"));
    usleep(20000);
    printf("%d\n", 2 * n);
}"#;
    let mut spec = job("c", "main.c", program);
    let run = |n: usize| json!({ "stdin": n.to_string(), "name": n.to_string(), "expect": { "stdout": (2 * n).to_string(), "checker": "custom" } });
    spec["runs"] = (0..40).map(run).collect();
    spec["parallel"] = 4.into();
    spec["checker"] = judge("python", "check.py", SAME_NUMBERS);
    let judged = cluster.job(&spec);
    assert_eq!(judged["verdict"], "ok", "{judged}");
    let names: Vec<&str> =
        judged["runs"].as_array().unwrap().iter().map(|run| run["name"].as_str().unwrap()).collect();
    assert_eq!(names, (0..40).map(|n| n.to_string()).collect::<Vec<_>>());
    assert_eq!(judged["score"], json!({ "points": 40.0, "of": 40.0 }));

    let mut talks = interactive(BISECTION, GUESSING);
    talks["runs"] = (1..=9).map(|n| json!({ "stdin": (n * 11).to_string() })).collect();
    talks["parallel"] = 3.into();
    let talks = cluster.job(&talks);
    assert_eq!((talks["verdict"].as_str(), verdicts(&talks).len()), (Some("ok"), 9), "{talks}");
}

#[test]
fn many_runs_in_turn_find_the_same_program_and_never_overlap() {
    let cluster = Cluster::offering("c");
    let program = r#"#include <stdio.h>
#include <time.h>
#include <unistd.h>
static void now(void) {
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    printf("%ld.%09ld\n", at.tv_sec, at.tv_nsec);
}
int main(void) {
    now();
    FILE *file = fopen("out/file", "wx");
    if (!file) return 1;
    usleep(20000);
    now();
}"#;
    let mut spec = job("c", "main.c", program);
    spec["runs"] = (0..30).map(|_| json!({})).collect();
    // A folder of its own is nothing that a file tells of.
    for makefile in
        ["all: out main\nout:\n\tmkdir out\n", "all: out main\nout:\n\tmkdir out; touch out/kept\n"]
    {
        spec["files"] = json!([
            { "path": "main.c", "content": program },
            { "path": "Makefile", "content": makefile },
        ]);
        let ran = cluster.job(&spec);
        assert_eq!(ran["verdict"], "ok", "{ran}");
        let times = times(&ran);
        assert!(times.windows(2).all(|pair| pair[0].1 <= pair[1].0), "{times:?}");
    }
}
