//! What people see of their access, and how it is explained to them, against what the rows mean.

use entity::id::{AccountId, UserId};
use serde_json::json;

use super::house::House;
use super::model::Snapshot;
use crate::support::Answer;

impl House {
    /// What a person is shown of their access is what the assignments come to, at every account.
    pub(super) async fn check_shown(&self, snapshot: &Snapshot, user: UserId) {
        let accounts: Vec<AccountId> = snapshot.places().into_iter().flatten().take(20).collect();
        let field = |(index, id): (usize, &AccountId)| {
            format!("a{index}: account(id: \"{id}\") {{ viewerPermissions }}")
        };
        let fields: Vec<String> = accounts.iter().enumerate().map(field).collect();
        let document = format!("{{ {} }}", fields.join(" "));
        let answer = self.person_of(user).send(&document, json!({})).await;
        for (index, account) in accounts.iter().enumerate() {
            let shown = &answer.body["data"][format!("a{index}")]["viewerPermissions"];
            let shown: Option<Vec<&str>> =
                shown.as_array().map(|keys| keys.iter().map(|key| key.as_str().unwrap()).collect());
            let expected = snapshot.permissions(user, Some(*account));
            let expected: Option<Vec<&str>> =
                expected.as_ref().map(|keys| keys.iter().map(String::as_str).collect());
            assert_eq!(shown, expected, "permissions of {user} at {account}: {:#}", answer.body);
        }
    }

    /// Asked by the Owner, `access` allows what the assignments permit, and names one that does.
    pub(super) async fn check_explained(&self, snapshot: &Snapshot, users: &[UserId]) {
        const ASKED: [&str; 3] =
            ["account.access.use", "account.users.manage", "organization.assignments.manage"];
        let mut questions = Vec::new();
        for user in users {
            for place in snapshot.places().into_iter().take(6) {
                questions.extend(ASKED.map(|permission| (*user, permission, place)));
            }
        }
        let owner = self.person_of(snapshot.owner());
        for some in questions.chunks(20) {
            let fields: Vec<String> = some
                .iter()
                .enumerate()
                .map(|(index, (user, permission, place))| {
                    let place = snapshot.place_text(*place);
                    format!(
                        "q{index}: access(userId: \"{user}\", permission: \"{permission}\", scopeId: \"{place}\") \
                         {{ allowed because {{ assignment {{ id }} }} }}"
                    )
                })
                .collect();
            let answer = owner.send(&format!("{{ {} }}", fields.join(" ")), json!({})).await;
            for (index, (user, permission, place)) in some.iter().enumerate() {
                self.check_answer(snapshot, &answer, index, (*user, permission, *place));
            }
        }
    }

    fn check_answer(
        &self,
        snapshot: &Snapshot,
        answer: &Answer,
        index: usize,
        (user, permission, place): (UserId, &str, Option<AccountId>),
    ) {
        let told = &answer.body["data"][format!("q{index}")];
        let what = format!("{permission} of {user} at {}: {told}", snapshot.place_text(place));
        let because = told["because"]["assignment"]["id"].as_str();
        let Some(allowed) = told["allowed"].as_bool() else {
            // The Owner may not ask at a place where nobody can do anything any more.
            assert!(snapshot.is_closed(place), "{what} {:#}", answer.body);
            return;
        };
        let row = because.map(|id| snapshot.rows.iter().find(|row| row.id.to_string() == id));
        assert_eq!(row.is_some(), allowed, "{what}");
        match row {
            None => {
                let all = snapshot.permissions(user, place).unwrap_or_default();
                assert!(!all.contains(permission), "{what}");
            }
            Some(row) => {
                let row = row.unwrap_or_else(|| panic!("no such assignment: {what}"));
                assert!(row.user == user && snapshot.counts(row), "{what}");
                assert!(snapshot.explains(row, permission, place), "{what}");
            }
        }
    }
}
