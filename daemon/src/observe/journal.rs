//! A log line as the journal takes it: `KEY=value` lines, one datagram an event (systemd's native protocol).
//!
//! The message has the fields of the event behind it, as on standard error; each is a field of the journal as well, `F_`
//! and its name in capitals: `journalctl F_PORT=3`. Values stay on one line; a line break in one is shown as `\n`.

use std::fmt::{self, Write};

use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

/// The journal's format.
#[derive(Clone, Copy, Debug)]
pub(super) struct Journal;

impl<S, N> FormatEvent<S, N> for Journal
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        _: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let about = event.metadata();
        // As syslog counts: 3 error, 4 warning, 5 notice, 6 information, 7 debugging.
        let priority = match *about.level() {
            Level::ERROR => 3,
            Level::WARN => 4,
            Level::INFO => 6,
            Level::DEBUG | Level::TRACE => 7,
        };
        writeln!(writer, "PRIORITY={priority}\nSYSLOG_IDENTIFIER=tipringd")?;
        writeln!(writer, "TARGET={}", about.target())?;
        if let (Some(file), Some(line)) = (about.file(), about.line()) {
            writeln!(writer, "CODE_FILE={file}\nCODE_LINE={line}")?;
        }
        let mut fields = Fields::default();
        event.record(&mut fields);
        let Fields {
            message,
            behind,
            own,
        } = fields;
        writeln!(writer, "MESSAGE={message}{behind}")?;
        writer.write_str(&own)
    }
}

#[derive(Default)]
struct Fields {
    message: String,
    /// The other fields as they follow the message: `journalctl` shows nothing else by itself.
    behind: String,
    /// The same as fields of their own.
    own: String,
}

impl Fields {
    /// `shown` and `kept` are one value: behind the message, and in a field of its own.
    fn put(&mut self, field: &Field, shown: fmt::Arguments<'_>, kept: fmt::Arguments<'_>) {
        // Writing to a String cannot fail.
        if field.name() == "message" {
            let _ = OneLine(&mut self.message).write_fmt(kept);
            return;
        }
        let _ = write!(self.behind, " {}=", field.name());
        let _ = OneLine(&mut self.behind).write_fmt(shown);
        self.own.push_str("F_");
        for c in field.name().chars() {
            let c = c.to_ascii_uppercase();
            let known = c.is_ascii_uppercase() || c.is_ascii_digit();
            self.own.push(if known { c } else { '_' });
        }
        self.own.push('=');
        let _ = OneLine(&mut self.own).write_fmt(kept);
        self.own.push('\n');
    }
}

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, format_args!("{value:?}"), format_args!("{value}"));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put(field, format_args!("{value:?}"), format_args!("{value:?}"));
    }
}

/// Keeps a value on one line: what followed a line break would be a field of its own.
struct OneLine<'a>(&'a mut String);

impl fmt::Write for OneLine<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for (n, part) in text.split('\n').enumerate() {
            if n > 0 {
                self.0.push_str("\\n");
            }
            self.0.push_str(part);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use tracing_subscriber::fmt::MakeWriter;
    use tracing_subscriber::prelude::*;

    use super::*;

    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<String>>>);

    impl io::Write for Kept {
        fn write(&mut self, line: &[u8]) -> io::Result<usize> {
            let text = String::from_utf8_lossy(line).into_owned();
            self.0.lock().unwrap().push(text);
            Ok(line.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl<'a> MakeWriter<'a> for Kept {
        type Writer = Kept;

        fn make_writer(&'a self) -> Kept {
            self.clone()
        }
    }

    #[test]
    fn an_event_is_one_datagram_of_fields_and_no_value_begins_a_field_of_its_own() {
        let kept = Kept::default();
        let layer = tracing_subscriber::fmt::layer()
            .event_format(Journal)
            .with_writer(kept.clone());
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
            let news = "lost\nPRIORITY=0";
            let cause = "it broke\nhere";
            tracing::warn!(port = 3, news, held_back = None::<u64>, %cause, "trouble");
        });
        let lines = kept.0.lock().unwrap();
        let [event] = &lines[..] else {
            panic!("{lines:?}");
        };
        let fields: Vec<&str> = event
            .lines()
            .filter(|l| !l.starts_with("CODE_") && !l.starts_with("TARGET="))
            .collect();
        assert_eq!(
            fields,
            [
                "PRIORITY=4",
                "SYSLOG_IDENTIFIER=tipringd",
                "MESSAGE=trouble port=3 news=\"lost\\nPRIORITY=0\" cause=it broke\\nhere",
                "F_PORT=3",
                "F_NEWS=lost\\nPRIORITY=0",
                "F_CAUSE=it broke\\nhere",
            ]
        );
    }
}
