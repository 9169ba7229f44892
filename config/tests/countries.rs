//! The directory of further countries: what is in it, beside it and in the way.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use tipring_config::{Config, Mac, Machine, Report, parse};

/// A directory of its own for a test, removed at its end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Folder {
        let path =
            std::env::temp_dir().join(format!("tipring-countries-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Folder(path)
    }

    /// A country file, Germany's but for code and name.
    fn country(&self, file: &str, code: &str, name: &str) {
        let germany = include_str!("../countries/de.toml");
        let text: String = germany
            .lines()
            .map(|line| match line.split(' ').next() {
                Some("code") => format!("code = \"{code}\"\n"),
                Some("name") => format!("name = \"{name}\"\n"),
                Some("also") => String::new(),
                _ => format!("{line}\n"),
            })
            .collect();
        fs::write(self.0.join(file), text).unwrap();
    }

    fn parse(&self, country: &str) -> Result<Config, Report> {
        parse_with(&self.0, country)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::set_permissions(&self.0, Permissions::from_mode(0o700));
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn parse_with(dir: &Path, country: &str) -> Result<Config, Report> {
    let machine = Machine {
        mac: Some(Mac([0, 0x11, 0x22, 0x33, 0x44, 0x55])),
        countries_dir: Some(dir.to_owned()),
    };
    parse(
        &format!("[defaults]\ncountry = \"{country}\"\n"),
        "test.toml",
        &machine,
    )
}

fn name_of(config: &Config) -> &str {
    &config.ports[0].country.name
}

#[test]
fn what_lies_beside_the_country_files_does_not_matter() {
    let folder = Folder::new("beside");
    folder.country("dk.toml", "dk", "Denmark");
    for other in [
        "dk.toml~",
        "dk.old.toml",
        "dk copy.toml",
        ".dk.toml",
        "#dk.toml#",
        "dk.toml.dpkg-old",
        "dk_old.toml",
    ] {
        folder.country(other, "dk", "Jutland");
    }
    folder.country("zz-of-1999.toml", "dk", "Jutland");
    symlink("root@host.4711:1764444444", folder.0.join(".#dk.toml")).unwrap();
    fs::write(folder.0.join(".dk.toml.swp"), [0xFF; 64]).unwrap();
    fs::create_dir(folder.0.join("old.toml")).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(folder.0.join("s.toml")).unwrap();
    let config = folder.parse("dk").unwrap();
    assert_eq!(name_of(&config), "Denmark");
    assert_eq!(config.warnings, []);
}

#[test]
fn a_file_that_is_not_named_by_its_code_counts_all_the_same() {
    let folder = Folder::new("named");
    folder.country("denmark.toml", "dk", "Denmark");
    assert_eq!(name_of(&folder.parse("dk").unwrap()), "Denmark");
}

#[test]
fn a_directory_that_is_not_there_is_nothing_to_complain_about() {
    let config = parse_with(Path::new("/nonexistent/countries"), "de").unwrap();
    assert_eq!(config.warnings, []);
    let report = parse_with(Path::new("/nonexistent/countries"), "dk").unwrap_err();
    let text = report.to_string();
    assert!(text.contains("no country file has this code"), "{text}");
}

#[test]
fn a_directory_that_cannot_be_read_is_why_its_countries_are_not_known() {
    let folder = Folder::new("no-directory");
    let file = folder.0.join("countries");
    fs::write(&file, "").unwrap();
    let text = parse_with(&file, "dk").unwrap_err().to_string();
    let why = format!("{} cannot be read: it is no directory", file.display());
    assert!(text.contains(&why), "{text}");
    assert!(!text.contains("no country file"), "{text}");
    // Who needs none of them gets a warning, and is served.
    let config = parse_with(&file, "de").unwrap();
    assert_eq!(config.warnings.len(), 1, "{:?}", config.warnings);
}

#[test]
fn a_file_that_cannot_be_used_is_why_its_country_is_not_known() {
    let folder = Folder::new("file");
    symlink("nowhere", folder.0.join("dk.toml")).unwrap();
    let text = folder.parse("DK").unwrap_err().to_string();
    let path = folder.0.join("dk.toml");
    let why = format!("is not known: {} cannot be read: ", path.display());
    assert!(text.contains(&why), "{text}");
    assert!(!text.contains("no country file"), "{text}");
    fs::remove_file(&path).unwrap();
    fs::write(&path, "code = \"dk\"\n").unwrap();
    let text = folder.parse("dk").unwrap_err().to_string();
    let why = format!("is not known: {} has errors", path.display());
    assert!(text.contains(&why), "{text}");
}
