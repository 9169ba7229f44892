//! JSON schemas of the enumerations that reports carry: the list of their words.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use crate::explain::Standing;
use crate::trace::{DigitSource, LegMode, SccpDirection, SwitchAnswer, TraceKind, VoiceCause};
use crate::{
    AlarmTone, CallDirection, CallState, Codec, ConnectionPurpose, ConnectionState, DataTone,
    Digit, EchoState, EndCause, FaxModem, FaxPhase, FaxRelayUse, FaxTimer, HookState, LineFault,
    NoiseVerdict, Polarity, PortState, RegistrationState, Side, T38Choice, T38Doubt, TenthDb,
    TenthDbm0, TestEnd,
};

macro_rules! words_of {
    ($($name:ident,)+) => {
        $(impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "type": "string", "enum": $name::NAMES })
            }
        })+
    };
}

words_of! {
    AlarmTone, CallDirection, CallState, Codec, ConnectionPurpose, ConnectionState, DataTone, DigitSource, EchoState, EndCause,
    FaxModem, FaxPhase, FaxRelayUse, FaxTimer, HookState, LineFault, NoiseVerdict, Polarity, PortState, RegistrationState, SccpDirection, Side, Standing, TestEnd, TraceKind,
    LegMode, SwitchAnswer, VoiceCause, T38Choice, T38Doubt,
}

impl JsonSchema for Digit {
    fn schema_name() -> Cow<'static, str> {
        "Digit".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^[0-9*#A-D]$" })
    }
}

impl JsonSchema for TenthDb {
    fn schema_name() -> Cow<'static, str> {
        "Db".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "number" })
    }
}

impl JsonSchema for TenthDbm0 {
    fn schema_name() -> Cow<'static, str> {
        "Dbm0".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "number" })
    }
}
