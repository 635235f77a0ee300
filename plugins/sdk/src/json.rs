//! Just enough JSON for a configuration: no floats, no derive, a few kilobytes of code.
//!
//! Numbers must be integers that fit 64 bits; nesting ends at 32. An error names the byte at which
//! the text stopped making sense.

/// Deeper nesting than this is refused.
const MAX_DEPTH: u32 = 32;

/// A value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// An integer.
    Integer(i64),
    /// A text.
    Text(String),
    /// A list.
    List(Vec<Value>),
    /// An object, its members in their order.
    Object(Vec<(String, Value)>),
}

/// A text that is no JSON, or JSON with a fraction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JsonError {
    /// Where, in bytes.
    pub at: usize,
    /// What was expected.
    pub expected: &'static str,
}

impl std::fmt::Display for JsonError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("expected ")?;
        f.write_str(self.expected)?;
        f.write_str(" at byte ")?;
        self.at.fmt(f)
    }
}

impl std::error::Error for JsonError {}

impl Value {
    /// A member of an object; `None` if it is missing or this is no object.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Value> {
        match self {
            Self::Object(members) => members
                .iter()
                .find(|(name, _)| name == key)
                .map(|(_, value)| value),
            _ => None,
        }
    }

    /// The integer.
    #[must_use]
    pub fn as_integer(&self) -> Option<i64> {
        match self {
            Self::Integer(value) => Some(*value),
            _ => None,
        }
    }

    /// The truth value.
    #[must_use]
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(value) => Some(*value),
            _ => None,
        }
    }

    /// The text.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(value) => Some(value),
            _ => None,
        }
    }

    /// The list; empty if this is none.
    #[must_use]
    pub fn items(&self) -> &[Value] {
        match self {
            Self::List(items) => items,
            _ => &[],
        }
    }

    /// The members of an object; none if this is none.
    #[must_use]
    pub fn members(&self) -> &[(String, Value)] {
        match self {
            Self::Object(members) => members,
            _ => &[],
        }
    }
}

/// Parses a whole text.
///
/// # Errors
/// [`JsonError`] that names the place.
pub fn parse(text: &str) -> Result<Value, JsonError> {
    let mut parser = Parser {
        text,
        bytes: text.as_bytes(),
        at: 0,
    };
    let value = parser.value(0)?;
    parser.space();
    match parser.peek() {
        None => Ok(value),
        Some(_) => Err(parser.expected("the end")),
    }
}

struct Parser<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
}

