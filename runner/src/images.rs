//! The sandbox images: one per toolchain, built once per host from the Dockerfiles in `runner/images`.
//!
//! ```text
//! Recipes (embedded, or a folder) ──┐
//!                                   ├─► build: skip what is current, else Docker's builder ─► ruche/NAME:latest
//! Base (given, local, pulled, made) ┘
//! ```
//!
//! An image carries a label with the fingerprint of all that went into it, so that a second build does nothing
//! and a runner can tell at its start whether an image is still the one its recipe describes.

mod base;
mod bootstrap;
mod build;
mod command;
mod progress;
mod recipes;
mod status;
mod table;
mod tail;
mod versions;

pub use build::{BuildRequest, build};
pub use command::{BuildArgs, ImagesAction, ImagesArgs, command};
pub use progress::{Event, Progress, Silent, reporter};
pub use recipes::{Recipes, RecipesError};
pub use status::{ImageStatus, current, list};
pub use versions::first_line;

use crate::languages::LanguagesError;

/// Says what an image was made from: see [`Recipes::fingerprint`].
pub const RECIPE_LABEL: &str = "ruche.recipe";

/// The id of the base that an image was made on.
pub const BASE_LABEL: &str = "ruche.base";

/// The image of a toolchain.
pub fn tag(name: &str) -> String {
    format!("ruche/{name}:latest")
}

/// Why images could not be built or looked at.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Docker refused or failed.
    #[error("{doing}")]
    Docker {
        /// What was being done.
        doing: String,
        /// What Docker said.
        #[source]
        source: bollard::errors::Error,
    },
    /// A recipe was asked for that there is none of.
    #[error("there is no language or image `{name}`; there are {}", known.join(", "))]
    Unknown {
        /// The name as it was asked for.
        name: String,
        /// The names there are.
        known: Vec<String>,
    },
    /// A step of a Dockerfile failed.
    #[error("{image}: step {step} failed: {cause}{tail}")]
    Step {
        /// The image's name.
        image: String,
        /// Number and instruction of the step.
        step: String,
        /// What the builder said.
        cause: String,
        /// The last lines the step printed.
        tail: tail::Tail,
    },
    /// No base, and no way to get one.
    #[error(
        "no base image: {reason}, and neither mmdebstrap nor debootstrap is installed to make one. \
         Install either (`apt-get install mmdebstrap`), or name an image that is here with --base"
    )]
    NoBase {
        /// Why the usual base could not be pulled.
        reason: String,
    },
    /// Making the base failed.
    #[error("the base image could not be made from a Debian mirror: {cause}{tail}")]
    Bootstrap {
        /// How the tool ended, or what Docker made of its output.
        cause: String,
        /// The last lines the tool printed.
        tail: tail::Tail,
    },
    /// A Dockerfile of the operator's cannot be used.
    #[error(transparent)]
    Recipes(#[from] RecipesError),
    /// The languages, which say what images are for, cannot be read.
    #[error(transparent)]
    Languages(#[from] LanguagesError),
    /// Packing the files for Docker, or printing the answer, failed.
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

impl Error {
    /// Puts what was being done before what Docker said.
    fn docker(doing: impl Into<String>) -> impl FnOnce(bollard::errors::Error) -> Self {
        let doing = doing.into();
        |source| Self::Docker { doing, source }
    }
}

/// What Docker said, without the wrapping that tells nothing to whoever only built an image.
fn said(error: bollard::errors::Error) -> String {
    use bollard::errors::Error::{DockerResponseServerError, DockerStreamError, RequestTimeoutError};
    match error {
        DockerStreamError { error } => error,
        DockerResponseServerError { message, .. } => message,
        RequestTimeoutError => "no answer in time".to_owned(),
        other => other.to_string(),
    }
}
