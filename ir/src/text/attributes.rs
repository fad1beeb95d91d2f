//! Reading of attributes: `{name value, name value}`, in any order, each once.

use super::cursor::{Cursor, Source};
use super::error::TextError;
use super::lexer::Kind;
use super::scalar::Scalar;
use super::words::Words;
use crate::graph::param::Param;
use std::collections::BTreeMap;

/// The attributes of a node that were not taken yet.
pub(super) struct Attributes<'s> {
    source: &'s Source<'s>,
    /// What they belong to, for messages.
    owner: &'s str,
    /// Where the owner stands.
    at: usize,
    /// By name: where the name stands, and the bytes of the value.
    entries: BTreeMap<&'s str, (usize, usize, usize)>,
}

impl<'s> Attributes<'s> {
    /// Reads from `{` to `}`; nothing when there is no `{`. Values are read when they are taken.
    pub(super) fn read(cursor: &mut Cursor<'s>, owner: &'s str, at: usize) -> Result<Self, TextError> {
        let mut all = Self { source: cursor.source, owner, at, entries: BTreeMap::new() };
        if !cursor.accept(Kind::Mark('{'))? || cursor.accept(Kind::Mark('}'))? {
            return Ok(all);
        }
        loop {
            let (name, name_at) = cursor.atom("the name of an attribute")?;
            let start = cursor.position();
            let mut end = start;
            let mut brackets = 0usize;
            let last = loop {
                match cursor.next()?.map(|t| t.kind) {
                    None => return Err(cursor.error(cursor.position(), "the attributes end with '}'")),
                    Some(Kind::Mark('}')) => break true,
                    Some(Kind::Mark(',')) if brackets == 0 => break false,
                    Some(Kind::Mark('[')) => brackets += 1,
                    Some(Kind::Mark(']')) => brackets = brackets.saturating_sub(1),
                    Some(_) => {}
                }
                end = cursor.position();
            };
            if all.entries.insert(name, (name_at, start, end)).is_some() {
                return Err(cursor.error(name_at, format!("'{name}' is given twice")));
            }
            if last {
                return Ok(all);
            }
        }
    }

    /// Takes an attribute and reads its whole value.
    pub(super) fn take<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(&mut Cursor<'s>) -> Result<T, TextError>,
    ) -> Result<Option<T>, TextError> {
        let Some((_, start, end)) = self.entries.remove(name) else { return Ok(None) };
        let mut cursor = Cursor::span(self.source, start, end);
        let value = read(&mut cursor)?;
        cursor.end()?;
        Ok(Some(value))
    }

    /// As [`take`](Self::take), of an attribute that must be there.
    pub(super) fn need<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(&mut Cursor<'s>) -> Result<T, TextError>,
    ) -> Result<T, TextError> {
        let value = self.take(name, read)?;
        value.ok_or_else(|| self.source.error(self.at, format!("{} needs '{name}'", self.owner)))
    }

    /// Whether a name without value is there.
    pub(super) fn flag(&mut self, name: &str) -> Result<bool, TextError> {
        Ok(self.take(name, |_| Ok(()))?.is_some())
    }

    pub(super) fn number<S: Scalar>(&mut self, name: &str, default: S) -> Result<S, TextError> {
        Ok(self.take(name, Cursor::number)?.unwrap_or(default))
    }

    pub(super) fn array<S: Scalar, const N: usize>(
        &mut self,
        name: &str,
        default: [S; N],
    ) -> Result<[S; N], TextError> {
        Ok(self.take(name, Cursor::array)?.unwrap_or(default))
    }

    pub(super) fn choice<T: Copy>(
        &mut self,
        name: &str,
        words: Words<T>,
        default: T,
    ) -> Result<T, TextError> {
        Ok(self.take(name, |c| c.choice(words))?.unwrap_or(default))
    }

    pub(super) fn param<S: Scalar>(&mut self, name: &str) -> Result<Option<Param<S>>, TextError> {
        self.take(name, param)
    }

    /// Every attribute must have been taken.
    pub(super) fn finish(self) -> Result<(), TextError> {
        match self.entries.iter().min_by_key(|(_, (at, ..))| *at) {
            None => Ok(()),
            Some((name, (at, ..))) => {
                let name = super::cursor::clip(name);
                Err(self.source.error(*at, format!("{} has no attribute '{name}' here", self.owner)))
            }
        }
    }
}

/// One value, `channel` and a list, or `neuron` and a list.
pub(super) fn param<S: Scalar>(cursor: &mut Cursor<'_>) -> Result<Param<S>, TextError> {
    Ok(if cursor.accept_word("channel")? {
        Param::PerChannel(cursor.list()?)
    } else if cursor.accept_word("neuron")? {
        Param::PerNeuron(cursor.list()?)
    } else {
        Param::Scalar(cursor.number()?)
    })
}
