//! The report of everything that is wrong with a configuration, and its colours.

use anstyle::{AnsiColor, Style};
pub use tipring_types::finding::Severity;
use tipring_types::problem::Marks;
pub use tipring_types::problem::{ConfigProblem as Problem, ConfigReport as Report};

/// Text for people, with or without colours.
pub trait Render {
    /// That text.
    fn render(&self, colour: bool) -> String;
}

impl Render for Problem {
    fn render(&self, colour: bool) -> String {
        self.text(&marks(colour))
    }
}

impl Render for Report {
    fn render(&self, colour: bool) -> String {
        self.text(&marks(colour))
    }
}

fn marks(colour: bool) -> Marks {
    let around = |style: Style| {
        if colour {
            [style.render().to_string(), style.render_reset().to_string()]
        } else {
            <[String; 2]>::default()
        }
    };
    let bold = Style::new().bold();
    let of = |colour: AnsiColor| Some(colour.into());
    Marks {
        strong: around(bold),
        error: around(bold.fg_color(of(AnsiColor::Red))),
        warning: around(bold.fg_color(of(AnsiColor::Yellow))),
        cure: around(Style::new().fg_color(of(AnsiColor::Green))),
    }
}
