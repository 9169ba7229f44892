//! Children that do not outlive us, however we end.

use std::path::Path;
use std::process::Command;

/// A command whose process the kernel sends `signal` when the thread that started it ends (even by SIGKILL), where
/// util-linux's `setpriv` is there to ask for that; else the plain command.
pub fn command(program: &Path, signal: &str) -> Command {
    let setpriv = Path::new("/usr/bin/setpriv");
    if setpriv.exists() {
        let mut command = Command::new(setpriv);
        command.args(["--pdeathsig", signal, "--"]).arg(program);
        command
    } else {
        Command::new(program)
    }
}
