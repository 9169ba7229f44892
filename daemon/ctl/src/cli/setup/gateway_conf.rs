//! `tipring.toml` for the cards of this machine.
//!
//! Promises: of an existing file every comment, setting and port stays; the driver becomes `dahdi`, and channels that no port
//! has get one.

use std::collections::BTreeSet;

use toml_edit::{Array, ArrayOfTables, DocumentMut, Item, Table, value};

use super::proposal::Wishes;

/// Most ports of a gateway, and the highest number of one.
const MAX_PORTS: u16 = 512;

const HEAD: &str = "# Tipring gateway configuration, written by \"tipring setup\".\n\
                    # \"tipring config sample\" shows every setting with its default.\n\n";

/// The file as it should be, and the channels of its ports that no card has.
pub(super) fn propose(
    existing: &str,
    channels: &[u16],
    wishes: &Wishes,
) -> Result<(String, Vec<u16>), String> {
    let mut doc: DocumentMut = existing
        .parse()
        .map_err(|e: toml_edit::TomlError| e.to_string())?;
    if !wishes.servers.is_empty() {
        let servers: Array = wishes.servers.iter().map(String::as_str).collect();
        set(&mut doc, "callmanager", "servers", value(servers))?;
    }
    if let Some(country) = &wishes.country {
        set(&mut doc, "defaults", "country", value(country.as_str()))?;
    }
    set(&mut doc, "card", "driver", value("dahdi"))?;
    let orphans = add_ports(&mut doc, channels)?;
    let head = if existing.trim().is_empty() { HEAD } else { "" };
    Ok((format!("{head}{doc}"), orphans))
}

/// What of this file no site can leave as it is built in, with what to do.
pub(super) fn unset(text: &str) -> Vec<&'static str> {
    let doc: DocumentMut = text.parse().unwrap_or_default();
    let has = |table: &str, key: &str| doc.get(table).and_then(|t| t.get(key)).is_some();
    let mut unset = vec![];
    if !has("callmanager", "servers") {
        unset.push(
            "no CallManager is named: the ports try 127.0.0.1:2000, the test CallManager of this machine. Name yours with \
             \"tipring setup --servers 10.0.0.1,10.0.0.2\", or servers in [callmanager] of /etc/tipring/tipring.toml",
        );
    }
    if !has("defaults", "country") {
        unset.push(
            "no country is named: tones, ringing and caller ID are those of the United States. Name yours with \
             \"tipring setup --country uk\", or country in [defaults]",
        );
    }
    unset
}

/// Sets a key of a table, which is made if need be. A value that is the same stays as it is written.
fn set(doc: &mut DocumentMut, table: &str, key: &str, new: Item) -> Result<(), String> {
    let place = doc
        .entry(table)
        .or_insert_with(|| Item::Table(Table::new()))
        .as_table_mut()
        .ok_or_else(|| format!("[{table}] is no table"))?;
    let bare = |item: &Item| item.to_string().trim().to_owned();
    if place.get(key).is_none_or(|old| bare(old) != bare(&new)) {
        match place.get_mut(key) {
            // What is around the value stays.
            Some(Item::Value(old)) => {
                let decor = old.decor().clone();
                if let Item::Value(mut new) = new {
                    *new.decor_mut() = decor;
                    *old = new;
                }
            }
            _ => {
                place.insert(key, new);
            }
        }
    }
    Ok(())
}

