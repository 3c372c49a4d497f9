//! `export`: writes the people in Retool as a roster.

mod entries;

use std::path::Path;

use ::roster::Format;
use anyhow::{Context, anyhow};
use host_test::text::printable;
use serde_json::json;

use crate::args::ExportArgs;
use crate::connection::tenant;
use crate::directory::listing;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::files;
use crate::output::Output;
use entries::{Exported, entries, formulas};

pub(crate) async fn export(arguments: ExportArgs, output: &Output) -> Result<Exit, Failure> {
    let ExportArgs { connection, out, with_disabled } = arguments;
    files::check_free(&out, "a roster", "give another file").map_err(Failure::Usage)?;
    // The name alone decides.
    let format = Format::of(&out, b"");
    if format == Format::Xlsx {
        return Err(Failure::Usage(anyhow!(
            "{}: a roster is written as CSV or JSON; give a file that ends in .csv or .json",
            out.display()
        )));
    }
    let (tenant, progress) = tenant(&connection, "exporting")?;
    let read = async {
        let mut users = listing::users(&tenant).await?;
        // Only the groups say who administers them, and some servers leave groups out of people's
        // records.
        let groups = listing::groups(&tenant, true).await?;
        listing::join(&mut users, &groups)?;
        listing::name(&mut users, &groups)?;
        Ok((users, groups))
    };
    let (users, groups) = progress.ended(read.await)?;
    let Exported { entries, mut notes } = entries(&users, &groups, with_disabled);
    let text = ::roster::write(&entries, format).with_context(|| not_written(&out, format))?;
    if format == Format::Csv {
        notes.extend(formulas(&text));
    }
    files::create(&out, &text)
        .with_context(|| format!("{} could not be written", out.display()))?;
    let result = json!({
        "file": out.to_string_lossy(),
        "people": entries.len(),
        "notes": notes,
    });
    output.result(&result, |_| {
        let people = match entries.len() {
            1 => "1 person".to_owned(),
            people => format!("{people} people"),
        };
        let heading = format!("{} has {people}", printable(&out.to_string_lossy()));
        let notes = notes.iter().map(|note| format!("  {}\n", printable(note)));
        format!("{heading}\n{}", notes.collect::<String>())
    })?;
    Ok(Exit::Done)
}

fn not_written(out: &Path, format: Format) -> String {
    let instead = match format {
        Format::Csv => "; give a file that ends in .json",
        Format::Json | Format::Xlsx => "",
    };
    format!("{} was not written{instead}", out.display())
}
