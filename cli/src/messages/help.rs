//! What `--help` says beside the list of arguments.

/// Of `cli`.
pub const ROOT: &str = "\
Examples:
  cli run main.c --master lab:7000       compile and run a file
  cli run game.py < moves.txt            with input
  cli status --watch                     see the runners at work
  cli login --master lab:7000            where the cluster asks who you are

Where there are several controllers, name them all: --master a:7000,b:7000. They are tried in this order, and
a job is followed at another one when the connection is lost.

The address can also stand in ~/.config/ruche/cli.toml:
  master = \"lab:7000\"

`cli run --help` lists the exit statuses.";

/// Of `cli run`.
pub const RUN: &str = "\
Examples:
  cli run main.c                                   the language is told by the name
  cli run Main.java Shapes.java -- 10 20           arguments of the program after --
  cli run sort.py --stdin numbers.txt --cpu 2s --memory 256M
  cli run main.cpp --compile-arg=-O2 --env MODE=fast
  cli run -i guess.py                              type its input; Ctrl-C is for the program
  cli run -t editor.c                              at a terminal; Ctrl-P Ctrl-Q leaves it running
  cli run a.c b.c c.h --main a.c
  cli run game/                                    all files in a folder but hidden ones
  cli run game.zip                                 or .tar, .tar.gz, .tgz; beside other files it is just one of them
  cli run plot.py --artifact '*.png' --out plots/  writes what it leaves to plots/
  cli run slow.py --detach                         prints an id for `cli watch`
  cli run slow.py --detach --callback https://…    and has the result sent there
  cli run main.c --json | jq .verdict

Exit status: that of the program, 128+n where signal n ended it, and
    1  its output is not the expected one
    2  the command is wrong, or a file cannot be read and nothing was sent; or a file of --out cannot be written
  120  it could not be compiled
  121  it used up its processor time
  122  it used up its time on the clock
  123  it used up its memory
  124  it wrote more than it may
  125  refused: bad input, unknown language, queue full, no runner free
  126  the cluster could not run it
  127  no connection to the controller, or lost for good
  130  cancelled (Ctrl-C)
  141  nobody reads the output any more";

/// Of `cli test`.
pub const TEST: &str = "\
A test is a file NAME.in with what is expected in NAME.ans or NAME.out beside it; inputNAME.txt with outputNAME.txt is one, too.
The tests of a folder within the folder are a group, which is worth as much as the worst of them. The program is compiled
once, and each test has a sandbox of its own.

Checkers:
  trimmed          spaces at the ends of lines and empty lines at the end do not count (this is the default)
  exact            every byte counts
  tokens           only what stands between white space counts, and its order
  unordered_lines  the same lines in any order
  float            as tokens; numbers may differ by 0.000001, or by that part of them
  float:0.01       the same with another tolerance
  check.cpp        a program of your own, called with the files `input actual expected`: it ends with 0 where the
                   answer is right, with 1 where it is wrong

Examples:
  cli test tests/ --program sol.cpp
  cli test tests/ --program sol/ --checker float:1e-9 --parallel 4
  cli test tests/ --program guess.py --interactor judge.py --stop-on-failure
  cli test tests/ --program sol.cpp --junit report.xml --cpu 2s --memory 256M
  cli test tests/ --program sol.cpp --json | jq '.runs[].verdict'

Exit status: 0 where all tests are ok, 1 where not all are, 120 where the program could not be compiled, else as
`cli run --help` lists.";

/// Of `cli watch`.
pub const WATCH: &str = "\
Shows the output from its beginning and ends as `cli run` does. Ctrl-C stops watching; the job goes on.

Example:
  cli watch 0b8f6c1e4a1d4f0f9a7a6a2f7f0f6d11";

/// Of `cli attach`.
pub const ATTACH: &str = "\
Goes on where `cli run -i` or `cli run -t` ended: after Ctrl-P Ctrl-Q, when its terminal was closed, or when it was told to end.
Nothing is shown twice and nothing that was typed is lost. The program waits for its input for a minute; then it has ended.

Ctrl-C is for the program, twice within a second it stops the job. Ctrl-D ends the input. With a terminal every key
is the program's, and Ctrl-P Ctrl-Q leaves it running.

Examples:
  cli attach 0b8f6c1e4a1d4f0f9a7a6a2f7f0f6d11
  cli attach 0b8f6c1e4a1d4f0f9a7a6a2f7f0f6d11 --from-start";

/// Of `cli rerun`.
pub const RERUN: &str = "\
The same files, arguments and limits. What is not kept is input that came from the command's own: use `cli run` for that.
Ends as `cli run` does; Ctrl-C stops the new job.

Example:
  cli rerun 0b8f6c1e4a1d4f0f9a7a6a2f7f0f6d11";

