//! What an SCCP message says: named values in the order of its layout. In JSON they are one object, whose values show by
//! their form what they are: numbers, `true` and `false`, texts, and objects for what has more than one part.

use std::borrow::Cow;
use std::fmt;
use std::net::{Ipv4Addr, SocketAddrV4};

use serde::de::{MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A value of a field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(untagged, deny_unknown_fields)]
pub enum Value {
    /// A number.
    Number(u64),
    /// Yes or no.
    Flag(bool),
    /// A text, or a number as it is dialled.
    Text(String),
    /// A number that has a word.
    Word {
        /// The word.
        word: Cow<'static, str>,
        /// The number.
        number: u64,
    },
    /// An address with its port.
    Address {
        /// Address and port.
        address: SocketAddrV4,
    },
    /// An address alone.
    Host {
        /// The address.
        address: Ipv4Addr,
    },
    /// Bytes without a layout.
    Bytes {
        /// How many.
        bytes: u64,
        /// The first of them in hexadecimal digits.
        hex: String,
    },
    /// Several values of one kind.
    List(Vec<Value>),
    /// Values that belong together.
    Group(Fields),
}

/// A named value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name in JSON; the unit is its end (`_s`, `_ms`).
    pub name: Cow<'static, str>,
    /// Its value.
    pub value: Value,
}

/// Named values in their order; each name occurs once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fields(Vec<Field>);

impl Fields {
    /// The field that has CallManager's reference of a call.
    pub const CALL_REF: &'static str = "call_ref";
    /// Bytes that are kept of a body without a layout.
    const KEPT: usize = 32;

    /// None yet.
    pub fn new() -> Fields {
        Fields::default()
    }

    /// There are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// In their order.
    pub fn iter(&self) -> impl Iterator<Item = &Field> {
        self.0.iter()
    }

    /// The value of that name.
    pub fn get(&self, name: &str) -> Option<&Value> {
        let field = self.0.iter().find(|f| f.name == name)?;
        Some(&field.value)
    }

    /// The number of that name.
    pub fn number(&self, name: &str) -> Option<u64> {
        match self.get(name)? {
            Value::Number(number) | Value::Word { number, .. } => Some(*number),
            _ => None,
        }
    }

    /// Adds a value; a name that is there already keeps its first one.
    pub fn with(mut self, name: &'static str, value: Value) -> Fields {
        self.push(Cow::Borrowed(name), value);
        self
    }

    /// Adds those of another.
    pub fn and(mut self, more: Fields) -> Fields {
        for Field { name, value } in more.0 {
            self.push(name, value);
        }
        self
    }

    fn push(&mut self, name: Cow<'static, str>, value: Value) {
        if self.get(&name).is_none() {
            self.0.push(Field { name, value });
        }
    }
}

impl Value {
    /// A number, with its word if it has one.
    pub fn word(number: u32, word: Option<&'static str>) -> Value {
        let number = number.into();
        match word {
            Some(word) => Value::Word {
                word: Cow::Borrowed(word),
                number,
            },
            None => Value::Number(number),
        }
    }

    /// Bytes without a layout.
    pub fn bytes(bytes: &[u8]) -> Value {
        use fmt::Write as _;
        let mut hex = String::new();
        for byte in bytes.iter().take(Fields::KEPT) {
            // Writing to a String cannot fail.
            let _ = write!(hex, "{byte:02x}");
        }
        Value::Bytes {
            bytes: bytes.len() as u64,
            hex,
        }
    }
}

macro_rules! value_of {
    ($($from:ty => |$value:ident| $made:expr,)+) => {
        $(impl From<$from> for Value {
            fn from($value: $from) -> Value {
                $made
            }
        })+
    };
}

value_of! {
    u8 => |n| Value::Number(n.into()),
    u16 => |n| Value::Number(n.into()),
    u32 => |n| Value::Number(n.into()),
    bool => |on| Value::Flag(on),
    String => |text| Value::Text(text),
    &str => |text| Value::Text(text.to_owned()),
    SocketAddrV4 => |address| Value::Address { address },
    Ipv4Addr => |address| Value::Host { address },
    Fields => |fields| Value::Group(fields),
    Vec<Value> => |values| Value::List(values),
}

impl Serialize for Fields {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(Some(self.0.len()))?;
        for Field { name, value } in &self.0 {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Fields, D::Error> {
        struct Map;
        impl<'de> Visitor<'de> for Map {
            type Value = Fields;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of named values")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields, A::Error> {
                let mut fields = Fields::new();
                while let Some((name, value)) = map.next_entry::<String, Value>()? {
                    fields.push(Cow::Owned(name), value);
                }
                Ok(fields)
            }
        }
        from.deserialize_map(Map)
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for Fields {
    fn schema_name() -> Cow<'static, str> {
        "Fields".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let value = generator.subschema_for::<Value>();
        schemars::json_schema!({ "type": "object", "additionalProperties": value })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> Fields {
        let party = Fields::new()
            .with("number", "1001".into())
            .with("name", "Ada".into());
        Fields::new()
            .with("timeout_s", 30u32.into())
            .with("active", true.into())
            .with("text", "10.0.0.1:5".into())
            .with("tone", Value::word(33, Some("inside dial")))
            .with("strange", Value::word(99, None))
            .with(
                "remote",
                SocketAddrV4::new([192, 0, 2, 7].into(), 4000).into(),
            )
            .with("address", Ipv4Addr::new(192, 0, 2, 7).into())
            .with("body", Value::bytes(&[0xAB; 40]))
            .with("calling", party.clone().into())
            .with("servers", vec![party.into(), Value::Number(3)].into())
    }

    #[test]
    fn values_are_read_again_as_what_they_were_and_in_their_order() {
        let json = serde_json::to_string(&all()).unwrap();
        assert!(json.starts_with(
            r#"{"timeout_s":30,"active":true,"text":"10.0.0.1:5","tone":{"word":"inside dial","number":33},"strange":99,"remote":{"address":"192.0.2.7:4000"},"address":{"address":"192.0.2.7"},"body":{"bytes":40,"hex":"abab"#
        ), "{json}");
        assert_eq!(serde_json::from_str::<Fields>(&json).unwrap(), all());
    }

    #[test]
    fn a_number_is_found_by_its_name_and_a_name_occurs_once() {
        let fields = all().with("timeout_s", 99u32.into());
        assert_eq!(fields.number("timeout_s"), Some(30));
        assert_eq!(fields.number("tone"), Some(33));
        assert_eq!(fields.number("text"), None);
        assert_eq!(fields, all());
    }
}
