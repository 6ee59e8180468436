//! Relay connections over keyset pages.

use std::borrow::Cow;

use async_graphql::{Object, OutputType, SimpleObject, TypeName};

use crate::error::Error;
use crate::store::page::{Cursor, Page, Window};

/// Rows of a page when the client does not say how many.
pub(super) const DEFAULT_SIZE: u64 = 50;
/// The most rows of a page.
pub(super) const MAX_SIZE: u64 = 100;

/// One page of a list.
pub(super) struct Connection<T> {
    edges: Vec<Edge<T>>,
    page_info: PageInfo,
    total: Option<i64>,
}

/// A row with its position.
pub(super) struct Edge<T> {
    cursor: String,
    node: T,
}

/// Where a page is in its list.
#[derive(Clone, Debug, SimpleObject)]
pub(super) struct PageInfo {
    /// Whether there are rows behind the last one of this page.
    has_next_page: bool,
    /// Whether there are rows before the first one of this page.
    has_previous_page: bool,
    /// The position of the page's first row: what `before` takes.
    start_cursor: Option<String>,
    /// The position of the page's last row: what `after` takes.
    end_cursor: Option<String>,
}

impl<T> Connection<T> {
    /// A page, with the position of each row.
    /// Rows that are nothing to show are left out.
    pub(super) fn new<R, N: Into<Option<T>>>(
        page: Page<R>,
        cursor: impl Fn(&R) -> Cursor,
        mut node: impl FnMut(R) -> N,
    ) -> Self {
        let edges: Vec<Edge<T>> = page
            .rows
            .into_iter()
            .filter_map(|row| Some(Edge { cursor: cursor(&row).encode(), node: node(row).into()? }))
            .collect();
        let page_info = PageInfo {
            has_next_page: page.has_next,
            has_previous_page: page.has_previous,
            start_cursor: edges.first().map(|edge| edge.cursor.clone()),
            end_cursor: edges.last().map(|edge| edge.cursor.clone()),
        };
        Self { edges, page_info, total: page.total }
    }
}

impl<T: OutputType> TypeName for Connection<T> {
    fn type_name() -> Cow<'static, str> {
        format!("{}Connection", T::type_name()).into()
    }
}

impl<T: OutputType> TypeName for Edge<T> {
    fn type_name() -> Cow<'static, str> {
        format!("{}Edge", T::type_name()).into()
    }
}

/// One page of a list.
#[Object(name_type)]
impl<T: OutputType> Connection<T> {
    /// The rows with their positions.
    async fn edges(&self) -> &[Edge<T>] {
        &self.edges
    }

    /// The rows.
    async fn nodes(&self) -> Vec<&T> {
        self.edges.iter().map(|edge| &edge.node).collect()
    }

    /// Where the page is in its list.
    async fn page_info(&self) -> &PageInfo {
        &self.page_info
    }

    /// How many rows the whole list has; counted only when it is asked for.
    async fn total_count(&self) -> i64 {
        self.total.unwrap_or_default()
    }
}

/// A row with its position in the list.
#[Object(name_type)]
impl<T: OutputType> Edge<T> {
    /// The position: what `after` and `before` take.
    async fn cursor(&self) -> &str {
        &self.cursor
    }

    /// The row.
    async fn node(&self) -> &T {
        &self.node
    }
}

/// The window that a field's arguments ask for.
pub(super) fn window(
    ctx: &async_graphql::Context<'_>,
    first: Option<i32>,
    after: Option<String>,
    last: Option<i32>,
    before: Option<String>,
) -> Result<Window, Error> {
    let bad = |field, message: String| Error::BadInput { field, message };
    let (field, size, backward) = match (first, last) {
        (Some(_), Some(_)) => return Err(bad("first", "use first or last, not both".to_owned())),
        (None, Some(last)) => ("last", Some(last), true),
        (first, None) => ("first", first, false),
    };
    let size = match size.map(u64::try_from) {
        None => DEFAULT_SIZE,
        Some(Ok(size)) if size <= MAX_SIZE => size,
        _ => {
            let got = size.unwrap_or_default();
            return Err(bad(field, format!("0 to {MAX_SIZE} rows, got {got}")));
        }
    };
    let cursor = |field, text: Option<String>| {
        text.map(|text| {
            Cursor::decode(&text)
                .ok_or_else(|| bad(field, "not a cursor that a page of this list gave".to_owned()))
        })
        .transpose()
    };
    Ok(Window {
        size,
        after: cursor("after", after)?,
        before: cursor("before", before)?,
        backward,
        total: ctx.look_ahead().field("totalCount").exists(),
    })
}
