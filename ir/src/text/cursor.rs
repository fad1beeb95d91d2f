//! A place in the text that is being read, and what can be read there.

use super::blob::Blob;
use super::error::TextError;
use super::lexer::{Kind, Lexer, Token, unquote};
use super::scalar::Scalar;
use super::words::Words;
use crate::graph::shape::Shape;

/// A text with its blob.
pub(super) struct Source<'t> {
    pub(super) text: &'t str,
    pub(super) blob: Blob<'t>,
}

impl<'t> Source<'t> {
    pub(super) fn new(text: &'t str, blob: &'t [u8]) -> Self {
        Self { text, blob: Blob::new(blob) }
    }

    pub(super) fn error(&self, at: usize, message: impl Into<String>) -> TextError {
        TextError::at(self.text, at, message)
    }
}

/// Reads tokens of a source in order.
#[derive(Clone, Copy)]
pub(super) struct Cursor<'s> {
    pub(super) source: &'s Source<'s>,
    lexer: Lexer<'s>,
}

impl<'s> Cursor<'s> {
    pub(super) fn new(source: &'s Source<'s>) -> Self {
        Self { source, lexer: Lexer::new(source.text) }
    }

    /// Reads only from byte `at` to byte `end`.
    pub(super) fn span(source: &'s Source<'s>, at: usize, end: usize) -> Self {
        Self { source, lexer: Lexer::span(source.text, at, end) }
    }

