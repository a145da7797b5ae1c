//= attack = "Code that runs inside the compiler looks for what a run must not see either: the host's files, the agent, the network, mounts, other users. What it could do becomes an error of the compilation."
//= verdict = "ok"
//= compile_args = ["-wrapper", "sh,./attack.sh"]
//= files."attack.sh" = '''
//= try() { "$@" >/dev/null 2>&1 && echo "ESCAPED: $*" >&2 && exit 1; }
//= try cat /etc/shadow
//= try cat /proc/1/environ
//= try cat /proc/1/maps
//= try ls /proc/1/root/
//= try sh -c 'echo >/agent'
//= try sh -c '[ -n "$(ls -A /ruche)$(ls -A /sys)" ]'
//= try sh -c ': >>/etc/passwd'
//= try sh -c ': >/proc/sys/kernel/core_pattern'
//= try mount -t tmpfs none /tmp
//= try unshare -r true
//= try unshare -n true
//= try nsenter -t 1 -m true
//= try chroot / true
//= try perl -MSocket -e 'socket(S, AF_INET, SOCK_STREAM, 0); connect(S, sockaddr_in(53, inet_aton("1.1.1.1"))) or die'
//= try perl -MSocket -e 'socket(S, 16, SOCK_RAW, 0) or die'
//= try grep -q '^Cap...:.*[1-9a-f]' /proc/self/status
//= try grep -q '^NoNewPrivs:.0' /proc/self/status
//= exec "$@"
//= '''
int main(void) {
}
