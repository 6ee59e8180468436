//! What came of everything, and how the file tells it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use entity::role::Kind;
use rolecall::access::{Role, ScopeType};

use super::cases::Way;
use super::relations::{Job, names};

/// A line of the table: under which heading, and which field.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Entry {
    part: Part,
    heading: String,
    at: Option<ScopeType>,
    about: &'static str,
    field: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Mutations,
    Queries,
    Fields,
}

impl Entry {
    pub(super) fn mutation(
        name: &str,
        about: &'static str,
        kind: ScopeType,
        at: &[ScopeType],
    ) -> Self {
        let at = place_of(kind, at);
        Self { part: Part::Mutations, heading: name.to_owned(), at, about, field: String::new() }
    }

    /// A field of `Query` that leads somewhere.
    pub(super) fn way(way: &Way, kind: ScopeType, field: &str) -> Self {
        let at = place_of(kind, way.at);
        let heading = field.to_owned();
        Self { part: Part::Queries, heading, at, about: way.about, field: String::new() }
    }

    pub(super) fn field(way: &Way, kind: ScopeType, field: &str) -> Self {
        let at = place_of(kind, way.at);
        let heading = way.of.to_owned();
        Self { part: Part::Fields, heading, at, about: way.about, field: field.to_owned() }
    }
}

/// The kind of scope, where a case is about one of several or not about an organization.
fn place_of(kind: ScopeType, at: &[ScopeType]) -> Option<ScopeType> {
    (at.len() > 1 || at[0] != ScopeType::Organization).then_some(kind)
}

fn place(kind: ScopeType) -> &'static str {
    match kind {
        ScopeType::Organization => "at an organization",
        ScopeType::Account => "at an account",
        ScopeType::Subaccount => "at a subaccount",
    }
}

/// Outcomes by relation and role; no role for who holds none.
type Row = BTreeMap<&'static str, BTreeMap<Option<usize>, String>>;

/// All that came of it.
#[derive(Default)]
pub(super) struct Table {
    rows: BTreeMap<Entry, Row>,
    permits: BTreeMap<usize, BTreeSet<String>>,
}

impl Table {
    pub(super) fn note(&mut self, entry: Entry, job: &Job, outcome: String) {
        let role = job.caller.map(|(role, ..)| role);
        let known = self.rows.entry(entry).or_default().entry(job.relation).or_default();
        if let Some(other) = known.insert(role, outcome.clone())
            && other != outcome
        {
            // It does make a difference who asks.
            known.insert(role, format!("{other}, or {outcome}"));
        }
    }

    /// Notes of somebody what was noted of somebody else in the same relation, where they did not try
    /// it themselves.
    pub(super) fn note_alike(&mut self, kind: ScopeType, job: &Job, other: usize) {
        let role = job.caller.map(|(role, ..)| role);
        let at = |entry: &Entry| entry.at.unwrap_or(ScopeType::Organization);
        for (_, row) in self.rows.iter_mut().filter(|(entry, _)| at(entry) == kind) {
            let Some(known) = row.get_mut(job.relation) else { continue };
            if let Some(outcome) = known.get(&Some(other)).cloned() {
                known.entry(role).or_insert(outcome);
            }
        }
    }

    /// What a role permits in the account where it is held.
    pub(super) fn permits(&mut self, role: usize, permissions: BTreeSet<String>) {
        self.permits.insert(role, permissions);
    }

    pub(super) fn absorb(&mut self, other: Self) {
        for (entry, row) in other.rows {
            let known = self.rows.entry(entry).or_default();
            for (relation, outcomes) in row {
                known.entry(relation).or_default().extend(outcomes);
            }
        }
        self.permits.extend(other.permits);
    }

    /// Roles that behave alike in every line, in the catalogue's order.
    fn alike(&self, roles: &[Arc<Role>]) -> Vec<Vec<usize>> {
        let mut behaviour: BTreeMap<usize, Vec<(&Entry, &str, &str)>> = BTreeMap::new();
        for (entry, row) in &self.rows {
            for (relation, outcomes) in row {
                for (role, outcome) in outcomes {
                    let Some(role) = role else { continue };
                    behaviour.entry(*role).or_default().push((entry, relation, outcome));
                }
            }
        }
        let mut groups: Vec<Vec<usize>> = Vec::new();
        for index in 0..roles.len() {
            let same = |group: &&mut Vec<usize>| behaviour[&group[0]] == behaviour[&index];
            match groups.iter_mut().find(same) {
                Some(group) => group.push(index),
                None => groups.push(vec![index]),
            }
        }
        groups
    }

