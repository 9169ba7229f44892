//! Groups of the system, by name. For start-up: it reads files and may ask a directory server.

/// The number of the group `name`; none when there is no such group.
#[must_use]
pub fn group_id(name: &str) -> Option<u32> {
    let group = nix::unistd::Group::from_name(name).ok().flatten()?;
    Some(group.gid.as_raw())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_found_by_name() {
        assert_eq!(group_id("root"), Some(0));
        for unknown in ["no-such-group-here", "", "root\0x"] {
            assert_eq!(group_id(unknown), None, "{unknown:?}");
        }
    }
}
