//! Which network interface's MAC the device names are made of, over restarts and while interfaces come and go.
//!
//! Owns: the file that remembers it, and looking at the interfaces. Promises: what the CallManager knows the ports by does not
//! change because another interface has come, gone or got another address; only a machine that began without a physical one
//! takes the first that comes. A file that cannot be read or written costs a line in the log. Leaves to others: which interface
//! is chosen ([`tipring_config::choose`]), and the names.

use std::cell::Cell;
use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Duration;

use tipring_config::{Choice, Gateway, Interface, Mac, Machine, Remembered, choose, interfaces};
use tipring_ctl::words::{self, Whose};
use tipring_proto::finding::Finding;
use tokio::sync::mpsc;
use tracing::{info, warn};

/// Interfaces are looked at this often; more often while there is no MAC to remember.
const LOOK: Duration = Duration::from_secs(5);
const LOOK_HARD: Duration = Duration::from_secs(1);
/// The file's name in the daemon's state directory.
const NAME: &str = "identity";
/// No file of ours is longer.
const LONGEST: u64 = 4096;

/// Where the MAC of the device names comes from.
#[derive(Debug)]
pub struct Identity {
    file: PathBuf,
    remembered: Option<Remembered>,
    choice: Choice,
    /// What was wrong with the file; for the log, once there is one.
    unreadable: Option<Unreadable>,
    /// What the file holds, or is being given.
    kept: Option<Remembered>,
    hurry: Rc<Cell<bool>>,
}

#[derive(Debug)]
struct Unreadable {
    why: String,
    /// It may be written over.
    ours: bool,
}

impl Identity {
    /// What this machine would choose, remembering nothing as yet.
    pub fn of_this_machine() -> Identity {
        Identity {
            file: PathBuf::new(),
            remembered: None,
            choice: choose(&interfaces().unwrap_or_default(), None),
            unreadable: None,
            kept: None,
            hurry: Rc::default(),
        }
    }

    /// With what a daemon of this control socket has remembered.
    pub fn remember(&mut self, socket: &Path) {
        self.file = state_file(socket, NAME);
        match read(&self.file) {
            Ok(remembered) => self.remembered = remembered,
            Err(unreadable) => self.unreadable = Some(unreadable),
        }
        self.kept.clone_from(&self.remembered);
        if let Some(interfaces) = interfaces() {
            self.choice = choose(&interfaces, self.remembered.as_ref());
        } else if let Some(remembered) = self.remembered.clone() {
            // The kernel shows none: that is no evidence against the one that is remembered.
            self.choice = Choice::Kept(remembered);
        }
    }

    /// The daemon uses this configuration from now on: logs where the MAC is from, and remembers it.
    pub fn begin(&mut self, gateway: &Gateway) {
        if gateway.mac_is_written {
            return;
        }
        if let Some(Unreadable { why, .. }) = &self.unreadable {
            let file = self.file.display();
            warn!(
                %file,
                "which network interface the device names are made of is not remembered: {why}"
            );
        }
        match &self.choice {
            Choice::Virtual(one) => warn!(
                interface = one.interface,
                mac = %one.mac,
                "no physical network interface: the device names are made of a virtual one, which another start may find \
                 changed; write mac = \"{}\" into [gateway] to keep them",
                one.mac
            ),
            Choice::Chosen(_) | Choice::Kept(_) | Choice::Missing { .. } | Choice::Nothing => {}
        }
        if let Some(finding) = self.finding(gateway) {
            log(&finding);
        }
        self.keep();
    }

    /// What the machine contributes to the configuration.
    pub fn machine(&self) -> Machine {
        Machine {
            mac: self.choice.mac(),
            countries_dir: Some(tipring_config::COUNTRIES_DIR.into()),
        }
    }

