//! Just enough of an HTTP client.

use std::net::SocketAddr;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::net::TcpStream;

use super::soon;

pub struct Http(pub SocketAddr);

/// Server-sent events as they come.
pub struct Events(Lines<BufReader<TcpStream>>);

impl Events {
    /// The name and the data of the next one; `None` where they end.
    pub async fn next(&mut self) -> Option<(String, Value)> {
        let mut name = String::new();
        while let Some(line) = soon("an event comes", self.0.next_line()).await.ok()? {
            match line.split_once(": ") {
                Some(("event", text)) => name = text.to_owned(),
                Some(("data", text)) => return Some((name, serde_json::from_str(text).unwrap())),
                _ => {}
            }
        }
        None
    }
}

#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub head: String,
    /// As text; what is none looks odd.
    pub body: String,
    pub bytes: Vec<u8>,
}

impl Reply {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// The problem that it is, which its status and type have to say, too.
    pub fn problem(&self) -> Value {
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{self:?}");
        let problem = self.json();
        assert_eq!(problem["status"], self.status);
        problem
    }
}

impl Http {
    pub async fn get(&self, path: &str) -> Reply {
        self.send("GET", path, "", "").await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Reply {
        self.send("POST", path, "content-type: application/json\r\n", &body.to_string()).await
    }

    /// HTTP/1.0, so that an answer of any kind ends with the connection.
    pub async fn send(&self, method: &str, path: &str, headers: &str, body: &str) -> Reply {
        self.send_as("localhost", method, path, headers, body).await
    }

    /// Calls the door by this name.
    pub async fn get_as(&self, host: &str, path: &str) -> Reply {
        self.send_as(host, "GET", path, "", "").await
    }

    /// Follows server-sent events, which need not end. Returns the status, and them.
    pub async fn follow(&self, path: &str, headers: &str) -> (u16, Events) {
        let mut stream = TcpStream::connect(self.0).await.unwrap();
        let head = format!("GET {path} HTTP/1.0\r\nhost: localhost\r\n{headers}\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut lines = BufReader::new(stream).lines();
        let first = soon("HTTP answers", lines.next_line()).await.unwrap().unwrap();
        let status = first.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap();
        (status, Events(lines))
    }

    async fn send_as(&self, host: &str, method: &str, path: &str, headers: &str, body: &str) -> Reply {
        let length = body.len();
        let head =
            format!("{method} {path} HTTP/1.0\r\nhost: {host}\r\ncontent-length: {length}\r\n{headers}\r\n");
        let mut stream = TcpStream::connect(self.0).await.unwrap();
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(body.as_bytes()).await.unwrap();
        let mut reply = Vec::new();
        let _ = soon("HTTP answers", stream.read_to_end(&mut reply)).await;
        let end = reply.windows(4).position(|end| end == b"\r\n\r\n");
        let end = end.unwrap_or_else(|| panic!("no answer: {:?}", String::from_utf8_lossy(&reply)));
        let head = String::from_utf8(reply[..end].to_vec()).unwrap();
        let bytes = reply.split_off(end + 4);
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap();
        Reply { status, head, body: String::from_utf8_lossy(&bytes).into_owned(), bytes }
    }
}
