//! The example client speaks the TCP protocol with nothing but standard Python.

use std::process::{Command, Stdio};

use tests::{Cluster, root};

#[test]
fn the_python_example_runs_programs() {
    let cluster = Cluster::offering("python,c");
    let client = |file: &str, text: &str, stdin: &str, arguments: &[&str]| {
        let file = cluster.file(file, text);
        let input = cluster.file("stdin", stdin);
        let mut command = Command::new("python3");
        command.arg(root().join("examples/client.py")).arg(file);
        command.args(["--master", cluster.address("clients")]).args(arguments);
        command.stdin(Stdio::from(std::fs::File::open(input).unwrap())).output().unwrap()
    };
    let echo = "import sys\nprint(sys.argv[1:], sys.stdin.read())\nsys.exit(5)\n";
    let ran = client("main.py", echo, "in", &["--", "x", "y"]);
    assert_eq!(
        String::from_utf8_lossy(&ran.stdout),
        "['x', 'y'] in\n",
        "{}",
        String::from_utf8_lossy(&ran.stderr)
    );
    assert_eq!(ran.status.code(), Some(5));

    let ran = client("main.c", "int main(void) { retrun 0; }\n", "", &[]);
    assert_eq!(ran.status.code(), Some(120));
    assert!(String::from_utf8_lossy(&ran.stderr).contains("main.c:1"));

    let large = "import sys\nd = sys.stdin.read()\nprint(len(d))\nsys.stdout.write('y' * 700000)\n";
    let ran = client("main.py", large, &"z".repeat(1_000_000), &[]);
    assert_eq!(ran.stdout.len(), "1000000\n".len() + 700_000);
}
