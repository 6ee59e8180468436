//! `rolecall doctor`: looks at everything that the settings point at, and says what to mend.

use std::fmt::Write;

use crate::app::StartError;
use crate::app::doctor::{self, Finding, Verdict};
use crate::config::Config;

/// Prints a line for each thing that was looked at, and what to do about those that are not well. It fails
/// if one of them keeps the server from working.
pub(super) fn run(config: &Config) -> Result<(), StartError> {
    let findings = super::runtime()?.block_on(doctor::examine(config));
    super::print(&report(&findings))?;
    match findings.iter().filter(|finding| finding.verdict == Verdict::Bad).count() {
        0 => Ok(()),
        1 => Err(StartError::Other("one thing has to be mended".to_owned())),
        bad => Err(StartError::Other(format!("{bad} things have to be mended"))),
    }
}

fn report(findings: &[Finding]) -> String {
    let mut text = String::new();
    for Finding { subject, verdict, found, mend } in findings {
        let mark = match verdict {
            Verdict::Well => "ok",
            Verdict::Doubtful => "look",
            Verdict::Bad => "BAD",
        };
        // Writing to a text does not fail.
        let _ = writeln!(text, "{mark:<5} {subject:<12} {found}");
        if let Some(mend) = mend {
            let _ = writeln!(text, "{:18} → {mend}", "");
        }
    }
    text
}
