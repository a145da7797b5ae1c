//! A request's body: how large, how slow, and how much of all of them at once.

use std::sync::Arc;
use std::time::Duration;

use axum::body::BodyDataStream;
use axum::extract::Request;
use axum::http::{StatusCode, header};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use protocol::{Problem, ProblemKind};
use tokio::time::{timeout, timeout_at};

use crate::doors::{Full, Incoming, Pace, Place};

/// What every connection may have under way without being counted, in bytes; and in what steps more is.
const STEP: usize = 64 * 1024;

/// How much of a body that is too large is read over, in bytes, and for how long: whoever sends on when the connection is
/// closed does not hear why.
const READ_OVER: usize = 8 << 20;

/// See [`READ_OVER`].
const READ_OVER_TIME: Duration = Duration::from_secs(2);

/// A body, and the room that it takes up until it is dropped.
pub struct Body {
    /// What came.
    pub bytes: Bytes,
    room: Incoming,
}

impl Body {
    /// So many bytes more come of it.
    ///
    /// # Errors
    /// Where there is no room for them.
    pub fn hold(&mut self, bytes: u64) -> Result<(), Problem> {
        self.room.grow(bytes).map_err(busy)
    }
}

/// Reads a body of so many bytes at most.
///
/// # Errors
/// Where it is larger, comes too slowly, breaks off, or there is no room for it.
pub async fn read(request: Request, most: u64) -> Result<Body, Problem> {
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    if announced(&request).is_some_and(|length| length > most) {
        // Who asks first sends nothing where the answer is no.
        if !request.headers().contains_key(header::EXPECT) {
            read_over(request.into_body().into_data_stream()).await;
        }
        return Err(too_large());
    }
    let place = request.extensions().get::<Arc<Place>>().cloned().unwrap_or_else(Place::anywhere);
    let (mut room, mut counted) = (place.incoming(), STEP);
    let mut chunks = request.into_body().into_data_stream();
    let (mut pace, mut body) = (Pace::begin(), BytesMut::new());
    loop {
        let chunk = timeout_at(pace.deadline(), chunks.next()).await;
        let Some(chunk) = chunk.map_err(|_| too_slow())? else {
            return Ok(Body { bytes: body.freeze(), room });
        };
        let chunk = chunk.map_err(|_| Problem::new(ProblemKind::Invalid, "the body could not be read"))?;
        let length = body.len() + chunk.len();
        if length > most {
            read_over(chunks).await;
            return Err(too_large());
        }
        if length > counted {
            let step = (length - counted).next_multiple_of(STEP);
            room.grow(step as u64).map_err(busy)?;
            counted += step;
        }
        pace.received(chunk.len());
        body.extend_from_slice(&chunk);
    }
}

async fn read_over(mut chunks: BodyDataStream) {
    let all = async {
        let mut left = READ_OVER;
        while let Some(Ok(chunk)) = chunks.next().await {
            left = left.saturating_sub(chunk.len());
            if left == 0 {
                return;
            }
        }
    };
    // Whoever is not done by then is not waited for.
    let _ = timeout(READ_OVER_TIME, all).await;
}

fn announced(request: &Request) -> Option<usize> {
    request.headers().get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

fn busy(full: Full) -> Problem {
    Problem::new(ProblemKind::Busy, full.to_string()).retry_after(1)
}

fn too_large() -> Problem {
    Problem::new(ProblemKind::TooLarge, "the body is larger than this controller takes")
}

fn too_slow() -> Problem {
    let status = StatusCode::REQUEST_TIMEOUT.as_u16();
    Problem { status, ..Problem::new(ProblemKind::Invalid, Pace::refusal()) }
}
