//! The program: the command line is read and run by the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    rolecall::cli::run()
}
