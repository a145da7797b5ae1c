//! The system calls that a program may not make. The container's own filter (runner/src/sandbox/seccomp.rs)
//! allows what toolchains need and what the agent needs to make a box; this one, on top, takes the latter and
//! everything with a record of kernel holes away from the program.

use libc::{BPF_ABS, BPF_ALU, BPF_AND, BPF_JEQ, BPF_JGE, BPF_JMP, BPF_JSET, BPF_K, BPF_LD, BPF_RET, BPF_W};
use libc::{c_long, sock_filter, sock_fprog};
use nix::errno::Errno;

#[cfg(target_arch = "x86_64")]
const ARCHITECTURE: u32 = 0xc000_003e;
#[cfg(target_arch = "aarch64")]
const ARCHITECTURE: u32 = 0xc000_00b7;

/// On x86_64 numbers from here on are the x32 interface, a second door to the same calls.
const X32: u32 = 0x4000_0000;

/// Offsets into `struct seccomp_data`. Both architectures are little-endian: the low half comes first.
const NUMBER: u32 = 0;
const ARCH: u32 = 4;
const FIRST_ARGUMENT: u32 = 16;
const SECOND_ARGUMENT: u32 = 24;
const THIRD_ARGUMENT: u32 = 32;

const DENY: u32 = libc::SECCOMP_RET_ERRNO | libc::EPERM as u32;
const UNKNOWN: u32 = libc::SECCOMP_RET_ERRNO | libc::ENOSYS as u32;

/// Namespaces, mounts, other processes, kernel interfaces of no use to a program.
const DENIED: &[c_long] = &[
    libc::SYS_acct,
    libc::SYS_add_key,
    libc::SYS_bpf,
    libc::SYS_chroot,
    libc::SYS_delete_module,
    libc::SYS_fanotify_init,
    libc::SYS_finit_module,
    libc::SYS_fsconfig,
    libc::SYS_fsmount,
    libc::SYS_fsopen,
    libc::SYS_fspick,
    libc::SYS_init_module,
    libc::SYS_io_cancel,
    libc::SYS_io_destroy,
    libc::SYS_io_getevents,
    libc::SYS_io_setup,
    libc::SYS_io_submit,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
    libc::SYS_io_uring_setup,
    libc::SYS_kcmp,
    libc::SYS_kexec_file_load,
    libc::SYS_kexec_load,
    libc::SYS_keyctl,
    libc::SYS_lookup_dcookie,
    libc::SYS_mount,
    libc::SYS_mount_setattr,
    libc::SYS_move_mount,
    libc::SYS_name_to_handle_at,
    libc::SYS_nfsservctl,
    libc::SYS_open_by_handle_at,
    libc::SYS_open_tree,
    libc::SYS_perf_event_open,
    libc::SYS_pidfd_getfd,
    libc::SYS_pivot_root,
    libc::SYS_process_madvise,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_ptrace,
    libc::SYS_quotactl,
    libc::SYS_reboot,
    libc::SYS_request_key,
    libc::SYS_sethostname,
    libc::SYS_setdomainname,
    libc::SYS_setns,
    libc::SYS_settimeofday,
    libc::SYS_swapoff,
    libc::SYS_swapon,
    libc::SYS_syslog,
    libc::SYS_umount2,
    libc::SYS_unshare,
    libc::SYS_userfaultfd,
    libc::SYS_vhangup,
];

/// The bits of a socket's type that say its kind; the others are `SOCK_NONBLOCK` and `SOCK_CLOEXEC`.
const SOCKET_KIND: u32 = 0xf;

/// To set a terminal's line discipline.
const TIOCSETD: u32 = 0x5423;

const NAMESPACES: u32 = (libc::CLONE_NEWNS
    | libc::CLONE_NEWCGROUP
    | libc::CLONE_NEWUTS
    | libc::CLONE_NEWIPC
    | libc::CLONE_NEWUSER
    | libc::CLONE_NEWPID
    | libc::CLONE_NEWNET
    | libc::CLONE_NEWTIME) as u32;

const fn statement(code: u32, k: u32) -> sock_filter {
    sock_filter { code: code as u16, jt: 0, jf: 0, k }
}

const fn jump(condition: u32, k: u32, if_true: u8, if_false: u8) -> sock_filter {
    sock_filter { code: (BPF_JMP | condition | BPF_K) as u16, jt: if_true, jf: if_false, k }
}

const fn load(offset: u32) -> sock_filter {
    statement(BPF_LD | BPF_W | BPF_ABS, offset)
}

const fn answer(action: u32) -> sock_filter {
    statement(BPF_RET | BPF_K, action)
}

