//! `rolecall entitlements`: which organizations may invite people, and how many (R55).

use std::fmt::Write as _;

use clap::Subcommand;
use entity::id::OrganizationId;

use super::{operator, print};
use crate::app::StartError;
use crate::app::entitlement::Entitlement;
use crate::app::operator::Entitled;
use crate::config::Config;

/// What is done with them.
#[derive(Clone, Copy, Debug, Subcommand)]
pub(super) enum Entitlements {
    /// Say what an organization is entitled to, in place of what was said before
    Set {
        /// The organization, org_…
        organization: OrganizationId,
        /// For how many people there is room, invited ones counted
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
        seats: Option<u32>,
        /// For as many people as there are (also what holds when nothing is said)
        #[arg(long, conflicts_with = "seats")]
        unlimited: bool,
        /// It may not invite anybody
        #[arg(long)]
        no_team_access: bool,
    },
    /// Print what an organization is entitled to, and what is used of it
    Show {
        /// The organization, org_…
        organization: OrganizationId,
    },
    /// Take back what was said: what holds for all holds for the organization again
    Remove {
        /// The organization, org_…
        organization: OrganizationId,
    },
    /// Print what was said of organizations: organization, team access, seats, used, name, with tabs in
    /// between
    List,
}

pub(super) fn run(config: &Config, what: Entitlements) -> Result<(), StartError> {
    let said = operator(config, async |operator| {
        Ok(match what {
            // Nothing to tell apart: `--unlimited` only says it aloud.
            Entitlements::Set { organization, seats, unlimited: _, no_team_access } => {
                told(&operator.entitle(organization, !no_team_access, seats).await?)
            }
            Entitlements::Show { organization } => told(&operator.entitlement(organization).await?),
            Entitlements::Remove { organization } => {
                let (removed, now) = operator.forget(organization).await?;
                if !removed {
                    let sentence = format!("nothing was said of {organization}");
                    return Err(StartError::Other(sentence));
                }
                told(&now)
            }
            Entitlements::List => {
                operator.entitlements().await?.iter().map(line).collect::<String>()
            }
        })
    })?;
    print(&said)
}

fn yes(yes: bool) -> &'static str {
    if yes { "yes" } else { "no" }
}

fn seats(entitlement: &Entitlement) -> String {
    entitlement.seats.map_or_else(|| "unlimited".to_owned(), |seats| seats.to_string())
}

/// All that there is to say.
fn told(entitled: &Entitled) -> String {
    let Entitled { id, name, entitlement, set } = entitled;
    let Entitlement { members, invited, .. } = entitlement;
    let whence = if *set { "" } else { " (as TEAM_ACCESS has it for all)" };
    let mut said = format!("organization  {id} ({name})\n");
    let _ = writeln!(said, "team access   {}{whence}", yes(entitlement.team_access));
    let _ = writeln!(said, "seats         {}", seats(entitlement));
    let used = entitlement.used();
    let _ = writeln!(said, "used          {used} ({members} members, {invited} invited)");
    if let Some(left) = entitlement.left() {
        let _ = writeln!(said, "left          {left}");
    }
    said
}

fn line(entitled: &Entitled) -> String {
    let Entitled { id, name, entitlement, .. } = entitled;
    let (access, used) = (yes(entitlement.team_access), entitlement.used());
    format!("{id}\t{access}\t{}\t{used}\t{name}\n", seats(entitlement))
}