    pub(super) fn next(&mut self) -> Result<Option<Token<'s>>, TextError> {
        self.lexer.next()
    }

    pub(super) fn peek(&self) -> Result<Option<Token<'s>>, TextError> {
        let mut ahead = self.lexer;
        ahead.next()
    }

    /// The byte of the next token, or the end.
    pub(super) fn here(&self) -> usize {
        self.peek().ok().flatten().map_or(self.lexer.position(), |t| t.at)
    }

    /// The byte after the last token read.
    pub(super) fn position(&self) -> usize {
        self.lexer.position()
    }

    pub(super) fn error(&self, at: usize, message: impl Into<String>) -> TextError {
        self.source.error(at, message)
    }

    fn expected(&self, what: &str, found: Option<Token<'s>>) -> TextError {
        let at = found.map_or(self.lexer.position(), |t| t.at);
        let found = match found.map(|t| t.kind) {
            None => "the end".into(),
            Some(Kind::Atom(word)) => format!("'{}'", clip(word)),
            Some(Kind::Quoted(_)) => "a name in quotes".into(),
            Some(Kind::Mark(mark)) => format!("'{mark}'"),
            Some(Kind::Dots) => "'..'".into(),
            Some(Kind::DotsEqual) => "'..='".into(),
        };
        self.error(at, format!("expected {what}, found {found}"))
    }

    /// Takes the next token when it is that one.
    pub(super) fn accept(&mut self, kind: Kind<'_>) -> Result<bool, TextError> {
        let is = self.peek()?.is_some_and(|t| t.kind == kind);
        if is {
            self.next()?;
        }
        Ok(is)
    }

    /// Takes the next token when it is that word.
    pub(super) fn accept_word(&mut self, word: &str) -> Result<bool, TextError> {
        self.accept(Kind::Atom(word))
    }

    pub(super) fn mark(&mut self, mark: char) -> Result<(), TextError> {
        match self.next()? {
            Some(Token { kind: Kind::Mark(m), .. }) if m == mark => Ok(()),
            found => Err(self.expected(&format!("'{mark}'"), found)),
        }
    }

    pub(super) fn word(&mut self, word: &str) -> Result<(), TextError> {
        match self.next()? {
            Some(Token { kind: Kind::Atom(w), .. }) if w == word => Ok(()),
            found => Err(self.expected(&format!("'{word}'"), found)),
        }
    }

    /// A word or number, whatever it is, with its place.
    pub(super) fn atom(&mut self, what: &str) -> Result<(&'s str, usize), TextError> {
        match self.next()? {
            Some(Token { kind: Kind::Atom(atom), at }) => Ok((atom, at)),
            found => Err(self.expected(what, found)),
        }
    }

    /// A name in quotes.
    pub(super) fn quoted(&mut self) -> Result<String, TextError> {
        match self.next()? {
            Some(Token { kind: Kind::Quoted(inner), at }) => unquote(inner).map_err(|offset| {
                self.error(at + 1 + offset, "this escape is none of \\\" \\\\ \\n \\t \\r \\u{…}")
            }),
            found => Err(self.expected("a name in quotes", found)),
        }
    }

    pub(super) fn number<S: Scalar>(&mut self) -> Result<S, TextError> {
        let (atom, at) = self.atom(S::WHAT)?;
        S::read(atom).ok_or_else(|| self.error(at, format!("'{}' is not {}", clip(atom), S::WHAT)))
    }

    /// One of the words of a table.
    pub(super) fn choice<T: Copy>(&mut self, words: Words<T>) -> Result<T, TextError> {
        let list = || words.iter().map(|(w, _)| *w).collect::<Vec<_>>().join(", ");
        let (word, at) = self.atom(&format!("one of {}", list()))?;
        let found = words.iter().find(|(w, _)| *w == word).map(|(_, value)| *value);
        found.ok_or_else(|| self.error(at, format!("'{}' is none of {}", clip(word), list())))
    }

    /// Numbers between brackets, in the text.
    fn inline_list<S: Scalar>(&mut self) -> Result<Vec<S>, TextError> {
        let mut values = Vec::new();
        self.mark('[')?;
        while !self.accept(Kind::Mark(']'))? {
            if !values.is_empty() {
                self.mark(',')?;
            }
            values.push(self.number()?);
        }
        Ok(values)
    }

    /// Numbers between brackets, or a reference to the blob.
    pub(super) fn list<S: Scalar>(&mut self) -> Result<Vec<S>, TextError> {
        let at = self.here();
        if !self.accept_word("blob")? {
            return self.inline_list();
        }
        let (start, end) = self.range()?;
        self.source.blob.read(start, end).map_err(|problem| self.error(at, problem))
    }

    /// A list of exactly `N` numbers, in the text.
    pub(super) fn array<S: Scalar, const N: usize>(&mut self) -> Result<[S; N], TextError> {
        let at = self.here();
        let values = self.inline_list()?;
        values
            .try_into()
            .map_err(|v: Vec<S>| self.error(at, format!("{N} numbers are needed, not {}", v.len())))
    }

    /// `a..b`.
    pub(super) fn range<S: Scalar>(&mut self) -> Result<(S, S), TextError> {
        self.range_with(Kind::Dots, "'..'")
    }

    /// `a..=b`.
    pub(super) fn closed_range<S: Scalar>(&mut self) -> Result<(S, S), TextError> {
        self.range_with(Kind::DotsEqual, "'..='")
    }

    fn range_with<S: Scalar>(&mut self, kind: Kind<'_>, what: &str) -> Result<(S, S), TextError> {
        let start = self.number()?;
        match self.next()? {
            Some(t) if t.kind == kind => Ok((start, self.number()?)),
            found => Err(self.expected(what, found)),
        }
    }

    /// `CxHxW`.
    pub(super) fn shape(&mut self) -> Result<Shape, TextError> {
        let (atom, at) = self.atom("a shape")?;
        let sizes: Option<Vec<usize>> = atom.split('x').map(|size| size.parse().ok()).collect();
        match sizes.as_deref() {
            Some(&[c, h, w]) => Ok(Shape::new(c, h, w)),
            _ => Err(self.error(at, format!("'{}' is not a shape such as 8x4x4", clip(atom)))),
        }
    }

    /// Nothing may follow.
    pub(super) fn end(&mut self) -> Result<(), TextError> {
        match self.next()? {
            None => Ok(()),
            found => Err(self.expected("nothing more", found)),
        }
    }
}

/// A word short enough for a message; words are ASCII.
pub(super) fn clip(word: &str) -> &str {
    word.get(..40).unwrap_or(word)
}
