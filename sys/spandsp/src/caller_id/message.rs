//! What a caller ID message says, as values and as bytes (GR-30; ETS 300 659-3 for the field codes).

use super::CallerIdStandard;
use crate::error::Error;

/// The longest message in bytes: type, length and fields, without the checksum.
pub const MAX_MESSAGE_BYTES: usize = 255;

/// Number and name limits of ETS 300 659-3; American displays show 15 characters of a name.
const MAX_NUMBER: usize = 20;
const MAX_NAME: usize = 50;

const SDMF_CALLER_ID: u8 = 0x04;
const SDMF_MESSAGE_WAITING: u8 = 0x06;
const MDMF_CALLER_ID: u8 = 0x80;
const MDMF_MESSAGE_WAITING: u8 = 0x82;

const FIELD_DATE_TIME: u8 = 0x01;
const FIELD_NUMBER: u8 = 0x02;
const FIELD_NUMBER_ABSENT: u8 = 0x04;
const FIELD_NAME: u8 = 0x07;
const FIELD_NAME_ABSENT: u8 = 0x08;
const FIELD_VISUAL_INDICATOR: u8 = 0x0B;

/// Why a number or name is not shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Absence {
    /// The caller withholds it (`P`).
    Private,
    /// The network does not know it (`O`, out of area).
    Unavailable,
    /// Some other reason letter of the standard.
    Other(u8),
}

impl Absence {
    fn letter(self) -> u8 {
        match self {
            Absence::Private => b'P',
            Absence::Unavailable => b'O',
            Absence::Other(letter) => letter,
        }
    }

    fn from_letter(letter: u8) -> Self {
        match letter {
            b'P' => Absence::Private,
            b'O' => Absence::Unavailable,
            other => Absence::Other(other),
        }
    }
}

/// A number or a name.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub enum Party {
    /// Not mentioned in the message.
    #[default]
    Unmentioned,
    /// Shown.
    Known(String),
    /// Mentioned as not shown.
    Absent(Absence),
}

/// Date and time of a call, local to the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CallTime {
    /// 1-12.
    pub month: u8,
    /// 1-31.
    pub day: u8,
    /// 0-23.
    pub hour: u8,
    /// 0-59.
    pub minute: u8,
}

/// Who is calling, and when.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct CallerId {
    /// When the call came in.
    pub when: Option<CallTime>,
    /// The caller's number.
    pub number: Party,
    /// The caller's name.
    pub name: Party,
}

/// The digit strings in use for caller ID by DTMF.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DtmfCallerIdFormat {
    /// `A<number>C`; `B00C` unavailable, `B10C` withheld. Belgium, Brazil, Denmark, Finland,
    /// Iceland, India, Saudi Arabia, Sweden, Uruguay.
    AToC,
    /// `A<number>#`; `D1#` withheld, `D2#` international, `D3#` unavailable.
    AToHash,
    /// `D<number>C`; `D0000000000C` withheld or unavailable. Netherlands; Taiwan, Kuwait.
    DToC,
    /// `<number>#`; nothing for an absent number. Denmark.
    BareToHash,
}

/// A message ready to be sent: made by whoever may allocate, sent by the line thread.
#[derive(Debug, Clone, Copy)]
pub struct CallerIdMessage {
    standard: CallerIdStandard,
    bytes: [u8; MAX_MESSAGE_BYTES],
    len: usize,
}

impl CallerIdMessage {
    /// A call setup message with everything `caller` mentions (multiple data message format).
    ///
    /// # Errors
    /// [`Error::NoSuchMessage`] for [`CallerIdStandard::ClipDtmf`] (use [`dtmf`](Self::dtmf)), and
    /// [`Error::TooLong`], [`Error::BadCharacter`], [`Error::OutOfRange`] for what cannot be sent.
    pub fn call_setup(standard: CallerIdStandard, caller: &CallerId) -> Result<Self, Error> {
        let mut message = Self::fsk(standard, MDMF_CALLER_ID, "call setup message")?;
        if let Some(when) = caller.when {
            message.field(FIELD_DATE_TIME, &date_time(when)?)?;
        }
        match &caller.number {
            Party::Unmentioned => {}
            Party::Known(number) => {
                message.field(
                    FIELD_NUMBER,
                    printable("caller number", number, MAX_NUMBER)?,
                )?;
            }
            Party::Absent(why) => message.field(FIELD_NUMBER_ABSENT, &[why.letter()])?,
        }
        match &caller.name {
            Party::Unmentioned => {}
            Party::Known(name) => {
                message.field(FIELD_NAME, printable("caller name", name, MAX_NAME)?)?;
            }
            Party::Absent(why) => message.field(FIELD_NAME_ABSENT, &[why.letter()])?,
        }
        Ok(message)
    }

