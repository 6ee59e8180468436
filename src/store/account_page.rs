//! Accounts as those who reach them list them (R62).

use entity::id::{AccountId, OrganizationId};

use super::account::{AccountRow, BY_NAME};
use super::list::List;
use super::page::Window;
use super::sql::Sql;

/// Which accounts a person reaches, as their standing says.
#[derive(Clone, Debug, Default)]
pub struct Reached {
    /// All of these organizations'.
    pub organizations: Vec<OrganizationId>,
    /// These, in other organizations, and their subaccounts.
    pub accounts: Vec<AccountId>,
}

/// So many organizations or accounts have a branch of the statement each, which reads no more than a
/// page of theirs; what is beyond shares one.
const BRANCHES: usize = 20;

impl Reached {
    /// The accounts `a` as disjoint parts, each (but for the last of either kind) in the order of an
    /// index; below one account, where `parent_id` says so.
    fn parts(&self, parent_id: Option<AccountId>) -> Vec<Sql> {
        let mut parts = Vec::new();
        // Below one account there is one order, whoever reaches it.
        let (organizations, accounts) = match parent_id {
            Some(parent_id) if self.accounts.contains(&parent_id) => (vec![], vec![parent_id]),
            Some(_) => (self.organizations.clone(), vec![]),
            None => (self.organizations.clone(), self.accounts.clone()),
        };
        for ids in branches(&organizations) {
            let mut part = Sql::new("a.organization_id ");
            among(&mut part, ids);
            parts.push(part);
        }
        for ids in branches(&accounts) {
            let mut part = Sql::new("a.parent_id ");
            among(&mut part, ids);
            parts.push(part);
        }
        // What is below one of them has its place already.
        if !self.accounts.is_empty() && !parent_id.is_some_and(|id| self.accounts.contains(&id)) {
            let mut part = Sql::new("a.id IN ");
            part.list(self.accounts.iter().copied());
            part.push(" AND (a.parent_id IS NULL OR a.parent_id NOT IN ");
            part.list(self.accounts.iter().copied()).push(")");
            parts.push(part);
        }
        if let Some(parent_id) = parent_id {
            for part in &mut parts {
                part.push(" AND a.parent_id = ").bind(parent_id);
            }
        }
        parts
    }
}

fn branches<T>(ids: &[T]) -> impl Iterator<Item = &[T]> {
    let (own, shared) = ids.split_at(ids.len().min(BRANCHES));
    own.chunks(1).chain((!shared.is_empty()).then_some(shared))
}

fn among<T: Copy + Into<sea_orm::Value>>(sql: &mut Sql, ids: &[T]) {
    match ids {
        [id] => sql.push("= ").bind(*id),
        ids => sql.push("IN ").list(ids.iter().copied()),
    };
}

/// One window of the accounts that a person reaches and that are not closed, by name; all, or the
/// subaccounts of one.
#[must_use]
pub fn list(reached: &Reached, parent_id: Option<AccountId>, window: Window) -> List<AccountRow> {
    let parts = reached.parts(parent_id);
    if parts.is_empty() {
        return List::empty(window);
    }
    let mut sql = Sql::new(
        "SELECT a.id, a.name, a.name_key, a.status, a.created_at, a.organization_id,
            o.name AS organization_name, a.parent_id, p.name AS parent_name,
            p.status AS parent_status, own.user_id AS owner_id FROM (SELECT * FROM (",
    );
    for (index, part) in parts.iter().enumerate() {
        sql.push(if index == 0 { "" } else { " UNION ALL " });
        sql.push("SELECT * FROM (SELECT a.* FROM accounts a WHERE a.status <> 'CLOSED' AND ");
        sql.append(part);
        BY_NAME.apply(&mut sql, &window);
        sql.push(&format!(") part_{index}"));
    }
    sql.push(") a ");
    BY_NAME.finish(&mut sql, &window);
    sql.push(
        ") a JOIN organizations o ON o.id = a.organization_id
        LEFT JOIN accounts p ON p.id = a.parent_id
        JOIN role_assignments own ON own.owned_scope_id = COALESCE(a.parent_id, a.id)",
    );
    BY_NAME.finish(&mut sql, &window);
    let mut count = Sql::new("SELECT CAST(");
    for (index, part) in parts.iter().enumerate() {
        count.push(if index == 0 { "" } else { " + " });
        count.push(
            "(SELECT COUNT(*) FROM (SELECT 1 FROM accounts a WHERE a.status <> 'CLOSED' AND ",
        );
        // The order keeps the planner on an index where it might rather read the whole table.
        count.append(part).push(&format!(" ORDER BY a.organization_id, a.name_key) part_{index})"));
    }
    count.push(" AS bigint)");
    List::new(sql, count, window)
}
