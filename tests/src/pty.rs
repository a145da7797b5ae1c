//! A command at a terminal of its own, with somebody who reads and types.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::AsFd;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use nix::fcntl::{FcntlArg, FdFlag, fcntl};
use nix::poll::{PollFd, PollFlags, poll};
use nix::pty::{Winsize, openpty};
use nix::sys::signal::{Signal, kill};
use nix::sys::termios::{LocalFlags, tcgetattr};
use nix::unistd::Pid;

use crate::wait::{PATIENCE, wait_until};

/// How often the terminal's end is looked for, in milliseconds.
const LOOK: u8 = 20;

/// A command at a terminal.
#[derive(Debug)]
pub struct Terminal {
    keyboard: File,
    child: Child,
    written: Receiver<Vec<u8>>,
    /// What was written and not looked at yet.
    text: String,
    name: String,
    closed: Arc<AtomicBool>,
    reader: Option<JoinHandle<()>>,
}

impl Terminal {
    /// Starts a command at a terminal of 24 rows and 80 columns, which it belongs to.
    pub fn start(command: &Command) -> Self {
        let size = Winsize { ws_row: 24, ws_col: 80, ws_xpixel: 0, ws_ypixel: 0 };
        let pty = openpty(Some(&size), None).expect("a terminal can be made");
        // Whoever starts at the terminal does not hold the user's side of it.
        fcntl(&pty.master, FcntlArg::F_SETFD(FdFlag::FD_CLOEXEC)).expect("it is not passed on");
        let name = nix::unistd::ttyname(&pty.slave).expect("it has a name").display().to_string();
        let own = || Stdio::from(pty.slave.try_clone().expect("its descriptor can be copied"));
        let mut at_terminal = Command::new("setsid");
        at_terminal.arg("--ctty").arg(command.get_program()).args(command.get_args());
        for (name, value) in command.get_envs() {
            value.map(|value| at_terminal.env(name, value));
        }
        let child = at_terminal.stdin(own()).stdout(own()).stderr(own()).spawn().expect("it starts");
        let (sender, written) = channel();
        let mut screen = File::from(pty.master.try_clone().expect("its descriptor can be copied"));
        let closed = Arc::new(AtomicBool::new(false));
        let seen_closed = Arc::clone(&closed);
        let reader = std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while !seen_closed.load(Ordering::Relaxed) {
                match poll(&mut [PollFd::new(screen.as_fd(), PollFlags::POLLIN)], LOOK) {
                    Ok(0) => continue,
                    _ => match screen.read(&mut buffer) {
                        Ok(length @ 1..) if sender.send(buffer[..length].to_vec()).is_ok() => {}
                        _ => return,
                    },
                }
            }
        });
        let keyboard = File::from(pty.master);
        Self { keyboard, child, written, text: String::new(), name, closed, reader: Some(reader) }
    }

    /// Closes the terminal, as when its window is closed, and waits until the command has ended.
    pub fn close(mut self) -> ExitStatus {
        self.closed.store(true, Ordering::Relaxed);
        self.reader.take().map(JoinHandle::join);
        self.keyboard = File::open("/dev/null").expect("there is one");
        self.wait()
    }

    /// Reads until this was written since the last time; returns what came before it.
    pub fn until(&mut self, wanted: &str) -> String {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(at) = self.text.find(wanted) {
                let rest = self.text.split_off(at + wanted.len());
                let mut before = std::mem::replace(&mut self.text, rest);
                before.truncate(at);
                return before;
            }
            match self.written.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(piece) => self.text.push_str(&String::from_utf8_lossy(&piece)),
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                    panic!("{:?} in place of {wanted:?}", self.text);
                }
            }
        }
    }

    /// Types.
    pub fn type_in(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).expect("the terminal is open");
    }

    /// Gives the terminal another size.
    pub fn resize(&self, rows: u16, columns: u16) {
        let (rows, columns) = (rows.to_string(), columns.to_string());
        let arguments = ["-F", &self.name, "rows", &rows, "cols", &columns];
        let status = Command::new("stty").args(arguments).status().expect("stty runs");
        assert!(status.success(), "stty: {status}");
    }

    /// Whether lines are edited and echoed, as before any program changes that.
    pub fn is_cooked(&self) -> bool {
        let flags = tcgetattr(&self.keyboard).expect("the terminal is open").local_flags;
        flags.contains(LocalFlags::ICANON | LocalFlags::ECHO | LocalFlags::ISIG)
    }

    /// Sends the command a signal.
    pub fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.child.id().cast_signed()), signal).expect("it can be signalled");
    }

    /// Waits until the command has ended; returns its code and what it wrote last.
    pub fn finish(mut self) -> (i32, String) {
        let status = self.wait();
        assert!(self.is_cooked(), "the terminal is as it was");
        while let Ok(piece) = self.written.recv_timeout(Duration::from_millis(100)) {
            self.text.push_str(&String::from_utf8_lossy(&piece));
        }
        (status.code().unwrap_or(-1), std::mem::take(&mut self.text))
    }

    /// Waits until the command has ended.
    pub fn wait(&mut self) -> ExitStatus {
        wait_until("the command at the terminal to end", || {
            self.child.try_wait().expect("it can be waited for")
        })
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // Only where a test failed before its end.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
