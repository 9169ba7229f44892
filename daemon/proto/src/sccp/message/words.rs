//! What most fields are: 32-bit words. Numbers with names, and messages that are words at fixed places and nothing else.

use crate::types::{CallRef, Conference, LineInstance, Party};

/// A value that is one word on the wire.
pub(super) trait Word: Copy {
    fn from_word(word: u32) -> Self;
    fn to_word(self) -> u32;
}

impl Word for u32 {
    fn from_word(word: u32) -> u32 {
        word
    }
    fn to_word(self) -> u32 {
        self
    }
}

impl Word for bool {
    fn from_word(word: u32) -> bool {
        word != 0
    }
    fn to_word(self) -> u32 {
        self.into()
    }
}

/// [`Word`] of newtypes over `u32`.
macro_rules! word_of_newtype {
    ($($name:ident),*) => {
        $(impl $crate::sccp::message::words::Word for $name {
            fn from_word(word: u32) -> $name {
                $name(word)
            }
            fn to_word(self) -> u32 {
                self.0
            }
        })*
    };
}
word_of_newtype!(LineInstance, CallRef, Party, Conference);

/// An SCCP number with named values; any other number is kept as it came.
macro_rules! named_numbers {
    ($(#[$m:meta])* $name:ident { $($(#[$vm:meta])* $v:ident = $n:expr => $text:expr),* $(,)? }) => {
        $(#[$m])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
        pub struct $name(pub u32);
        impl $name {
            $($(#[$vm])* #[doc = $text] pub const $v: $name = $name($n);)*
            /// The field's own word for this number, or `None` for one this table does not know.
            pub fn word(self) -> Option<&'static str> {
                match self.0 { $($n => Some($text),)* _ => None }
            }
        }
        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                match self.word() { Some(w) => f.write_str(w), None => write!(f, "{} {:#x}", stringify!($name), self.0) }
            }
        }
        word_of_newtype!($name);
        impl From<$name> for tipring_types::trace::Value {
            fn from(number: $name) -> tipring_types::trace::Value {
                tipring_types::trace::Value::word(number.0, number.word())
            }
        }
    };
}

/// A message of words, each with its offset: the value and both directions of its layout. `need` names the field that
/// nothing can be done without and the bytes a body must have to hold it.
macro_rules! plain {
    ($(#[$m:meta])* $name:ident {
        $($(#[$fm:meta])* $field:ident: $ty:ty = $at:literal),* $(,)?
    } $(size $size:literal)? $(need $needed:literal $len:literal)?) => {
        $(#[$m])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct $name {
            $($(#[$fm])* pub $field: $ty,)*
        }
        impl $crate::sccp::message::Layout for $name {
            fn decode(
                b: &$crate::sccp::wire::layout::Body<'_>,
            ) -> Result<$name, $crate::sccp::wire::DecodeError> {
                use $crate::sccp::message::words::Word;
                $(b.need($needed, $len)?;)?
                Ok($name { $($field: Word::from_word(b.u32($at)),)* })
            }
            fn encode(&self, w: &mut $crate::sccp::wire::layout::Writer) {
                use $crate::sccp::message::words::Word;
                $(w.u32($at, self.$field.to_word());)*
                $(w.size($size);)?
            }
        }
    };
}
