//! Somebody who is called back.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

use super::soon;

/// In place of a status: the receiver says nothing.
pub const SILENCE: u16 = 0;

/// An HTTP server that answers as it was told to.
pub struct Receiver {
    pub port: u16,
    received: mpsc::Receiver<Received>,
    connections: Arc<AtomicUsize>,
}

/// What it was sent.
#[derive(Debug)]
pub struct Received {
    pub head: String,
    pub body: String,
}

impl Received {
    pub fn header(&self, name: &str) -> &str {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        let found = lines.find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value).unwrap_or_else(|| panic!("no {name}: {self:?}"))
    }

    pub fn job(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

impl Receiver {
    /// One at 127.0.0.1 that answers with these, and with the last one from then on.
    pub async fn answering(statuses: &[u16]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (sender, received) = mpsc::channel(1000);
        let (statuses, connections) = (statuses.to_vec(), Arc::new(AtomicUsize::new(0)));
        let counted = Arc::clone(&connections);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let number = counted.fetch_add(1, Ordering::Relaxed);
                let status = statuses.get(number).or(statuses.last()).copied().unwrap();
                tokio::spawn(serve(stream, status, sender.clone()));
            }
        });
        Self { port, received, connections }
    }

    /// Where it is, with something that nobody else is to see.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/called?secret=tulip", self.port)
    }

    /// How often it was connected to.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }

    /// The next that it is sent.
    pub async fn next(&mut self) -> Received {
        soon("a callback comes", self.received.recv()).await.unwrap()
    }
}

async fn serve(mut stream: TcpStream, status: u16, sender: mpsc::Sender<Received>) {
    let mut bytes = Vec::new();
    let received = loop {
        if let Some(received) = whole(&bytes) {
            break received;
        }
        if stream.read_buf(&mut bytes).await.unwrap_or(0) == 0 {
            return;
        }
    };
    let _ = sender.send(received).await;
    if status == SILENCE {
        let _ = stream.read_buf(&mut bytes).await;
        return;
    }
    let answer = format!("HTTP/1.1 {status} X\r\nlocation: /elsewhere\r\ncontent-length: 2\r\n\r\nok");
    let _ = stream.write_all(answer.as_bytes()).await;
}

fn whole(bytes: &[u8]) -> Option<Received> {
    let text = std::str::from_utf8(bytes).ok()?;
    let (head, body) = text.split_once("\r\n\r\n")?;
    let received = Received { head: head.to_owned(), body: body.to_owned() };
    let length: usize = received.header("content-length").parse().unwrap();
    (body.len() == length).then_some(received)
}
