//! Writes a program's output on a thread of its own, so that a terminal or a pipe that takes nothing holds up
//! neither heartbeats nor Ctrl-C. One thread for both streams: what came first is written first.

use std::fs::File;
use std::io::{self, IsTerminal as _, Write};
use std::os::fd::AsFd;

use bytes::Bytes;
use protocol::event::OutputStream;
use protocol::frame::OutputChunk;
use protocol::hello::DEFAULT_WINDOW;
use tokio::sync::mpsc;

use crate::raw;

/// Every piece uses up some credit, and credit is given back only for pieces that were written: that many can
/// wait. Twice that, since a connection that is made anew begins with credit of its own; and some notes.
const QUEUE: usize = 2 * DEFAULT_WINDOW as usize / OutputChunk::HEADER + 64;

/// What to write.
#[derive(Debug)]
enum Piece {
    /// The program's output.
    Output { to: OutputStream, data: Bytes, credit: usize },
    /// A line of talk.
    Line(String),
}

/// What the thread tells.
#[derive(Debug)]
pub enum Report {
    /// Output was written, or given up: the credit that it used is free again.
    Done(usize),
    /// Standard output cannot be written any more.
    Failed(io::Error),
}

/// The queue cannot take more.
#[derive(Debug)]
pub struct Overflow;

/// The thread, as seen from outside.
#[derive(Debug)]
pub struct Printer {
    pieces: Option<mpsc::Sender<Piece>>,
    reports: mpsc::Receiver<Report>,
}

impl Printer {
    /// Starts the thread.
    pub fn start() -> Self {
        let (pieces, queue) = mpsc::channel(QUEUE);
        let (sender, reports) = mpsc::channel(64);
        std::thread::spawn(move || Writer::new().serve(queue, &sender));
        Self { pieces: Some(pieces), reports }
    }

    /// Writes output that used so much credit.
    pub fn output(&self, to: OutputStream, data: Bytes, credit: usize) -> Result<(), Overflow> {
        self.send(Piece::Output { to, data, credit })
    }

    /// Says a line on standard error, after the output so far.
    pub fn say(&self, line: String) {
        // A note is not worth failing for; there is room for it unless the queue is flooded.
        let _ = self.send(Piece::Line(line));
    }

    fn send(&self, piece: Piece) -> Result<(), Overflow> {
        match &self.pieces {
            Some(pieces) => pieces.try_send(piece).map_err(|_| Overflow),
            None => Err(Overflow),
        }
    }

    /// The next report; `None` once everything has been written after [`close`](Self::close).
    pub async fn report(&mut self) -> Option<Report> {
        self.reports.recv().await
    }

    /// Nothing more will be written.
    pub fn close(&mut self) {
        self.pieces = None;
    }
}

/// The thread's own state.
struct Writer {
    /// Not `io::stdout()`, which would hold back what comes after the last line end.
    stdout: io::Result<File>,
    stdout_is_terminal: bool,
    /// Whether the terminal's last line is without its end.
    mid_line: bool,
}

impl Writer {
    fn new() -> Self {
        let stdout = io::stdout().as_fd().try_clone_to_owned().map(File::from);
        Self { stdout, stdout_is_terminal: io::stdout().is_terminal(), mid_line: false }
    }

    fn serve(mut self, mut queue: mpsc::Receiver<Piece>, reports: &mpsc::Sender<Report>) {
        while let Some(piece) = queue.blocking_recv() {
            let sent = match piece {
                Piece::Line(line) => {
                    self.line(&line);
                    Ok(())
                }
                Piece::Output { to, data, credit } => match self.output(to, &data) {
                    Ok(()) => reports.blocking_send(Report::Done(credit)),
                    Err(error) => reports
                        .blocking_send(Report::Failed(error))
                        .and_then(|()| reports.blocking_send(Report::Done(credit))),
                },
            };
            if sent.is_err() {
                return;
            }
        }
    }

    fn output(&mut self, to: OutputStream, data: &[u8]) -> io::Result<()> {
        let Some(last) = data.last() else { return Ok(()) };
        match to {
            OutputStream::Stdout => {
                if let Ok(stdout) = &mut self.stdout {
                    let written = stdout.write_all(data);
                    if let Err(error) = written {
                        // Told once; what still comes is dropped.
                        self.stdout = Err(error.kind().into());
                        return Err(error);
                    }
                }
                if self.stdout_is_terminal {
                    self.mid_line = *last != b'\n';
                }
            }
            OutputStream::Stderr => {
                // Whoever closes standard error does not want to hear about it.
                let _ = io::stderr().write_all(data);
                self.mid_line = *last != b'\n';
            }
        }
        Ok(())
    }

    fn line(&mut self, line: &str) {
        let end = raw::line_end();
        let start = if self.mid_line { end } else { "" };
        let _ = io::stderr().write_all(format!("{start}{line}{end}").as_bytes());
        self.mid_line = false;
    }
}
