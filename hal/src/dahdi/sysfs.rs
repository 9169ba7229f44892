//! What sysfs and /proc show of DAHDI, below a root that tests may choose.

use std::path::{Path, PathBuf};

use super::driver::Driver;

/// Where the tree begins; `/` but in tests.
#[derive(Clone, Debug)]
pub(super) struct Root(pub(super) PathBuf);

impl Default for Root {
    fn default() -> Root {
        Root("/".into())
    }
}

impl Root {
    pub(super) fn path(&self, absolute: &str) -> PathBuf {
        self.0.join(absolute.trim_start_matches('/'))
    }

    /// The entries of a folder, sorted by name; none when it cannot be read.
    pub(super) fn list(&self, absolute: &str) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(self.path(absolute));
        let mut paths: Vec<_> = entries
            .into_iter()
            .flatten()
            .filter_map(|entry| Some(entry.ok()?.path()))
            .collect();
        paths.sort();
        paths
    }

    /// The core module is in the kernel.
    pub(super) fn dahdi_loaded(&self) -> bool {
        self.path("/sys/bus/dahdi_spans").exists()
    }

    /// Numbers of all channels, in order.
    pub(super) fn channels(&self) -> Vec<u16> {
        let channels = self.list("/sys/bus/dahdi_channels/devices");
        let mut numbers: Vec<u16> = channels
            .iter()
            .filter_map(|path| attribute(path, "channo")?.parse().ok())
            .collect();
        numbers.sort_unstable();
        numbers
    }

    /// Driver of a span.
    pub(super) fn driver_of_span(&self, number: i32, name: &str) -> (Driver, Option<String>) {
        let span = self.path(&format!("/sys/bus/dahdi_spans/devices/span-{number}"));
        match module_of(&span) {
            Some(module) => (Driver::from_module(&module), Some(module)),
            None => (Driver::from_span_name(name), None),
        }
    }
}

/// A one-line attribute, without the line's end.
pub(super) fn attribute(device: &Path, name: &str) -> Option<String> {
    let text = std::fs::read_to_string(device.join(name)).ok()?;
    Some(text.trim().to_owned())
}

/// The driver of the card below a DAHDI device: that of the nearest device above it that is not DAHDI's own.
pub(super) fn module_of(device: &Path) -> Option<String> {
    let real = std::fs::canonicalize(device).ok()?;
    real.ancestors().find_map(|device| {
        let driver = std::fs::canonicalize(device.join("driver")).ok()?;
        let of_dahdi = driver
            .components()
            .any(|part| part.as_os_str().to_string_lossy().starts_with("dahdi_"));
        let name = driver.file_name()?.to_string_lossy().into_owned();
        (!of_dahdi).then_some(name)
    })
}

/// Numbers as ranges: `1-4, 7, 9-10`.
pub(super) fn ranges(numbers: &[u16]) -> String {
    let mut text = String::new();
    let mut rest = numbers;
    while let [first, ..] = rest {
        let run = rest
            .iter()
            .zip(*first..)
            .take_while(|(n, expected)| *n == expected)
            .count();
        let last = rest.get(run.saturating_sub(1)).unwrap_or(first);
        if !text.is_empty() {
            text += ", ";
        }
        text += &if run == 1 {
            first.to_string()
        } else {
            format!("{first}-{last}")
        };
        rest = rest.get(run.max(1)..).unwrap_or_default();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_shown_as_ranges() {
        assert_eq!(ranges(&[1, 2, 3, 4, 7, 9, 10]), "1-4, 7, 9-10");
        assert_eq!(ranges(&[5]), "5");
        assert_eq!(ranges(&[]), "");
    }
}
