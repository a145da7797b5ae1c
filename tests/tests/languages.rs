//! Every language does what a student's first hour needs: says hello, reads its input, takes arguments, fails
//! to compile with its line, and ends with its own exit code or signal.

use tests::{Cluster, Ran};

/// The programs of one language.
struct Programs {
    language: &'static str,
    file: &'static str,
    hello: &'static str,
    echo_stdin: &'static str,
    echo_arguments: &'static str,
    broken: &'static str,
    /// Whether the broken one fails before it runs.
    compiled: bool,
    exit_with_7: &'static str,
}

fn check(programs: &Programs) {
    let cluster = Cluster::offering(programs.language);
    let run = |text: &str, arguments: &[&str], stdin: Option<&str>| -> Ran {
        let file = cluster.file(programs.file, text);
        cluster.run_with_stdin(&file, arguments, stdin.map(str::as_bytes))
    };

    let hello = run(programs.hello, &[], None);
    assert_eq!((hello.code, hello.stdout.as_str()), (0, "hello, wörld\n"), "{}", hello.stderr);
    assert!(hello.stderr.contains("ok"), "the verdict stands on stderr: {}", hello.stderr);

    let echoed = run(programs.echo_stdin, &[], Some("one\ntwo\n"));
    assert_eq!((echoed.code, echoed.stdout.as_str()), (0, "one\ntwo\n"), "{}", echoed.stderr);

    let arguments = run(programs.echo_arguments, &["--", "a b", "--flag", "é"], None);
    assert_eq!((arguments.code, arguments.stdout.as_str()), (0, "a b|--flag|é\n"), "{}", arguments.stderr);

    let broken = run(programs.broken, &[], None);
    assert_eq!(broken.code, if programs.compiled { 120 } else { 1 }, "{}", broken.stderr);
    assert_eq!(broken.stdout, "");
    let line = if programs.language == "python" { "line 3" } else { ":3" };
    assert!(broken.stderr.contains(line), "the error names its line: {}", broken.stderr);

    let seven = run(programs.exit_with_7, &[], None);
    assert_eq!((seven.code, seven.stdout.as_str()), (7, "before\n"), "{}", seven.stderr);
}

#[test]
fn python() {
    check(&Programs {
        language: "python",
        file: "main.py",
        hello: "print('hello, wörld')\n",
        echo_stdin: "import sys\nfor line in sys.stdin: print(line, end='')\n",
        echo_arguments: "import sys\nprint('|'.join(sys.argv[1:]))\n",
        broken: "print(1)\n\nif True print(2)\n",
        compiled: false,
        exit_with_7: "import sys\nprint('before')\nsys.exit(7)\n",
    });
}

#[test]
fn c() {
    check(&Programs {
        language: "c",
        file: "main.c",
        hello: "#include <stdio.h>\nint main(void) { puts(\"hello, wörld\"); }\n",
        echo_stdin: "#include <stdio.h>\nint main(void) { int c; while ((c = getchar()) != EOF) putchar(c); }\n",
        echo_arguments: "#include <stdio.h>\nint main(int n, char **a) {\n\
                         for (int i = 1; i < n; i++) printf(\"%s%s\", i > 1 ? \"|\" : \"\", a[i]);\nputs(\"\"); }\n",
        broken: "int main(void) {\n  int x = 1;\n  retrun x;\n}\n",
        compiled: true,
        exit_with_7: "#include <stdio.h>\nint main(void) { puts(\"before\"); return 7; }\n",
    });
}

#[test]
fn cpp() {
    check(&Programs {
        language: "cpp",
        file: "main.cpp",
        hello: "#include <iostream>\nint main() { std::cout << \"hello, wörld\" << std::endl; }\n",
        echo_stdin: "#include <iostream>\nint main() { std::string s; while (std::getline(std::cin, s)) std::cout << s << '\\n'; }\n",
        echo_arguments: "#include <iostream>\nint main(int n, char **a) {\n\
                         for (int i = 1; i < n; i++) std::cout << (i > 1 ? \"|\" : \"\") << a[i];\nstd::cout << '\\n'; }\n",
        broken: "int main() {\n  int x = 1;\n  retrun x;\n}\n",
        compiled: true,
        exit_with_7: "#include <iostream>\nint main() { std::cout << \"before\\n\"; return 7; }\n",
    });
}

#[test]
fn java() {
    check(&Programs {
        language: "java",
        file: "Hello.java",
        hello: "public class Hello {\n  public static void main(String[] a) { System.out.println(\"hello, wörld\"); }\n}\n",
        echo_stdin: "import java.util.*;\npublic class Hello {\n  public static void main(String[] a) {\n    Scanner in = new Scanner(System.in);\n    while (in.hasNextLine()) System.out.println(in.nextLine());\n  }\n}\n",
        echo_arguments: "public class Hello {\n  public static void main(String[] a) { System.out.println(String.join(\"|\", a)); }\n}\n",
        broken: "public class Hello {\n  public static void main(String[] a) {\n    int x = \"one\";\n  }\n}\n",
        compiled: true,
        exit_with_7: "public class Hello {\n  public static void main(String[] a) { System.out.println(\"before\"); System.exit(7); }\n}\n",
    });
}

#[test]
fn a_signal_ends_as_a_shell_says_it() {
    let cluster = Cluster::offering("c,python");
    let abort = cluster.file("abort.c", "#include <stdlib.h>\nint main(void) { abort(); }\n");
    assert_eq!(cluster.run(&abort, &[]).code, 128 + 6);
    let fault = cluster.file("fault.c", "int main(void) { return *(volatile int *)8; }\n");
    assert_eq!(cluster.run(&fault, &[]).code, 128 + 11);
    let killed = cluster.file("killed.py", "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\n");
    assert_eq!(cluster.run(&killed, &[]).code, 128 + 9);
}

#[test]
fn several_files_make_one_program() {
    let cluster = Cluster::offering("c,java,python");
    let main = cluster.file(
        "many/main.c",
        "#include \"lib/twice.h\"\n#include <stdio.h>\nint main(void) { printf(\"%d\\n\", twice(21)); }\n",
    );
    let source =
        cluster.file("many/lib/twice.c", "#include \"twice.h\"\nint twice(int n) { return 2 * n; }\n");
    let header = cluster.file("many/lib/twice.h", "int twice(int n);\n");
    let ran = cluster.run(&main, &[source.to_str().unwrap(), header.to_str().unwrap()]);
    assert_eq!((ran.code, ran.stdout.as_str()), (0, "42\n"), "{}", ran.stderr);

    let app = cluster.file(
        "java/App.java",
        "class App { public static void main(String[] a) { System.out.println(Other.name()); } }\n",
    );
    let other =
        cluster.file("java/Other.java", "class Other { static String name() { return \"other\"; } }\n");
    let ran = cluster.run(&other, &[app.to_str().unwrap()]);
    assert_eq!((ran.code, ran.stdout.as_str()), (0, "other\n"), "{}", ran.stderr);

    let start = cluster.file("py/start.py", "import helper\nprint(helper.x, open('data.txt').read())\n");
    let helper = cluster.file("py/helper.py", "x = 1\n");
    let data = cluster.file("py/data.txt", "data");
    let files = [helper.to_str().unwrap(), data.to_str().unwrap()];
    let ran = cluster.run(&start, &[files[0], files[1], "--main", "start.py"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (0, "1 data\n"), "{}", ran.stderr);
}
