//! Printing of attributes: `{name value, name value}`.

use super::blob::Lists;
use super::scalar::Scalar;
use crate::graph::param::Param;
use std::fmt::{Display, Write};

/// Attributes that are being printed.
pub(super) struct Fields<'l> {
    text: String,
    lists: &'l mut Lists,
}

impl<'l> Fields<'l> {
    pub(super) fn new(lists: &'l mut Lists) -> Self {
        Self { text: String::new(), lists }
    }

    fn name(&mut self, name: &str) {
        if !self.text.is_empty() {
            self.text.push_str(", ");
        }
        self.text.push_str(name);
    }

    /// A name alone.
    pub(super) fn flag(&mut self, name: &str) {
        self.name(name);
    }

    pub(super) fn set(&mut self, name: &str, value: impl Display) {
        self.name(name);
        // Writing into a string cannot fail.
        let _ = write!(self.text, " {value}");
    }

    /// Left out where it is what is understood without it.
    pub(super) fn unless<T: PartialEq>(&mut self, default: T, name: &str, value: T, text: impl Display) {
        if value != default {
            self.set(name, text);
        }
    }

    pub(super) fn list<S: Scalar>(&mut self, name: &str, values: &[S]) {
        self.name(name);
        self.text.push(' ');
        self.lists.write(&mut self.text, values);
    }

    pub(super) fn param<S: Scalar>(&mut self, name: &str, param: &Param<S>) {
        match param {
            Param::Scalar(v) => self.set(name, format_args!("{v:?}")),
            Param::PerChannel(v) => self.list(&format!("{name} channel"), v),
            Param::PerNeuron(v) => self.list(&format!("{name} neuron"), v),
        }
    }

    pub(super) fn maybe<S: Scalar>(&mut self, name: &str, param: Option<&Param<S>>) {
        if let Some(param) = param {
            self.param(name, param);
        }
    }

    /// The attributes between braces; nothing when there is none.
    pub(super) fn finish(self) -> String {
        if self.text.is_empty() { self.text } else { format!(" {{{}}}", self.text) }
    }
}
