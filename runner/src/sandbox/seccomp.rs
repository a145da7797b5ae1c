//! The seccomp profile of a sandbox container: the calls that toolchains and the programs they build need,
//! and the few more that the agent needs to make a box. Everything else fails with `EPERM`. The agent puts a
//! stricter filter over each program (runner/agent/src/seccomp.rs).

use agent::system::BOX_CLONE_FLAGS;
use serde_json::{Value, json};

/// The bits of `clone`'s flags that make namespaces.
const NAMESPACE_BITS: u32 = 0x7e02_0000;

/// Values of `personality` that only ask, or that change address layout and short reads: what Docker allows.
const PERSONALITIES: [u64; 5] = [0x0, 0x8, 0x20000, 0x20008, 0xffff_ffff];

/// Only the agent uses these, and without a capability outside its own namespaces they do nothing.
const FOR_THE_AGENT: &str = "mount sethostname";

/// By what they are for.
const ALLOWED: [&str; 9] = [
    // Files.
    "access chdir chmod chown close close_range copy_file_range creat dup dup2 dup3 faccessat faccessat2 \
     fadvise64 fallocate fchdir fchmod fchmodat fchmodat2 fchown fchownat fcntl fdatasync fgetxattr flistxattr \
     flock fremovexattr fsetxattr fstat fstatfs fsync ftruncate getcwd getdents getdents64 getxattr \
     inotify_add_watch inotify_init inotify_init1 inotify_rm_watch ioctl lchown lgetxattr link linkat listxattr \
     llistxattr lremovexattr lseek lsetxattr lstat mkdir mkdirat mknod mknodat newfstatat open openat openat2 \
     pread64 preadv preadv2 pwrite64 pwritev pwritev2 read readahead readlink readlinkat readv removexattr rename \
     renameat renameat2 rmdir sendfile setxattr splice stat statfs statx symlink symlinkat sync sync_file_range \
     syncfs tee truncate umask unlink unlinkat utime utimensat utimes futimesat vmsplice write writev",
    // Memory.
    "brk madvise membarrier memfd_create mincore mlock mlock2 mlockall mmap mprotect mremap mseal msync munlock \
     munlockall munmap pkey_alloc pkey_free pkey_mprotect remap_file_pages map_shadow_stack",
    // Processes and threads.
    "arch_prctl capget capset execve execveat exit exit_group fork futex futex_requeue futex_wait futex_waitv \
     futex_wake get_robust_list get_thread_area getpgid getpgrp getpid getppid getpriority getrlimit getrusage \
     getsid gettid ioprio_get ioprio_set kill pidfd_open pidfd_send_signal prctl prlimit64 restart_syscall rseq \
     sched_get_priority_max sched_get_priority_min sched_getaffinity sched_getattr sched_getparam \
     sched_getscheduler sched_rr_get_interval sched_setaffinity sched_setattr sched_setparam sched_setscheduler \
     sched_yield seccomp set_robust_list set_thread_area set_tid_address setpgid setpriority setrlimit setsid \
     tgkill times tkill vfork wait4 waitid",
    // Users: there is one, and these cannot change that.
    "getegid geteuid getgid getgroups getresgid getresuid getuid setfsgid setfsuid setgid setgroups setregid \
     setresgid setresuid setreuid setuid",
    // Signals.
    "pause rt_sigaction rt_sigpending rt_sigprocmask rt_sigqueueinfo rt_sigreturn rt_sigsuspend rt_sigtimedwait \
     rt_tgsigqueueinfo sigaltstack signalfd signalfd4",
    // Time.
    "alarm clock_getres clock_gettime clock_nanosleep getitimer gettimeofday nanosleep setitimer time \
     timer_create timer_delete timer_getoverrun timer_gettime timer_settime timerfd_create timerfd_gettime \
     timerfd_settime",
    // Waiting and pipes.
    "epoll_create epoll_create1 epoll_ctl epoll_pwait epoll_pwait2 epoll_wait eventfd eventfd2 \
     pipe pipe2 poll ppoll pselect6 select",
    // Sockets and System V objects, all of them the box's own.
    "accept accept4 bind connect getpeername getsockname getsockopt listen recvfrom recvmmsg recvmsg sendmmsg \
     sendmsg sendto setsockopt shutdown socket socketpair mq_getsetattr mq_notify mq_open mq_timedreceive \
     mq_timedsend mq_unlink msgctl msgget msgrcv msgsnd semctl semget semop semtimedop shmat shmctl shmdt shmget",
    // The rest.
    "getcpu getrandom landlock_add_rule landlock_create_ruleset landlock_restrict_self sysinfo uname",
];

/// The profile as Docker takes it.
pub fn profile() -> Value {
    let names = ALLOWED.iter().chain([&FOR_THE_AGENT]).flat_map(|names| names.split_whitespace());
    let names: Vec<&str> = names.collect();
    let mut rules = vec![
        json!({ "names": names, "action": "SCMP_ACT_ALLOW" }),
        clone_rule("SCMP_CMP_MASKED_EQ", NAMESPACE_BITS, 0),
        clone_rule("SCMP_CMP_EQ", BOX_CLONE_FLAGS, 0),
        // Its flags lie behind a pointer; libraries fall back to clone when it is not there.
        json!({ "names": ["clone3"], "action": "SCMP_ACT_ERRNO", "errnoRet": 38 }),
    ];
    rules.extend(PERSONALITIES.map(|value| {
        let value = json!({ "index": 0, "value": value, "valueTwo": 0, "op": "SCMP_CMP_EQ" });
        json!({ "names": ["personality"], "action": "SCMP_ACT_ALLOW", "args": [value] })
    }));
    json!({ "defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 1, "syscalls": rules })
}

fn clone_rule(compare: &str, value: u32, value_two: u32) -> Value {
    let flags = json!({ "index": 0, "value": value, "valueTwo": value_two, "op": compare });
    json!({ "names": ["clone"], "action": "SCMP_ACT_ALLOW", "args": [flags] })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_stands_twice_and_none_that_leads_out() {
        let profile = profile();
        let names: Vec<&str> = profile["syscalls"][0]["names"]
            .as_array()
            .unwrap()
            .iter()
            .map(|name| name.as_str().unwrap())
            .collect();
        let mut unique = names.clone();
        unique.sort_unstable();
        unique.dedup();
        assert_eq!(unique.len(), names.len());
        for forbidden in
            ["unshare", "setns", "umount2", "pivot_root", "ptrace", "bpf", "clone", "clone3", "keyctl"]
        {
            assert!(!names.contains(&forbidden), "{forbidden}");
        }
    }

    #[test]
    fn the_only_namespaces_are_a_boxs() {
        assert_eq!(BOX_CLONE_FLAGS, 0x3c02_1011);
    }
}
