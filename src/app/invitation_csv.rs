//! People to invite as CSV text, such as a spreadsheet program writes (R40): `email,name,role,scope`.

use std::collections::HashMap;

use csv::{ReaderBuilder, StringRecord, Trim};

use super::email::Address;
use super::grants::{GrantInput, ScopeId};
use super::invitation_people::{Named, Person, checked, on_line};
use crate::error::{UserError, UserErrorCode};

/// The columns, in any order; all but the first may be missing.
const COLUMNS: [&str; 4] = ["email", "name", "role", "scope"];

/// The people of a text, in the order of their first lines. Several lines of one address are one person
/// with several grants. A line without role and scope stands for the grants of the call, `shared`.
///
/// # Errors
/// `INVALID_CSV` at the line, where the text as a whole cannot be read.
pub(super) fn people(text: &str, shared: &[GrantInput]) -> Result<Vec<Person>, UserError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    // One kind of line end, so that lines are counted as editors do.
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let mut lines = Lines::of(&text);
    let Some((first, header)) = lines.next() else {
        let message = format!("the first line names the columns: {}", COLUMNS.join(","));
        return Err(on_line(1, invalid(message)));
    };
    let columns = Columns::read(&header).map_err(|error| on_line(first, error))?;

    let mut groups: Vec<Group> = Vec::new();
    let mut known: HashMap<String, usize> = HashMap::new();
    for (line, record) in lines {
        // Spreadsheet programs write empty rows as separators only.
        if record.iter().all(str::is_empty) {
            continue;
        }
        let email = columns.field(&record, 0);
        let key = Address::parse("email", email).map_or_else(|_| email.to_owned(), |it| it.key);
        let group = *known.entry(key).or_insert_with(|| {
            groups.push(Group::new(line, email));
            groups.len() - 1
        });
        groups[group].read(line, &columns, &record);
    }
    Ok(groups.into_iter().map(|group| group.person(shared)).collect())
}

fn invalid(message: impl Into<String>) -> UserError {
    UserError::new(UserErrorCode::InvalidCsv, "", message)
}

/// The records of a text, each with the line that it begins on.
struct Lines<'a> {
    text: &'a str,
    reader: csv::Reader<&'a [u8]>,
    /// How far lines have been counted, and up to which.
    counted: (usize, u64),
}

impl<'a> Lines<'a> {
    fn of(text: &'a str) -> Self {
        // Where a comma is a decimal sign, spreadsheet programs write semicolons, and tabs to the
        // clipboard.
        let header = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
        let delimiter = [b',', b';', b'\t'].into_iter().find(|it| header.as_bytes().contains(it));
        let reader = ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .trim(Trim::All)
            .delimiter(delimiter.unwrap_or(b','))
            .from_reader(text.as_bytes());
        Self { text, reader, counted: (0, 1) }
    }
}

impl Iterator for Lines<'_> {
    type Item = (u64, StringRecord);

    fn next(&mut self) -> Option<Self::Item> {
        let mut record = StringRecord::new();
        // The text is UTF-8 and records are of any length: there is nothing else to fail.
        if !self.reader.read_record(&mut record).ok()? {
            return None;
        }
        // Where the reader stood before, and behind the empty lines that it has passed over.
        let start = record.position().map_or(0, csv::Position::byte);
        let start = usize::try_from(start).unwrap_or_default();
        let rest = &self.text[start..];
        let start = start + (rest.len() - rest.trim_start_matches('\n').len());
        let (from, line) = self.counted;
        let passed = self.text[from..start].bytes().filter(|byte| *byte == b'\n').count();
        self.counted = (start, line + passed as u64);
        Some((self.counted.1, record))
    }
}

/// Which field of a record each of [`COLUMNS`] is.
struct Columns {
    fields: [Option<usize>; 4],
    width: usize,
}

impl Columns {
    fn read(header: &StringRecord) -> Result<Self, UserError> {
        let accepted = COLUMNS.join(",");
        let mut fields = [None; 4];
        for (index, name) in header.iter().enumerate() {
            let column = COLUMNS.iter().position(|column| column.eq_ignore_ascii_case(name));
            let Some(column) = column else {
                let shown: String = name.chars().take(60).collect();
                let message = format!("there is no column {shown:?}: the columns are {accepted}");
                return Err(invalid(message));
            };
            if fields[column].replace(index).is_some() {
                let message = format!("the column {} is named twice", COLUMNS[column]);
                return Err(invalid(message));
            }
        }
        if fields[0].is_none() {
            let message = format!("there is no column email: the columns are {accepted}");
            return Err(invalid(message));
        }
        Ok(Self { fields, width: header.len() })
    }

    fn field<'r>(&self, record: &'r StringRecord, column: usize) -> &'r str {
        self.fields[column].and_then(|index| record.get(index)).unwrap_or_default()
    }

    /// The name and the grant on a line; no grant stands for those of the call.
    fn line<'r>(
        &self,
        record: &'r StringRecord,
    ) -> Result<(&'r str, Option<GrantInput>), UserError> {
        if record.iter().any(|field| field.contains('\n')) {
            return Err(invalid("a value in quotation marks does not end on its line"));
        }
        if record.len() > self.width {
            let message =
                format!("{} values, but the first line names {} columns", record.len(), self.width);
            return Err(invalid(message).help("Put a value that has a comma in quotation marks."));
        }
        let (role, scope) = (self.field(record, 2), self.field(record, 3));
        let grant = match (role.is_empty(), scope.is_empty()) {
            (true, true) => None,
            (false, false) => {
                let scope: ScopeId = scope.parse().map_err(|error: entity::id::IdError| {
                    invalid(format!("the scope: {}", error.0))
                })?;
                let (role_key, resource_id) = (role.to_owned(), None);
                Some(GrantInput { role_key, scope, resource_id, valid_until: None })
            }
            _ => return Err(invalid("a role has its scope beside it, and a scope its role")),
        };
        Ok((self.field(record, 1), grant))
    }
}

/// The lines of one address.
struct Group {
    first: u64,
    email: String,
    name: Option<String>,
    /// What each line grants.
    grants: Vec<(u64, Option<GrantInput>)>,
    unreadable: Option<UserError>,
}

impl Group {
    fn new(first: u64, email: &str) -> Self {
        let email = email.lines().next().unwrap_or_default().to_owned();
        Self { first, email, name: None, grants: Vec::new(), unreadable: None }
    }

    fn read(&mut self, line: u64, columns: &Columns, record: &StringRecord) {
        match columns.line(record) {
            Ok((name, grant)) => {
                if self.name.is_none() && !name.is_empty() {
                    self.name = Some(name.to_owned());
                }
                self.grants.push((line, grant));
            }
            Err(error) => drop(self.unreadable.get_or_insert(on_line(line, error))),
        }
    }

    fn person(self, shared: &[GrantInput]) -> Person {
        let checked = checked(&self.email, self.name.as_deref());
        let only_shared =
            self.unreadable.is_none() && self.grants.iter().all(|(_, grant)| grant.is_none());
        let mut lines = Vec::new();
        let mut grants = Vec::new();
        for (line, grant) in self.grants {
            let list = grant.as_ref().map_or(shared, std::slice::from_ref);
            lines.extend(list.iter().map(|_| line));
            grants.extend_from_slice(list);
        }
        Person {
            named: Named::On { first: self.first, grants: lines },
            email: self.email,
            checked,
            grants: (!only_shared).then_some(grants),
            unreadable: self.unreadable,
        }
    }
}
