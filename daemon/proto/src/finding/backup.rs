//! Whether a CallManager is there for the ports if theirs is lost.

use super::Finding;

/// What is known of a CallManager at which no port is registered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OtherServer {
    /// Its name in the list.
    pub name: String,
    /// Registered ports look at it: what was seen last is so now.
    pub watched: bool,
    /// A port has been registered there, or had a standby connection.
    pub reached: bool,
    /// Why it cannot be reached.
    pub unreachable: Option<String>,
}

/// All ports are registered at one CallManager; of the `others` one is known to be dead, and none to work.
///
/// ```
/// use tipring_proto::finding::{OtherServer, no_backup};
///
/// let dead = OtherServer {
///     name: "10.0.0.2:2000".into(),
///     watched: true,
///     unreachable: Some("connection refused".into()),
///     ..OtherServer::default()
/// };
/// assert!(no_backup([dead]).is_some());
/// ```
pub fn no_backup(others: impl IntoIterator<Item = OtherServer>) -> Option<Finding> {
    let (mut dead, mut untried) = (vec![], vec![]);
    for server in others {
        match server.unreachable {
            // Whatever was known of it may be over.
            _ if !server.watched => untried.push(server.name),
            Some(why) => dead.push((server.name, why)),
            None if server.reached => return None,
            None => untried.push(server.name),
        }
    }
    let (_, first) = dead.first()?;
    let reason = match dead.iter().all(|(_, why)| why == first) {
        true => first.clone(),
        false => {
            let each = dead.iter().map(|(name, why)| format!("{name}: {why}"));
            each.collect::<Vec<_>>().join("; ")
        }
    };
    let servers = dead.into_iter().map(|(name, _)| name).collect();
    Some(Finding::NoBackup {
        servers,
        reason,
        untried,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dead(name: &str, why: &str) -> OtherServer {
        OtherServer {
            name: name.into(),
            watched: true,
            reached: false,
            unreachable: Some(why.into()),
        }
    }

    fn well(name: &str) -> OtherServer {
        OtherServer {
            reached: true,
            unreachable: None,
            ..dead(name, "")
        }
    }

    fn unknown(name: &str) -> OtherServer {
        OtherServer {
            watched: false,
            ..well(name)
        }
    }

    fn finding(others: &[OtherServer]) -> Option<(Vec<String>, String, Vec<String>)> {
        match no_backup(others.to_vec())? {
            Finding::NoBackup {
                servers,
                reason,
                untried,
            } => Some((servers, reason, untried)),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn one_that_works_is_a_backup_whatever_the_others_are() {
        assert_eq!(finding(&[]), None, "nobody wanted one");
        assert_eq!(finding(&[well("b")]), None);
        assert_eq!(finding(&[dead("b", "refused"), well("c")]), None);
        assert_eq!(finding(&[well("b"), dead("c", "refused")]), None);
    }

    #[test]
    fn what_is_not_known_is_neither_dead_nor_a_backup() {
        assert_eq!(finding(&[unknown("b")]), None);
        let not_yet = OtherServer {
            reached: false,
            ..well("b")
        };
        assert_eq!(finding(&[not_yet]), None, "its standby is still to come");
        let (servers, reason, untried) = finding(&[dead("b", "refused"), unknown("c")]).unwrap();
        assert_eq!((servers, &*reason), (vec!["b".to_owned()], "refused"));
        assert_eq!(untried, ["c"]);
        // Dead when it was last looked at, and nobody looks any more.
        let was = OtherServer {
            watched: false,
            ..dead("c", "refused")
        };
        assert_eq!(finding(&[was]), None);
    }

    #[test]
    fn each_has_its_own_reason_where_they_differ() {
        let reason = |others: &[OtherServer]| finding(others).unwrap().1;
        let alike = [dead("b", "refused"), dead("c", "refused")];
        assert_eq!(reason(&alike), "refused");
        let apart = [dead("b", "refused"), dead("c", "no route")];
        assert_eq!(reason(&apart), "b: refused; c: no route");
    }
}
