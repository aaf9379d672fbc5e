//! A cursor over the text of a header or URI: the terminals of RFC 3261 section 25.1.

use crate::ParseError;

/// What is left of a text, and where it stands.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scan<'a> {
    text: &'a str,
    at: usize,
    what: &'static str,
}

/// Which octets belong to a kind: looked up, for nearly every octet of a head is asked about.
pub(crate) type Octets = [bool; 256];

/// The table of a kind of octets: letters and digits, and these.
pub(crate) const fn alphanumeric_and(others: &[u8]) -> Octets {
    let mut table = [false; 256];
    let mut octet = 0;
    while octet < 128_u8 {
        table[octet as usize] = octet.is_ascii_alphanumeric();
        octet += 1;
    }
    let mut at = 0;
    while at < others.len() {
        table[others[at] as usize] = true;
        at += 1;
    }
    table
}

static TOKEN: Octets = alphanumeric_and(b"-.!%*_+`'~");
static WORD: Octets = alphanumeric_and(b"-.!%*_+`'~()<>:\\\"/[]?{}");

/// An octet of `token`.
#[inline]
pub(crate) fn is_token(octet: u8) -> bool {
    TOKEN[usize::from(octet)]
}

/// An octet of `word`, of which a Call-ID is made.
#[inline]
pub(crate) fn is_word(octet: u8) -> bool {
    WORD[usize::from(octet)]
}

impl<'a> Scan<'a> {
    pub(crate) const fn new(text: &'a str, what: &'static str) -> Self {
        Self { text, at: 0, what }
    }

    pub(crate) const fn at(&self) -> usize {
        self.at
    }

    pub(crate) fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    pub(crate) fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    pub(crate) const fn expected(&self, expected: &'static str) -> ParseError {
        ParseError::expected(self.what, self.at, expected)
    }

    /// Takes blanks, also none.
    pub(crate) fn blanks(&mut self) {
        self.run(|octet| matches!(octet, b' ' | b'\t'));
    }

    /// Takes this octet with the blanks around it, if it is next.
    pub(crate) fn mark(&mut self, mark: u8) -> bool {
        let before = self.at;
        // Nearly always it stands there, or something else does, without blanks.
        if !matches!(self.peek(), Some(b' ' | b'\t')) && self.peek() != Some(mark) {
            return false;
        }
        self.blanks();
        if self.octet(mark) {
            self.blanks();
            return true;
        }
        self.at = before;
        false
    }

    /// Takes this octet, if it is next.
    pub(crate) fn octet(&mut self, octet: u8) -> bool {
        let found = self.peek() == Some(octet);
        if found {
            self.at += 1;
        }
        found
    }

