//! What is shown without a command, and what may be left out of one.

use std::ffi::OsString;

/// What `tipring` says without a command.
pub(crate) const SHORT_HELP: &str = "\
tipring: see, test and try the lines of a Tipring gateway

  tipring explain [PORT]    what is wrong with the gateway or a port, and what to do
  tipring status            the whole gateway: how many ports work, every finding
  tipring port list         all ports; `tipring port 17`: one in full
  tipring trace PORT        what happens on a port, live
  tipring history [PORT]    calls, faxes and findings so far

All commands: tipring --help
";

/// `port 17` is `port show 17`.
pub(crate) fn completed(mut args: Vec<OsString>) -> Vec<OsString> {
    let mut at = 1;
    while let Some(arg) = args.get(at).and_then(|arg| arg.to_str()) {
        match arg {
            "--socket" | "--color" | "--timeout" => at += 2,
            option if option.starts_with('-') => at += 1,
            _ => break,
        }
    }
    let is = |at: usize, what: fn(&str) -> bool| {
        let arg = args.get(at).and_then(|arg| arg.to_str());
        arg.is_some_and(what)
    };
    if is(at, |arg| arg == "port") && is(at + 1, |arg| arg.parse::<u16>().is_ok()) {
        args.insert(at + 1, "show".into());
    }
    args
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_alone_is_shown() {
        let completed = |args: &[&str]| {
            let args = args.iter().map(OsString::from).collect();
            let all = completed(args).into_iter();
            let words: Vec<String> = all.filter_map(|a| a.into_string().ok()).collect();
            words.join(" ")
        };
        for (typed, meant) in [
            ("tipring port 17", "tipring port show 17"),
            (
                "tipring --json --socket port port 17 --timeout 3",
                "tipring --json --socket port port show 17 --timeout 3",
            ),
            ("tipring port show 17", "tipring port show 17"),
            ("tipring port seventeen", "tipring port seventeen"),
            ("tipring port", "tipring port"),
            ("tipring trace 17", "tipring trace 17"),
            ("tipring", "tipring"),
        ] {
            let words: Vec<&str> = typed.split(' ').collect();
            assert_eq!(completed(&words), meant);
        }
    }
}
