//! A retailer.

use std::fmt;

/// A tenant's id: `[a-z0-9-]{1,40}`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TenantId(String);

/// A text that is no tenant's id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a tenant id: 1 to 40 characters out of a-z, 0-9 and -")]
pub struct TenantError(pub String);

impl TenantId {
    /// Takes a text in.
    ///
    /// # Errors
    /// [`TenantError`] if it isn't `[a-z0-9-]{1,40}`.
    pub fn parse(text: impl Into<String>) -> Result<Self, TenantError> {
        let text = text.into();
        let valid = (1..=40).contains(&text.len())
            && text
                .bytes()
                .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'));
        if valid {
            Ok(Self(text))
        } else {
            Err(TenantError(text))
        }
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TenantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_to_its_alphabet() {
        assert!(TenantId::parse("demo-2").is_ok());
        for wrong in ["", "Demo", "a_b", "a.b", "a*", &"x".repeat(41)] {
            assert!(TenantId::parse(wrong).is_err(), "{wrong}");
        }
    }
}