    /// A call setup message for old displays (single data message format): date, time and number.
    ///
    /// # Errors
    /// As [`call_setup`](Self::call_setup), and [`Error::NoSuchMessage`] when there is no time or
    /// no number, both of which the format needs, or the standard is CLIP, which lacks the format.
    pub fn call_setup_single(standard: CallerIdStandard, caller: &CallerId) -> Result<Self, Error> {
        let missing = |what| Error::NoSuchMessage {
            standard: standard.name(),
            what,
        };
        if standard == CallerIdStandard::Clip {
            return Err(missing("single data message"));
        }
        let mut message = Self::fsk(standard, SDMF_CALLER_ID, "single data message")?;
        let when = caller
            .when
            .ok_or_else(|| missing("single data message without date and time"))?;
        message.push(&date_time(when)?)?;
        match &caller.number {
            Party::Unmentioned => return Err(missing("single data message without a number")),
            Party::Known(number) => {
                message.push(printable("caller number", number, MAX_NUMBER)?)?;
            }
            Party::Absent(why) => message.push(&[why.letter()])?,
        }
        message.set_length();
        Ok(message)
    }

    /// Switches the message waiting lamp of a telephone on or off (multiple data message format).
    ///
    /// # Errors
    /// [`Error::NoSuchMessage`] for [`CallerIdStandard::ClipDtmf`].
    pub fn message_waiting(standard: CallerIdStandard, waiting: bool) -> Result<Self, Error> {
        let mut message = Self::fsk(standard, MDMF_MESSAGE_WAITING, "message waiting message")?;
        message.field(FIELD_VISUAL_INDICATOR, &[if waiting { 0xFF } else { 0x00 }])?;
        Ok(message)
    }

    /// The digit string for caller ID by DTMF; time and name cannot be sent.
    ///
    /// # Errors
    /// [`Error::BadCharacter`] unless the number is all digits, [`Error::TooLong`], and
    /// [`Error::NoSuchMessage`] when the format has no way to say that the number is absent.
    pub fn dtmf(format: DtmfCallerIdFormat, number: &Party) -> Result<Self, Error> {
        use DtmfCallerIdFormat::{AToC, AToHash, BareToHash, DToC};
        let mut message = CallerIdMessage {
            standard: CallerIdStandard::ClipDtmf,
            bytes: [0; MAX_MESSAGE_BYTES],
            len: 0,
        };
        match number {
            Party::Known(number) => {
                if let Some(found) = number.chars().find(|c| !c.is_ascii_digit()) {
                    let what = "caller number in DTMF";
                    return Err(Error::BadCharacter { what, found });
                }
                let digits = printable("caller number", number, MAX_NUMBER)?;
                let (before, after): (&[u8], &[u8]) = match format {
                    AToC => (b"A", b"C"),
                    AToHash => (b"A", b"#"),
                    DToC => (b"D", b"C"),
                    BareToHash => (b"", b"#"),
                };
                message.push(before)?;
                message.push(digits)?;
                message.push(after)?;
            }
            absent => {
                let private = *absent == Party::Absent(Absence::Private);
                let digits: &[u8] = match (format, private) {
                    (AToC, true) => b"B10C",
                    (AToC, false) => b"B00C",
                    (AToHash, true) => b"D1#",
                    (AToHash, false) => b"D3#",
                    (DToC, _) => b"D0000000000C",
                    (BareToHash, _) => {
                        return Err(Error::NoSuchMessage {
                            standard: CallerIdStandard::ClipDtmf.name(),
                            what: "code for an absent number in this format",
                        });
                    }
                };
                message.push(digits)?;
            }
        }
        Ok(message)
    }

    /// The standard it was made for.
    #[must_use]
    pub fn standard(&self) -> CallerIdStandard {
        self.standard
    }

