//! SQL text with its values: the one way statements are put together here.

use sea_orm::{ConnectionTrait, DbBackend, FromQueryResult, QueryResult, Statement, Value};

/// How many rows one statement inserts: far below the values that a statement may have, because
/// `SQLite` finds each by its name, which takes the longer the more there are.
pub const ROWS_PER_STATEMENT: usize = 500;
/// The most values of one statement: `PostgreSQL` takes 65,535.
const VALUES_PER_STATEMENT: usize = 60_000;

/// How many rows of up to twelve columns one statement on this database takes.
pub fn rows_per_statement(db: &impl ConnectionTrait) -> usize {
    match db.get_database_backend() {
        DbBackend::Postgres => VALUES_PER_STATEMENT / 12,
        _ => ROWS_PER_STATEMENT,
    }
}

/// A statement under construction. Values go in as parameters (`$1`, which both databases take),
/// never into the text.
#[derive(Clone, Debug, Default)]
pub struct Sql {
    text: String,
    values: Vec<Value>,
}

impl Sql {
    /// Begins with this text.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self { text: text.to_owned(), values: Vec::new() }
    }

    /// Adds text.
    pub fn push(&mut self, text: &str) -> &mut Self {
        self.text.push_str(text);
        self
    }

    /// Adds a value.
    pub fn bind(&mut self, value: impl Into<Value>) -> &mut Self {
        self.values.push(value.into());
        self.text.push('$');
        self.text.push_str(&self.values.len().to_string());
        self
    }

    /// Adds a list in brackets for `IN`; an empty one matches nothing.
    pub fn list<V: Into<Value>>(&mut self, values: impl IntoIterator<Item = V>) -> &mut Self {
        self.push("(");
        let before = self.values.len();
        for value in values {
            if self.values.len() > before {
                self.push(", ");
            }
            self.bind(value);
        }
        if self.values.len() == before {
            self.push("NULL");
        }
        self.push(")")
    }

    /// Adds another piece, its parameters renumbered.
    pub fn append(&mut self, other: &Self) -> &mut Self {
        let mut rest = other.text.as_str();
        while let Some(at) = rest.find('$') {
            self.text.push_str(&rest[..at]);
            let digits = rest[at + 1..].bytes().take_while(u8::is_ascii_digit).count();
            let index: usize = rest[at + 1..at + 1 + digits].parse().unwrap_or(1);
            self.bind(other.values[index - 1].clone());
            rest = &rest[at + 1 + digits..];
        }
        self.push(rest)
    }

    /// How many values it has.
    #[must_use]
    pub fn values(&self) -> usize {
        self.values.len()
    }

    /// The finished statement.
    pub fn statement(self, db: &impl ConnectionTrait) -> Statement {
        Statement::from_sql_and_values(db.get_database_backend(), self.text, self.values)
    }

    /// Runs it and reads every row.
    pub async fn all<T: FromQueryResult>(
        self,
        db: &impl ConnectionTrait,
    ) -> Result<Vec<T>, sea_orm::DbErr> {
        let statement = self.statement(db);
        db.query_all_raw(statement).await?.iter().map(|row| T::from_query_result(row, "")).collect()
    }

    /// Runs it and reads the first row.
    pub async fn one<T: FromQueryResult>(
        self,
        db: &impl ConnectionTrait,
    ) -> Result<Option<T>, sea_orm::DbErr> {
        let statement = self.statement(db);
        let row = db.query_one_raw(statement).await?;
        row.as_ref().map(|row| T::from_query_result(row, "")).transpose()
    }

    /// Runs it and reads the first column of the first row, zero where there is none.
    pub async fn count(self, db: &impl ConnectionTrait) -> Result<i64, sea_orm::DbErr> {
        let statement = self.statement(db);
        let row: Option<QueryResult> = db.query_one_raw(statement).await?;
        row.map_or(Ok(0), |row| row.try_get_by_index(0))
    }

    /// Runs it and tells how many rows it changed.
    pub async fn execute(self, db: &impl ConnectionTrait) -> Result<u64, sea_orm::DbErr> {
        let statement = self.statement(db);
        Ok(db.execute_raw(statement).await?.rows_affected())
    }
}

/// A statement that sea-orm has put together.
impl From<Statement> for Sql {
    fn from(statement: Statement) -> Self {
        let values = statement.values.map(|values| values.0).unwrap_or_default();
        Self { text: statement.sql, values }
    }
}

/// Inserts that are done together. They may refer to each other's rows by keys, which are checked when all
/// is there; none of them reads what another one writes.
#[derive(Debug, Default)]
pub struct Batch(Vec<Sql>);

impl Batch {
    /// Adds an insert.
    pub fn add(&mut self, insert: impl Into<Sql>) {
        self.0.push(insert.into());
    }

    /// Runs them: on `PostgreSQL` in one statement, or as few as take all the values.
    pub async fn execute(self, db: &impl ConnectionTrait) -> Result<(), sea_orm::DbErr> {
        let most = match db.get_database_backend() {
            DbBackend::Postgres => VALUES_PER_STATEMENT,
            _ => 0,
        };
        let mut together: Vec<Sql> = Vec::new();
        let mut values = 0;
        for insert in self.0 {
            values += insert.values.len();
            if values > most && !together.is_empty() {
                values = insert.values.len();
                joined(std::mem::take(&mut together)).execute(db).await?;
            }
            together.push(insert);
        }
        if together.is_empty() {
            return Ok(());
        }
        joined(together).execute(db).await.map(drop)
    }
}

/// Several inserts as one statement.
fn joined(mut inserts: Vec<Sql>) -> Sql {
    let last = inserts.pop().unwrap_or_default();
    if inserts.is_empty() {
        return last;
    }
    let mut sql = Sql::default();
    for (number, insert) in inserts.iter().enumerate() {
        sql.push(if number == 0 { "WITH " } else { ", " });
        sql.push(&format!("insert{number} AS (")).append(insert).push(")");
    }
    sql.push(" ").append(&last);
    sql
}

/// A text as a `LIKE` pattern that finds it anywhere; its wildcards are taken literally with
/// `ESCAPE '\'`. `PostgreSQL` takes no U+0000, not even to look for it: it is looked for as U+FFFD.
#[must_use]
pub fn contains(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len() + 2);
    pattern.push('%');
    for c in text.chars() {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(if c == '\0' { char::REPLACEMENT_CHARACTER } else { c });
    }
    pattern.push('%');
    pattern
}
