//! `cli audit`.

use protocol::account::{AccountAnswer, AccountRequest, AuditEntry, AuditQuery};

use super::super::Address;
use super::ask;
use crate::args::AuditArgs;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::messages::accounts as messages;
use crate::table::{self, Align};
use crate::terminal;

/// Shows who did what, newest first.
pub async fn audit(address: &Address, args: AuditArgs) -> Result<Exit, Failure> {
    let query = AuditQuery { cursor: args.cursor, limit: Some(args.limit) };
    let (link, answer) = ask(address, AccountRequest::Audit(query)).await?;
    let AccountAnswer::Audit(page) = answer else { return Err(link.strange_answer()) };
    if args.json {
        terminal::print_json(&page)?;
        return Ok(Exit::OK);
    }
    if page.entries.is_empty() {
        terminal::say(messages::NO_ENTRIES);
        return Ok(Exit::OK);
    }
    let rows: Vec<[String; 5]> = page.entries.iter().map(row).collect();
    terminal::print_lines(&table::lines(messages::AUDIT_HEADS, [Align::Left; 5], &rows, terminal::width()))?;
    if let Some(cursor) = &page.next_cursor {
        terminal::say(&messages::more_entries(cursor));
    }
    Ok(Exit::OK)
}

fn row(entry: &AuditEntry) -> [String; 5] {
    let when = entry.at.strftime("%F %H:%M:%S").to_string();
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    [when, text(&entry.who), entry.from.clone(), messages::deed(entry), text(&entry.subject)]
}
