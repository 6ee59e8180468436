//! What people do about their own identity, in short forms.

use std::time::Duration;

use serde_json::{Value, json};

use super::answer::Answer;
use super::person::Person;
use super::server::Server;

/// One of the mutations about one's own identity, with the fields of its payload beside `userErrors`.
pub(crate) async fn call(by: &Person, mutation: &str, fields: &str, input: Value) -> Answer {
    by.send(&document(mutation, fields), json!({ "input": input })).await
}

fn document(mutation: &str, fields: &str) -> String {
    let input = format!("{}{}Input!", mutation[..1].to_uppercase(), &mutation[1..]);
    format!(
        "mutation($input: {input}) {{ {mutation}(input: $input) {{
            {fields} userErrors {{ code message path help }} }} }}"
    )
}

pub(crate) async fn change_password(by: &Person, current: &str, new: &str) -> Answer {
    let input = json!({ "currentPassword": current, "newPassword": new });
    call(by, "changePassword", "endedCount", input).await
}

pub(crate) async fn request_email(by: &Person, email: &str) -> Answer {
    let input = json!({ "email": email, "password": Person::PASSWORD });
    call(by, "requestEmailChange", "", input).await
}

/// By whoever has the link, signed in or not.
pub(crate) async fn confirm_email(server: &Server, by: Option<&Person>, token: &str) -> Answer {
    let document = document("confirmEmailChange", "viewer { user { email emailVerified } }");
    let access = by.map(|person| person.access_token.as_str());
    server.send(&document, json!({ "input": { "token": token } }), access, None).await
}

pub(crate) async fn delete(by: &Person, dry_run: bool) -> Answer {
    let input = json!({ "password": Person::PASSWORD, "dryRun": dry_run });
    let fields = "deletedUserId consequences { roleAssignmentCount invitationCount
        accounts { name } }";
    call(by, "deleteOwnUser", fields, input).await
}

pub(crate) async fn sign_in(server: &Server, email: &str, password: &str) -> Answer {
    server.ask("SignIn", json!({ "input": { "email": email, "password": password } })).await
}

/// The token of the newest link of a kind that was mailed to an address: some are mailed after the answer.
pub(crate) async fn mailed(server: &Server, email: &str, page: &str) -> String {
    for _ in 0..500 {
        let mails = server.mails().await;
        let to = |mail: &&Value| mail["to"].as_str().unwrap().contains(email);
        let links = mails.iter().filter(to).flat_map(|mail| mail["links"].as_array().unwrap());
        let mut tokens = links.filter_map(Value::as_str).filter_map(|link| link.split_once(page));
        if let Some((_, token)) = tokens.find(|(_, token)| token.len() > 1) {
            return token.trim_start_matches('/').to_owned();
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("no mail to {email} with a link to {page}");
}
