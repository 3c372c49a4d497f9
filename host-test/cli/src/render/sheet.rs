//! What a plan and a report show, and the forms in which they show it: whole, as a summary, and as
//! Markdown.

use anstyle::Style;

use super::markdown::{code, prose};
use super::style::{diff_line, painted};
use super::words::{self, section};
use host_test::retool::synchronization::GuardReport;

/// The form of a plan or a report.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Form {
    /// Everything, as text.
    #[default]
    Whole,
    /// The counts, the guards and what needs a look, as text.
    Summary,
    /// Everything, as Markdown.
    Markdown,
}

/// The most entries of a summary.
const MOST_IN_SUMMARY: usize = 20;

/// A person or a group, and what happens to them. All texts are printable.
pub(super) struct Entry {
    /// `+`, `-`, `~`, or `!` for something that was not done.
    pub(super) sign: char,
    pub(super) heading: String,
    pub(super) details: Vec<String>,
}

impl Entry {
    pub(super) fn lines(&self) -> Vec<String> {
        let mut lines = vec![diff_line(self.sign, &self.heading)];
        lines.extend(self.details.iter().map(|detail| format!("    {detail}")));
        lines
    }

    fn row(&self) -> String {
        let details: Vec<_> = self.details.iter().map(|detail| code(detail)).collect();
        format!("| `{}` | {} | {} |\n", self.sign, code(&self.heading), details.join("<br>"))
    }
}

/// What a plan or a report shows.
pub(super) struct Sheet<'a> {
    pub(super) organisation: &'a str,
    /// One sentence that says how it is.
    pub(super) heading: (Style, String),
    pub(super) groups: Vec<Entry>,
    /// People who may be the same person, and what to do about them.
    pub(super) same_person: (Vec<Entry>, &'static str),
    pub(super) people: Vec<Entry>,
    pub(super) left_alone: Vec<Entry>,
    pub(super) limitations: Vec<String>,
    pub(super) total: String,
    pub(super) seats: Option<String>,
    pub(super) guards: &'a [GuardReport],
    /// The digest of the plan and the dialect.
    pub(super) plan: String,
}

impl Sheet<'_> {
    pub(super) fn render(&self, form: Form) -> String {
        match form {
            Form::Whole => self.text(self.whole()),
            Form::Summary => self.text(self.summary()),
            Form::Markdown => self.markdown(),
        }
    }

    fn text(&self, sections: String) -> String {
        let (style, heading) = &self.heading;
        let seats = self.seats.iter().map(|seats| format!("{seats}\n")).collect::<String>();
        painted(*style, heading)
            + "\n"
            + &sections
            + &section("Limitations", self.limitations.iter().cloned())
            + &format!("\nTotal: {}\n", self.total)
            + &seats
            + &section("Guards", self.guards.iter().flat_map(words::guard))
            + &format!("\nPlan {}\n", self.plan)
    }

    fn whole(&self) -> String {
        let (same_person, advice) = &self.same_person;
        let advice = (!same_person.is_empty()).then(|| (*advice).to_owned());
        section("Groups", self.groups.iter().flat_map(Entry::lines))
            + &section(
                "May be the same person",
                same_person.iter().flat_map(Entry::lines).chain(advice),
            )
            + &section("People", self.people.iter().flat_map(Entry::lines))
            + &section("Left alone", self.left_alone.iter().flat_map(Entry::lines))
    }

    fn summary(&self) -> String {
        let doubtful = self.doubtful();
        let more = doubtful.len().saturating_sub(MOST_IN_SUMMARY);
        let shown = doubtful.iter().take(MOST_IN_SUMMARY).flat_map(|entry| entry.lines());
        let more = (more > 0).then(|| format!("and {more} more"));
        section("Needs a look", shown.chain(more))
    }

    /// Returns what was not done, or will not be, and the people who may be the same person.
    fn doubtful(&self) -> Vec<&Entry> {
        let not_done = |entry: &&Entry| entry.sign == '!';
        let entries = self.groups.iter().chain(&self.people).chain(&self.left_alone);
        entries.filter(not_done).chain(&self.same_person.0).collect()
    }

    fn markdown(&self) -> String {
        let (same_person, advice) = &self.same_person;
        let mut text = format!(
            "## {}\n\n{}, plan {}\n\nTotal: {}\n",
            prose(&self.heading.1),
            code(self.organisation),
            code(&self.plan),
            prose(&self.total)
        );
        if let Some(seats) = &self.seats {
            text += &format!("\n{}\n", prose(seats));
        }
        for (heading, entries) in [
            ("Left alone", &self.left_alone),
            ("May be the same person", same_person),
            ("Groups", &self.groups),
            ("People", &self.people),
        ] {
            if entries.is_empty() {
                continue;
            }
            text += &format!("\n### {heading}\n\n|  | what | details |\n| --- | --- | --- |\n");
            text += &entries.iter().map(Entry::row).collect::<String>();
            if heading == "May be the same person" {
                text += &format!("\n{}\n", prose(advice));
            }
        }
        if !self.limitations.is_empty() {
            let line = |text: &String| format!("- {}\n", prose(text));
            let lines = self.limitations.iter().map(line);
            text += &format!("\n### Limitations\n\n{}", lines.collect::<String>());
        }
        text += "\n### Guards\n\n| guard | number | limit | state |\n| --- | ---: | --- | --- |\n";
        text + &self.guards.iter().map(guard_row).collect::<String>()
    }
}

fn guard_row(report: &GuardReport) -> String {
    let (name, bound) = words::guard_name(report.guard);
    let subject = report.subject.as_deref().map(|subject| format!(" {}", code(subject)));
    let state = if report.tripped { "**TRIPPED**" } else { "ok" };
    format!(
        "| {name}{} | {} | {bound} {} | {state} |\n",
        subject.unwrap_or_default(),
        report.actual,
        report.limit
    )
}
