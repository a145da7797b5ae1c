//! Programs that come as an archive: beside their job, or to be looked at first.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::multipart::MultipartError;
use axum::extract::{DefaultBodyLimit, FromRequest, Multipart, Request, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use protocol::archive::{ArchiveError, Caps, Fault, unpack};
use protocol::{JobSpec, Problem, ProblemKind, SourceFile};
use serde::Serialize;
use utoipa::ToSchema;

use super::extract::{StrictJson, parse};
use super::problem::Failure;
use super::shield::{Kind, wrong_kind};
use super::{Context, body};
use crate::text;

/// The parts of a form.
const SPEC: &str = "spec";
const ARCHIVE: &str = "archive";

/// A job and the archive with its files, as a form.
#[derive(ToSchema)]
#[allow(dead_code, reason = "it is only described: its parts are read one by one")]
pub struct Form {
    /// The job. Its `files` may be absent.
    spec: JobSpec,
    /// A zip, a tar or a tar.gz, told by its bytes. Its files come on top of the job's own.
    #[schema(value_type = String, format = Binary)]
    archive: Vec<u8>,
}

/// What is in an archive.
#[derive(Debug, Serialize, ToSchema)]
pub struct Unpacked {
    /// Its files, by their names: a job's `files`.
    files: Vec<SourceFile>,
}

/// A job as it is submitted: as JSON, or as a [`Form`].
#[derive(Debug)]
pub struct Submitted(pub JobSpec);

impl FromRequest<Context> for Submitted {
    type Rejection = Failure;

    async fn from_request(request: Request, context: &Context) -> Result<Self, Failure> {
        match Kind::of(request.headers()) {
            Kind::Form => Ok(Self(read_form(request, context).await?)),
            _ => StrictJson::from_request(request, context).await.map(|StrictJson(spec)| Self(spec)),
        }
    }
}

/// Look into an archive.
///
/// A zip, a tar or a tar.gz, told by its bytes. Links, devices, absolute paths, `..` and encrypted entries are refused. Where one
/// folder holds all the others' files and some of its own, its name is left out.
#[utoipa::path(post, path = "/archives", tag = "jobs",
    request_body(content = String, content_type = "application/octet-stream", description = "The archive"),
    responses(
        (status = 200, body = Unpacked),
        (status = "4XX", description = "It was refused", body = Problem, content_type = "application/problem+json"),
    ))]
pub async fn look(State(context): State<Context>, request: Request) -> Result<Response, Failure> {
    if Kind::of(request.headers()) != Kind::Bytes {
        return Err(Failure(wrong_kind("an archive has to be application/zip, or application/octet-stream")));
    }
    let mut body = body::read(request, context.max_request).await?;
    let archive = body.bytes.clone();
    let files = open(&context, &mut body, archive, 0).await?;
    Ok(Json(Unpacked { files }).into_response())
}

/// Reads a job and its archive.
async fn read_form(request: Request, context: &Context) -> Result<JobSpec, Problem> {
    let kind = request.headers().get(header::CONTENT_TYPE).cloned();
    let mut body = body::read(request, context.max_request).await?;
    let mut form = Request::new(Body::from(body.bytes.clone()));
    form.headers_mut().extend(kind.map(|kind| (header::CONTENT_TYPE, kind)));
    // What there is of it has been read and counted.
    DefaultBodyLimit::disable().apply(&mut form);
    let form = Multipart::from_request(form, &()).await;
    let mut form = form.map_err(|error| Problem::invalid("content-type", text::line(&error.body_text())))?;
    let (mut spec, mut archive) = (None, None);
    while let Some(part) = form.next_field().await.map_err(broken)? {
        let name = part.name().unwrap_or_default().to_owned();
        let slot = match name.as_str() {
            SPEC => &mut spec,
            ARCHIVE => &mut archive,
            _ => {
                let detail = format!("a job's form has the parts {SPEC:?} and {ARCHIVE:?}, and no other");
                return Err(Problem::invalid(text::line(&name), detail));
            }
        };
        if slot.replace(part.bytes().await.map_err(broken)?).is_some() {
            return Err(Problem::invalid(name, "this part is there twice"));
        }
    }
    let missing = |part: &str| Problem::invalid(part, "this part is missing");
    let mut spec: JobSpec = parse(&spec.ok_or_else(|| missing(SPEC))?)?;
    let archive = archive.ok_or_else(|| missing(ARCHIVE))?;
    let files = open(context, &mut body, archive, spec.content_bytes()).await?;
    spec.files.extend(files);
    Ok(spec)
}

/// Unpacks an archive for a job that has so many bytes without it. What comes out is counted as if it had come in.
async fn open(
    context: &Context,
    body: &mut body::Body,
    archive: Bytes,
    beside: u64,
) -> Result<Vec<SourceFile>, Problem> {
    let caps = Caps::of_bytes(context.jobs.limits().max_body.saturating_sub(beside));
    let failed = || Problem::new(ProblemKind::Internal, "the archive could not be looked into");
    // How much comes out is known when it is out: so only a few at once.
    let turn = Arc::clone(&context.unpacking).acquire_owned().await.map_err(|_| failed())?;
    // The turn goes along: the work is not given up where whoever asked for it has gone.
    let work = tokio::task::spawn_blocking(move || (unpack(&archive, caps), turn));
    let (files, _turn) = work.await.map_err(|_| failed())?;
    let files = files.map_err(|error| refusal(&error))?;
    body.hold(files.iter().map(|file| file.content.size()).sum())?;
    Ok(files)
}

fn refusal(error: &ArchiveError) -> Problem {
    let too_large = |fault: &Fault| matches!(fault, Fault::TooLarge(_) | Fault::TooMany(_));
    let kind = match error {
        ArchiveError::Entry { fault, .. } if too_large(fault) => ProblemKind::TooLarge,
        _ => ProblemKind::Invalid,
    };
    Problem::new(kind, text::line(&error.to_string())).at(ARCHIVE)
}

fn broken(error: MultipartError) -> Problem {
    Problem::new(ProblemKind::Invalid, format!("the form cannot be read: {}", text::line(&error.body_text())))
}
