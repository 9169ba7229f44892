//! Cards and lines as a technician reads them.

use comfy_table::Color;
use tipring_hal::dahdi::scan::{Card, ChannelEntry, Hardware, PortKind};

use super::{lines, painted, plain, table};
use crate::cli::output::{Paint, clean};

pub(crate) fn hardware(paint: Paint, hardware: &Hardware) -> String {
    let dahdi = if hardware.dahdi_loaded {
        "DAHDI loaded"
    } else {
        "DAHDI not loaded"
    };
    let mut text = format!("{}, Linux {}\n", paint.bold(dahdi), clean(&hardware.kernel));
    if hardware.cards.is_empty() {
        text += "\nno telephone card found\n";
        if !hardware.dahdi_loaded {
            text += "  no card that Tipring knows is on the bus, with or without a driver\n";
        }
    }
    for card in &hardware.cards {
        text += &one(paint, card);
    }
    let telephones = hardware.telephone_channels().len();
    if telephones > 0 {
        let ready = hardware.usable();
        let of = format!("\n{ready} of {telephones} lines for telephones can be used\n");
        text += &of;
    }
    text
}

fn one(paint: Paint, card: &Card) -> String {
    let mut facts: Vec<String> = [&card.manufacturer, &card.location]
        .into_iter()
        .filter(|text| !text.is_empty())
        .map(|text| clean(text))
        .collect();
    let driver = card.driver.as_deref().unwrap_or("its driver");
    if let Some(driver) = &card.driver {
        facts.push(format!("driver {}", clean(driver)));
    }
    let facts = facts.join(", ");
    let mut text = format!(
        "\n{}  {}\n",
        paint.bold(&clean(&card.name)),
        paint.faint(&facts)
    );
    if let Some(why) = card.state.why(driver) {
        text += &format!("  {}\n", paint.bad(&clean(&why)));
    }
    if let Some(cure) = card.state.cure(driver) {
        text += &format!("  {}: {}\n", paint.good("cure"), clean(&cure));
    }
    for span in &card.spans {
        let alarm = if span.alarms.is_empty() {
            String::new()
        } else {
            paint.bad(&format!("  alarm: {}", clean(&span.alarms)))
        };
        text += &format!(
            "  span {}: {}{alarm}\n",
            span.number,
            clean(&span.description)
        );
        if !span.channels.is_empty() {
            text += &indented(&channels(paint, &span.channels));
        }
    }
    text + &cures(paint, card)
}

fn channels(paint: Paint, channels: &[ChannelEntry]) -> String {
    let mut table = table(paint, &["Channel", "Name", "For", "Signalling", "State"]);
    for channel in channels {
        let verdict = &channel.verdict;
        let state = match (&verdict.why, verdict.usable) {
            (None, _) => painted("ready", Color::Green),
            (Some(why), true) => painted(why, Color::Green),
            // Nothing is wrong with a port for an exchange line.
            (Some(why), false) if verdict.cure.is_none() => plain(why),
            (Some(why), false) => painted(why, Color::Red),
        };
        let port = match channel.port {
            PortKind::Telephone => "a telephone",
            PortKind::ExchangeLine => "an exchange line",
            PortKind::Configured => "what it is configured for",
            PortKind::Nothing => "nothing",
        };
        table.add_row([
            plain(channel.number.to_string()),
            plain(&channel.name),
            plain(port),
            plain(channel.signalling.as_deref().unwrap_or("-")),
            state,
        ]);
    }
    lines(&table)
}

/// The cure of each trouble once, with its channels.
fn cures(paint: Paint, card: &Card) -> String {
    let channels = card.spans.iter().flat_map(|span| &span.channels);
    let mut shown: Vec<(&str, u16, String)> = vec![];
    for channel in channels {
        let verdict = &channel.verdict;
        let (Some(why), Some(cure)) = (&verdict.why, &verdict.cure) else {
            continue;
        };
        if !shown.iter().any(|(known, ..)| known == why) {
            shown.push((why, channel.number, cure.clone()));
        }
    }
    shown
        .iter()
        .map(|(why, number, cure)| {
            let head = paint.good("cure");
            format!(
                "  {head} for {} (as channel {number}): {}\n",
                clean(why),
                clean(cure)
            )
        })
        .collect()
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("    {line}\n")).collect()
}
