//! `cli run -i` and `-t`, and `cli attach`, as somebody at a terminal uses them.

use nix::sys::signal::Signal;
use tests::pty::Terminal;
use tests::{Cluster, wait_until};

const PROMPT: &str = r#"
#include <stdio.h>
int main(void) {
    char name[32];
    printf("Name? ");
    if (scanf("%31s", name) != 1) { printf("nobody\n"); return 3; }
    printf("Hello %s\n", name);
}
"#;

/// Echoes lines in capitals, tells of signals and sizes, and ends with its input.
const ECHO: &str = r#"
import os, signal, sys
def heard(number, _):
    size = os.get_terminal_size(0) if os.isatty(0) else (0, 0)
    print("heard", signal.Signals(number).name, *size, flush=True)
signal.signal(signal.SIGINT, heard)
signal.signal(signal.SIGWINCH, heard)
print("ready", flush=True)
while line := sys.stdin.readline():
    print("<" + line.strip().upper() + ">", flush=True)
print("end", flush=True)
"#;

const LEAVE: &str = "\u{10}\u{11}";

/// The cli at a terminal.
fn cli(cluster: &Cluster, arguments: &[&str]) -> Terminal {
    let mut command = cluster.cli(arguments);
    command.env("XDG_STATE_HOME", cluster.folder.path().join("state"));
    Terminal::start(&command)
}

fn run(cluster: &Cluster, how: &str, name: &str, program: &str) -> Terminal {
    let file = cluster.file(name, program);
    cli(cluster, &["run", how, &file.display().to_string()])
}

/// The job that a command which has left names.
fn left(terminal: Terminal) -> String {
    let (code, said) = terminal.finish();
    assert_eq!(code, 0, "{said}");
    let id = said.split("cli attach ").nth(1).and_then(|rest| rest.split('`').next());
    id.unwrap_or_else(|| panic!("{said:?} names no job")).to_owned()
}

#[test]
fn a_c_program_asks_and_is_answered() {
    let cluster = Cluster::offering("c");
    let mut terminal = run(&cluster, "-t", "main.c", PROMPT);
    terminal.until("Name? ");
    assert!(!terminal.is_cooked(), "every key is the program's");
    terminal.type_in("Ada\r");
    terminal.until("Ada\r\nHello Ada\r\n");
    let (code, said) = terminal.finish();
    assert_eq!(code, 0, "{said}");
}

#[test]
fn a_terminal_has_the_users_size_and_ctrl_c_interrupts() {
    let cluster = Cluster::offering("python");
    let mut terminal = run(&cluster, "-t", "main.py", ECHO);
    terminal.until("ready\r\n");
    terminal.resize(50, 132);
    terminal.until("heard SIGWINCH 132 50\r\n");
    terminal.type_in("\u{3}");
    terminal.until("heard SIGINT 132 50\r\n");
    terminal.type_in("\u{4}");
    terminal.until("end\r\n");
    assert_eq!(terminal.finish().0, 0);
    let mut terminal = run(&cluster, "-t", "main.py", "print('ready')\nimport time\ntime.sleep(60)\n");
    terminal.until("ready\r\n");
    terminal.type_in("\u{3}");
    assert_eq!(terminal.finish().0, 130, "128 and SIGINT");
}

#[test]
fn without_a_terminal_ctrl_c_is_a_signal_and_twice_stops_the_job() {
    let cluster = Cluster::offering("python");
    let mut terminal = run(&cluster, "-i", "main.py", ECHO);
    terminal.until("ready\r\n");
    assert!(terminal.is_cooked());
    terminal.type_in("\u{3}");
    terminal.until("heard SIGINT 0 0\r\n");
    terminal.type_in("one\n");
    terminal.until("<ONE>\r\n");
    terminal.type_in("\u{4}");
    terminal.until("end\r\n");
    assert_eq!(terminal.finish().0, 0);

    let mut terminal = run(&cluster, "-i", "main.py", ECHO);
    terminal.until("ready\r\n");
    terminal.type_in("\u{3}\u{3}");
    // Both may come as one.
    terminal.until("SIGINT");
    terminal.type_in("\u{3}");
    let (code, said) = terminal.finish();
    assert_eq!(code, 130, "{said}");
}

#[test]
fn whoever_leaves_comes_back_to_where_they_were() {
    let cluster = Cluster::offering("python");
    let mut terminal = run(&cluster, "-t", "main.py", ECHO);
    terminal.until("ready\r\n");
    terminal.type_in("one\r");
    terminal.until("<ONE>\r\n");
    terminal.type_in(&format!("two\rhalf{LEAVE}lost"));
    let id = left(terminal);
    wait_until("the program to have what was typed", || {
        cluster.look(&id)["state"].eq("running").then_some(())
    });

    let mut terminal = cli(&cluster, &["attach", &id]);
    terminal.resize(30, 90);
    terminal.until("SIGWINCH");
    terminal.type_in(" of it\r");
    let new = terminal.until("<HALF OF IT>\r\n");
    assert!(!new.contains("ONE") && !new.contains("ready"), "{new:?}");
    terminal.type_in(LEAVE);
    assert_eq!(left(terminal), id);

    let mut terminal = cli(&cluster, &["attach", &id, "--from-start"]);
    let all = terminal.until("<HALF OF IT>\r\n");
    assert!(all.contains("ready") && all.contains("<ONE>") && all.contains("<TWO>"), "{all:?}");
    terminal.type_in("\u{4}");
    terminal.until("end\r\n");
    assert_eq!(terminal.finish().0, 0);
    let stdout = cluster.look(&id)["runs"][0]["stdout"].to_string();
    for line in ["<ONE>", "<TWO>", "<HALF OF IT>"] {
        assert_eq!(stdout.matches(line).count(), 1, "{stdout}");
    }
    assert!(!stdout.contains("LOST"), "{stdout}");
}

#[test]
fn a_terminal_that_is_closed_ends_neither_the_job_nor_its_input() {
    let cluster = Cluster::offering("python");
    for how in ["-t", "-i"] {
        let mut terminal = run(&cluster, how, "main.py", ECHO);
        terminal.until("ready\r\n");
        terminal.type_in("one\n");
        terminal.until("<ONE>\r\n");
        terminal.close();
        let id = cluster.job_ids().remove(0);
        let mut terminal = cli(&cluster, &["attach", &id]);
        terminal.type_in("two\n");
        let new = terminal.until("<TWO>\r\n");
        assert!(!new.contains("ONE"), "{new:?}");
        if how == "-t" {
            wait_until("the terminal to be the program's", || (!terminal.is_cooked()).then_some(()));
        }
        terminal.type_in("\u{4}");
        terminal.until("end\r\n");
        assert_eq!(terminal.finish().0, 0);
        assert_eq!(cluster.look(&id)["verdict"], "ok");
    }
}

#[test]
fn what_is_no_terminal_is_not_taken_for_one() {
    let cluster = Cluster::empty();
    let file = cluster.file("main.py", "");
    let ran = cluster.run(&file, &["-t"]);
    assert!(ran.code == 2 && ran.stderr.contains("-t needs a terminal"), "{ran:?}");
}

#[test]
fn a_command_that_is_told_to_end_takes_the_terminal_back() {
    let cluster = Cluster::offering("python");
    let mut terminal = run(&cluster, "-t", "main.py", ECHO);
    terminal.until("ready\r\n");
    terminal.signal(Signal::SIGTERM);
    let id = left(terminal);
    let status = cluster.cli(&["cancel", &id]).status().expect("the cli runs");
    assert!(status.success(), "{status}");
    cluster.wait_for(&id, "finished");
}
