//! `rolecall networks`: the networks from which nobody is invited (R54).

use std::fmt::Write as _;
use std::io::Read as _;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use chrono::SecondsFormat;
use clap::Subcommand;
use ipnet::IpNet;

use super::{operator, print};
use crate::app::StartError;
use crate::app::operator::{Allowed, BY_HAND, Operator};
use crate::config::{Config, ConfigError, network};

/// What is done with them.
#[derive(Clone, Debug, Subcommand)]
pub(super) enum Networks {
    /// Let nobody be invited from a network
    Deny {
        /// Address or network, such as 203.0.113.0/24
        #[arg(value_parser = parse)]
        network: IpNet,
        /// Why, for the list
        #[arg(long, value_parser = note)]
        note: Option<String>,
    },
    /// Take a network off the deny list
    Allow {
        /// The network as it is listed
        #[arg(value_parser = parse)]
        network: IpNet,
    },
    /// Print the deny list: network, list, since when, note, with tabs in between
    List,
    /// Say whether an address is in a denied network
    Check {
        /// The address
        address: IpAddr,
    },
    /// Deny the networks in a file, one a line, `#` before comments; they replace those that were
    /// loaded before under the same name
    Load {
        /// The file; `-` for the standard input
        file: PathBuf,
        /// The name of the list
        #[arg(long, default_value = "loaded", value_parser = name)]
        list: String,
    },
}

pub(super) fn run(config: &Config, what: Networks) -> Result<(), StartError> {
    // The file first: one with a mistake in it changes nothing.
    let said = match what {
        Networks::Load { file, list } => {
            let networks = read(&file)?;
            operator(config, async |operator| load(operator, &list, &networks).await)?
        }
        Networks::Deny { network, note } => {
            operator(config, async |operator| deny(operator, network, note).await)?
        }
        Networks::Allow { network } => {
            operator(config, async |operator| allow(operator, network).await)?
        }
        Networks::List => operator(config, async |operator| list(operator).await)?,
        Networks::Check { address } => {
            operator(config, async |operator| check(operator, address).await)?
        }
    };
    print(&said)
}

async fn deny(
    operator: &Operator,
    network: IpNet,
    note: Option<String>,
) -> Result<String, StartError> {
    let new = operator.deny(network, note.as_deref()).await?;
    Ok(if new { format!("denied {network}\n") } else { format!("{network} is denied already\n") })
}

async fn allow(operator: &Operator, network: IpNet) -> Result<String, StartError> {
    match operator.allow(network).await? {
        Allowed { was_denied: true, within: None } => Ok(format!("allowed {network}\n")),
        Allowed { was_denied: true, within: Some(wider) } => {
            Ok(format!("took {network} off the list, but it lies in {wider}, which is denied\n"))
        }
        Allowed { was_denied: false, within } => {
            let within = within.map(|wider| format!("; it lies in {wider}, which is"));
            let within = within.unwrap_or_default();
            Err(StartError::Other(format!("{network} is not on the deny list{within}")))
        }
    }
}

async fn list(operator: &Operator) -> Result<String, StartError> {
    let mut said = String::new();
    for row in operator.denied().await? {
        let since = row.created_at.to_rfc3339_opts(SecondsFormat::Secs, true);
        let note = row.note.unwrap_or_default();
        let _ = writeln!(said, "{}\t{}\t{since}\t{note}", row.network, row.list);
    }
    Ok(said)
}

async fn check(operator: &Operator, address: IpAddr) -> Result<String, StartError> {
    Ok(match operator.denies(address).await? {
        Some(network) => format!("{address} is denied: it lies in {network}\n"),
        None => format!("{address} is not denied\n"),
    })
}

async fn load(operator: &Operator, list: &str, networks: &[IpNet]) -> Result<String, StartError> {
    let before = operator.load(list, networks).await?;
    Ok(format!("list {list}: {} networks, {before} before\n", networks.len()))
}

/// The networks of a file, each once.
fn read(file: &Path) -> Result<Vec<IpNet>, StartError> {
    let wrong = |got: String| {
        let accepts = "a file with an address or network on each line, `#` before comments";
        ConfigError { setting: "FILE", got, accepts: accepts.to_owned() }
    };
    let mut text = String::new();
    let bytes = if file == Path::new("-") {
        std::io::stdin().read_to_string(&mut text)
    } else {
        std::fs::File::open(file).and_then(|mut file| file.read_to_string(&mut text))
    };
    bytes
        .map_err(|error| wrong(format!("{:?}, which cannot be read ({error})", file.display())))?;
    let mut networks = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let bare = line.split('#').next().unwrap_or_default().trim();
        if bare.is_empty() {
            continue;
        }
        let found = network(bare).map(canonical);
        networks.push(found.ok_or_else(|| wrong(format!("{bare:?} in line {}", index + 1)))?);
    }
    networks.sort_unstable();
    networks.dedup();
    Ok(networks)
}

fn parse(text: &str) -> Result<IpNet, String> {
    let found = network(text.trim()).map(canonical);
    found.ok_or_else(|| "an IP address or network is needed, such as 203.0.113.0/24".to_owned())
}

/// An IPv4 network that is spelt as part of IPv6 (`::ffff:203.0.113.0/120`) is what it is: clients are
/// seen so.
fn canonical(network: IpNet) -> IpNet {
    let mapped = match network {
        IpNet::V6(v6) if v6.prefix_len() >= 96 => v6.addr().to_ipv4_mapped().zip(Some(v6)),
        _ => None,
    };
    let v4 = mapped.and_then(|(v4, v6)| IpNet::new(v4.into(), v6.prefix_len() - 96).ok());
    v4.unwrap_or(network)
}

fn note(text: &str) -> Result<String, String> {
    crate::text::name("note", text).map_err(|error| error.message)
}

fn name(text: &str) -> Result<String, String> {
    match crate::text::name("list", text) {
        Ok(name) if name == BY_HAND => Err(format!("{BY_HAND} is the list of `networks deny`")),
        Ok(name) => Ok(name),
        Err(error) => Err(error.message),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r54_a_network_has_one_spelling() {
        for (given, kept) in [
            ("203.0.113.77/24", "203.0.113.0/24"),
            (" 203.0.113.77 ", "203.0.113.77/32"),
            ("2001:DB8::1/32", "2001:db8::/32"),
            ("::ffff:203.0.113.77/120", "203.0.113.0/24"),
            ("::ffff:203.0.113.77", "203.0.113.77/32"),
            ("::/0", "::/0"),
        ] {
            assert_eq!(parse(given).unwrap().to_string(), kept, "{given}");
        }
        for given in ["", "203.0.113", "203.0.113.0/33", "example.com", "203.0.113.0-203.0.113.9"] {
            assert!(parse(given).is_err(), "{given}");
        }
    }
}
