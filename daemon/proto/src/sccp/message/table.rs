//! From the rows of the families to the two enums and all that goes by the kind of a message.
//!
//! A row: `id Name`, the value's type in parentheses when there is a body, and, for a message that has a second form with
//! an id of its own, `as id from version` (or `as id` alone, when we read that form and never send it).
//! `named` are ids that have a name and no layout.

/// Rows of a family: a macro `$name` that adds them to those collected and hands all to the next macro of the chain.
/// `$d` is a dollar sign, which a macro cannot write for the one that it makes.
macro_rules! family {
    ($d:tt $name:ident
     client { $($c:tt)* } named { $($cn:tt)* }
     server { $($s:tt)* } named { $($sn:tt)* }) => {
        macro_rules! $name {
            ($d next:ident $d($d chain:ident)*;
             { $d($d c0:tt)* } { $d($d cn0:tt)* } { $d($d s0:tt)* } { $d($d sn0:tt)* }) => {
                $d next! { $d($d chain)*;
                    { $d($d c0)* $($c)* } { $d($d cn0)* $($cn)* }
                    { $d($d s0)* $($s)* } { $d($d sn0)* $($sn)* }
                }
            };
        }
    };
}

/// The end of the chain: both enums of all rows.
macro_rules! messages {
    (; { $($client:tt)* } { $($client_named:tt)* } { $($server:tt)* } { $($server_named:tt)* }) => {
        direction! {
            /// Station → CallManager.
            ClientMessage, CLIENT_NAMES { $($client)* } { $($client_named)* }
        }
        direction! {
            /// CallManager → station.
            ServerMessage, SERVER_NAMES { $($server)* } { $($server_named)* }
        }
    };
}

/// The name of a value that a row's type says is there.
macro_rules! bound {
    ($m:ident $T:ty) => {
        $m
    };
}

/// One direction.
macro_rules! direction {
    ($(#[$doc:meta])* $Enum:ident, $NAMES:ident {
        $($id:literal $Name:ident $(($T:ty))? $(as $second:literal $(from $from:expr)?)?,)*
    } { $($named:literal $name:ident,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum $Enum {
            $(#[doc = concat!("Message ", stringify!($id), $(" and ", stringify!($second),)? ".")]
            $Name $(($T))?,)*
            /// Any other id, kept whole.
            Unknown {
                /// Message id.
                id: u32,
                /// All that came.
                body: Vec<u8>,
            },
        }

        /// Names by id, also of messages without a layout.
        pub(super) const $NAMES: &[(u32, &'static str)] = &[
            $(($id, stringify!($Name)), $(($second, concat!(stringify!($Name), "V2")),)?)*
            $(($named, stringify!($name)),)*
        ];

        impl $Enum {
            /// Id on the wire at this version.
            pub(super) fn id_at(&self, version: u8) -> u32 {
                // Rows without a second form look at no version.
                let _ = version;
                match self {
                    $($Enum::$Name { .. } => {
                        $($(if version >= $from {
                            return $second;
                        })?)?
                        $id
                    })*
                    $Enum::Unknown { id, .. } => *id,
                }
            }

            /// Whether the header carries the negotiated version.
            pub(super) fn versioned(&self) -> bool {
                match self {
                    $($Enum::$Name { .. } => true $(&& <$T as Layout>::VERSIONED)?,)*
                    $Enum::Unknown { .. } => true,
                }
            }

            pub(super) fn encode(&self, w: &mut Writer) {
                match self {
                    $($Enum::$Name $((bound!(m $T)))? => { $(<$T as Layout>::encode(m, w))? })*
                    $Enum::Unknown { body, .. } => w.bytes(0, body),
                }
            }

            pub(super) fn decode(
                frame: &Frame,
                version: u8,
                code_page: CodePage,
            ) -> Result<$Enum, DecodeError> {
                let second = false $($(|| frame.id == $second)?)*;
                let body = Body::new(frame, version, second, code_page);
                let b = &body;
                Ok(match frame.id {
                    $($id $(| $second)? => $Enum::$Name $((<$T as Layout>::decode(b)?))?,)*
                    id => $Enum::Unknown { id, body: body.to_vec() },
                })
            }

            /// What the message says.
            pub(super) fn fields(&self) -> Fields {
                match self {
                    $($Enum::$Name $((bound!(m $T)))? => {
                        Fields::new() $(.and(<$T as Contents>::fields(m)))?
                    })*
                    $Enum::Unknown { body, .. } => Fields::new().with("raw", Value::bytes(body)),
                }
            }
        }
    };
}
