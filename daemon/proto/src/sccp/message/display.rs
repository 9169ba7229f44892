//! Text for a phone's display. An analog port shows none of it; a trace does.

use tipring_types::trace::Fields;

use super::{Contents, Layout};
use crate::sccp::catalog::Common;
use crate::sccp::wire::DecodeError;
use crate::sccp::wire::layout::{Body, Writer};
use crate::types::{CallRef, LineInstance};

family! { $ display_rows
    client {}
    named {}
    server {
        0x0099 DisplayText(DisplayText),
        0x009A ClearDisplay,
        0x0112 DisplayPromptStatus(DisplayPromptStatus) as 0x0145 from V2_FROM,
        0x0113 ClearPromptStatus(CallOnLine),
        0x0114 DisplayNotify(DisplayNotify) as 0x0143 from V2_FROM,
        0x0115 ClearNotify,
        0x0120 DisplayPriNotify(DisplayPriNotify) as 0x0144 from V2_FROM,
        0x0121 ClearPriNotify(ClearPriNotify),
    }
    named {
        0x011E UserToDeviceData,
        0x013F UserToDeviceDataV2,
    }
}

/// Text without a timeout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DisplayText {
    /// The text.
    pub text: String,
}

const DISPLAY_TEXT_LEN: usize = 32;

impl Layout for DisplayText {
    fn decode(b: &Body<'_>) -> Result<DisplayText, DecodeError> {
        Ok(DisplayText {
            text: b.rest_text(0),
        })
    }

    fn encode(&self, w: &mut Writer) {
        w.text(0, DISPLAY_TEXT_LEN, &self.text);
    }
}

impl Contents for DisplayText {
    fn fields(&self) -> Fields {
        Fields::new().text("text", &self.text)
    }
}

/// The prompt of a call. Text keeps its 0x80 phrase bytes as U+0080 followed by the index character.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DisplayPromptStatus {
    /// How long, s; 0 until the next one.
    pub timeout_s: u32,
    /// The text.
    pub text: String,
    /// Line.
    pub line: LineInstance,
    /// Call.
    pub call: CallRef,
}

mod prompt {
    pub(super) const TIMEOUT: usize = 0;
    pub(super) const TEXT: usize = 4;
    pub(super) const TEXT_LEN: usize = 32;
    pub(super) const LINE: usize = 36;
    pub(super) const CALL: usize = 40;
    pub(super) const V2_LINE: usize = 4;
    pub(super) const V2_CALL: usize = 8;
    pub(super) const V2_TEXT: usize = 12;
}

impl Layout for DisplayPromptStatus {
    fn decode(b: &Body<'_>) -> Result<DisplayPromptStatus, DecodeError> {
        use prompt::*;
        let (text, line, call) = if b.second {
            (b.rest_text(V2_TEXT), V2_LINE, V2_CALL)
        } else {
            (b.text(TEXT, TEXT_LEN), LINE, CALL)
        };
        Ok(DisplayPromptStatus {
            timeout_s: b.u32(TIMEOUT),
            text,
            line: LineInstance(b.u32(line)),
            call: CallRef(b.u32(call)),
        })
    }

    fn encode(&self, w: &mut Writer) {
        use prompt::*;
        w.u32(TIMEOUT, self.timeout_s);
        if w.second {
            w.u32(V2_LINE, self.line.0);
            w.u32(V2_CALL, self.call.0);
            w.strings(V2_TEXT, &[&self.text]);
        } else {
            w.text(TEXT, TEXT_LEN, &self.text);
            w.u32(LINE, self.line.0);
            w.u32(CALL, self.call.0);
        }
    }
}

impl Contents for DisplayPromptStatus {
    fn fields(&self) -> Fields {
        Fields::new()
            .text("text", &self.text)
            .on(self.line, self.call)
            .with("timeout_s", self.timeout_s.into())
    }
}

/// A notice over the whole display.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DisplayNotify {
    /// How long, s.
    pub timeout_s: u32,
    /// The text.
    pub text: String,
}

mod notify {
    pub(super) const TIMEOUT: usize = 0;
    pub(super) const TEXT: usize = 4;
    pub(super) const TEXT_LEN: usize = 32;
}

impl Layout for DisplayNotify {
    /// Both forms: the old one is 32 bytes wide from chan-sccp and 100 from chan_skinny, so it is read to its NUL.
    fn decode(b: &Body<'_>) -> Result<DisplayNotify, DecodeError> {
        use notify::*;
        Ok(DisplayNotify {
            timeout_s: b.u32(TIMEOUT),
            text: b.rest_text(TEXT),
        })
    }

    fn encode(&self, w: &mut Writer) {
        use notify::*;
        w.u32(TIMEOUT, self.timeout_s);
        if w.second {
            w.strings(TEXT, &[&self.text]);
        } else {
            w.text(TEXT, TEXT_LEN, &self.text);
        }
    }
}

impl Contents for DisplayNotify {
    fn fields(&self) -> Fields {
        Fields::new()
            .text("text", &self.text)
            .with("timeout_s", self.timeout_s.into())
    }
}

/// A notice with a priority.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DisplayPriNotify {
    /// How long, s.
    pub timeout_s: u32,
    /// Its priority.
    pub priority: u32,
    /// The text.
    pub text: String,
}

mod pri_notify {
    pub(super) const TIMEOUT: usize = 0;
    pub(super) const PRIORITY: usize = 4;
    pub(super) const TEXT: usize = 8;
    pub(super) const TEXT_LEN: usize = 32;
}

impl Layout for DisplayPriNotify {
    fn decode(b: &Body<'_>) -> Result<DisplayPriNotify, DecodeError> {
        use pri_notify::*;
        Ok(DisplayPriNotify {
            timeout_s: b.u32(TIMEOUT),
            priority: b.u32(PRIORITY),
            text: b.rest_text(TEXT),
        })
    }

    fn encode(&self, w: &mut Writer) {
        use pri_notify::*;
        w.u32(TIMEOUT, self.timeout_s);
        w.u32(PRIORITY, self.priority);
        if w.second {
            w.strings(TEXT, &[&self.text]);
        } else {
            w.text(TEXT, TEXT_LEN, &self.text);
        }
    }
}

impl Contents for DisplayPriNotify {
    fn fields(&self) -> Fields {
        Fields::new()
            .text("text", &self.text)
            .with("priority", self.priority.into())
            .with("timeout_s", self.timeout_s.into())
    }
}

plain! {
    /// The notice of a priority goes.
    ClearPriNotify {
        /// Which.
        priority: u32 = 0,
    }
}

impl Contents for ClearPriNotify {
    fn fields(&self) -> Fields {
        Fields::new().with("priority", self.priority.into())
    }
}
