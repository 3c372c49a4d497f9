//! The results of the commands that change groups.

use super::directory::member;
use super::lines::Lines;
use super::words;
use host_test::retool::groups::{ChangeGroupResult, EnsureGroupResult, RemoveGroupResult};
use host_test::retool::types::Member;
use host_test::text::printable;

pub(crate) fn group_ensured(result: &EnsureGroupResult) -> String {
    let EnsureGroupResult { group, created, writes } = result;
    let what = if *created { "created" } else { "there already; its settings are kept" };
    let id = words::bare_group_id(&group.id);
    let mut text = Lines::headed(&format!("{}: {what} (id {id})", printable(&group.name)));
    text.writes(writes);
    text.done()
}

pub(crate) fn group_changed(result: &ChangeGroupResult) -> String {
    let ChangeGroupResult {
        group,
        changes,
        members_added,
        members_changed,
        members_removed,
        writes,
    } = result;
    let is_unchanged = changes.is_empty()
        && [members_added, members_changed, members_removed].iter().all(|list| list.is_empty());
    let what = if is_unchanged { "unchanged" } else { "changed" };
    let mut text = Lines::headed(&format!("{}: {what}", printable(&group.name)));
    text.each(changes.iter().map(words::change));
    for (label, people) in
        [("added", members_added), ("changed", members_changed), ("removed", members_removed)]
    {
        text.each(listed(label, people));
    }
    text.writes(writes);
    text.done()
}

pub(crate) fn group_deleted(label: &str, result: &RemoveGroupResult) -> String {
    let RemoveGroupResult { removed, writes } = result;
    let (name, what) = match removed {
        Some(group) => (group.name.as_str(), "deleted for good"),
        None => (label, "not in Retool, nothing to do"),
    };
    let mut text = Lines::headed(&format!("{}: {what}", printable(name)));
    let members = removed.iter().flat_map(|group| &group.members).flatten().cloned();
    text.each(listed("had the members", &members.collect::<Vec<_>>()));
    text.writes(writes);
    text.done()
}

fn listed(label: &str, people: &[Member]) -> Option<String> {
    let names: Vec<String> = people.iter().map(member).collect();
    (!names.is_empty()).then(|| format!("{label}: {}", names.join(", ")))
}
