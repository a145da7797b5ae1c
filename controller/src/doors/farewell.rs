//! Words for those for whom there is no room.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_util::task::TaskTracker;

use super::Door;

/// How long somebody may take to hear them.
const HEARING: Duration = Duration::from_secs(1);

impl Door {
    /// Says why there is no room and hangs up; without a word, where it has to be said to many at once.
    pub fn turn_away(&self, stream: TcpStream, words: Vec<u8>, tasks: &TaskTracker) {
        let Ok(permit) = Arc::clone(&self.0.farewells).try_acquire_owned() else { return };
        tasks.spawn(async move {
            hang_up(stream, &words, HEARING).await;
            drop(permit);
        });
    }
}

/// Says some last words, and closes the connection once they are heard, or that has taken so long. That they are not
/// heard is the peer's loss.
pub async fn hang_up(stream: TcpStream, words: &[u8], patience: Duration) {
    let _ = timeout(patience, say(stream, words)).await;
}

/// A connection that is closed while there is something to read is reset, and its last words may be lost: so what the
/// peer says is heard out, for a moment.
async fn say(mut stream: TcpStream, words: &[u8]) -> io::Result<()> {
    stream.write_all(words).await?;
    stream.shutdown().await?;
    let mut unheard = [0; 1024];
    while stream.read(&mut unheard).await? > 0 {}
    Ok(())
}