    /// Looks at the interfaces from now on; sends them whenever they have changed.
    pub fn watch(&self) -> mpsc::Receiver<Vec<Interface>> {
        let (changes, changed) = mpsc::channel(1);
        self.hurry.set(is_provisional(&self.choice));
        let hurry = self.hurry.clone();
        tokio::task::spawn_local(async move {
            let mut before = None;
            loop {
                // Reading the kernel's files may wait for a driver.
                let now = tokio::task::spawn_blocking(interfaces).await;
                if let Ok(Some(now)) = now
                    && before.as_ref() != Some(&now)
                {
                    before = Some(now.clone());
                    if changes.send(now).await.is_err() {
                        return;
                    }
                }
                tokio::time::sleep(if hurry.get() { LOOK_HARD } else { LOOK }).await;
            }
        });
        changed
    }

    /// The interfaces are these now. Whether the MAC is another one because of that.
    pub fn see(&mut self, interfaces: &[Interface], gateway: &Gateway) -> bool {
        let new = choose(interfaces, self.remembered.as_ref());
        let mac = self.choice.mac();
        let was_missing = matches!(self.choice, Choice::Missing { .. });
        match &new {
            Choice::Chosen(one) if !gateway.mac_is_written => info!(
                interface = one.interface,
                mac = %one.mac,
                "a physical network interface was found"
            ),
            // A virtual one is no better than what there is.
            Choice::Virtual(_) | Choice::Nothing => return false,
            Choice::Chosen(_) | Choice::Kept(_) | Choice::Missing { .. } => {}
        }
        if new == self.choice {
            return false;
        }
        self.choice = new;
        self.hurry.set(false);
        if !gateway.mac_is_written {
            match self.finding(gateway) {
                Some(finding) => log(&finding),
                None if was_missing => info!("the network interface of the device names is back"),
                None => {}
            }
            self.keep();
        }
        self.choice.mac() != mac
    }

    /// What is wrong with it.
    pub fn finding(&self, gateway: &Gateway) -> Option<Finding> {
        if gateway.mac_is_written {
            return None;
        }
        match &self.choice {
            Choice::Chosen(_) | Choice::Kept(_) | Choice::Virtual(_) => None,
            Choice::Missing {
                remembered: Remembered { interface, mac },
                instead,
            } => Some(Finding::InterfaceMissing {
                interface: interface.clone(),
                mac: mac.to_string(),
                instead: instead.map(|mac| mac.to_string()),
                file: self.file.display().to_string(),
            }),
            Choice::Nothing => Some(Finding::NoInterface {
                mac: Mac::FALLBACK.to_string(),
            }),
        }
    }

    /// Remembers what was chosen. A thread of its own writes it: the disk is nothing that calls wait for.
    fn keep(&mut self) {
        let (Choice::Chosen(one) | Choice::Kept(one)) = &self.choice else {
            return;
        };
        self.remembered = Some(one.clone());
        if self.kept.as_ref() == Some(one) || self.unreadable.as_ref().is_some_and(|u| !u.ours) {
            return;
        }
        self.kept = Some(one.clone());
        self.unreadable = None;
        let (file, one) = (self.file.clone(), one.clone());
        let written = std::thread::Builder::new()
            .name("identity".into())
            .spawn(move || match write(&file, &one.text()) {
                Ok(()) => info!(
                    file = %file.display(),
                    interface = one.interface,
                    mac = %one.mac,
                    "the device names are made of this interface's MAC, which is remembered"
                ),
                Err(error) => warn!(
                    file = %file.display(),
                    %error,
                    "which network interface the device names are made of cannot be remembered; write mac = \"{}\" into \
                     [gateway] to keep the names whatever interfaces come",
                    one.mac
                ),
            });
        if let Err(error) = written {
            warn!(%error, "no thread to remember the network interface");
        }
    }
}

/// Writes a finding about the gateway into the log.
pub(crate) fn log(finding: &Finding) {
    let words = words::finding(finding, Whose(&[]));
    warn!(code = finding.code(), cure = words.cure, "{}", words.what());
}

/// Something better may come.
fn is_provisional(choice: &Choice) -> bool {
    matches!(choice, Choice::Virtual(_) | Choice::Nothing)
}

