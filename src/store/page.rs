//! Keyset pages: a window on an ordered list that rows coming and going do not shift.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sea_orm::Value;
use sea_orm::entity::prelude::Uuid;

use super::sql::Sql;

/// The position of a row: its sort key (none in a list by id alone) and its id, which breaks ties.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Cursor {
    /// The sort column's value as text; instants are microseconds since 1970.
    pub key: Option<String>,
    /// The row's id.
    pub id: Uuid,
}

impl Cursor {
    /// The opaque text that clients keep.
    #[must_use]
    pub fn encode(&self) -> String {
        let mut bytes = self.id.as_bytes().to_vec();
        if let Some(key) = &self.key {
            bytes.push(b'=');
            bytes.extend_from_slice(key.as_bytes());
        }
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Reads such a text; none if we never wrote it.
    #[must_use]
    pub fn decode(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (id, rest) = bytes.split_at_checked(16)?;
        let key = match rest.split_first() {
            None => None,
            // No text in a database has a U+0000, and PostgreSQL would not take it.
            Some((b'=', key)) if !key.contains(&0) => Some(String::from_utf8(key.to_vec()).ok()?),
            Some(_) => return None,
        };
        Some(Self { key, id: Uuid::from_slice(id).ok()? })
    }
}

/// Which part of a list is asked for.
#[derive(Clone, Debug)]
pub struct Window {
    /// How many rows.
    pub size: u64,
    /// Only rows behind this one.
    pub after: Option<Cursor>,
    /// Only rows before this one.
    pub before: Option<Cursor>,
    /// Counted from the end of the list (`last`), not from its beginning (`first`).
    pub backward: bool,
    /// Whether the number of all rows is asked for as well.
    pub total: bool,
}

/// One page.
#[derive(Clone, Debug)]
pub struct Page<T> {
    /// The rows, in the list's order.
    pub rows: Vec<T>,
    /// Whether there are rows before the first.
    pub has_previous: bool,
    /// Whether there are rows behind the last.
    pub has_next: bool,
    /// The number of all rows, where it was asked for.
    pub total: Option<i64>,
}

/// How a list is sorted. The id column always breaks ties.
#[derive(Clone, Debug)]
pub struct Order {
    /// The sort column, qualified; none to sort by id alone.
    pub column: Option<&'static str>,
    /// The id column, qualified.
    pub id: &'static str,
    /// Largest first.
    pub descending: bool,
    /// How a cursor's key becomes a value of the sort column again.
    pub value: fn(&str) -> Option<Value>,
}

/// A cursor's key for a text column.
#[must_use]
pub fn text_value(key: &str) -> Option<Value> {
    Some(key.into())
}

/// A cursor's key for an instant. There is none before 1970, and a database need not know one.
#[must_use]
pub fn time_value(key: &str) -> Option<Value> {
    let micros: i64 = key.parse().ok().filter(|micros| *micros >= 0)?;
    chrono::DateTime::from_timestamp_micros(micros).map(Value::from)
}

impl Order {
    /// Adds the window to a statement that ends in a `WHERE` with at least one condition.
    pub fn apply(&self, sql: &mut Sql, window: &Window) {
        self.within(sql, window);
        self.finish(sql, window);
    }

    /// Adds the order and the number of rows to a statement.
    pub fn finish(&self, sql: &mut Sql, window: &Window) {
        let direction = if self.descending == window.backward { "ASC" } else { "DESC" };
        sql.push(" ORDER BY ");
        if let Some(column) = self.column {
            sql.push(&format!("{column} {direction}, "));
        }
        sql.push(&format!("{} {direction} LIMIT ", self.id));
        // One more than asked for tells whether there is another page.
        sql.bind(i64::try_from(window.size + 1).unwrap_or(i64::MAX));
    }

    /// `AND` the rows between the window's cursors.
    fn within(&self, sql: &mut Sql, window: &Window) {
        if let Some(after) = &window.after {
            self.beyond(sql, after, !self.descending);
        }
        if let Some(before) = &window.before {
            self.beyond(sql, before, self.descending);
        }
    }