/// Sockets that reach no further than the box: the container has no network, but families such as `AF_VSOCK` and
/// `AF_NETLINK` do not ask it, and the rarer protocols have a record of kernel holes. Local ones, TCP and UDP pass.
const SOCKET: [sock_filter; 14] = [
    load(FIRST_ARGUMENT),
    jump(BPF_JEQ, libc::AF_UNIX as u32, 11, 0),
    jump(BPF_JEQ, libc::AF_INET as u32, 1, 0),
    jump(BPF_JEQ, libc::AF_INET6 as u32, 0, 8),
    load(SECOND_ARGUMENT),
    statement(BPF_ALU | BPF_AND | BPF_K, SOCKET_KIND),
    jump(BPF_JEQ, libc::SOCK_STREAM as u32, 1, 0),
    jump(BPF_JEQ, libc::SOCK_DGRAM as u32, 0, 4),
    load(THIRD_ARGUMENT),
    jump(BPF_JEQ, 0, 3, 0),
    jump(BPF_JEQ, libc::IPPROTO_TCP as u32, 2, 0),
    jump(BPF_JEQ, libc::IPPROTO_UDP as u32, 1, 0),
    answer(DENY),
    answer(libc::SECCOMP_RET_ALLOW),
];

/// Only local sockets come in pairs.
const SOCKET_PAIR: [sock_filter; 4] = [
    load(FIRST_ARGUMENT),
    jump(BPF_JEQ, libc::AF_UNIX as u32, 1, 0),
    answer(DENY),
    answer(libc::SECCOMP_RET_ALLOW),
];

/// Terminals, but no typing at one in somebody's name, nothing of the host's consoles, and no other line discipline:
/// those have a record of kernel holes. The kernel looks at 32 bits of the number, too.
const IOCTL: [sock_filter; 6] = [
    load(SECOND_ARGUMENT),
    jump(BPF_JEQ, libc::TIOCSTI as u32, 2, 0),
    jump(BPF_JEQ, libc::TIOCLINUX as u32, 1, 0),
    jump(BPF_JEQ, TIOCSETD, 0, 1),
    answer(DENY),
    answer(libc::SECCOMP_RET_ALLOW),
];

/// Threads and processes, but no namespaces.
const CLONE: [sock_filter; 4] =
    [load(FIRST_ARGUMENT), jump(BPF_JSET, NAMESPACES, 0, 1), answer(DENY), answer(libc::SECCOMP_RET_ALLOW)];

/// What is done about a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    Allow,
    Deny,
    /// clone3 hides its flags behind a pointer: without it, libraries fall back to clone.
    Missing,
    Clone,
    Ioctl,
    Socket,
    SocketPair,
}

/// The answers in code, each once: the searches end in them.
const ANSWERS: [(Answer, &[sock_filter]); 7] = [
    (Answer::Allow, &[answer(libc::SECCOMP_RET_ALLOW)]),
    (Answer::Deny, &[answer(DENY)]),
    (Answer::Missing, &[answer(UNKNOWN)]),
    (Answer::Clone, &CLONE),
    (Answer::Ioctl, &IOCTL),
    (Answer::Socket, &SOCKET),
    (Answer::SocketPair, &SOCKET_PAIR),
];

/// The filter: architecture first, then the number, then the arguments of the few calls where they matter.
pub fn filter() -> Vec<sock_filter> {
    let mut filter = vec![
        load(ARCH),
        jump(BPF_JEQ, ARCHITECTURE, 1, 0),
        answer(libc::SECCOMP_RET_KILL_PROCESS),
        load(NUMBER),
    ];
    if cfg!(target_arch = "x86_64") {
        filter.extend([jump(BPF_JGE, X32, 0, 1), answer(DENY)]);
    }
    filter.extend(Search::new().over(&ranges()));
    filter
}

/// All numbers: from which one on what is done, up to the next.
fn ranges() -> Vec<(u32, Answer)> {
    let mut special: Vec<(c_long, Answer)> = DENIED.iter().map(|number| (*number, Answer::Deny)).collect();
    special.extend([
        (libc::SYS_clone, Answer::Clone),
        (libc::SYS_clone3, Answer::Missing),
        (libc::SYS_ioctl, Answer::Ioctl),
        (libc::SYS_socket, Answer::Socket),
        (libc::SYS_socketpair, Answer::SocketPair),
    ]);
    special.sort_unstable_by_key(|(number, _)| *number);
    let mut ranges = vec![(0, Answer::Allow)];
    for (number, answer) in special {
        let number = number as u32;
        ranges.pop_if(|(first, _)| *first == number);
        if ranges.last().is_none_or(|(_, before)| *before != answer) {
            ranges.push((number, answer));
        }
        ranges.push((number + 1, Answer::Allow));
    }
    ranges
}

