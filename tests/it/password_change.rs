//! Changing one's password while signed in (R67).

use serde_json::json;

use crate::support::identity::{change_password, confirm_email, mailed, request_email, sign_in};
use crate::support::{Person, Server, both};

const NEW: &str = "another horse, another staple";

both!(
    /// R67: with the old password; all other sessions end, and links that are under way work no more.
    r67_changing_the_password_ends_other_sessions,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let elsewhere = server.sign_in("Ann", "ann@acme.example").await;
        request_email(&elsewhere, "mallory@evil.example").await.done("requestEmailChange");
        let link = mailed(&server, "mallory@evil.example", "/change-email").await;

        let changed = change_password(&ann, Person::PASSWORD, NEW).await.done("changePassword");
        assert_eq!(changed.at("/changePassword/endedCount"), 1);
        ann.ask("Viewer", json!({})).await.text("/viewer/user/id");
        assert_eq!(elsewhere.ask("Viewer", json!({})).await.error(), "UNAUTHENTICATED");
        let late = confirm_email(&server, None, &link).await;
        assert_eq!(late.refusals("confirmEmailChange"), ["INVALID_TOKEN token"]);

        let old = sign_in(&server, "ann@acme.example", Person::PASSWORD).await;
        assert_eq!(old.refusals("signIn"), ["INVALID_CREDENTIALS password"]);
        sign_in(&server, "ann@acme.example", NEW).await.done("signIn");
        let told = server.outbox("ann@acme.example").await;
        assert_eq!(told.iter().filter(|mail| mail.kind == "password_changed").count(), 1);
        assert_eq!(server.audit("user.password_changed").await.len(), 1);
    }
);

both!(
    /// R67, R66: a stolen session does not know the password, and cannot try without end.
    r67_a_session_alone_changes_nothing,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let wrong = change_password(&ann, "not the password", NEW).await;
        assert_eq!(wrong.refusals("changePassword"), ["INVALID_CREDENTIALS currentPassword"]);
        let short = change_password(&ann, Person::PASSWORD, "short").await;
        assert_eq!(short.refusals("changePassword"), ["INVALID_PASSWORD newPassword"]);
        let weak = change_password(&ann, Person::PASSWORD, "ann@acme.example").await;
        assert_eq!(weak.refusals("changePassword"), ["WEAK_PASSWORD newPassword"]);
        for _ in 0..49 {
            change_password(&ann, "not the password", NEW).await.at("/changePassword");
        }
        let slow = change_password(&ann, Person::PASSWORD, NEW).await;
        assert_eq!(slow.error(), "RATE_LIMITED");
        assert_eq!(server.audit("user.password_changed").await.len(), 0);
        sign_in(&server, "ann@acme.example", Person::PASSWORD).await.error();
    }
);

both!(
    /// Two at once with the same old password: one password counts in the end, and it is that of the one
    /// who was told so.
    r67_one_of_two_changes_counts,
    |server: Server| async move {
        let ann = server.sign_up("Ann", "ann@acme.example", "Acme").await;
        let tries = ["first of the two passwords", "second of the two passwords"];
        let (one, two) = tokio::join!(
            change_password(&ann, Person::PASSWORD, tries[0]),
            change_password(&ann, Person::PASSWORD, tries[1]),
        );
        let done = |answer: &crate::support::Answer| {
            answer.body.pointer("/data/changePassword/endedCount").is_some_and(|n| !n.is_null())
        };
        assert_eq!([done(&one), done(&two)].iter().filter(|done| **done).count(), 1);
        let mut works = Vec::new();
        for password in tries {
            works.push(sign_in(&server, "ann@acme.example", password).await.refusals("signIn").is_empty());
        }
        assert_eq!(works, [done(&one), done(&two)]);
    }
);