fn add_ports(doc: &mut DocumentMut, channels: &[u16]) -> Result<Vec<u16>, String> {
    // Comments at the end of the file belong before the first new port, where they are now.
    let end = doc.trailing().as_str().unwrap_or_default().to_owned();
    let mut end = Some(end).filter(|end| !end.trim().is_empty());
    let ports = doc
        .entry("port")
        .or_insert_with(|| Item::ArrayOfTables(ArrayOfTables::new()))
        .as_array_of_tables_mut()
        .ok_or("port is no list of [[port]] tables")?;
    let number = |table: &Table, key: &str| {
        table
            .get(key)
            .and_then(Item::as_integer)
            .and_then(|n| u16::try_from(n).ok())
    };
    let mut moved = false;
    let mut known = BTreeSet::new();
    let mut taken = BTreeSet::new();
    for port in ports.iter() {
        let channel = number(port, "channel");
        known.extend(channel);
        taken.extend(number(port, "number").or(channel));
    }
    for &channel in channels.iter().filter(|channel| !known.contains(channel)) {
        let wanted = Some(channel).filter(|n| *n <= MAX_PORTS && !taken.contains(n));
        let Some(port) = wanted.or_else(|| (1..=MAX_PORTS).find(|n| !taken.contains(n))) else {
            break;
        };
        taken.insert(port);
        let mut table = Table::new();
        table.insert("channel", value(i64::from(channel)));
        if port != channel {
            table.insert("number", value(i64::from(port)));
        }
        if let Some(end) = end.take() {
            moved = true;
            table
                .decor_mut()
                .set_prefix(format!("{}\n\n", end.trim_end()));
        }
        ports.push(table);
    }
    if moved {
        doc.set_trailing("");
    }
    let there: BTreeSet<u16> = channels.iter().copied().collect();
    Ok(known.difference(&there).copied().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn toml(existing: &str, channels: &[u16]) -> String {
        let (text, _) = propose(existing, channels, &Wishes::default()).unwrap();
        text
    }

    #[test]
    fn a_new_file_has_the_card_and_a_port_for_each_channel() {
        let wishes = Wishes {
            country: Some("de".into()),
            servers: vec!["10.0.0.1".into(), "10.0.0.2".into()],
        };
        let (text, orphans) = propose("", &[1, 2], &wishes).unwrap();
        let expected = "\
[callmanager]
servers = [\"10.0.0.1\", \"10.0.0.2\"]

[defaults]
country = \"de\"

[card]
driver = \"dahdi\"

[[port]]
channel = 1

[[port]]
channel = 2
";
        assert_eq!(text, format!("{HEAD}{expected}"));
        assert_eq!(orphans, Vec::<u16>::new());
    }

    #[test]
    fn an_existing_file_keeps_every_comment_setting_and_port() {
        let old = "\
# mine
[card]   # where lines come from
driver = \"sim\" # for now

[defaults]
country = \"fr\"

[[port]]
channel = 2
number = 7   # the lobby
label = \"Lobby\"
";
        let text = toml(old, &[1, 2, 7]);
        let kept = old.replace("\"sim\"", "\"dahdi\"");
        assert!(text.starts_with(&kept), "{text}");
        let added = "\n[[port]]\nchannel = 1\n\n[[port]]\nchannel = 7\nnumber = 2\n";
        assert_eq!(text, format!("{kept}{added}"));
        // The second time there is nothing left to do.
        assert_eq!(toml(&text, &[1, 2, 7]), text);
    }

    #[test]
    fn the_packaged_file_gets_its_keys_where_their_comments_are() {
        let sample = tipring_config::schema::sample();
        let text = toml(&sample, &[1]);
        assert!(text.contains("[card]\ndriver = \"dahdi\"\n"), "{text}");
        assert!(text.ends_with("[[port]]\nchannel = 1\n"), "{text}");
        let machine = tipring_config::Machine::default();
        let config = tipring_config::parse(
            &format!(
                "[gateway]\nmac = \"02:00:5e:10:20:30\"\n{}",
                text.replace("[gateway]\n", "")
            ),
            "t",
            &machine,
        );
        assert_eq!(
            config.map(|c| c.ports.len()).map_err(|e| e.to_string()),
            Ok(1)
        );
    }

    #[test]
    fn ports_without_a_card_are_named_and_stay() {
        let old = "[card]\ndriver = \"dahdi\"\n\n[[port]]\nchannel = 30\n";
        let (text, orphans) = propose(old, &[1], &Wishes::default()).unwrap();
        assert!(text.contains("channel = 30"));
        assert_eq!(orphans, [30]);
    }

    #[test]
    fn a_broken_file_is_refused_with_the_place() {
        let refused = propose("[card\n", &[1], &Wishes::default()).unwrap_err();
        assert!(refused.contains("line 1"), "{refused}");
        let odd = propose("port = 3\n", &[1], &Wishes::default()).unwrap_err();
        assert!(odd.contains("[[port]]"), "{odd}");
    }
}