/// Of `cli status`.
pub const STATUS: &str = "\
Examples:
  cli status
  cli status --watch
  cli status --json | jq '.runners[].telemetry.cpu_percent'";

/// Of `cli runner`.
pub const RUNNER: &str = "\
Examples:
  cli runner list
  cli runner token --ttl 1h --uses 5     prints the line to type on new hosts
  cli runner remove lab-1                it may not come back
  cli runner drain lab-1                 as if it had got SIGTERM on its host
  cli runner pause lab-1                 until `cli runner resume lab-1`
  cli runner set lab-1 --max-jobs 2 --max-cpu 80
  cli runner set lab-1 --max-jobs own    as many as its runner.toml says";

/// Of `cli jobs`.
pub const JOBS: &str = "\
Examples:
  cli jobs --state running
  cli jobs --label class=3b --limit 100
  cli jobs --search ada --verdict compile_error
  cli jobs --json | jq '.jobs[].verdict'";

/// Of `cli artifacts`.
pub const ARTIFACTS: &str = "\
The files that a job's runs left and that match the patterns it came with: see `cli run --artifact`. They are kept as long as
the job is.

Examples:
  cli artifacts 0b8f6c1e4a1d4f0f9a7a6a2f7f0f6d11
  cli artifacts 0b8f6c1e4a1d4f0f9a7a6a2f7f0f6d11 --out plots/";

/// Of `cli cancel`.
pub const CANCEL: &str = "\
Example:
  cli cancel 0b8f6c1e4a1d4f0f9a7a6a2f7f0f6d11";

/// Of `cli languages`.
pub const LANGUAGES: &str = "\
Examples:
  cli languages
  cli languages --json | jq '.[].id'";

/// Of `cli login`.
pub const LOGIN: &str = "\
Controllers on other machines encrypt. The first time this shows the fingerprint of the cluster's certificate authority
and asks whether it is the one that the controller's log tells; from then on no other is believed.

Passwords and tokens are asked for without being shown, or read from standard input, a line each.

Examples:
  cli login lab:7000
  cli login lab --ca-pin sha256:53ab…    without a question about the certificate
  cli login lab --ca-file school-ca.pem  where the controller has a certificate from elsewhere
  cli login --name ada < password.txt
  cli login --setup                      the first account, with the secret from the controller's start
  cli login --token < token.txt

Certificates, and what proves who you are, are kept in ~/.config/ruche/clusters, for you alone. RUCHE_TOKEN goes before it.";

/// Of `cli user`.
pub const USER: &str = "\
Examples:
  cli user add ada
  cli user add tom --role teacher < password.txt
  cli user limit ada --running 2 --queued 20 --cpu-per-day 10m --memory 512M
  cli user passwd                        your own
  cli user list --json | jq '.[].name'";

/// Of `cli group`.
pub const GROUP: &str = "\
A teacher in a group sees the jobs of all its members and sets its limits.

Examples:
  cli group add 3b tom ada ben
  cli group limit 3b --running 1 --cpu-per-day 5m
  cli group drop 3b ben";

/// Of `cli token`.
pub const TOKEN: &str = "\
A token is never good for more than what it is made with, and goes with it.

Examples:
  cli token create --name ci --ttl 90d > token.txt
  cli token create --scope submit,read --language c,python --jobs 100 --cpu 1h
  cli token list
  cli token revoke 5f0c2a91d3e4";

/// Of `cli callback-key`.
pub const CALLBACK_KEY: &str = "\
Whoever has it can make messages that look as if they came from the cluster: keep it as you keep a password.

Examples:
  cli callback-key > key.txt
  cli run main.c --detach --callback https://example.org/done
  cli callback-key --renew               where somebody has seen it";

/// Of `cli audit`.
pub const AUDIT: &str = "\
Examples:
  cli audit
  cli audit --limit 100 --json | jq '.entries[] | select(.done | not)'";

/// Of `cli completions`.
pub const COMPLETIONS: &str = "\
Example:
  cli completions bash > ~/.local/share/bash-completion/completions/cli";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exit::Exit;

    #[test]
    fn every_exit_status_is_documented() {
        let all = [
            Exit::WRONG_ANSWER,
            Exit::USAGE,
            Exit::COMPILE_ERROR,
            Exit::CPU_TIME,
            Exit::WALL_TIME,
            Exit::MEMORY,
            Exit::OUTPUT,
            Exit::REFUSED,
            Exit::INTERNAL,
            Exit::NO_CONNECTION,
            Exit::CANCELLED,
            Exit::BROKEN_PIPE,
        ];
        for exit in all {
            assert!(RUN.contains(&format!("\n{:>5}  ", exit.0)), "{exit:?}");
        }
    }
}
