//! What can go wrong when a wrapper is made or fed.

/// Why a spandsp wrapper refused an argument or could not be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The C library could not allocate its state.
    #[error("{what}: libspandsp could not allocate its state; free some memory")]
    OutOfMemory {
        /// Which object was being made.
        what: &'static str,
    },
    /// A character that is not one of `0-9 A-D * #`.
    #[error("DTMF: {digit:?} is not a DTMF digit; use 0-9, A-D, * and #")]
    NotADigit {
        /// The offending character.
        digit: char,
    },
    /// The digits do not fit in the generator's queue; none was queued.
    #[error(
        "DTMF: {wanted} digits do not fit in the {free} free places of the queue; \
         wait until earlier digits have been sent"
    )]
    DigitQueueFull {
        /// How many digits were offered.
        wanted: usize,
        /// How many would have fitted.
        free: usize,
    },
    /// The generator makes no such tone.
    #[error("connect tone: {tone} cannot be generated; only detected")]
    ToneNotGenerated {
        /// The field's name of the tone.
        tone: &'static str,
    },
    /// A text is longer than the protocol allows.
    #[error("{what}: {len} bytes are too long; use at most {max}")]
    TooLong {
        /// Which text.
        what: &'static str,
        /// Its length in bytes.
        len: usize,
        /// The longest allowed.
        max: usize,
    },
    /// A text contains a character the protocol cannot carry.
    #[error("{what}: {found:?} cannot be sent; use printable ASCII")]
    BadCharacter {
        /// Which text.
        what: &'static str,
        /// The offending character.
        found: char,
    },
    /// A number of a date is out of range.
    #[error("{what}: {value} is out of range")]
    OutOfRange {
        /// Which number.
        what: &'static str,
        /// Its value.
        value: u32,
    },
    /// A message was made for another standard than the transmitter's.
    #[error("caller ID: the message is for {message}, the transmitter sends {transmitter}")]
    WrongStandard {
        /// The message's standard.
        message: &'static str,
        /// The transmitter's standard.
        transmitter: &'static str,
    },
    /// The transmitter is still sending.
    #[error("caller ID: the transmitter is still sending; wait until it is idle")]
    Busy,
    /// The caller ID standard has no such message.
    #[error("caller ID: {standard} has no {what}")]
    NoSuchMessage {
        /// The standard.
        standard: &'static str,
        /// What was asked for.
        what: &'static str,
    },
    /// A fax setting contradicts itself or names nothing to do.
    #[error("fax: {problem}")]
    FaxSetting {
        /// What is wrong and what to do.
        problem: &'static str,
    },
}
