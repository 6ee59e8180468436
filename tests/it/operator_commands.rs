//! The operator's commands, `rolecall networks` and `rolecall entitlements` (R54, R55): what they print,
//! their exit codes, and that running servers act on them.

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::program::{Serving, run, stderr};
use crate::support::{Answer, database};

/// What a command prints, when it is done.
async fn done(directory: &TempDir, line: &str, settings: &[(&str, &str)]) -> String {
    let arguments: Vec<&str> = line.split(' ').collect();
    let output = run(directory, &arguments, settings).await;
    assert_eq!(output.status.code(), Some(0), "{line}: {}", stderr(&output));
    assert!(output.stderr.is_empty());
    String::from_utf8(output.stdout).unwrap()
}

/// What a command says when it is not done, and its exit code.
async fn failed(directory: &TempDir, line: &str, settings: &[(&str, &str)]) -> (i32, String) {
    let arguments: Vec<&str> = line.split(' ').collect();
    let output = run(directory, &arguments, settings).await;
    assert!(output.stdout.is_empty(), "{line}");
    (output.status.code().unwrap(), stderr(&output))
}

async fn invite(serving: &Serving, token: &str, organization: &str, email: &str) -> Answer {
    let input = json!({ "organizationId": organization, "invitees": [{ "email": email }] });
    serving.ask("InviteUsers", input, Some(token)).await
}

async fn decides(settings: &[(&str, &str)]) {
    let directory = tempfile::tempdir().unwrap();
    let (code, said) = failed(&directory, "networks list", settings).await;
    assert_eq!((code, said.contains("run `rolecall migrate` first")), (1, true), "{said}");
    let mut serving = Serving::start(&directory, &[], settings).await;
    let signed_up = serving.sign_up("ann@acme.example").await;
    let token = signed_up.text("/signUp/tokens/accessToken");
    let query = json!({ "query": "{ viewer { organizations { nodes { id } } } }" });
    let client = reqwest::Client::new();
    let request = client.post(format!("{}/graphql", serving.url)).bearer_auth(&token).json(&query);
    let answer = Answer::read(request.send().await.unwrap()).await;
    let organization = answer.text("/viewer/organizations/nodes/0/id");
    let invite = async |email: &str| {
        let answer = invite(&serving, &token, &organization, email).await;
        let call = answer.refusals("inviteUsers").pop();
        call.unwrap_or_else(|| answer.rows().remove(0))
    };

    // Networks.
    let done = async |line: &str| done(&directory, line, settings).await;
    let failed = async |line: &str| failed(&directory, line, settings).await;
    assert_eq!(done("networks list").await, "");
    assert_eq!(done("networks deny 127.0.0.9/8 --note tests").await, "denied 127.0.0.0/8\n");
    assert_eq!(invite("bob@corp.example").await, "NETWORK_DENIED");
    assert_eq!(done("networks deny 127.0.0.0/8").await, "127.0.0.0/8 is denied already\n");
    let listed = done("networks list").await;
    let columns: Vec<&str> = listed.trim_end().split('\t').collect();
    assert_eq!(
        (columns.len(), columns[0], columns[1], columns[3]),
        (4, "127.0.0.0/8", "manual", "tests")
    );
    let check = done("networks check 127.0.0.1").await;
    assert_eq!(check, "127.0.0.1 is denied: it lies in 127.0.0.0/8\n");
    let (code, said) = failed("networks allow 127.0.0.1").await;
    assert_eq!(code, 1);
    assert!(
        said.contains("127.0.0.1/32 is not on the deny list; it lies in 127.0.0.0/8"),
        "{said}"
    );
    assert_eq!(done("networks allow 127.0.0.0/8").await, "allowed 127.0.0.0/8\n");
    assert_eq!(invite("bob@corp.example").await, "INVITED");

    let file = directory.path().join("tor.txt");
    std::fs::write(&file, "# exits\n127.0.0.1 # us\n\n2001:db8::/32\n127.0.0.1/32\n").unwrap();
    let loaded = done("networks load tor.txt --list tor").await;
    assert_eq!(loaded, "list tor: 2 networks, 0 before\n");
    assert_eq!(invite("carol@corp.example").await, "NETWORK_DENIED");
    std::fs::write(&file, "2001:db8::/32\n127.0.0.1/33\n").unwrap();
    let (code, said) = failed("networks load tor.txt --list tor").await;
    assert_eq!(code, 2);
    assert!(said.contains("FILE got \"127.0.0.1/33\" in line 2; it accepts"), "{said}");
    assert_eq!(invite("carol@corp.example").await, "NETWORK_DENIED");
    std::fs::write(&file, "2001:db8::/32\n").unwrap();
    let loaded = done("networks load tor.txt --list tor").await;
    assert_eq!(loaded, "list tor: 1 networks, 2 before\n");
    assert_eq!(invite("carol@corp.example").await, "INVITED");
    for line in [
        "networks",
        "networks deny",
        "networks deny localhost",
        "networks allow 10.0.0.0/40",
        "networks load no-such-file.txt",
        "networks load tor.txt --list manual",
        "networks check 10.0.0.0/8",
    ] {
        assert_eq!(failed(line).await.0, 2, "{line}");
    }

    // Entitlements: Ann, and two who are invited.
    let shown = done(&format!("entitlements show {organization}")).await;
    let lines: Vec<&str> = shown.lines().collect();
    assert_eq!(lines[0], format!("organization  {organization} (Acme)"));
    assert_eq!(
        lines[1..],
        [
            "team access   yes (as TEAM_ACCESS has it for all)",
            "seats         unlimited",
            "used          3 (1 members, 2 invited)",
        ]
    );
    assert_eq!(done("entitlements list").await, "");
    let set = done(&format!("entitlements set {organization} --seats 4")).await;
    assert!(
        set.contains("seats         4\nused          3 (1 members, 2 invited)\nleft          1\n"),
        "{set}"
    );
    assert_eq!(invite("dan@corp.example").await, "INVITED");
    assert_eq!(invite("eve@corp.example").await, "REFUSED SEATS_EXHAUSTED invitees.0");
    assert_eq!(done("entitlements list").await, format!("{organization}\tyes\t4\t4\tAcme\n"));
    done(&format!("entitlements set {organization} --no-team-access")).await;
    assert_eq!(
        done("entitlements list").await,
        format!("{organization}\tno\tunlimited\t4\tAcme\n")
    );
    assert_eq!(invite("eve@corp.example").await, "NOT_ENTITLED organizationId");
    done(&format!("entitlements set {organization} --unlimited")).await;
    assert_eq!(invite("eve@corp.example").await, "INVITED");
    let removed = done(&format!("entitlements remove {organization}")).await;
    assert!(removed.contains("as TEAM_ACCESS has it for all"), "{removed}");
    let (code, said) = failed(&format!("entitlements remove {organization}")).await;
    assert_eq!((code, said.contains("nothing was said of org_")), (1, true), "{said}");
    let unknown = "org_01h455vb4pex5vsknk084sn02q";
    let (code, said) = failed(&format!("entitlements set {unknown} --seats 4")).await;
    assert_eq!(code, 1);
    assert!(said.contains(&format!("there is no organization {unknown}")), "{said}");
    for line in [
        "entitlements".to_owned(),
        "entitlements set acme".to_owned(),
        "entitlements set user_01h455vb4pex5vsknk084sn02q".to_owned(),
        format!("entitlements set {organization} --seats 0"),
        format!("entitlements set {organization} --seats 4 --unlimited"),
    ] {
        assert_eq!(failed(&line).await.0, 2, "{line}");
    }
    let (_, said) = failed("entitlements show user_01h455vb4pex5vsknk084sn02q").await;
    assert!(said.contains("expected an organization id (org_…), got a user id"), "{said}");
    assert_eq!(serving.stop("-TERM").await, Some(0));
}