    /// The bytes on the line: type, length, fields (the modem adds the checksum), or DTMF digits.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or(&[])
    }

    fn fsk(standard: CallerIdStandard, kind: u8, what: &'static str) -> Result<Self, Error> {
        if standard == CallerIdStandard::ClipDtmf {
            return Err(Error::NoSuchMessage {
                standard: standard.name(),
                what,
            });
        }
        let mut message = CallerIdMessage {
            standard,
            bytes: [0; MAX_MESSAGE_BYTES],
            len: 0,
        };
        message.push(&[kind, 0])?;
        Ok(message)
    }

    fn field(&mut self, kind: u8, body: &[u8]) -> Result<(), Error> {
        // Bodies are limited to 50 bytes above.
        let len = u8::try_from(body.len()).unwrap_or(u8::MAX);
        self.push(&[kind, len])?;
        self.push(body)?;
        self.set_length();
        Ok(())
    }

    fn set_length(&mut self) {
        self.bytes[1] = u8::try_from(self.len.saturating_sub(2)).unwrap_or(u8::MAX);
    }

    fn push(&mut self, more: &[u8]) -> Result<(), Error> {
        let end = self.len + more.len();
        let Some(room) = self.bytes.get_mut(self.len..end) else {
            return Err(Error::TooLong {
                what: "caller ID message",
                len: end,
                max: MAX_MESSAGE_BYTES,
            });
        };
        room.copy_from_slice(more);
        self.len = end;
        Ok(())
    }
}

fn printable<'a>(what: &'static str, text: &'a str, max: usize) -> Result<&'a [u8], Error> {
    if let Some(found) = text.chars().find(|c| !matches!(c, ' '..='~')) {
        return Err(Error::BadCharacter { what, found });
    }
    if text.len() > max {
        return Err(Error::TooLong {
            what,
            len: text.len(),
            max,
        });
    }
    Ok(text.as_bytes())
}

fn date_time(when: CallTime) -> Result<[u8; 8], Error> {
    let check = |what, value: u8, range: std::ops::RangeInclusive<u8>| {
        if range.contains(&value) {
            Ok([b'0' + value / 10, b'0' + value % 10])
        } else {
            let value = u32::from(value);
            Err(Error::OutOfRange { what, value })
        }
    };
    let [m1, m2] = check("month", when.month, 1..=12)?;
    let [d1, d2] = check("day", when.day, 1..=31)?;
    let [h1, h2] = check("hour", when.hour, 0..=23)?;
    let [n1, n2] = check("minute", when.minute, 0..=59)?;
    Ok([m1, m2, d1, d2, h1, h2, n1, n2])
}

/// A message as it came over the line, its checksum verified (DTMF has none).
#[derive(Debug, Clone, Copy)]
pub struct ReceivedMessage {
    pub(super) standard: CallerIdStandard,
    pub(super) bytes: [u8; MAX_MESSAGE_BYTES + 1],
    pub(super) len: usize,
}

/// Why a received message makes no sense.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// Shorter than a message can be.
    #[error("caller ID message of {len} bytes is too short")]
    TooShort {
        /// Its length.
        len: usize,
    },
    /// A field claims more bytes than the message has.
    #[error("caller ID field {field:#04x} claims {claimed} bytes, the message has {left} left")]
    FieldTooLong {
        /// Its code.
        field: u8,
        /// Its claimed length.
        claimed: usize,
        /// What was left.
        left: usize,
    },
    /// Not a kind of message this decoder knows.
    #[error("caller ID message type {kind:#04x} is unknown")]
    UnknownType {
        /// The type.
        kind: u8,
    },
}

/// What a received message says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ReceivedCallerId {
    /// Who is calling.
    pub caller: CallerId,
    /// The message waiting lamp, when the message is about it.
    pub message_waiting: Option<bool>,
}

