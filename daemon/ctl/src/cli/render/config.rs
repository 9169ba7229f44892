//! `tipring config show`: settings as they hold, and where they came from.

use comfy_table::ContentArrangement;
use tipring_config::Effective;

use super::super::output::{Paint, clean};
use super::{heading, lines, plain, table};

/// No wider than a terminal of the usual size.
const COLUMNS: u16 = 80;

pub(crate) fn port_settings(paint: Paint, file: &str, port: u16, settings: &[Effective]) -> String {
    let title = paint.bold(&format!("port {port}"));
    let keys: Vec<&Effective> = settings.iter().collect();
    format!("{title} in {}\n\n{}", clean(file), rows(paint, &keys))
}

pub(crate) fn gateway_settings(
    paint: Paint,
    file: &str,
    tables: &[(&str, Vec<&Effective>)],
) -> String {
    let mut out = format!("{} in {}\n", paint.bold("gateway"), clean(file));
    for (name, keys) in tables {
        out += &heading(paint, &format!("[{name}]"));
        out += &rows(paint, keys);
    }
    out
}

fn rows(paint: Paint, settings: &[&Effective]) -> String {
    let mut table = table(paint, &["SETTING", "VALUE", "FROM"]);
    table.set_content_arrangement(ContentArrangement::Dynamic);
    table.set_width(COLUMNS);
    for setting in settings {
        let value = setting.value.as_deref().unwrap_or("-");
        table.add_row([plain(setting.key), plain(value), plain(setting.origin())]);
    }
    lines(&table)
}
