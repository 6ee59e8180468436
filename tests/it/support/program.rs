//! The program itself as a process of its own.

use std::process::{Output, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::{Answer, Person, operations};

/// Nothing here takes longer, unless it hangs.
const PATIENCE: Duration = Duration::from_mins(1);

/// The program in a directory of its own, with these settings and no others.
fn command(directory: &TempDir, arguments: &[&str], settings: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rolecall"));
    command.args(arguments).env_clear().envs(settings.iter().copied());
    command.current_dir(directory.path()).kill_on_drop(true);
    command
}

pub(crate) async fn run(
    directory: &TempDir,
    arguments: &[&str],
    settings: &[(&str, &str)],
) -> Output {
    let output = command(directory, arguments, settings).output();
    timeout(PATIENCE, output).await.expect("it ends").unwrap()
}

pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// A serving process.
pub(crate) struct Serving {
    child: Child,
    pub(crate) url: String,
    log: Arc<Mutex<String>>,
    /// Ends with the log.
    reading: JoinHandle<()>,
}

impl Serving {
    /// Starts it on any free port, and waits for the line that says which.
    pub(crate) async fn start(
        directory: &TempDir,
        arguments: &[&str],
        settings: &[(&str, &str)],
    ) -> Self {
        let mut command = command(directory, arguments, settings);
        command.env("LISTEN", "127.0.0.1:0").stderr(Stdio::piped()).stdout(Stdio::null());
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let log = Arc::new(Mutex::new(String::new()));
        let (tell, told) = oneshot::channel();
        let writing = Arc::clone(&log);
        let reading = tokio::spawn(async move {
            let mut tell = Some(tell);
            while let Some(line) = lines.next_line().await.unwrap() {
                writing.lock().unwrap().extend([line.as_str(), "\n"]);
                if let Some((_, address)) = line.split_once("listening on http://") {
                    let address: String = address
                        .chars()
                        .take_while(|c| c.is_ascii_digit() || ".:".contains(*c))
                        .collect();
                    let told = tell.take().map(|tell| tell.send(format!("http://{address}")));
                    assert!(told.is_some_and(|told| told.is_ok()));
                }
            }
        });
        let url = timeout(PATIENCE, told).await.expect("it starts");
        let url = url.unwrap_or_else(|_| panic!("it ended: {}", log.lock().unwrap()));
        Self { child, url, log, reading }
    }

    pub(crate) async fn ask(&self, operation: &str, input: Value, token: Option<&str>) -> Answer {
        let variables = json!({ "input": input });
        let body = json!({ "query": operations::document(operation), "variables": variables });
        let request = reqwest::Client::new().post(format!("{}/graphql", self.url)).json(&body);
        let request = match token {
            Some(token) => request.bearer_auth(token),
            None => request,
        };
        Answer::read(request.send().await.unwrap()).await
    }

    pub(crate) async fn sign_up(&self, email: &str) -> Answer {
        let input = json!({
            "name": "Ann", "email": email, "password": Person::PASSWORD,
            "organizationName": "Acme",
        });
        self.ask("SignUp", input, None).await.done("signUp")
    }

    /// Sends a signal, and waits for the end; the exit code, if it was not killed.
    pub(crate) async fn stop(&mut self, signal: &str) -> Option<i32> {
        let id = self.child.id().unwrap().to_string();
        let sent = Command::new("kill").args([signal, &id]).status().await.unwrap();
        assert!(sent.success());
        let ended = timeout(PATIENCE, self.child.wait()).await.expect("it ends").unwrap();
        (&mut self.reading).await.unwrap();
        ended.code()
    }

    pub(crate) fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }
}
