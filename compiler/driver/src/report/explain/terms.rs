//! The time of each term of the floorline on the cores of a layer.

use std::collections::BTreeMap;

use serde::Serialize;
use snnc_machine::chip::names;
use snnc_machine::floorline::Term;
use snnc_machine::load::{Interval, Load};
use snnc_machine::manifest::Constant;

use crate::report::usage::Share;

type Of = fn(&Load) -> Interval;

/// The terms of a core, with the constants that they take.
const TERMS: [(Term, &str, Of); 5] = [
    (Term::Synops, names::T_SYNOP, |l| l.synops),
    (Term::Reads, names::T_READ, |l| l.reads),
    (Term::Updates, names::T_UPDATE, |l| l.updates),
    (Term::MessagesIn, names::T_MESSAGE_IN, |l| l.messages_in),
    (Term::MessagesOut, names::T_MESSAGE_OUT, |l| l.messages_out),
];

/// A term where it is greatest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TermTime {
    /// The term.
    pub term: Term,
    /// The core with the greatest nominal load, of equals the first; none without cores.
    pub core: Option<u32>,
    /// Load per step in thousandths, each side the greatest over the cores.
    pub load: Interval,
    /// Name of the constant.
    pub constant: &'static str,
    /// Not less than this for each, in femtoseconds; unknown counts as 0 in a lower bound.
    pub lo_fs: Option<u64>,
    /// What is ranked by.
    pub nominal_fs: Option<u64>,
    /// Not more than this.
    pub hi_fs: Option<u64>,
    /// Time with the lower sides, in picoseconds, rounded down.
    pub lower_ps: u64,
    /// Nominal time, rounded up.
    pub nominal_ps: u64,
    /// Time with the upper sides, rounded up; unknown when the constant has no ceiling.
    pub upper_ps: Option<u64>,
}

/// The terms of a layer with these shares, in the order of the floorline.
pub(super) fn of(shares: &[Share<'_>], constants: &BTreeMap<String, Constant>) -> Vec<TermTime> {
    TERMS.iter().map(|(term, constant, of)| time(shares, *term, constant, *of, constants)).collect()
}

fn time(
    shares: &[Share<'_>],
    term: Term,
    name: &'static str,
    of: Of,
    constants: &BTreeMap<String, Constant>,
) -> TermTime {
    let load = shares.iter().fold(Interval::default(), |peak, s| peak.max(of(&s.load)));
    let busiest = shares.iter().find(|s| of(&s.load).nominal == load.nominal);
    let constant = constants.get(name).copied();
    let (lo_fs, nominal_fs, hi_fs) =
        constant.map_or((None, None, None), |c| (c.lo_fs, c.nominal_fs, c.hi_fs));
    TermTime {
        term,
        core: busiest.map(|s| s.core.id),
        load,
        constant: name,
        lo_fs,
        nominal_fs,
        hi_fs,
        lower_ps: saturated(product(load.lower, lo_fs.unwrap_or(0)) / FS_MILLI_PER_PS),
        nominal_ps: saturated(product(load.nominal, nominal_fs.unwrap_or(0)).div_ceil(FS_MILLI_PER_PS)),
        upper_ps: match (load.upper, hi_fs) {
            (0, _) => Some(0),
            (n, hi) => hi.map(|hi| saturated(product(n, hi).div_ceil(FS_MILLI_PER_PS))),
        },
    }
}

/// Femtoseconds are 1000 to a picosecond, loads are in thousandths.
const FS_MILLI_PER_PS: u128 = 1_000_000;

fn product(load: u64, fs: u64) -> u128 {
    u128::from(load) * u128::from(fs)
}

fn saturated(ps: u128) -> u64 {
    u64::try_from(ps).unwrap_or(u64::MAX)
}
