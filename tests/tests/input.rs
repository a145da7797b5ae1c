//! Standard input and output of any size reach their other end, whatever the program does with them.

use tests::Cluster;

const TEN_MIB: usize = 10 << 20;

#[test]
fn ten_megabytes_pass_through_a_program() {
    let cluster = Cluster::offering("python");
    let cat = cluster
        .file("cat.py", "import sys, shutil\nshutil.copyfileobj(sys.stdin.buffer, sys.stdout.buffer)\n");
    let data: Vec<u8> = (0..TEN_MIB).map(|index| b'a' + (index % 23) as u8).collect();
    let ran = cluster.run_with_stdin(&cat, &["--output", "12M"], Some(&data));
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.stdout.as_bytes() == data, "{} bytes came back", ran.stdout.len());
}

#[test]
fn a_program_that_never_reads_its_input_ends_all_the_same() {
    let cluster = Cluster::offering("python");
    let deaf = cluster.file("deaf.py", "print('done')\n");
    let ran = cluster.run_with_stdin(&deaf, &[], Some(&vec![b'x'; TEN_MIB]));
    assert_eq!((ran.code, ran.stdout.as_str()), (0, "done\n"), "{}", ran.stderr);

    let stuck = cluster.file("stuck.py", "import time\ntime.sleep(60)\n");
    let ran = cluster.run_with_stdin(&stuck, &["--wall", "1s"], Some(&vec![b'x'; TEN_MIB]));
    assert_eq!(ran.code, 122, "what it does not read does not hold up its end: {}", ran.stderr);
}

#[test]
fn a_file_can_be_standard_input_and_no_input_is_an_empty_one() {
    let cluster = Cluster::offering("python");
    let count = cluster.file("count.py", "import sys\nprint(len(sys.stdin.read()))\n");
    let input = cluster.file("input.txt", "12345");
    let ran = cluster.run(&count, &["--stdin", input.to_str().unwrap()]);
    assert_eq!(ran.stdout, "5\n", "{}", ran.stderr);
    assert_eq!(cluster.run(&count, &[]).stdout, "0\n");
}
