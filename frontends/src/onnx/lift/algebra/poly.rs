//! Polynomials over atoms: what a value is, however an exporter wrote it down.

use super::coef::Coef;
use std::collections::BTreeMap;

/// Something that polynomials are built from, by its position among the atoms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(in super::super) struct AtomId(pub usize);

/// Greatest number of terms; what has more is no neuron.
pub(super) const MAX_TERMS: usize = 96;

/// A sum of products: for each set of atoms (sorted) its coefficient. The empty set is the constant.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in super::super) struct Poly {
    pub terms: BTreeMap<Vec<AtomId>, Coef>,
}

impl Poly {
    pub(in super::super) fn constant(coef: Coef) -> Self {
        let mut out = Self::default();
        if !coef.is_zero() {
            out.terms.insert(Vec::new(), coef);
        }
        out
    }

    pub(in super::super) fn atom(atom: AtomId) -> Self {
        Self { terms: [(vec![atom], Coef::scalar(1.0))].into() }
    }

    /// Its constant, when it is nothing else.
    pub(in super::super) fn as_constant(&self) -> Option<Coef> {
        match self.terms.len() {
            0 => Some(Coef::scalar(0.0)),
            1 => self.terms.get(&Vec::new()).cloned(),
            _ => None,
        }
    }

    /// The constant term.
    pub(in super::super) fn offset(&self) -> Coef {
        self.terms.get(&Vec::new()).cloned().unwrap_or_else(|| Coef::scalar(0.0))
    }

    /// The coefficient of an atom alone.
    pub(in super::super) fn linear(&self, atom: AtomId) -> Option<&Coef> {
        self.terms.get(&vec![atom])
    }

    /// The atom and its factor, when it is one atom times a constant.
    pub(in super::super) fn single(&self) -> Option<(AtomId, Coef)> {
        match self.terms.iter().next() {
            Some((atoms, coef)) if self.terms.len() == 1 => match atoms[..] {
                [atom] => Some((atom, coef.clone())),
                _ => None,
            },
            _ => None,
        }
    }

    /// Every atom that occurs.
    pub(in super::super) fn atoms(&self) -> Vec<AtomId> {
        let mut out: Vec<AtomId> = self.terms.keys().flatten().copied().collect();
        out.sort_unstable();
        out.dedup();
        out
    }

    pub(in super::super) fn has(&self, atom: AtomId) -> bool {
        self.terms.keys().any(|atoms| atoms.contains(&atom))
    }

    fn insert(&mut self, atoms: Vec<AtomId>, coef: Coef) -> Option<()> {
        let sum = match self.terms.get(&atoms) {
            Some(old) => {
                let sum = old.zip(&coef, |a, b| a + b)?;
                // What cancels but for rounding is gone.
                let rest = |s: f64, a: f64| if s.abs() <= 1e-7 * a.abs() { 0.0 } else { s };
                sum.zip(old, rest)?
            }
            None => coef,
        };
        if sum.is_zero() {
            self.terms.remove(&atoms);
        } else {
            self.terms.insert(atoms, sum);
        }
        Some(())
    }

    pub(in super::super) fn plus(&self, other: &Self) -> Option<Self> {
        let mut out = self.clone();
        for (atoms, coef) in &other.terms {
            out.insert(atoms.clone(), coef.clone())?;
        }
        (out.terms.len() <= MAX_TERMS).then_some(out)
    }

    pub(in super::super) fn minus(&self, other: &Self) -> Option<Self> {
        self.plus(&other.scaled(&Coef::scalar(-1.0))?)
    }

    pub(in super::super) fn scaled(&self, factor: &Coef) -> Option<Self> {
        let mut out = Self::default();
        for (atoms, coef) in &self.terms {
            let coef = coef.times(factor)?;
            if !coef.is_zero() {
                out.terms.insert(atoms.clone(), coef);
            }
        }
        Some(out)
    }

    /// The product. `binary` says which atoms are 0 or 1, whose powers are themselves.
    pub(super) fn times(&self, other: &Self, binary: impl Fn(AtomId) -> bool) -> Option<Self> {
        if self.terms.len().saturating_mul(other.terms.len()) > 16 * MAX_TERMS {
            return None;
        }
        let mut out = Self::default();
        for (a, x) in &self.terms {
            for (b, y) in &other.terms {
                let mut atoms = [&a[..], b].concat();
                atoms.sort_unstable();
                let mut k = 1;
                while k < atoms.len() {
                    if atoms[k] == atoms[k - 1] && binary(atoms[k]) {
                        atoms.remove(k);
                    } else {
                        k += 1;
                    }
                }
                out.insert(atoms, x.times(y)?)?;
            }
        }
        (out.terms.len() <= MAX_TERMS).then_some(out)
    }

    /// The parts without an atom and with it, the latter divided by it.
    pub(in super::super) fn by(&self, atom: AtomId) -> (Self, Self) {
        let (mut without, mut with) = (Self::default(), Self::default());
        for (atoms, coef) in &self.terms {
            match atoms.iter().position(|a| *a == atom) {
                Some(k) => {
                    let mut rest = atoms.clone();
                    rest.remove(k);
                    with.terms.insert(rest, coef.clone());
                }
                None => {
                    without.terms.insert(atoms.clone(), coef.clone());
                }
            }
        }
        (without, with)
    }

    /// Whether two polynomials are equal but for rounding.
    pub(in super::super) fn is_close(&self, other: &Self) -> bool {
        self.terms.len() == other.terms.len()
            && self.terms.iter().all(|(atoms, a)| other.terms.get(atoms).is_some_and(|b| a.is_close(b)))
    }

    /// The factor that makes the other polynomial of this one: the same everywhere and above zero.
    pub(in super::super) fn ratio(&self, other: &Self) -> Option<Coef> {
        let (atoms, a) = self.terms.iter().find(|(atoms, _)| !atoms.is_empty())?;
        let factor = other.terms.get(atoms)?.zip(a, |b, a| b / a)?;
        self.scaled(&factor)?.is_close(other).then_some(factor)
    }

    /// Bytes that tell polynomials apart.
    pub(super) fn key(&self) -> Vec<u8> {
        let mut out = Vec::new();
        for (atoms, coef) in &self.terms {
            out.extend((atoms.len() as u32).to_le_bytes());
            out.extend(atoms.iter().flat_map(|a| (a.0 as u64).to_le_bytes()));
            coef.key(&mut out);
        }
        out
    }
}
