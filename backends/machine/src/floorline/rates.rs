//! The constants of the floorline.

use snnc_ir::diag::Diagnostic;

use super::Term;
use crate::chip::{Bound, ChipFile, names};
use crate::load::{Interval, Load};

/// Times of a chip, in femtoseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rates {
    /// Per synaptic operation.
    pub synop: Bound,
    /// Per word read.
    pub read: Bound,
    /// Per neuron update.
    pub update: Bound,
    /// Per message that arrives.
    pub message_in: Bound,
    /// Per message that is sent.
    pub message_out: Bound,
    /// Per message on a link.
    pub link: Bound,
    /// Per hop of a message.
    pub hop: Bound,
    /// Per step.
    pub barrier: Bound,
}

/// Which side of loads and constants is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Lower,
    Nominal,
}

impl Side {
    fn load(self, load: Interval) -> u64 {
        match self {
            Self::Lower => load.lower,
            Self::Nominal => load.nominal,
        }
    }

    pub(super) fn time(self, bound: Bound) -> u64 {
        match self {
            Self::Lower => bound.lo.unwrap_or(0),
            Self::Nominal => bound.rank(),
        }
    }

    /// Femtoseconds for a load in thousandths: rounded down for a lower bound, up for the nominal.
    pub(super) fn product(self, load: Interval, time: Bound) -> u64 {
        let exact = u128::from(self.load(load)) * u128::from(self.time(time));
        let fs = match self {
            Self::Lower => exact / 1000,
            Self::Nominal => exact.div_ceil(1000),
        };
        u64::try_from(fs).unwrap_or(u64::MAX)
    }
}

impl Rates {
    /// The constants of a chip file; what it does not have is unknown.
    ///
    /// # Errors
    /// When one of them is not a time.
    pub fn of(chip: &ChipFile) -> Result<Self, Diagnostic> {
        Ok(Self {
            synop: chip.time(names::T_SYNOP)?,
            read: chip.time(names::T_READ)?,
            update: chip.time(names::T_UPDATE)?,
            message_in: chip.time(names::T_MESSAGE_IN)?,
            message_out: chip.time(names::T_MESSAGE_OUT)?,
            link: chip.time(names::T_LINK)?,
            hop: chip.time(names::T_HOP)?,
            barrier: chip.time(names::T_BARRIER)?,
        })
    }

    /// The constants with their names in a chip file.
    pub fn named(&self) -> [(&'static str, Bound); 8] {
        [
            (names::T_SYNOP, self.synop),
            (names::T_READ, self.read),
            (names::T_UPDATE, self.update),
            (names::T_MESSAGE_IN, self.message_in),
            (names::T_MESSAGE_OUT, self.message_out),
            (names::T_LINK, self.link),
            (names::T_HOP, self.hop),
            (names::T_BARRIER, self.barrier),
        ]
    }

    /// The terms of one core, in the order in which equals are decided.
    pub(super) fn terms(&self, load: &Load, side: Side) -> [(Term, u64); 5] {
        [
            (Term::Synops, side.product(load.synops, self.synop)),
            (Term::Reads, side.product(load.reads, self.read)),
            (Term::Updates, side.product(load.updates, self.update)),
            (Term::MessagesIn, side.product(load.messages_in, self.message_in)),
            (Term::MessagesOut, side.product(load.messages_out, self.message_out)),
        ]
    }

    /// The nominal time of a core: its greatest term, in femtoseconds. Zero for no load.
    pub fn nominal(&self, load: &Load) -> u64 {
        self.terms(load, Side::Nominal).into_iter().map(|(_, t)| t).max().unwrap_or(0)
    }

    /// The time that a core takes at least: its greatest term with lower constants and the lower load, in femtoseconds.
    pub fn lower(&self, load: &Load) -> u64 {
        self.terms(load, Side::Lower).into_iter().map(|(_, t)| t).max().unwrap_or(0)
    }

    /// The greatest term of a core, of equals the first: nominal, in femtoseconds.
    pub fn nominal_term(&self, load: &Load) -> (Term, u64) {
        greatest(self.terms(load, Side::Nominal))
    }
}

/// The greatest, of equals the first.
pub(super) fn greatest(terms: [(Term, u64); 5]) -> (Term, u64) {
    let [first, rest @ ..] = terms;
    rest.into_iter().fold(first, |best, t| if t.1 > best.1 { t } else { best })
}