impl ReceivedMessage {
    /// The bytes as received: type, length, fields, without the checksum; or DTMF digits.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or(&[])
    }

    /// The standard it was received with.
    #[must_use]
    pub fn standard(&self) -> CallerIdStandard {
        self.standard
    }

    /// What it says. Unknown fields are skipped. Bytes beyond ASCII are taken as Latin-1.
    ///
    /// # Errors
    /// [`DecodeError`] when the message is damaged or of an unknown type.
    pub fn decode(&self) -> Result<ReceivedCallerId, DecodeError> {
        if self.standard == CallerIdStandard::ClipDtmf {
            return decode_dtmf(self.bytes());
        }
        let (kind, body) = match self.bytes() {
            [kind, _length, body @ ..] => (*kind, body),
            short => return Err(DecodeError::TooShort { len: short.len() }),
        };
        match kind {
            MDMF_CALLER_ID | MDMF_MESSAGE_WAITING => decode_fields(body),
            SDMF_CALLER_ID => {
                let (when, number) = body
                    .split_at_checked(8)
                    .ok_or(DecodeError::TooShort { len: self.len })?;
                Ok(ReceivedCallerId {
                    caller: CallerId {
                        when: parse_time(when),
                        number: match number {
                            [letter] if letter.is_ascii_alphabetic() => {
                                Party::Absent(Absence::from_letter(*letter))
                            }
                            number => Party::Known(text(number)),
                        },
                        name: Party::Unmentioned,
                    },
                    message_waiting: None,
                })
            }
            // GR-30: 0x42 three times lights the lamp, 0x6F three times puts it out.
            SDMF_MESSAGE_WAITING => Ok(ReceivedCallerId {
                message_waiting: body.first().map(|byte| *byte == 0x42),
                ..ReceivedCallerId::default()
            }),
            kind => Err(DecodeError::UnknownType { kind }),
        }
    }
}

fn decode_fields(mut rest: &[u8]) -> Result<ReceivedCallerId, DecodeError> {
    let mut said = ReceivedCallerId::default();
    while let [field, claimed, after @ ..] = rest {
        let claimed = usize::from(*claimed);
        let Some((body, next)) = after.split_at_checked(claimed) else {
            return Err(DecodeError::FieldTooLong {
                field: *field,
                claimed,
                left: after.len(),
            });
        };
        let absence = || Absence::from_letter(body.first().copied().unwrap_or(b'O'));
        match *field {
            FIELD_DATE_TIME => said.caller.when = parse_time(body),
            FIELD_NUMBER => said.caller.number = Party::Known(text(body)),
            FIELD_NUMBER_ABSENT => said.caller.number = Party::Absent(absence()),
            FIELD_NAME => said.caller.name = Party::Known(text(body)),
            FIELD_NAME_ABSENT => said.caller.name = Party::Absent(absence()),
            FIELD_VISUAL_INDICATOR => {
                said.message_waiting = body.first().map(|byte| *byte != 0);
            }
            _ => {}
        }
        rest = next;
    }
    Ok(said)
}

fn decode_dtmf(digits: &[u8]) -> Result<ReceivedCallerId, DecodeError> {
    let Some((end, body)) = digits.split_last() else {
        return Err(DecodeError::TooShort { len: 0 });
    };
    // Only the first field names the caller; `D` after it is the number a call was redirected from.
    let (kind, rest) = match body {
        [kind @ (b'A' | b'B' | b'D'), rest @ ..] => (Some(*kind), rest),
        rest => (None, rest),
    };
    let run = rest.iter().take_while(|c| c.is_ascii_digit()).count();
    let run = rest.get(..run).unwrap_or(&[]);
    let number = match (kind, end, run) {
        (Some(b'B'), _, b"10") | (Some(b'D'), b'#', b"1") => Party::Absent(Absence::Private),
        (Some(b'B'), _, _) | (Some(b'D'), b'#', _) => Party::Absent(Absence::Unavailable),
        (_, _, []) => Party::Unmentioned,
        (_, _, number) => Party::Known(text(number)),
    };
    Ok(ReceivedCallerId {
        caller: CallerId {
            number,
            ..CallerId::default()
        },
        message_waiting: None,
    })
}

fn parse_time(body: &[u8]) -> Option<CallTime> {
    let pair = |at: usize| match body.get(at..at + 2) {
        Some([a @ b'0'..=b'9', b @ b'0'..=b'9']) => Some((a - b'0') * 10 + (b - b'0')),
        _ => None,
    };
    Some(CallTime {
        month: pair(0)?,
        day: pair(2)?,
        hour: pair(4)?,
        minute: pair(6)?,
    })
}

fn text(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| char::from(*byte)).collect()
}