/// Code that finds a number's range by halves. The kernel runs a new filter once for every number there is, and
/// each program gets its own.
///
/// Jumps lead forward only, so that it is written from its end, the last instruction first.
struct Search {
    backwards: Vec<sock_filter>,
    answers: Vec<(Answer, usize)>,
}

impl Search {
    fn new() -> Self {
        let mut search = Self { backwards: Vec::new(), answers: Vec::new() };
        for (answer, code) in ANSWERS {
            search.backwards.extend(code.iter().rev());
            search.answers.push((answer, search.backwards.len()));
        }
        search
    }

    fn over(mut self, ranges: &[(u32, Answer)]) -> Vec<sock_filter> {
        self.halve(ranges);
        self.backwards.reverse();
        self.backwards
    }

    /// Returns where the search through these ranges begins, in instructions from the end.
    fn halve(&mut self, ranges: &[(u32, Answer)]) -> usize {
        let (lower, upper) = ranges.split_at(ranges.len() / 2);
        match (lower, upper) {
            ([], upper) => {
                let answer = upper.first().map_or(Answer::Deny, |(_, answer)| *answer);
                self.answers.iter().find(|(one, _)| *one == answer).map_or(0, |(_, at)| *at)
            }
            (lower, upper) => {
                let first = upper.first().map_or(0, |(first, _)| *first);
                let (upper, lower) = (self.halve(upper), self.halve(lower));
                let here = self.backwards.len();
                self.backwards.push(jump(BPF_JGE, first, (here - upper) as u8, (here - lower) as u8));
                here + 1
            }
        }
    }
}

