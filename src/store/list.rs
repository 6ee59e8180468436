//! Windows of lists, read together: the lists within a list take one statement.

use std::marker::PhantomData;
use std::slice;

use sea_orm::{ConnectionTrait, DbErr, FromQueryResult};

use super::page::{Page, Window};
use super::sql::Sql;

/// So many lists are read in one statement, where they do not have too many values together.
const LISTS_PER_STATEMENT: usize = 100;
/// SQLite takes 32,766 values.
const VALUES_PER_STATEMENT: usize = 30_000;

/// One window of a list, before it is read.
#[derive(Debug)]
pub struct List<R> {
    /// What reads the rows and, where it is asked for, what counts the whole list; none where there is
    /// nothing to be read.
    statements: Option<(Sql, Option<Sql>)>,
    window: Window,
    rows: PhantomData<fn() -> R>,
}

impl<R: FromQueryResult> List<R> {
    /// A list with the statement that reads the window, in the window's order, and the one that counts
    /// the whole list. Neither ends in anything, and each column has a name of its own.
    #[must_use]
    pub fn new(rows: Sql, count: Sql, window: Window) -> Self {
        let count = window.total.then_some(count);
        Self { statements: Some((rows, count)), window, rows: PhantomData }
    }

    /// A list that has no rows.
    #[must_use]
    pub fn empty(window: Window) -> Self {
        Self { statements: None, window, rows: PhantomData }
    }

    /// Reads it.
    pub async fn read(&self, db: &impl ConnectionTrait) -> Result<Page<R>, DbErr> {
        let page = read(db, slice::from_ref(&self)).await?.pop();
        Ok(page.unwrap_or_else(|| self.page(Vec::new(), Some(0))))
    }

    fn page(&self, rows: Vec<R>, total: Option<i64>) -> Page<R> {
        Page::cut(rows, &self.window, total.filter(|_| self.window.total))
    }

    fn values(&self) -> usize {
        let of = |sql: &Sql| sql.values();
        self.statements.as_ref().map_or(0, |(rows, count)| of(rows) + count.as_ref().map_or(0, of))
    }
}

/// Reads windows of several lists of the same kind, in their order: one statement for as many as it takes.
pub async fn read<R: FromQueryResult>(
    db: &impl ConnectionTrait,
    lists: &[&List<R>],
) -> Result<Vec<Page<R>>, DbErr> {
    let mut pages = Vec::with_capacity(lists.len());
    let mut rest = lists;
    while !rest.is_empty() {
        let mut values = 0;
        let fits = |list: &&&List<R>| {
            values += list.values();
            values <= VALUES_PER_STATEMENT
        };
        let together = rest.iter().take(LISTS_PER_STATEMENT).take_while(fits).count().max(1);
        let (now, later) = rest.split_at(together);
        pages.extend(read_together(db, now).await?);
        rest = later;
    }
    Ok(pages)
}

/// The rows of a list with their places, and its total where it was asked for.
type Found<R> = (Vec<(i64, R)>, Option<i64>);

async fn read_together<R: FromQueryResult>(
    db: &impl ConnectionTrait,
    lists: &[&List<R>],
) -> Result<Vec<Page<R>>, DbErr> {
    let statements: Vec<(usize, &Sql, Option<&Sql>)> = lists
        .iter()
        .enumerate()
        .filter_map(|(list, of)| {
            let (rows, count) = of.statements.as_ref()?;
            Some((list, rows, count.as_ref()))
        })
        .collect();
    let mut found: Vec<Found<R>> = lists.iter().map(|_| (Vec::new(), None)).collect();
    if !statements.is_empty() {
        let mut sql = Sql::default();
        for (index, (list, rows, count)) in statements.iter().enumerate() {
            sql.push(if index == 0 { "SELECT " } else { " UNION ALL SELECT " });
            sql.push(&format!("{list} AS list, ROW_NUMBER() OVER () AS place, "));
            match count {
                Some(count) => sql.push("(").append(count).push(")"),
                None => sql.push("CAST(NULL AS bigint)"),
            };
            sql.push(" AS total, q.* FROM (").append(rows).push(") q");
        }
        for row in db.query_all_raw(sql.statement(db)).await? {
            let list: i32 = row.try_get("", "list")?;
            let Some((rows, total)) = usize::try_from(list).ok().and_then(|at| found.get_mut(at))
            else {
                continue;
            };
            *total = row.try_get("", "total")?;
            rows.push((row.try_get("", "place")?, R::from_query_result(&row, "")?));
        }
    }
    let mut pages = Vec::with_capacity(lists.len());
    for (list, (mut rows, mut total)) in lists.iter().zip(found) {
        // An empty page: the total has no row to ride on. Without a cursor there are none at all.
        let cursor = list.window.after.is_some() || list.window.before.is_some();
        if let (None, true, Some((_, Some(count)))) = (total, cursor, &list.statements) {
            total = Some(count.clone().count(db).await?);
        }
        // The database may mix the lists, and says only where in its own a row is.
        rows.sort_by_key(|(place, _)| *place);
        let rows = rows.into_iter().map(|(_, row)| row).collect();
        pages.push(list.page(rows, Some(total.unwrap_or_default())));
    }
    Ok(pages)
}
