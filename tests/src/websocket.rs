//! A job's WebSocket, as a program uses it.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::wait::PATIENCE;

/// A socket that is open.
#[derive(Debug)]
pub struct Socket(WebSocketStream<MaybeTlsStream<TcpStream>>);

/// How it ended: the code and the reason, where something was said.
pub type Closed = Option<(u16, String)>;

impl Socket {
    /// Opens one.
    pub async fn open(url: &str) -> Self {
        Self::open_with(url, &[]).await.unwrap_or_else(|status| panic!("{url} is refused with {status}"))
    }

    /// The same with these headers.
    ///
    /// # Errors
    /// The status of a refusal.
    pub async fn open_with(url: &str, headers: &[(&'static str, &str)]) -> Result<Self, u16> {
        let mut request = url.into_client_request().expect("an address of a WebSocket");
        for (name, value) in headers {
            request.headers_mut().insert(*name, HeaderValue::from_str(value).expect("a header's value"));
        }
        match timeout(PATIENCE, connect_async(request)).await.expect("the controller answers") {
            Ok((socket, _)) => Ok(Self(socket)),
            Err(Error::Http(response)) => Err(response.status().as_u16()),
            Err(error) => panic!("no WebSocket at {url}: {error}"),
        }
    }

    /// Says something.
    pub async fn say(&mut self, message: &Value) {
        self.say_text(&message.to_string()).await;
    }

    /// Says something that need not be JSON.
    pub async fn say_text(&mut self, message: &str) {
        self.0.send(Message::text(message)).await.expect("the socket is open");
    }

    /// Sends bytes that are no text.
    pub async fn say_bytes(&mut self, message: &[u8]) {
        self.0.send(Message::binary(message.to_vec())).await.expect("the socket is open");
    }

    /// Types input.
    pub async fn type_in(&mut self, data: &str) {
        self.say(&json!({ "type": "stdin", "data": data })).await;
    }

    /// What is said next, or how it ends.
    ///
    /// # Errors
    /// Where it has ended.
    pub async fn next(&mut self) -> Result<Value, Closed> {
        self.next_within(PATIENCE).await
    }

    /// The same, within so long.
    ///
    /// # Errors
    /// Where it has ended.
    pub async fn next_within(&mut self, patience: Duration) -> Result<Value, Closed> {
        let next = async {
            loop {
                match self.0.next().await {
                    Some(Ok(Message::Text(text))) => {
                        return Ok(serde_json::from_str(&text).expect("the controller speaks JSON"));
                    }
                    Some(Ok(Message::Close(frame))) => {
                        return Err(frame.map(|frame| (frame.code.into(), frame.reason.to_string())));
                    }
                    Some(Ok(_)) => {}
                    Some(Err(_)) | None => return Err(None),
                }
            }
        };
        timeout(patience, next).await.expect("the controller says something in time")
    }

    /// The next message of which this is so.
    pub async fn until(&mut self, what: &str, is: impl Fn(&Value) -> bool) -> Value {
        loop {
            match self.next().await {
                Ok(message) if is(&message) => return message,
                Ok(_) => {}
                Err(closed) => panic!("it ended with {closed:?} before {what}"),
            }
        }
    }

    /// Waits until so much input was taken.
    pub async fn taken(&mut self, bytes: usize) {
        self.until("the input is taken", |message| message["stdin"] == bytes).await;
    }

    /// All that is said to the end, and how it ends.
    pub async fn rest(mut self) -> (Vec<Value>, Closed) {
        let mut said = Vec::new();
        loop {
            match self.next().await {
                Ok(message) => said.push(message),
                Err(closed) => return (said, closed),
            }
        }
    }
}
