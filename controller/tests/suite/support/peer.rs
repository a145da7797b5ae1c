//! One end of a connection that speaks frames.

use std::net::SocketAddr;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use protocol::frame::{Frame, FrameCodec, FrameKind};
use protocol::hello::Hello;
use serde::Serialize;
use tokio::net::TcpStream;
use tokio_util::codec::Framed;

use super::soon;

pub struct Peer(Framed<TcpStream, FrameCodec>);

impl Peer {
    /// Connects and sends this hello; the controller's is read, too.
    pub async fn connect(address: SocketAddr, hello: &Hello) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        let mut peer = Self(Framed::new(stream, FrameCodec));
        peer.send(Frame::hello(hello).unwrap()).await;
        assert_eq!(peer.next().await.unwrap().kind, FrameKind::Hello);
        peer
    }

    /// Sends a frame. That the controller has hung up shows at the next read.
    pub async fn send(&mut self, frame: Frame) {
        let _ = soon("a frame is sent", self.0.send(frame)).await;
    }

    pub async fn say(&mut self, stream: u32, message: &impl Serialize) {
        self.send(Frame::control(stream, message).unwrap()).await;
    }

    /// The next frame beside heartbeats and credit; `None` once the controller has hung up.
    pub async fn next(&mut self) -> Option<Frame> {
        soon("a frame comes", self.take()).await
    }

    /// The same, which may take so long.
    pub async fn next_within(&mut self, time: Duration) -> Option<Frame> {
        tokio::time::timeout(time, self.take()).await.expect("a frame comes")
    }

    async fn take(&mut self) -> Option<Frame> {
        loop {
            let frame = self.0.next().await?.ok()?;
            match frame.kind {
                FrameKind::Ping => self.send(Frame::empty(FrameKind::Pong, 0)).await,
                FrameKind::Pong | FrameKind::Credit => {}
                _ => return Some(frame),
            }
        }
    }
}
