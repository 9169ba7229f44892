//! JSON schemas of the enumerations that reports carry: the list of their words.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

macro_rules! words_of {
    ($($name:ident,)+) => {
        $(impl JsonSchema for crate::$name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "type": "string", "enum": crate::$name::NAMES })
            }
        })+
    };
}

words_of! { CallDirection, CallState, EchoState, HookState, PortState, RegistrationState, Side, }