/// A file of the daemon with this control socket that outlives a restart.
pub(crate) fn state_file(socket: &Path, name: &str) -> PathBuf {
    let systemds = std::env::var_os("STATE_DIRECTORY");
    tipring_ctl::state::file(socket, systemds.as_deref(), name)
}

/// What the file remembers; nothing when there is none.
fn read(path: &Path) -> Result<Option<Remembered>, Unreadable> {
    let not_ours = |why: String| Unreadable { why, ours: false };
    let opened = OpenOptions::new()
        .read(true)
        .custom_flags(tipring_linux::OPEN_NO_LINK)
        .open(path);
    let file = match opened {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(_) if path.is_symlink() => return Err(not_ours("it is a symbolic link".into())),
        Err(error) => return Err(not_ours(format!("it cannot be read: {error}"))),
    };
    let what = file
        .metadata()
        .map_err(|error| not_ours(format!("it cannot be read: {error}")))?;
    if !what.is_file() {
        return Err(not_ours("it is no regular file".into()));
    }
    // Whoever may write it may choose the names.
    if ![0, tipring_linux::user_id()].contains(&what.uid()) {
        return Err(not_ours("it belongs to another user".into()));
    }
    let mut text = String::new();
    let read = file.take(LONGEST).read_to_string(&mut text);
    match read.ok().and_then(|_| Remembered::parse(&text)) {
        Some(remembered) => Ok(Some(remembered)),
        None => Err(Unreadable {
            why: "it is damaged; the interface is chosen again".into(),
            ours: true,
        }),
    }
}

/// Puts a text in the file's place in one step.
fn write(path: &Path, text: &str) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let mut new = path.as_os_str().to_owned();
    new.push(".new");
    let new = Path::new(&new);
    // Of a daemon that ended in the middle.
    match std::fs::remove_file(new) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file: File = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o644)
        .open(new)?;
    let written = file
        .write_all(text.as_bytes())
        .and_then(|()| file.sync_all())
        .and_then(|()| std::fs::rename(new, path));
    if written.is_err() {
        let _ = std::fs::remove_file(new);
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("tipring-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        folder
    }

    fn one() -> Remembered {
        Remembered {
            interface: "enp3s0".into(),
            mac: Mac([0, 0x1b, 0x54, 0xaa, 0xbb, 0xcc]),
        }
    }

    #[test]
    fn what_is_written_is_read_again_and_replaces_what_was_there() {
        let folder = folder("identity-file");
        let file = folder.join("deep/identity");
        assert_eq!(read(&file).unwrap(), None);
        write(&file, "half a te").unwrap();
        let damaged = read(&file).unwrap_err();
        assert!(
            damaged.ours && damaged.why.contains("damaged"),
            "{damaged:?}"
        );
        // A daemon was killed in the middle of writing.
        std::fs::write(folder.join("deep/identity.new"), "half").unwrap();
        write(&file, &one().text()).unwrap();
        assert_eq!(read(&file).unwrap(), Some(one()));
        assert_eq!(std::fs::read_dir(folder.join("deep")).unwrap().count(), 1);
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn what_is_not_ours_is_neither_believed_nor_replaced() {
        let folder = folder("identity-not-ours");
        let (file, letters) = (folder.join("identity"), folder.join("letters"));
        std::fs::write(&letters, one().text()).unwrap();
        let is_refused = |why: &str| {
            let refused = read(&file).unwrap_err();
            assert!(!refused.ours && refused.why.contains(why), "{refused:?}");
        };
        std::os::unix::fs::symlink(&letters, &file).unwrap();
        is_refused("a symbolic link");
        std::fs::remove_file(&file).unwrap();
        std::fs::create_dir(&file).unwrap();
        is_refused("no regular file");
        std::fs::remove_dir(&file).unwrap();
        let held = std::os::unix::net::UnixListener::bind(&file).unwrap();
        is_refused("cannot be read");
        drop(held);
        std::fs::remove_dir_all(folder).unwrap();
    }
}
