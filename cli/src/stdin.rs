//! The command's own standard input.

use std::io::Read as _;

use bytes::Bytes;
use protocol::frame::MAX_CHUNK;
use tokio::sync::mpsc;

/// Reads standard input on a thread of its own. The channel closes at its end, or where it cannot be read.
///
/// Nobody waits for that thread: it may sit in a read on an idle terminal for ever, and the process ends all
/// the same. For that reason it is no task of the runtime either.
pub fn pieces() -> mpsc::Receiver<Bytes> {
    let (sender, receiver) = mpsc::channel(1);
    std::thread::spawn(move || read_all(&sender));
    receiver
}

fn read_all(sender: &mpsc::Sender<Bytes>) {
    let mut stdin = std::io::stdin().lock();
    let mut buffer = vec![0; MAX_CHUNK];
    loop {
        match stdin.read(&mut buffer) {
            Ok(0) => return,
            Ok(size) => {
                if sender.blocking_send(Bytes::copy_from_slice(&buffer[..size])).is_err() {
                    return;
                }
            }
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(_) => return,
        }
    }
}
