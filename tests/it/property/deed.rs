//! Whether who did something had the right to all that came of it.

use entity::account::Status;

use super::house::Deed;
use super::model::{Row, Snapshot};

/// Who did it had the right to every assignment that came, that changed, and that went, and to what
/// became of members and accounts.
pub(super) fn check_deed(before: &Snapshot, after: &Snapshot, deed: &Deed) {
    let find = |rows: &[Row], row: &Row| rows.iter().find(|other| other.id == row.id).cloned();
    let none = |rows: &[Row], row: &Row| find(rows, row).is_none();
    let added: Vec<&Row> = after.rows.iter().filter(|row| none(&before.rows, row)).collect();
    let removed: Vec<&Row> = before.rows.iter().filter(|row| none(&after.rows, row)).collect();
    let stayed = before.rows.iter().filter_map(|row| Some((row, find(&after.rows, row)?)));
    let changed: Vec<(&Row, Row)> =
        stayed.filter(|(was, is)| was.held() != is.held() || was.owns != is.owns).collect();
    check_standing(before, after, deed);
    if !deed.done {
        assert!(
            added.is_empty() && removed.is_empty() && changed.is_empty(),
            "refused, and yet: {added:#?} {removed:#?} {changed:#?}"
        );
    }
    for row in added {
        let role = row.role.as_ref().unwrap();
        let place = after.place_text(row.account);
        // Who creates an account owns it; who joins gets the role that every member has; who hands
        // something over stays there.
        let founded = row.owns && deed.creates && Some(row.user) == deed.by;
        let joined = deed.joins && Some(&role.key) == deed.default_role.as_ref();
        let stays = deed.hands_over == Some(row.account)
            && Some(row.user) == deed.by
            && Some(&role.key) == deed.former.as_ref();
        let may = deed.by.is_some_and(|by| before.may_give(by, role, row.account));
        assert!(
            founded || joined || stays || may,
            "{} at {place} came from nobody who may: {deed:?}",
            role.key
        );
    }
    for (was, is) in &changed {
        check_changed(before, was, is, deed);
    }
    for row in removed {
        let place = before.place_text(row.account);
        let manages = deed.by.is_some_and(|by| before.may_manage(by, row.account));
        let leaves = deed.removes == Some(row.user) && may_remove(before, deed);
        let closed = deed.closes.is_some_and(|id| before.is_within(row.account, id))
            && may_close(before, deed);
        // Beside an Owner's role there is no other.
        let owns =
            |(_, is): &(&Row, Row)| is.owns && (is.user, is.account) == (row.user, row.account);
        let cleared = changed.iter().any(owns);
        assert!(
            !row.owns && (manages || leaves || closed || cleared),
            "{row:?} at {place} went by nobody who may: {deed:?}"
        );
    }
}

/// An assignment changes only when what it is about changes hands, or its role is deleted.
fn check_changed(before: &Snapshot, was: &Row, is: &Row, deed: &Deed) {
    let by = deed.by.unwrap();
    let handed = was.owns
        && is.owns
        && (was.role_id, was.account) == (is.role_id, is.account)
        && Some(is.user) == deed.heir
        && (deed.hands_over == Some(was.account) && was.user == by
            || deed.removes == Some(was.user) && may_remove(before, deed));
    let replaced = deed.replaces == Some((was.role_id, is.role_id))
        && (was.user, was.account, was.group) == (is.user, is.account, is.group)
        && is.role.as_ref().is_some_and(|role| before.may_give(by, role, is.account));
    assert!(handed || replaced, "{was:?} became {is:?} by nobody who may: {deed:?}");
}

/// Members are suspended and removed by those who may, and so are accounts stopped.
fn check_standing(before: &Snapshot, after: &Snapshot, deed: &Deed) {
    let may = |key: &str| deed.by.is_some_and(|by| before.may(by, key, None));
    for (user, active) in &before.members {
        match after.members.get(user) {
            None => {
                let place =
                    deed.at.is_some() && deed.by.is_some_and(|by| before.may_manage(by, deed.at));
                let right = deed.removes == Some(*user) && (place || may_remove(before, deed));
                assert!(deed.done && right, "{user} is no member any more: {deed:?}");
            }
            Some(now) if now != active => {
                let right = may("organization.users.manage") && deed.by != Some(*user);
                assert!(deed.done && right, "{user} is active: {now}, by nobody who may: {deed:?}");
            }
            Some(_) => {}
        }
    }
    for (account, was, is) in after.turned(before) {
        let right = match is {
            Status::Closed => {
                deed.closes.is_some_and(|id| after.is_within(Some(account), id))
                    && may_close(before, deed)
            }
            _ => was != Status::Closed && may("organization.accounts.manage"),
        };
        assert!(deed.done && right, "{account} is {is:?} by nobody who may: {deed:?}");
    }
}

/// Members leave, or are removed by those who manage the organization's users.
fn may_remove(before: &Snapshot, deed: &Deed) -> bool {
    let Some(by) = deed.by else { return false };
    deed.removes == Some(by) || before.may(by, "organization.users.manage", None)
}

fn may_close(before: &Snapshot, deed: &Deed) -> bool {
    deed.by.is_some_and(|by| before.may(by, "account.ownership.close", deed.closes))
}
