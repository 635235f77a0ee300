//! A plugin's version: three numbers, compared in order.

use std::fmt;

/// A version such as 1.2.3. Pre-releases are refused: what is installed is released.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Version {
    major: u32,
    minor: u32,
    patch: u32,
}

impl Version {
    /// Takes a text in; `None` unless it is written as [`Display`](fmt::Display) would write it.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut numbers = text.splitn(3, '.').map(|part| part.parse().ok());
        let version = Self {
            major: numbers.next()??,
            minor: numbers.next()??,
            patch: numbers.next()??,
        };
        // Rules out `+1` and `01`, which parse as numbers.
        (version.to_string() == text).then_some(version)
    }

    /// A text that sorts as versions do, for the database.
    pub(crate) fn rank(self) -> String {
        format!("{:010}.{:010}.{:010}", self.major, self.minor, self.patch)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

#[cfg(test)]
mod tests {
    use super::Version;

    #[test]
    fn sorts_by_number_and_not_by_letter() {
        assert!(Version::parse("1.10.0") > Version::parse("1.9.9"));
        assert!(Version::parse("2.0.0") > Version::parse("1.99.99"));
    }

    #[test]
    fn refuses_other_spellings() {
        for text in [
            "",
            "1",
            "1.2",
            "1.2.3.4",
            "01.2.3",
            "+1.2.3",
            "1.2.3-rc1",
            "1.2.-3",
            "v1.2.3",
        ] {
            assert_eq!(Version::parse(text), None, "{text}");
        }
    }
}