#[tokio::test]
async fn r54_r55_the_operator_decides_on_sqlite() {
    decides(&[]).await;
}

#[tokio::test]
async fn r54_r55_the_operator_decides_on_postgres() {
    let Some(url) = database::empty_postgres().await else { return };
    decides(&[("DATABASE_URL", &url)]).await;
    database::drop_postgres(&url).await;
}

/// Organizations may invite without the operator's word or not: a setting.
#[tokio::test]
async fn r55_team_access_is_a_setting() {
    let directory = tempfile::tempdir().unwrap();
    let settings = [("TEAM_ACCESS", "entitled")];
    let mut serving = Serving::start(&directory, &[], &settings).await;
    let signed_up = serving.sign_up("ann@acme.example").await;
    let token = signed_up.text("/signUp/tokens/accessToken");
    let query = "{ viewer { organizations { nodes { id entitlement { teamAccess } } } } }";
    let client = reqwest::Client::new();
    let request = client.post(format!("{}/graphql", serving.url)).bearer_auth(&token);
    let answer = request.json(&json!({ "query": query })).send().await.unwrap();
    let answer = Answer::read(answer).await;
    let organization = answer.text("/viewer/organizations/nodes/0/id");
    let access = answer.at("/viewer/organizations/nodes/0/entitlement/teamAccess");
    assert_eq!(*access, Value::Bool(false));
    let refused = invite(&serving, &token, &organization, "bob@corp.example").await;
    assert_eq!(refused.refusals("inviteUsers"), ["NOT_ENTITLED organizationId"]);
    let set = format!("entitlements set {organization}");
    assert!(done(&directory, &set, &settings).await.contains("team access   yes\n"));
    invite(&serving, &token, &organization, "bob@corp.example").await.done("inviteUsers");
    assert_eq!(serving.stop("-TERM").await, Some(0));
}
