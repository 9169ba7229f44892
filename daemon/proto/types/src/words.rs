//! Enumerations whose values have one word each, the same in the log, in JSON and in the configuration file.

/// Declares an enumeration and the word of each of its values.
///
/// The type gets `ALL`, `NAMES`, `name()`, `from_name()`, `Display`, and serde as that word.
///
/// ```
/// tipring_types::words! {
///     /// State of a message lamp.
///     #[derive(Default)]
///     pub enum Lamp {
///         /// Dark.
///         #[default]
///         Off = "off",
///         /// Lit.
///         On = "on",
///     }
/// }
/// assert_eq!(Lamp::from_name("on"), Some(Lamp::On));
/// assert_eq!(Lamp::On.to_string(), "on");
/// ```
#[macro_export]
macro_rules! words {
    ($(#[$meta:meta])* pub enum $name:ident {
        $($(#[$vmeta:meta])* $variant:ident = $word:literal,)+
    }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[$vmeta])* $variant,)+ }

        impl $name {
            /// All values, in the order of their declaration.
            pub const ALL: &'static [$name] = &[$($name::$variant),+];

            /// Their words, in the same order.
            pub const NAMES: &'static [&'static str] = &[$($word),+];

            /// The word of this value.
            pub const fn name(self) -> &'static str {
                match self { $($name::$variant => $word,)+ }
            }

            /// The value of a word.
            pub fn from_name(name: &str) -> Option<$name> {
                match name { $($word => Some($name::$variant),)+ _ => None }
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.pad(self.name())
            }
        }

        impl ::serde::Serialize for $name {
            fn serialize<S: ::serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.serialize_str(self.name())
            }
        }

        impl<'de> ::serde::Deserialize<'de> for $name {
            fn deserialize<D: ::serde::Deserializer<'de>>(from: D) -> Result<$name, D::Error> {
                let word = <::std::borrow::Cow<'de, str> as ::serde::Deserialize>::deserialize(from)?;
                $name::from_name(&word)
                    .ok_or_else(|| ::serde::de::Error::unknown_variant(&word, $name::NAMES))
            }
        }
    };
}

#[cfg(test)]
#[allow(unreachable_pub, reason = "the macro declares public types")]
mod tests {
    words! {
        /// A word or two.
        #[derive(Default)]
        pub enum Lamp {
            /// Dark.
            #[default]
            Off = "off",
            /// Lit.
            FullyOn = "fully-on",
        }
    }

    #[test]
    fn a_word_is_the_same_everywhere() {
        assert_eq!(Lamp::default(), Lamp::Off);
        assert_eq!(Lamp::NAMES, ["off", "fully-on"]);
        for (lamp, name) in Lamp::ALL.iter().zip(Lamp::NAMES) {
            assert_eq!(lamp.to_string(), *name);
            assert_eq!(Lamp::from_name(name), Some(*lamp));
            let json = serde_json::to_string(lamp).unwrap();
            assert_eq!(json, format!("\"{name}\""));
            assert_eq!(serde_json::from_str::<Lamp>(&json).unwrap(), *lamp);
        }
        let error = serde_json::from_str::<Lamp>("\"dim\"").unwrap_err();
        assert!(error.to_string().contains("`off` or `fully-on`"), "{error}");
    }
}