impl Parser<'_> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn expected(&self, expected: &'static str) -> JsonError {
        JsonError {
            at: self.at,
            expected,
        }
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\n' | b'\r' | b'\t')) {
            self.at += 1;
        }
    }

    fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn word(&mut self, word: &str, value: Value) -> Result<Value, JsonError> {
        let rest = self.text.get(self.at..).unwrap_or_default();
        if rest.starts_with(word) {
            self.at += word.len();
            Ok(value)
        } else {
            Err(self.expected("a value"))
        }
    }

    fn value(&mut self, depth: u32) -> Result<Value, JsonError> {
        if depth > MAX_DEPTH {
            return Err(self.expected("less nesting"));
        }
        self.space();
        match self.peek() {
            Some(b'n') => self.word("null", Value::Null),
            Some(b't') => self.word("true", Value::Bool(true)),
            Some(b'f') => self.word("false", Value::Bool(false)),
            Some(b'"') => self.string().map(Value::Text),
            Some(b'-' | b'0'..=b'9') => self.integer(),
            Some(b'[') => self.list(depth),
            Some(b'{') => self.object(depth),
            _ => Err(self.expected("a value")),
        }
    }

    fn list(&mut self, depth: u32) -> Result<Value, JsonError> {
        self.at += 1;
        let mut items = Vec::new();
        self.space();
        if self.take(b']') {
            return Ok(Value::List(items));
        }
        loop {
            items.push(self.value(depth + 1)?);
            self.space();
            if self.take(b']') {
                return Ok(Value::List(items));
            }
            if !self.take(b',') {
                return Err(self.expected("`,` or `]`"));
            }
        }
    }

    fn object(&mut self, depth: u32) -> Result<Value, JsonError> {
        self.at += 1;
        let mut members = Vec::new();
        self.space();
        if self.take(b'}') {
            return Ok(Value::Object(members));
        }
        loop {
            self.space();
            let key = self.string()?;
            self.space();
            if !self.take(b':') {
                return Err(self.expected("`:`"));
            }
            members.push((key, self.value(depth + 1)?));
            self.space();
            if self.take(b'}') {
                return Ok(Value::Object(members));
            }
            if !self.take(b',') {
                return Err(self.expected("`,` or `}`"));
            }
        }
    }

    fn integer(&mut self) -> Result<Value, JsonError> {
        let start = self.at;
        self.take(b'-');
        let digits = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        let leading_zero = self.at - digits > 1 && self.bytes.get(digits) == Some(&b'0');
        if leading_zero || matches!(self.peek(), Some(b'.' | b'e' | b'E')) {
            return Err(self.expected("an integer"));
        }
        self.text
            .get(start..self.at)
            .and_then(|digits| digits.parse().ok())
            .map(Value::Integer)
            .ok_or_else(|| self.expected("an integer of 64 bits"))
    }

    fn string(&mut self) -> Result<String, JsonError> {
        if !self.take(b'"') {
            return Err(self.expected("a text"));
        }
        let mut text = String::new();
        loop {
            let start = self.at;
            while !matches!(self.peek(), None | Some(b'"' | b'\\' | 0..=0x1f)) {
                self.at += 1;
            }
            // Only ASCII ends a run, so both ends lie between characters.
            text.push_str(self.text.get(start..self.at).unwrap_or_default());
            if self.take(b'"') {
                return Ok(text);
            }
            if !self.take(b'\\') {
                return Err(self.expected("the text's end"));
            }
            text.push(self.escape()?);
        }
    }

    fn escape(&mut self) -> Result<char, JsonError> {
        let escaped = self.peek();
        self.at += 1;
        Ok(match escaped {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.unicode(),
            _ => return Err(self.expected("an escape")),
        })
    }

    fn unicode(&mut self) -> Result<char, JsonError> {
        let first = self.hex()?;
        let code = if (0xd800..0xdc00).contains(&first) {
            if !(self.take(b'\\') && self.take(b'u')) {
                return Err(self.expected("the second half of a surrogate pair"));
            }
            let second = self.hex()?;
            if !(0xdc00..0xe000).contains(&second) {
                return Err(self.expected("the second half of a surrogate pair"));
            }
            0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00)
        } else {
            first
        };
        char::from_u32(code).ok_or_else(|| self.expected("a character"))
    }

    fn hex(&mut self) -> Result<u32, JsonError> {
        let digits = self.text.get(self.at..self.at + 4).unwrap_or_default();
        // `from_str_radix` takes a sign, JSON doesn't.
        if digits.starts_with('+') {
            return Err(self.expected("four hexadecimal digits"));
        }
        let code = u32::from_str_radix(digits, 16)
            .map_err(|_| self.expected("four hexadecimal digits"))?;
        self.at += 4;
        Ok(code)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

    use super::*;

    #[test]
    fn reads_what_a_configuration_is_made_of() {
        let value = parse(
            r#" {"days": 30, "free": [true, false, null], "by": {"shoes": -1}, "t": "a\n\"\u20ac\ud83d\ude00é"} "#,
        )
        .unwrap();
        assert_eq!(value.get("days").unwrap().as_integer(), Some(30));
        assert_eq!(value.get("free").unwrap().items().len(), 3);
        assert_eq!(
            value.get("by").unwrap().get("shoes"),
            Some(&Value::Integer(-1))
        );
        assert_eq!(value.get("t").unwrap().as_text(), Some("a\n\"€😀é"));
        assert_eq!(parse("[]").unwrap(), Value::List(vec![]));
        assert_eq!(parse("{}").unwrap().members(), &[]);
    }

    #[test]
    fn refuses_the_rest_and_says_where() {
        for text in [
            "",
            "{",
            "[1,]",
            "{\"a\" 1}",
            "01",
            "1.5",
            "1e3",
            "-",
            "\"\\x\"",
            "\"a",
            "nul",
            "[] 1",
            "\"\\ud800\"",
            "\"\u{1}\"",
            "99999999999999999999",
            "{1: 2}",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
        assert_eq!(parse("[1 2]").unwrap_err().at, 3);
        assert!(parse(&"[".repeat(100_000)).is_err());
    }
}