    /// The file.
    pub(super) fn text(&self, roles: &[Arc<Role>], parts: &BTreeMap<&str, Vec<&str>>) -> String {
        let groups: Vec<(String, Vec<usize>)> =
            self.alike(roles).into_iter().map(|group| (group_name(roles, &group), group)).collect();
        let mut text = String::from(INTRODUCTION);
        text += "\nRelations\n\n";
        for (name, meaning) in names() {
            text += &format!("  {name}: {meaning}\n");
        }
        text += "\nRoles that behave alike everywhere in this table\n\n";
        for (name, group) in groups.iter().filter(|(_, group)| group.len() > 1) {
            let keys: Vec<&str> = group.iter().map(|role| roles[*role].key.as_str()).collect();
            text += &wrapped(&format!("  {name}: "), &keys);
        }
        let mut part = None;
        let mut rows: Vec<(&Entry, Vec<&str>, &Row)> = Vec::new();
        for (entry, row) in &self.rows {
            // Fields of one object that behave alike are told of together.
            let same = |other: &&mut (&Entry, Vec<&str>, &Row)| {
                Entry { field: String::new(), ..other.0.clone() }
                    == Entry { field: String::new(), ..entry.clone() }
                    && other.2 == row
            };
            match rows.iter_mut().find(same) {
                Some((_, fields, _)) => fields.push(&entry.field),
                None => rows.push((entry, vec![&entry.field], row)),
            }
        }
        let mut heading = String::new();
        for (entry, fields, row) in rows {
            if part != Some(entry.part) {
                part = Some(entry.part);
                let title = match entry.part {
                    Part::Mutations => "MUTATIONS",
                    Part::Queries => "QUERIES: whether there is anything to be seen",
                    Part::Fields => "FIELDS",
                };
                text += &format!("\n\n{title}\n");
            }
            let place = [entry.at.map(place).unwrap_or_default(), entry.about];
            let place: Vec<&str> = place.into_iter().filter(|part| !part.is_empty()).collect();
            let title = format!("{}, {}", entry.heading, place.join(", "));
            let title = title.trim_end_matches([',', ' ']).to_owned();
            if title != heading {
                text += &format!("\n{title}\n");
                heading = title;
            }
            let mut indent = "  ";
            if !entry.field.is_empty() {
                text += &wrapped("  . ", &fields);
                indent = "    ";
            }
            text += &outcomes(row, &groups, indent);
        }
        text += "\n\nWHAT EACH ROLE PERMITS in the account where it is held\n\n";
        let all: BTreeSet<&String> = self.permits.values().flatten().collect();
        for permission in all {
            let holders = self.permits.iter().filter(|(_, held)| held.contains(permission));
            let holders: Vec<&str> = holders.map(|(role, _)| roles[*role].key.as_str()).collect();
            text += &wrapped(&format!("  {permission}: "), &holders);
        }
        text += "\n\nWHAT COMES WHOLE with the field or mutation that leads to it\n\n";
        for (name, fields) in parts {
            text += &wrapped(&format!("  {name}: "), fields);
        }
        text
    }
}

const INTRODUCTION: &str = "\
Who may do what: every mutation and every field, tried by every role in every relation to what it is
about. The test `policy` makes this file and fails when it is not what the program does; after a change
that was meant, scripts/update.sh makes it anew. Read it as: under the operation, the relation, and then
for each outcome the roles that meet it; one outcome alone is everybody's.

  allowed: it is done, or shown. `a part of it`: a list has fewer rows than the organization's Owner sees;
  `nothing in it`: it is empty, and theirs is not.
  forbidden: the caller sees what it is about, and is told which permission is missing.
  not found: it does not exist for the caller.
  sign in first: it takes a signed-in person, and that is all that is told.
  Anything else is the code of a refusal.

Every role tries every mutation at the same scope, and every field in every relation. Mutations in the other
relations are tried by the first of those roles that hold the same of the server's own permissions; with
POLICY=everybody they are tried by all, and nothing comes out differently.
";

fn group_name(roles: &[Arc<Role>], group: &[usize]) -> String {
    let first = &roles[group[0]];
    if group.len() == 1 {
        return first.key.clone();
    }
    let of_kind = roles.iter().filter(|role| role.kind == first.kind).count();
    let kind = match first.kind {
        Kind::Organization => "organization",
        Kind::General => "general",
        Kind::BuiltIn => "built-in",
        Kind::Resource => "resource",
        Kind::Custom => "custom",
    };
    if of_kind == group.len() && group.iter().all(|role| roles[*role].kind == first.kind) {
        return format!("every {kind} role");
    }
    format!("{} and its like", first.key)
}

/// The lines below an operation; relations in which the same holds are told of together.
fn outcomes(row: &Row, groups: &[(String, Vec<usize>)], indent: &str) -> String {
    let mut lines: Vec<(Vec<&str>, String)> = Vec::new();
    for (relation, _) in names() {
        let Some(outcomes) = row.get(relation) else { continue };
        let mut by_outcome: BTreeMap<(usize, &str), Vec<&str>> = BTreeMap::new();
        for (role, outcome) in outcomes {
            let rank = FIRST.iter().position(|first| outcome.starts_with(first));
            let names = by_outcome.entry((rank.unwrap_or(FIRST.len()), outcome)).or_default();
            let group = role.and_then(|role| groups.iter().find(|(_, group)| group[0] == role));
            names.extend(group.map(|(name, _)| name.as_str()));
        }
        let text = if by_outcome.len() == 1 {
            format!(" {}\n", by_outcome.keys().next().unwrap().1)
        } else {
            let mut text = String::from("\n");
            for ((_, outcome), names) in by_outcome {
                text += &wrapped(&format!("{indent}    {outcome}: "), &names);
            }
            text
        };
        match lines.iter_mut().find(|(_, known)| *known == text) {
            Some((relations, _)) => relations.push(relation),
            None => lines.push((vec![relation], text)),
        }
    }
    let line = |(relations, text): &(Vec<&str>, String)| {
        format!("{}:{text}", wrapped(indent, relations).trim_end())
    };
    lines.iter().map(line).collect()
}

/// The outcomes in the order in which they are told; all others follow.
const FIRST: [&str; 3] = ["allowed", "forbidden", "not found"];

/// A list on lines of at most 110 characters, the later ones indented.
fn wrapped(start: &str, items: &[&str]) -> String {
    let indent = " ".repeat(start.len() - start.trim_start().len() + 4);
    let (mut text, mut line) = (String::new(), start.to_owned());
    for (index, item) in items.iter().enumerate() {
        let item = if index + 1 < items.len() { format!("{item}, ") } else { (*item).to_owned() };
        if line.len() + item.trim_end().len() > 110 {
            text += line.trim_end();
            text.push('\n');
            line.clone_from(&indent);
        }
        line += &item;
    }
    text + &line + "\n"
}
