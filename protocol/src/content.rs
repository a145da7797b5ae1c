//! Bytes that people write: source files, standard input, output.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Bytes, written in JSON as a string where they are UTF-8 and as `{"base64": "…"}` where they are not.
///
/// On the TCP doors large contents leave the JSON: `{"size": n}` stands in their place and the bytes follow
/// as [`blob`](crate::frame::FrameKind::Blob) frames. See [`JobSpec::detach`](crate::JobSpec::detach).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// The bytes themselves.
    Inline(Bytes),
    /// Their number; the bytes travel beside the JSON.
    Detached(u64),
}

/// Contents taken out of a [`JobSpec`](crate::JobSpec), in the order in which they travel.
pub type Detached = Vec<Bytes>;

/// The bytes beside a [`JobSpec`](crate::JobSpec) are not those that it announces.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the contents that followed the job are not those it announced")]
pub struct DetachError;

impl Default for Content {
    fn default() -> Self {
        Self::Inline(Bytes::new())
    }
}

impl Content {
    /// The number of bytes.
    pub fn size(&self) -> u64 {
        match self {
            Self::Inline(bytes) => bytes.len() as u64,
            Self::Detached(size) => *size,
        }
    }

    /// The bytes, or nothing while they travel elsewhere.
    pub fn bytes(&self) -> Bytes {
        match self {
            Self::Inline(bytes) => bytes.clone(),
            Self::Detached(_) => Bytes::new(),
        }
    }

    /// The bytes as text, with U+FFFD for what is not UTF-8.
    pub fn to_text(&self) -> String {
        String::from_utf8_lossy(&self.bytes()).into_owned()
    }

    /// Takes the bytes out and leaves their number.
    pub(crate) fn detach(&mut self, into: &mut Detached) {
        let size = self.size();
        if let Self::Inline(bytes) = std::mem::replace(self, Self::Detached(size)) {
            into.push(bytes);
        }
    }

    /// Puts the next bytes of `from` back where only their number stood.
    pub(crate) fn attach(&mut self, from: &mut impl Iterator<Item = Bytes>) -> Result<(), DetachError> {
        if let Self::Detached(size) = self {
            let bytes = from.next().filter(|bytes| bytes.len() as u64 == *size).ok_or(DetachError)?;
            *self = Self::Inline(bytes);
        }
        Ok(())
    }
}

impl From<Bytes> for Content {
    fn from(bytes: Bytes) -> Self {
        Self::Inline(bytes)
    }
}

impl From<Vec<u8>> for Content {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Inline(bytes.into())
    }
}

impl From<&str> for Content {
    fn from(text: &str) -> Self {
        Self::Inline(Bytes::copy_from_slice(text.as_bytes()))
    }
}

/// How [`Content`] looks in JSON.
#[derive(Serialize, Deserialize)]
#[serde(untagged, expecting = "expected a string, or an object with `base64`")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = Content))]
pub(crate) enum JsonContent {
    /// UTF-8 text.
    Text(String),
    /// Any bytes, in standard base64.
    Base64 {
        /// The bytes in base64.
        base64: String,
    },
    /// Only on the TCP doors: the bytes follow as blob frames.
    Size {
        /// Their number.
        size: u64,
    },
}

impl JsonContent {
    pub(crate) fn decode(self) -> Result<Content, String> {
        match self {
            Self::Text(text) => Ok(Content::Inline(text.into())),
            Self::Base64 { base64 } => decode_base64(&base64),
            Self::Size { size } => Ok(Content::Detached(size)),
        }
    }

    pub(crate) fn encode(content: &Content) -> Self {
        match content {
            Content::Detached(size) => Self::Size { size: *size },
            Content::Inline(bytes) => match std::str::from_utf8(bytes) {
                Ok(text) => Self::Text(text.to_owned()),
                Err(_) => Self::Base64 { base64: encode_base64(bytes) },
            },
        }
    }
}

pub(crate) fn decode_base64(text: &str) -> Result<Content, String> {
    BASE64.decode(text).map(Content::from).map_err(|error| format!("invalid base64: {error}"))
}

pub(crate) fn encode_base64(bytes: &[u8]) -> String {
    BASE64.encode(bytes)
}

impl Serialize for Content {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        JsonContent::encode(self).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Content {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        JsonContent::deserialize(deserializer)?.decode().map_err(serde::de::Error::custom)
    }
}

#[cfg(feature = "openapi")]
impl utoipa::PartialSchema for Content {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        JsonContent::schema()
    }
}

#[cfg(feature = "openapi")]
impl utoipa::ToSchema for Content {
    fn name() -> std::borrow::Cow<'static, str> {
        "Content".into()
    }
}
