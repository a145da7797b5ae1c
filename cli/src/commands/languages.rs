//! `cli languages`.

use std::path::PathBuf;

use protocol::client::{Request, Response};
use protocol::cluster::LanguageInfo;

use super::Address;
use crate::args::LanguagesArgs;
use crate::client::Link;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::follow::QUESTION_STREAM;
use crate::language::{self, Doubt};
use crate::program::Program;
use crate::table::{self, Align};
use crate::{messages, terminal};

const ALIGN: [Align; 6] = [Align::Left, Align::Left, Align::Left, Align::Left, Align::Right, Align::Left];

/// Lists what the cluster can run.
pub async fn languages(address: &Address, args: &LanguagesArgs) -> Result<Exit, Failure> {
    let languages = ask(&mut address.connect().await?, 1).await?;
    if args.json {
        terminal::print_json(&languages)?;
    } else if languages.is_empty() {
        terminal::say(messages::NO_LANGUAGES);
    } else {
        let rows: Vec<[String; 6]> = languages.iter().map(row).collect();
        terminal::print_lines(&table::lines(messages::LANGUAGE_HEADS, ALIGN, &rows, terminal::width()))?;
    }
    Ok(Exit::OK)
}

/// Asks for the languages on a stream of this number.
pub async fn ask(link: &mut Link, stream: u32) -> Result<Vec<LanguageInfo>, Failure> {
    match link.ask(stream, [Request::Languages]).await? {
        [Response::Languages { languages }] => Ok(languages),
        _ => Err(link.strange_answer()),
    }
}

/// The language asked for, or the one that the files' names tell; only for what is not common is the cluster asked.
pub async fn choose(link: &mut Link, program: &Program, asked: Option<&str>) -> Result<String, Failure> {
    if let Some(language) = asked.or_else(|| language::common(program)) {
        return Ok(language.to_owned());
    }
    let offered = ask(link, QUESTION_STREAM).await?;
    language::offered(program, &offered).map_err(|doubt| match doubt {
        Doubt::Several(counts) => Failure::SeveralLanguages(counts),
        Doubt::Unknown => {
            let name = program.main.as_ref().or(program.files.first().map(|file| &file.path));
            let name = name.map(PathBuf::from).unwrap_or_default();
            Failure::UnknownExtension(name, offered.into_iter().map(|language| language.id).collect())
        }
    })
}

fn row(language: &LanguageInfo) -> [String; 6] {
    let extensions: Vec<String> =
        language.extensions.iter().map(|extension| format!(".{extension}")).collect();
    [
        language.id.clone(),
        language.name.clone(),
        extensions.join(" "),
        language.aliases.join(" "),
        language.runners.to_string(),
        language.versions.join(", "),
    ]
}