/// Puts the filter over this process and all it will start, for good.
///
/// # Errors
/// The kernel's.
pub fn apply(filter: &[sock_filter]) -> Result<(), Errno> {
    crate::system::prctl(libc::PR_SET_NO_NEW_PRIVS, 1)?;
    let program = sock_fprog { len: filter.len() as u16, filter: filter.as_ptr().cast_mut() };
    // SAFETY: the kernel copies the program, which outlives the call.
    let result =
        unsafe { libc::syscall(libc::SYS_seccomp, libc::SECCOMP_SET_MODE_FILTER, 0, &raw const program) };
    Errno::result(result).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(number: c_long, arch: u32, first_argument: u64) -> u32 {
        run(number, arch, [first_argument as u32, 0, 0])
    }

    /// Runs the filter as the kernel would.
    fn run(number: c_long, arch: u32, arguments: [u32; 3]) -> u32 {
        let filter = filter();
        let (mut accumulator, mut next) = (0, 0);
        loop {
            let instruction = filter[next];
            next += 1;
            match u32::from(instruction.code) {
                code if code == BPF_LD | BPF_W | BPF_ABS => {
                    accumulator = match instruction.k {
                        NUMBER => number as u32,
                        ARCH => arch,
                        FIRST_ARGUMENT => arguments[0],
                        SECOND_ARGUMENT => arguments[1],
                        THIRD_ARGUMENT => arguments[2],
                        other => panic!("the filter reads at {other}"),
                    }
                }
                code if code == BPF_ALU | BPF_AND | BPF_K => accumulator &= instruction.k,
                code if code == BPF_RET | BPF_K => return instruction.k,
                code => {
                    let holds = match code & !(BPF_JMP | BPF_K) {
                        BPF_JEQ => accumulator == instruction.k,
                        BPF_JGE => accumulator >= instruction.k,
                        BPF_JSET => accumulator & instruction.k != 0,
                        other => panic!("the filter uses {other:#x}"),
                    };
                    next += usize::from(if holds { instruction.jt } else { instruction.jf });
                }
            }
        }
    }

    const ALLOW: u32 = libc::SECCOMP_RET_ALLOW;

    #[test]
    fn every_number_is_found() {
        let with_arguments = [libc::SYS_clone, libc::SYS_ioctl, libc::SYS_socket, libc::SYS_socketpair];
        for number in (0..1024).filter(|number| !with_arguments.contains(number)) {
            let expected = match number {
                libc::SYS_clone3 => UNKNOWN,
                number if DENIED.contains(&number) => DENY,
                _ => ALLOW,
            };
            assert_eq!(judge(number, ARCHITECTURE, 0), expected, "{number}");
        }
        // A jump spans 255 instructions at most.
        assert!(filter().len() < 255);
    }

    #[test]
    fn ordinary_calls_pass() {
        for number in
            [libc::SYS_read, libc::SYS_execve, libc::SYS_mmap, libc::SYS_futex, libc::SYS_exit_group]
        {
            assert_eq!(judge(number, ARCHITECTURE, 0), ALLOW);
        }
    }

    #[test]
    fn every_denied_call_is_denied() {
        for number in DENIED {
            assert_eq!(judge(*number, ARCHITECTURE, 0), DENY, "{number}");
        }
        assert_eq!(judge(libc::SYS_clone3, ARCHITECTURE, 0), UNKNOWN);
    }

    #[test]
    fn threads_and_children_pass_but_no_namespace() {
        let thread =
            libc::CLONE_VM | libc::CLONE_FS | libc::CLONE_FILES | libc::CLONE_THREAD | libc::CLONE_SIGHAND;
        assert_eq!(judge(libc::SYS_clone, ARCHITECTURE, thread as u64), ALLOW);
        assert_eq!(judge(libc::SYS_clone, ARCHITECTURE, libc::SIGCHLD as u64), ALLOW);
        for namespace in [libc::CLONE_NEWUSER, libc::CLONE_NEWNET, libc::CLONE_NEWNS, libc::CLONE_NEWTIME] {
            assert_eq!(judge(libc::SYS_clone, ARCHITECTURE, (namespace | libc::SIGCHLD) as u64), DENY);
        }
    }

    #[test]
    fn only_local_sockets_tcp_and_udp_pass() {
        let socket = |family: i32, kind: i32, protocol: i32| {
            run(libc::SYS_socket, ARCHITECTURE, [family, kind, protocol].map(|number| number as u32))
        };
        for kind in [libc::SOCK_STREAM, libc::SOCK_DGRAM, libc::SOCK_SEQPACKET] {
            assert_eq!(socket(libc::AF_UNIX, kind | libc::SOCK_CLOEXEC, 0), ALLOW);
        }
        for family in [libc::AF_INET, libc::AF_INET6] {
            assert_eq!(socket(family, libc::SOCK_STREAM | libc::SOCK_NONBLOCK, 0), ALLOW);
            assert_eq!(socket(family, libc::SOCK_STREAM, libc::IPPROTO_TCP), ALLOW);
            assert_eq!(socket(family, libc::SOCK_DGRAM, libc::IPPROTO_UDP), ALLOW);
            assert_eq!(socket(family, libc::SOCK_RAW, libc::IPPROTO_ICMP), DENY);
            assert_eq!(socket(family, libc::SOCK_DGRAM, libc::IPPROTO_ICMP), DENY);
            assert_eq!(socket(family, libc::SOCK_DGRAM, libc::IPPROTO_UDPLITE), DENY);
            assert_eq!(socket(family, libc::SOCK_STREAM, libc::IPPROTO_SCTP), DENY);
            assert_eq!(socket(family, libc::SOCK_SEQPACKET, 0), DENY);
        }
        for family in [libc::AF_NETLINK, libc::AF_VSOCK, libc::AF_PACKET, libc::AF_ALG] {
            assert_eq!(socket(family, libc::SOCK_STREAM, 0), DENY);
        }
    }

    #[test]
    fn a_terminal_is_used_but_not_typed_at() {
        let ioctl = |request: u32| run(libc::SYS_ioctl, ARCHITECTURE, [0, request, 0]);
        for request in [libc::TCGETS, libc::TCSETS, libc::TIOCGWINSZ, libc::TIOCSPGRP, libc::FIONREAD] {
            assert_eq!(ioctl(request as u32), ALLOW);
        }
        for request in [libc::TIOCSTI as u32, libc::TIOCLINUX as u32, TIOCSETD] {
            assert_eq!(ioctl(request), DENY, "{request:#x}");
        }
    }

    #[test]
    fn only_local_sockets_come_in_pairs() {
        assert_eq!(judge(libc::SYS_socketpair, ARCHITECTURE, libc::AF_UNIX as u64), ALLOW);
        assert_eq!(judge(libc::SYS_socketpair, ARCHITECTURE, libc::AF_TIPC as u64), DENY);
        assert_eq!(judge(libc::SYS_bind, ARCHITECTURE, 0), ALLOW);
    }

    #[test]
    fn foreign_architectures_die_and_x32_is_denied() {
        assert_eq!(judge(libc::SYS_read, 0x4000_0003, 0), libc::SECCOMP_RET_KILL_PROCESS);
        #[cfg(target_arch = "x86_64")]
        assert_eq!(judge(libc::SYS_read | c_long::from(X32), ARCHITECTURE, 0), DENY);
    }
}
