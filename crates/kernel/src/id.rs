//! Ids with a prefix: `ret_01JCZ…`, a type each, so that one can't be taken for another.

/// A text that is no id of its kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not an id of the form {prefix}_ followed by a ULID")]
pub struct IdError {
    /// What the id must start with, without the underscore.
    pub prefix: &'static str,
    /// What was given.
    pub text: String,
}

/// Whether `text` is `prefix`, an underscore and a ULID.
///
/// # Errors
/// [`IdError`] that names the expected form.
pub fn check(prefix: &'static str, text: &str) -> Result<(), IdError> {
    let valid = text
        .strip_prefix(prefix)
        .and_then(|rest| rest.strip_prefix('_'))
        .is_some_and(|rest| ulid::Ulid::from_string(rest).is_ok());
    if valid {
        Ok(())
    } else {
        Err(IdError {
            prefix,
            text: text.to_owned(),
        })
    }
}

/// Declares an id type: `id_type!(/// A return. ReturnId, "ret");`.
///
/// The type offers `generate`, `parse`, `as_str`, `Display` and conversion into `String`.
#[macro_export]
macro_rules! id_type {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// The id's prefix, without the underscore.
            pub const PREFIX: &'static str = $prefix;

            /// A new id.
            pub fn generate(ids: &dyn $crate::IdSource, now: $crate::Timestamp) -> Self {
                Self(ids.id(Self::PREFIX, now))
            }

            /// Takes a text in.
            ///
            /// # Errors
            /// [`IdError`]($crate::IdError) if the text is no id of this kind.
            pub fn parse(text: impl Into<String>) -> Result<Self, $crate::IdError> {
                let text = text.into();
                $crate::id::check(Self::PREFIX, &text)?;
                Ok(Self(text))
            }

            /// The id as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }
    };
}

#[cfg(test)]
mod tests {
    use crate::{SeededIds, Timestamp};

    id_type!(
        /// For the test.
        ThingId, "thi"
    );

    #[test]
    fn accepts_its_own_and_nothing_else() {
        let id = ThingId::generate(&SeededIds::new(1), Timestamp::EPOCH);
        assert_eq!(ThingId::parse(id.as_str()), Ok(id));
        for wrong in [
            "",
            "thi",
            "thi_",
            "ret_01JCZ0000000000000000000AA",
            "thi_xyz",
        ] {
            assert!(ThingId::parse(wrong).is_err(), "{wrong}");
        }
    }
}
