//! Where a daemon keeps what outlives a restart.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use crate::wire::DEFAULT_SOCKET;

/// Where a daemon with the default socket keeps its files, when systemd names no place.
const STATE: &str = "/var/lib/tipring";

/// The file called `name` of the daemon with this control socket: in the directory that systemd gives it
/// (`STATE_DIRECTORY`), in the machine's if it has the machine's socket, else beside its own socket, for there may be
/// several daemons.
///
/// ```
/// use std::path::Path;
/// use tipring_ctl::state::file;
///
/// let system = file(Path::new("/run/tipring/control.sock"), None, "history.db");
/// assert_eq!(system, Path::new("/var/lib/tipring/history.db"));
/// let own = file(Path::new("/tmp/a.sock"), None, "history.db");
/// assert_eq!(own, Path::new("/tmp/a.sock.history.db"));
/// ```
pub fn file(socket: &Path, state_directory: Option<&OsStr>, name: &str) -> PathBuf {
    // systemd gives a list when the unit has several.
    let first = state_directory.and_then(|list| list.to_str()?.split(':').next());
    if let Some(directory) = first.filter(|first| !first.is_empty()) {
        return Path::new(directory).join(name);
    }
    if socket == Path::new(DEFAULT_SOCKET) {
        return Path::new(STATE).join(name);
    }
    let mut file = socket.as_os_str().to_owned();
    file.push(".");
    file.push(name);
    file.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_socket_has_a_place_of_its_own_and_the_machines_has_the_machines() {
        let file = |socket: &str, state: Option<&str>| {
            file(Path::new(socket), state.map(OsStr::new), "identity")
        };
        let state = Some("/var/lib/tipring:/var/lib/other");
        let machines = Path::new("/var/lib/tipring/identity");
        assert_eq!(file("/tmp/a/sock", state), machines);
        assert_eq!(file("/run/tipring/control.sock", None), machines);
        let own = Path::new("/tmp/a/sock.identity");
        assert_eq!(file("/tmp/a/sock", None), own);
        assert_eq!(file("/tmp/a/sock", Some("")), own);
    }
}
