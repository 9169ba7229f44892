//! `tipring sim`.

use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};

use super::{number_in, seconds};

#[derive(Debug, Subcommand)]
pub(crate) enum Sim {
    /// What the phone, its line and its fax machine are doing
    Show,
    /// Lift the handset
    Lift,
    /// Hang up; the port takes it for a flash or a pulse when the phone is lifted again within a second or so: `wait idle` before
    #[command(visible_alias = "hang")]
    HangUp,
    /// Press the flash button
    Flash {
        /// Milliseconds that the loop is open; a port takes flash-min-ms to flash-max-ms for a flash, and longer for a hang-up
        #[arg(long, default_value = "225", value_parser = clap::value_parser!(u16).range(1..=5000))]
        ms: u16,
    },
    /// Dial digits: 0-9 * # A-D, `,` pauses a second, `!` is a flash
    Dial {
        /// The digits
        #[arg(value_parser = digits)]
        digits: String,
        /// Dial by pulses instead of tones
        #[arg(long)]
        pulse: bool,
        /// Milliseconds of a tone, or of the break of a pulse
        #[arg(long, value_name = "MS", value_parser = clap::value_parser!(u16).range(1..=5000))]
        on_ms: Option<u16>,
        /// Milliseconds between tones, or of the make of a pulse
        #[arg(long, value_name = "MS", value_parser = clap::value_parser!(u16).range(1..=5000))]
        off_ms: Option<u16>,
        /// Do not wait for the last digit to be out
        #[arg(long)]
        no_wait: bool,
    },
    /// Lift by itself at the next ringing
    AutoAnswer {
        /// After this number of bursts of ringing
        #[arg(long, default_value = "1", value_parser = clap::value_parser!(u32).range(1..=100))]
        after: u32,
        /// Switch it off
        #[arg(long, conflicts_with = "after")]
        never: bool,
    },
    /// Play a WAV file into the line (mono, 8 kHz or a multiple of it)
    Play {
        /// The file
        wav: PathBuf,
        /// Again and again
        #[arg(long = "loop")]
        looped: bool,
        /// Wait for its end
        #[arg(long, conflicts_with = "looped")]
        wait: bool,
    },
    /// Send one or two sine tones into the line
    Tone {
        /// Frequencies in Hz
        #[arg(required = true, num_args = 1..=2, value_parser = frequency)]
        hz: Vec<f32>,
        /// Level of each
        #[arg(long, default_value = "-10", value_name = "DBM0", allow_negative_numbers = true, value_parser = level)]
        dbm0: f32,
        /// Milliseconds; 0: until stopped
        #[arg(long, default_value = "0")]
        ms: u32,
    },
    /// Stop the WAV file or tone that is playing into the line
    Stop,
    /// Record what the phone hears
    Record {
        /// WAV file, overwritten
        wav: PathBuf,
    },
    /// End the recording
    RecordStop,
    /// Send a fax: lift, dial, send, hang up
    FaxSend {
        /// The pages, a fax TIFF
        tiff: PathBuf,
        /// Number to dial
        #[arg(value_parser = digits)]
        number: String,
        /// Without error correction
        #[arg(long)]
        no_ecm: bool,
        /// Do not wait for the end
        #[arg(long)]
        no_wait: bool,
        /// Longest time to wait, seconds
        #[arg(long = "for", default_value = "600", value_parser = seconds, value_name = "SECONDS")]
        patience: std::time::Duration,
    },
    /// Answer the next call as a fax machine
    FaxReceive {
        /// TIFF file for the pages, overwritten
        tiff: PathBuf,
        /// Without error correction
        #[arg(long)]
        no_ecm: bool,
        /// Wait for the end
        #[arg(long)]
        wait: bool,
        /// Longest time to wait, seconds
        #[arg(long = "for", default_value = "600", value_parser = seconds, value_name = "SECONDS", requires = "wait")]
        patience: std::time::Duration,
    },
    /// Switch the fax machine off
    FaxCancel,
    /// Forget what was heard: digits, caller ID, ringing
    Forget,
    /// Wait until something happens
    Wait {
        /// What
        until: Until,
        /// Longest time to wait, seconds
        #[arg(long = "for", default_value = "30", value_parser = seconds, value_name = "SECONDS")]
        patience: std::time::Duration,
        /// With `tone`: one of these frequencies
        #[arg(long, value_parser = frequency, value_delimiter = ',')]
        hz: Vec<f32>,
        /// With `digits`: these digits
        #[arg(long, value_parser = digits)]
        digits: Option<String>,
    },
    /// Change the line: echo and noise
    Hybrid {
        /// Trans-hybrid loss in dB
        #[arg(long, value_parser = decibels)]
        loss_db: Option<f64>,
        /// Delay of the echo in ms
        #[arg(long, value_parser = decibels)]
        delay_ms: Option<f64>,
        /// Noise in dBm0
        #[arg(long, allow_negative_numbers = true, value_parser = noise)]
        noise_dbm0: Option<f64>,
    },
    /// Break the line or card, or mend it
    Fault {
        /// How
        fault: Fault,
    },
}

/// What `sim PORT wait` waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Until {
    /// The phone rings
    Ringing,
    /// It rings no more
    NotRinging,
    /// On-hook and no call on the port
    Idle,
    /// The port's call is connected
    Connected,
    /// A tone is heard (--hz: of one of these frequencies)
    Tone,
    /// Nothing is heard
    Silence,
    /// Caller ID was decoded
    CallerId,
    /// Digits were heard (--digits: these)
    Digits,
    /// The message lamp is lit
    LampOn,
    /// The message lamp is dark
    LampOff,
    /// The gateway opened the loop
    LoopOpened,
    /// All digits are dialled
    DialDone,
    /// The WAV file is at its end
    PlayDone,
    /// The fax is over
    FaxDone,
    /// The port is registered
    Registered,
}

/// What `sim PORT fault` does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Fault {
    /// Mend everything
    Clear,
    /// Put the span into alarm
    Alarm,
    /// Take the card away
    Removed,
    /// Take the battery from the line
    PowerAlarm,
}

fn frequency(text: &str) -> Result<f32, String> {
    number_in(text, 20.0, 3_900.0).map(|n| n as f32)
}

fn level(text: &str) -> Result<f32, String> {
    number_in(text, -70.0, 3.0).map(|n| n as f32)
}

fn decibels(text: &str) -> Result<f64, String> {
    number_in(text, 0.0, 100.0)
}

fn noise(text: &str) -> Result<f64, String> {
    number_in(text, -100.0, -20.0)
}

fn digits(text: &str) -> Result<String, String> {
    let known = |c: char| {
        c.is_ascii_digit() || "*#,!".contains(c) || ('A'..='D').contains(&c.to_ascii_uppercase())
    };
    if (1..=128).contains(&text.len()) && text.chars().all(known) {
        Ok(text.to_ascii_uppercase())
    } else {
        Err("accepted: 1 to 128 of 0-9 * # A-D , !".to_owned())
    }
}
