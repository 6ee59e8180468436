//! Finds the languages: each file `locales/<tag>.ftl` is built into the program (`src/words.rs`).

use std::ffi::OsStr;
use std::path::Path;
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let root = env::var("CARGO_MANIFEST_DIR").map_err(io::Error::other)?;
    let out = env::var("OUT_DIR").map_err(io::Error::other)?;
    let directory = Path::new(&root).join("locales");
    let mut files: Vec<_> = fs::read_dir(&directory)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<io::Result<_>>()?;
    files.retain(|file| file.extension().is_some_and(|extension| extension == "ftl"));
    files.sort();
    let mut built_in = vec!["&[".to_owned()];
    for file in &files {
        let (Some(tag), Some(path)) = (file.file_stem().and_then(OsStr::to_str), file.to_str())
        else {
            return Err(io::Error::other(format!("no language: {}", file.display())));
        };
        built_in.push(format!("    ({tag:?}, include_str!({path:?})),"));
    }
    built_in.push("]".to_owned());
    fs::write(Path::new(&out).join("locales.rs"), built_in.join("\n"))?;
    #[allow(clippy::print_stdout, reason = "this is how a build script speaks to Cargo")]
    {
        println!("cargo::rerun-if-changed=build.rs");
        println!("cargo::rerun-if-changed={}", directory.display());
    }
    Ok(())
}