    /// Takes the longest run of such octets, also none.
    pub(crate) fn run(&mut self, is: impl Fn(u8) -> bool) -> &'a str {
        let from = self.at;
        let rest = self.text.as_bytes().get(from..).unwrap_or_default();
        self.at += rest.iter().position(|octet| !is(*octet)).unwrap_or(rest.len());
        self.slice(from, self.at)
    }

    /// Takes such octets, at least one.
    pub(crate) fn some(
        &mut self,
        expected: &'static str,
        is: impl Fn(u8) -> bool,
    ) -> Result<&'a str, ParseError> {
        let found = self.run(is);
        if found.is_empty() { Err(self.expected(expected)) } else { Ok(found) }
    }

    pub(crate) fn token(&mut self, expected: &'static str) -> Result<&'a str, ParseError> {
        self.some(expected, is_token)
    }

    /// Takes a quoted string, with its quotes.
    pub(crate) fn quoted(&mut self) -> Result<&'a str, ParseError> {
        let from = self.at;
        if !self.octet(b'"') {
            return Err(self.expected("a quotation mark"));
        }
        loop {
            match self.peek() {
                None => return Err(self.expected("the closing quotation mark")),
                Some(b'"') => {
                    self.at += 1;
                    return Ok(self.slice(from, self.at));
                }
                Some(b'\\') => {
                    self.at += 1;
                    // A pair is a backslash and any ASCII octet but a line's end.
                    if !self.peek().is_some_and(|octet| octet.is_ascii() && octet != b'\r' && octet != b'\n')
                    {
                        return Err(self.expected("a character behind the backslash"));
                    }
                    self.at += 1;
                }
                Some(_) => self.at += 1,
            }
        }
    }

    /// Takes a number of at most `max`; digits alone, no sign.
    pub(crate) fn number(&mut self, max: u64) -> Result<u64, ParseError> {
        let from = self.at;
        let digits = self.some("a number", |octet| octet.is_ascii_digit())?;
        let too_large = ParseError { what: self.what, offset: from, fault: crate::ParseFault::TooLarge(max) };
        // Any number of leading zeros may stand; no `max` is so large that it is reached by too many digits.
        let number = digits
            .bytes()
            .fold(0_u64, |number, digit| number.saturating_mul(10).saturating_add(u64::from(digit - b'0')));
        if number <= max { Ok(number) } else { Err(too_large) }
    }

    /// Nothing but blanks may be left.
    pub(crate) fn end(mut self, expected: &'static str) -> Result<(), ParseError> {
        self.blanks();
        if self.at == self.text.len() { Ok(()) } else { Err(self.expected(expected)) }
    }

    pub(crate) fn slice(&self, from: usize, to: usize) -> &'a str {
        self.text.get(from..to).unwrap_or_default()
    }

    /// Moves to this place of the text.
    pub(crate) fn jump(&mut self, at: usize) {
        self.at = at;
    }
}

/// The elements of a comma list with their places; commas inside quotes and angle brackets are theirs.
pub(crate) fn list(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut from = Some(0);
    std::iter::from_fn(move || {
        let start = from?;
        let rest = text.get(start..)?;
        let comma = memchr::memchr(b',', rest.as_bytes()).and_then(|first| comma(rest, first));
        let element = comma.map_or(rest, |len| rest.get(..len).unwrap_or_default());
        from = comma.map(|len| start + len + 1);
        let lead = element.len() - element.trim_start().len();
        Some((start + lead, element.trim()))
    })
}

/// The place of the first comma that ends an element, where the first of all stands at `first`.
fn comma(rest: &str, first: usize) -> Option<usize> {
    let (mut quoted, mut angle, mut escaped) = (false, false, false);
    // Nothing to be told apart before the first comma: it ends the element.
    if memchr::memchr2(b'"', b'<', rest.as_bytes().get(..first)?).is_none() {
        return Some(first);
    }
    rest.bytes().position(|octet| {
        let taken = std::mem::take(&mut escaped);
        match octet {
            b'\\' if quoted => escaped = !taken,
            b'"' if !taken => quoted = !quoted,
            b'<' if !quoted => angle = true,
            b'>' if !quoted => angle = false,
            b',' => return !quoted && !angle,
            _ => {}
        }
        false
    })
}

/// A quoted string without its quotes and backslashes; another text as it is.
pub(crate) fn unquoted(text: &str) -> std::borrow::Cow<'_, str> {
    let Some(inner) = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')) else {
        return text.into();
    };
    if !inner.contains('\\') {
        return inner.into();
    }
    let mut plain = String::with_capacity(inner.len());
    let mut letters = inner.chars();
    while let Some(letter) = letters.next() {
        plain.extend(if letter == '\\' { letters.next() } else { Some(letter) });
    }
    plain.into()
}

/// A text as a quoted string; line ends and other controls become blanks.
pub(crate) fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for letter in text.chars() {
        match letter {
            '"' | '\\' => quoted.extend(['\\', letter]),
            letter if letter.is_control() => quoted.push(' '),
            letter => quoted.push(letter),
        }
    }
    quoted.push('"');
    quoted
}