    /// The same window of each of several lists, in one statement: which rows are in it, as `id`, and
    /// in which list, as `list`, in the order in which the window counts them. `list` is the column
    /// that tells the lists apart, and `from` the rest of the statement, which ends in a `WHERE` with
    /// at least one condition. The sort column must not be nullable.
    #[must_use]
    pub fn of_each(&self, list: &str, from: &Sql, window: &Window) -> Sql {
        let direction = if self.descending == window.backward { "ASC" } else { "DESC" };
        let id = self.id;
        let column =
            self.column.map(|column| format!("{column} {direction}, ")).unwrap_or_default();
        let mut sql = Sql::new(&format!(
            "SELECT n.list, n.id FROM (SELECT {list} AS list, {id} AS id, ROW_NUMBER() OVER
                (PARTITION BY {list} ORDER BY {column}{id} {direction}) AS place "
        ));
        sql.append(from);
        self.within(&mut sql, window);
        sql.push(") n WHERE n.place <= ").bind(i64::try_from(window.size + 1).unwrap_or(i64::MAX));
        sql.push(" ORDER BY n.place");
        sql
    }

    /// `AND` the rows that come beyond a cursor, upwards or downwards.
    fn beyond(&self, sql: &mut Sql, cursor: &Cursor, upwards: bool) {
        let compare = if upwards { ">" } else { "<" };
        let id = self.id;
        let Some(column) = self.column else {
            sql.push(&format!(" AND {id} {compare} ")).bind(cursor.id);
            return;
        };
        match cursor.key.as_deref().and_then(self.value) {
            Some(value) => {
                sql.push(&format!(" AND ({column}, {id}) {compare} ("));
                sql.bind(value).push(", ").bind(cursor.id).push(")");
            }
            // A key that does not read is one that we never wrote: nothing lies beyond it.
            None => drop(sql.push(" AND 1 = 0")),
        }
    }
}

impl<'a, T> Page<&'a T> {
    /// A window of a list that is at hand as a whole and sorted by its cursors. Only what is shown is
    /// looked at, and the two ends are found by halves.
    #[must_use]
    pub fn of(list: &'a [T], window: &Window, cursor: impl Fn(&T) -> Cursor) -> Self {
        let position = |cursor: &Cursor| (cursor.key.clone().unwrap_or_default(), cursor.id);
        let ends_at = |at: &Cursor, with: bool| {
            let at = position(at);
            list.partition_point(|row| {
                let row = position(&cursor(row));
                row < at || with && row == at
            })
        };
        let from = window.after.as_ref().map_or(0, |after| ends_at(after, true));
        let to = window.before.as_ref().map_or(list.len(), |before| ends_at(before, false));
        let within = list.get(from..to).unwrap_or_default().iter();
        let most = usize::try_from(window.size).unwrap_or(usize::MAX).saturating_add(1);
        let rows = if window.backward {
            within.rev().take(most).collect()
        } else {
            within.take(most).collect()
        };
        Self::cut(rows, window, Some(i64::try_from(list.len()).unwrap_or(i64::MAX)))
    }
}

impl<T> Page<T> {
    /// Makes a page of what the database gave for a window: cuts the one row too many, and puts a
    /// page that was read backwards into the list's order.
    #[must_use]
    pub fn cut(mut rows: Vec<T>, window: &Window, total: Option<i64>) -> Self {
        let more = rows.len() as u64 > window.size;
        rows.truncate(usize::try_from(window.size).unwrap_or(usize::MAX));
        if window.backward {
            rows.reverse();
            // Where the page ends short of a cursor, that cursor's row lies behind it.
            Self { rows, has_previous: more, has_next: window.before.is_some(), total }
        } else {
            Self { rows, has_previous: window.after.is_some(), has_next: more, total }
        }
    }

    /// The page with every row changed.
    #[must_use]
    pub fn map<U>(self, change: impl FnMut(T) -> U) -> Page<U> {
        Page {
            rows: self.rows.into_iter().map(change).collect(),
            has_previous: self.has_previous,
            has_next: self.has_next,
            total: self.total,
        }
    }
}
