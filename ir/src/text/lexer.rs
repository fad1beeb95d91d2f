//! Tokens of the text form, taken one at a time.

use super::error::TextError;

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Kind<'t> {
    /// A word, a number or a shape: letters, digits, `_`, `+`, `-` and single dots.
    Atom(&'t str),
    /// What stands between quotes, escapes included.
    Quoted(&'t str),
    /// One of `= ( ) [ ] { } : , % @`.
    Mark(char),
    /// `..`
    Dots,
    /// `..=`
    DotsEqual,
}

/// A token and the byte it starts at.
#[derive(Clone, Copy, Debug)]
pub(super) struct Token<'t> {
    pub(super) kind: Kind<'t>,
    pub(super) at: usize,
}

/// Takes tokens from `at` up to `end`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lexer<'t> {
    text: &'t str,
    at: usize,
    end: usize,
}

impl<'t> Lexer<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { text, at: 0, end: text.len() }
    }

    /// The same text from `at` to `end` only.
    pub(super) fn span(text: &'t str, at: usize, end: usize) -> Self {
        Self { text, at, end }
    }

    /// The byte after the last token.
    pub(super) fn position(&self) -> usize {
        self.at
    }

    fn rest(&self) -> &'t str {
        self.text.get(self.at..self.end).unwrap_or_default()
    }

    fn skip_blanks(&mut self) {
        loop {
            let rest = self.rest();
            let kept = rest.trim_start();
            self.at += rest.len() - kept.len();
            if !(kept.starts_with("//") || kept.starts_with(';')) {
                return;
            }
            self.at += kept.find('\n').unwrap_or(kept.len());
        }
    }

    /// The next token; `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<Token<'t>>, TextError> {
        self.skip_blanks();
        let (rest, at) = (self.rest(), self.at);
        let Some(first) = rest.chars().next() else { return Ok(None) };
        let (kind, length) = match first {
            '"' => {
                let inner = rest.get(1..).unwrap_or_default();
                let Some(length) = closing_quote(inner) else {
                    return Err(TextError::at(self.text, at, "a quoted name ends on its line with '\"'"));
                };
                (Kind::Quoted(inner.get(..length).unwrap_or_default()), length + 2)
            }
            '=' | '(' | ')' | '[' | ']' | '{' | '}' | ':' | ',' | '%' | '@' => (Kind::Mark(first), 1),
            _ if rest.starts_with("..=") => (Kind::DotsEqual, 3),
            _ if rest.starts_with("..") => (Kind::Dots, 2),
            _ => {
                let length = atom_length(rest);
                if length == 0 {
                    return Err(TextError::at(self.text, at, format!("unexpected character {first:?}")));
                }
                (Kind::Atom(rest.get(..length).unwrap_or_default()), length)
            }
        };
        self.at += length;
        Ok(Some(Token { kind, at }))
    }
}

/// Bytes of the word or number that the text starts with. Two dots end it: they are a range.
fn atom_length(text: &str) -> usize {
    let bytes = text.as_bytes();
    let part = |k: usize| match bytes.get(k) {
        Some(b'.') => bytes.get(k + 1) != Some(&b'.'),
        Some(b) => b.is_ascii_alphanumeric() || matches!(b, b'_' | b'+' | b'-'),
        None => false,
    };
    (0..).find(|k| !part(*k)).unwrap_or(0)
}

/// Bytes before the closing quote on the same line.
fn closing_quote(text: &str) -> Option<usize> {
    let mut escaped = false;
    for (k, c) in text.char_indices() {
        match c {
            '\n' => return None,
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return Some(k),
            _ => {}
        }
    }
    None
}

/// The text with quotes around it, as one line that shows what it holds: quotes, backslashes, control
/// characters and characters that change the direction or cannot be seen are escaped.
pub(super) fn quote(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' => {
                out.extend(c.escape_unicode());
            }
            _ if c.is_control() => out.extend(c.escape_unicode()),
            _ => out.push(c),
        }
    }
    out.push('"');
    out
}

/// The text that [`quote`] made what stands between the quotes of; the offset of a bad escape otherwise.
pub(super) fn unquote(inner: &str) -> Result<String, usize> {
    let mut out = String::with_capacity(inner.len());
    let mut chars = inner.char_indices();
    while let Some((at, c)) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match chars.next().map(|(_, c)| c) {
            Some(c @ ('"' | '\\')) => out.push(c),
            Some('n') => out.push('\n'),
            Some('t') => out.push('\t'),
            Some('r') => out.push('\r'),
            Some('u') => {
                let digits = chars.as_str().strip_prefix('{').and_then(|r| r.split_once('}')).map(|d| d.0);
                let digits = digits.filter(|d| !d.is_empty() && d.bytes().all(|b| b.is_ascii_hexdigit()));
                let code = digits.and_then(|d| u32::from_str_radix(d, 16).ok());
                let Some((d, c)) = digits.zip(code.and_then(char::from_u32)) else { return Err(at) };
                out.push(c);
                // The digits and both braces.
                chars.nth(d.len() + 1);
            }
            _ => return Err(at),
        }
    }
    Ok(out)
}
