//! The tables, made and brought up to date by whichever controller comes first.

use deadpool_postgres::Object;

use super::link::Fault;

/// The steps from an empty database to this version's.
const STEPS: [&str; 3] =
    [include_str!("schema/1.sql"), include_str!("schema/2.sql"), include_str!("schema/3.sql")];

/// Keeps two controllers from migrating at once: "ruche" in ASCII.
const LOCK: i64 = 0x72_7563_6865;

/// What the database is, seen from here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Version {
    /// It is what this version needs.
    Current,
    /// A newer controller has brought it up to this schema.
    Newer(i32),
}

/// The newest schema that this version knows.
pub(super) fn newest() -> i32 {
    i32::try_from(STEPS.len()).unwrap_or(i32::MAX)
}

/// Makes the tables what this version needs.
///
/// # Errors
/// The database's.
pub(super) async fn migrate(mut client: Object) -> Result<Version, Fault> {
    let transaction = client.transaction().await?;
    transaction.execute("SELECT pg_advisory_xact_lock($1)", &[&LOCK]).await?;
    transaction.batch_execute("CREATE TABLE IF NOT EXISTS ruche_schema (version integer NOT NULL)").await?;
    let row = transaction.query_one("SELECT coalesce(max(version), 0) FROM ruche_schema", &[]).await?;
    let version: i32 = row.get(0);
    if version > newest() {
        return Ok(Version::Newer(version));
    }
    for (step, sql) in (1..).zip(STEPS).skip(usize::try_from(version).unwrap_or(0)) {
        let step: i32 = step;
        transaction.batch_execute(sql).await?;
        transaction.execute("DELETE FROM ruche_schema", &[]).await?;
        transaction.execute("INSERT INTO ruche_schema (version) VALUES ($1)", &[&step]).await?;
    }
    transaction.commit().await?;
    Ok(Version::Current)
}
