//! tipring(1) and one page for each group of commands.

use clap::builder::StyledStr;
use clap::{Arg, Command, CommandFactory};
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, italic, roman};

use super::examples::{GROUPS, OVERVIEW};
use super::{Page, examples, see_also};
use crate::cli::args::Args;

/// All pages of section 1.
pub(super) fn pages() -> Vec<Page> {
    let mut whole = Args::command();
    whole.build();
    let mut pages = vec![overview(&whole)];
    pages.extend(GROUPS.iter().filter_map(|group| {
        let command = whole.find_subcommand(group.command)?;
        Some(Page {
            name: group.file,
            text: self::group(&whole, command, group.examples, group.see_also),
        })
    }));
    pages
}

/// tipring(1): what all commands have in common.
fn overview(whole: &Command) -> Page {
    let man = Man::new(whole.clone());
    let mut text = vec![];
    // Writing into memory does not fail.
    let _ = man.render_title(&mut text);
    let _ = man.render_name_section(&mut text);
    let _ = man.render_synopsis_section(&mut text);
    let _ = man.render_description_section(&mut text);
    let _ = man.render_options_section(&mut text);
    let mut page = Roff::new();
    page.control("SH", ["COMMANDS"]);
    for command in visible(whole) {
        page.control("TP", []);
        page.text([bold(format!("tipring-{}(1)", command.get_name()))]);
        page.text([roman(about(command))]);
    }
    page.control("SH", ["EXIT STATUS"]);
    page.control("nf", []);
    for line in after_help(whole).lines().skip(1) {
        page.text([roman(line)]);
    }
    page.control("fi", []);
    examples(&mut page, OVERVIEW);
    see_also(
        &mut page,
        &["tipring-fields(7)", "tipring.toml(5)", "tipringd(8)"],
    );
    Page {
        name: "tipring.1",
        text: String::from_utf8_lossy(&text).into_owned() + &body(&page),
    }
}

/// The page of a command and of all that belongs to it.
fn group(whole: &Command, command: &Command, shown: &[(&str, &str)], also: &[&str]) -> String {
    let mut page = Roff::new();
    let name = format!("tipring-{}", command.get_name());
    let version = format!("tipring {}", tipring_ctl::VERSION);
    page.control("TH", [name.as_str(), "1", "", version.as_str(), "Tipring"]);
    page.control("SH", ["NAME"]);
    page.text([roman(format!("{name} - {}", about(command)))]);
    page.control("SH", ["SYNOPSIS"]);
    let leaves = leaves(command);
    for (n, leaf) in leaves.iter().enumerate() {
        if n > 0 {
            page.control("br", []);
        }
        page.text([bold(usage(leaf))]);
    }
    page.control("SH", ["DESCRIPTION"]);
    paragraphs(&mut page, command);
    if leaves.len() > 1 {
        page.control("SH", ["COMMANDS"]);
    }
    for leaf in &leaves {
        if leaves.len() > 1 {
            page.control("SS", [usage(leaf).as_str()]);
            paragraphs(&mut page, leaf);
        } else if own(leaf).next().is_some() {
            page.control("SH", ["OPTIONS"]);
        }
        for arg in own(leaf) {
            option(&mut page, arg);
        }
    }
    page.control("SH", ["COMMON OPTIONS"]);
    for arg in whole.get_arguments().filter(|a| a.is_global_set()) {
        option(&mut page, arg);
    }
    examples(&mut page, shown);
    see_also(&mut page, also);
    page.render()
}

fn visible(command: &Command) -> impl Iterator<Item = &Command> {
    command
        .get_subcommands()
        .filter(|c| !c.is_hide_set() && c.get_name() != "help")
}

/// The commands that do something: this one, or those below it.
fn leaves(command: &Command) -> Vec<&Command> {
    let below: Vec<&Command> = visible(command).flat_map(leaves).collect();
    if below.is_empty() {
        vec![command]
    } else {
        below
    }
}

/// What only this command takes.
fn own(command: &Command) -> impl Iterator<Item = &Arg> {
    command
        .get_arguments()
        .filter(|a| !a.is_global_set() && !a.is_hide_set())
        .filter(|a| !matches!(a.get_id().as_str(), "help" | "version"))
}

fn usage(command: &Command) -> String {
    let line = command.clone().render_usage().to_string();
    line.trim_start_matches("Usage: ").trim().to_owned()
}

fn about(command: &Command) -> String {
    command
        .get_about()
        .map(StyledStr::to_string)
        .unwrap_or_default()
}

fn after_help(command: &Command) -> String {
    command
        .get_after_help()
        .map(StyledStr::to_string)
        .unwrap_or_default()
}

fn paragraphs(page: &mut Roff, command: &Command) {
    let text = command.get_long_about().or_else(|| command.get_about());
    let text = text.map(StyledStr::to_string).unwrap_or_default();
    for (n, paragraph) in text.split("\n\n").enumerate() {
        if n > 0 {
            page.control("PP", []);
        }
        let stop = if paragraph.ends_with(['.', ':']) {
            ""
        } else {
            "."
        };
        page.text([roman(format!("{}{stop}", paragraph.replace('\n', " ")))]);
    }
}

fn option(page: &mut Roff, arg: &Arg) {
    page.control("TP", []);
    let mut head = vec![];
    let value = arg
        .get_value_names()
        .and_then(<[_]>::first)
        .filter(|_| arg.get_action().takes_values());
    match (arg.get_short(), arg.get_long()) {
        (short, Some(long)) => {
            if let Some(short) = short {
                head.push(bold(format!("-{short}, ")));
            }
            head.push(bold(format!("--{long}")));
            if let Some(value) = value {
                head.push(italic(format!(" {value}")));
            }
        }
        (Some(short), None) => head.push(bold(format!("-{short}"))),
        (None, None) => head.push(italic(value.map_or(arg.get_id().as_str(), |v| v.as_str()))),
    }
    page.text(head);
    let mut text = arg.get_help().map(StyledStr::to_string).unwrap_or_default();
    let defaults = arg.get_default_values();
    if arg.get_action().takes_values() && !defaults.is_empty() {
        let shown: Vec<_> = defaults.iter().map(|d| d.to_string_lossy()).collect();
        text += &format!(" [default: {}]", shown.join(" "));
    }
    page.text([roman(text)]);
    // A list that only the long help has: indented lines.
    let long = arg.get_long_help().map(StyledStr::to_string);
    let list = long.unwrap_or_default();
    for line in list.lines().filter(|line| line.starts_with("  ")) {
        page.control("br", []);
        page.text([roman(line)]);
    }
    for possible in arg
        .get_possible_values()
        .iter()
        .filter(|v| !v.is_hide_set())
    {
        if !arg.get_action().takes_values() {
            break;
        }
        let help = possible.get_help().map(StyledStr::to_string);
        page.control("br", []);
        page.text([
            bold(possible.get_name()),
            roman(help.map(|h| format!(": {h}")).unwrap_or_default()),
        ]);
    }
}

/// Without the preamble that `render` begins with: it is once in a file.
fn body(page: &Roff) -> String {
    page.to_roff()
}
