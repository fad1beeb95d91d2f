//! What lies between two layers, written as polynomials over what enters.
//!
//! `v + (i - v) / tau` and `(1 - 1/tau) v + i / tau` are one polynomial. Comparisons, clamps and
//! roundings are atoms over polynomials; `1 - s` for `not s`, `max(a, b)` for `b + relu(a - b)` and the
//! like leave few kinds of them.

mod coef;
mod poly;

pub(super) use coef::Coef;
pub(super) use poly::{AtomId, Poly};

use super::super::proto::tensor_proto::DataType;
use super::arena::{Arena, Id, Op};
use super::elementwise::Elementwise;
use super::shape::is_real;
use super::steps::{Input, Kind, Ref, StepGraph};
use std::collections::HashMap;

/// What polynomials are over.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Atom {
    /// The output of a layer, an input, or a value of an earlier step.
    Value(Ref),
    /// 1 where the polynomial is above zero (`strict`), or at least zero; else 0.
    Above { strict: bool, of: Poly },
    /// `max(0, p)`.
    Rectified(Poly),
    /// `p` without its fraction, towards zero.
    Truncated(Poly),
    /// `p` rounded down.
    Floored(Poly),
    /// `p` rounded to the nearest integer, halves to even.
    Rounded(Poly),
    /// The magnitude.
    Magnitude(Poly),
    /// -1, 0 or 1.
    Signum(Poly),
    /// How often 1 fits into `p`; 0 below zero.
    Counted(Poly),
    /// The nearest of levels (a constant of the arena).
    Nearest(Poly, Id),
    /// Another function.
    Other(&'static str, Vec<Poly>),
}

/// The polynomials of all values of a step.
pub(super) struct Algebra<'a, 'm> {
    pub arena: &'a Arena<'m>,
    pub graph: &'a StepGraph<'m>,
    pub atoms: Vec<Atom>,
    keys: HashMap<Vec<u8>, AtomId>,
    /// Of each node that is an operator on elements.
    polys: Vec<Option<Poly>>,
    /// The node whose value an atom is.
    homes: HashMap<AtomId, usize>,
}

/// Rounds in which values of earlier steps are brought to one name.
const ROUNDS: usize = 3;

impl<'a, 'm> Algebra<'a, 'm> {
    pub(super) fn new(arena: &'a Arena<'m>, graph: &'a StepGraph<'m>, order: &[usize]) -> Self {
        let mut out = Self {
            arena,
            graph,
            atoms: Vec::new(),
            keys: HashMap::new(),
            polys: vec![None; graph.nodes.len()],
            homes: HashMap::new(),
        };
        for _ in 0..ROUNDS {
            let before = out.polys.clone();
            for &k in order {
                out.polys[k] = out.express(k);
            }
            out.homes.clear();
            for &k in order {
                if let Some((atom, factor)) = out.polys[k].as_ref().and_then(Poly::single)
                    && factor.uniform() == Some(1.0)
                {
                    out.homes.entry(atom).or_insert(k);
                }
            }
            if out.polys == before {
                break;
            }
        }
        out
    }

    /// The polynomial of a node in this step.
    pub(super) fn poly(&self, node: usize) -> Option<&Poly> {
        self.polys.get(node).and_then(Option::as_ref)
    }

    pub(super) fn atom(&self, id: AtomId) -> &Atom {
        &self.atoms[id.0]
    }

    /// The node whose value an atom is.
    pub(super) fn home(&self, atom: AtomId) -> Option<usize> {
        match self.atom(atom) {
            Atom::Value(r) => Some(r.node),
            _ => self.homes.get(&atom).copied(),
        }
    }

    /// Whether a node is an operator on elements.
    pub(super) fn is_elementwise(&self, node: usize) -> bool {
        matches!(self.graph.nodes[node].kind, Kind::Op(Op::Elementwise(_)))
    }

    /// The atom of a value of an earlier step, where a polynomial has it.
    pub(super) fn lagged(&self, node: usize) -> Option<AtomId> {
        let key = self.atom_key(&Atom::Value(Ref { node, lag: 1 }));
        self.keys.get(&key).copied()
    }

    fn atom_key(&self, atom: &Atom) -> Vec<u8> {
        let mut out = Vec::new();
        let with = |tag: u8, polys: &[&Poly], out: &mut Vec<u8>| {
            out.push(tag);
            for poly in polys {
                out.extend(poly.key());
                out.push(0xFD);
            }
        };
        match atom {
            Atom::Value(r) => {
                out.push(0);
                out.extend((r.node as u64).to_le_bytes());
                out.extend((r.lag as u64).to_le_bytes());
            }
            Atom::Above { strict, of } => with(1 + u8::from(*strict), &[of], &mut out),
            Atom::Rectified(p) => with(3, &[p], &mut out),
            Atom::Truncated(p) => with(4, &[p], &mut out),
            Atom::Floored(p) => with(5, &[p], &mut out),
            Atom::Rounded(p) => with(6, &[p], &mut out),
            Atom::Magnitude(p) => with(7, &[p], &mut out),
            Atom::Signum(p) => with(8, &[p], &mut out),
            Atom::Counted(p) => with(9, &[p], &mut out),
            Atom::Nearest(p, id) => {
                with(10, &[p], &mut out);
                out.extend(id.0.to_le_bytes());
            }
            Atom::Other(name, polys) => {
                with(11, &polys.iter().collect::<Vec<_>>(), &mut out);
                out.extend(name.bytes());
            }
        }
        out
    }

    fn intern(&mut self, atom: Atom) -> Poly {
        let key = self.atom_key(&atom);
        let id = match self.keys.get(&key) {
            Some(id) => *id,
            None => {
                let id = AtomId(self.atoms.len());
                self.atoms.push(atom);
                self.keys.insert(key, id);
                id
            }
        };
        Poly::atom(id)
    }

    fn is_binary(&self, id: AtomId) -> bool {
        matches!(self.atom(id), Atom::Above { .. })
    }

    fn times(&self, a: &Poly, b: &Poly) -> Option<Poly> {
        a.times(b, |id| self.is_binary(id))
    }

    /// What a node reads, as a polynomial.
    pub(super) fn read(&mut self, input: &Input) -> Option<Poly> {
        match input {
            Input::Constant(id) => {
                let constant = self.arena.value(*id).ok().flatten()?;
                let values: Vec<f64> = match constant.reals() {
                    Ok(values) => values.iter().map(|v| f64::from(*v)).collect(),
                    Err(_) => constant.integers().ok()?.iter().map(|v| *v as f64).collect(),
                };
                if values.len() > 1 << 22 {
                    return None;
                }
                Coef::new(constant.dims.clone(), values).map(Poly::constant)
            }
            Input::Value(Ref { node, lag: 0 }) => match self.poly(*node).cloned() {
                Some(poly) => Some(poly),
                None => Some(self.intern(Atom::Value(Ref { node: *node, lag: 0 }))),
            },
            Input::Value(Ref { node, lag }) => {
                // A value by the node that is it: what is a constant times an atom, by the atom's node.
                let single = self.poly(*node).and_then(Poly::single);
                if let Some((atom, factor)) = single
                    && !matches!(self.atom(atom), Atom::Value(Ref { lag: 1.., .. }))
                    && let Some(home) = self.home(atom)
                {
                    let value = self.intern(Atom::Value(Ref { node: home, lag: *lag }));
                    return value.scaled(&factor);
                }
                let same =
                    (0..*node).find(|k| self.polys[*k].is_some() && self.polys[*k] == self.polys[*node]);
                let node = same.unwrap_or(*node);
                Some(self.intern(Atom::Value(Ref { node, lag: *lag })))
            }
        }
    }

    fn express(&mut self, k: usize) -> Option<Poly> {
        let node = &self.graph.nodes[k];
        let Kind::Op(Op::Elementwise(e)) = node.kind else { return None };
        let inputs: Option<Vec<Poly>> = node.inputs.iter().map(|i| self.read(i)).collect();
        self.apply(e, &inputs?, &node.inputs, node.ty)
    }

    fn type_of(&self, input: &Input) -> DataType {
        match input {
            Input::Constant(id) => self.arena.node(*id).ty,
            Input::Value(r) => self.graph.nodes[r.node].ty,
        }
    }

    /// An operator on polynomials.
    fn apply(&mut self, e: Elementwise, p: &[Poly], inputs: &[Input], ty: DataType) -> Option<Poly> {
        let one = Poly::constant(Coef::scalar(1.0));
        let from = inputs.first().map_or(DataType::Float, |i| self.type_of(i));
        let name = match e {
            Elementwise::Cast(_) => {
                let x = p.first()?;
                return match (is_real(from), ty) {
                    (_, DataType::Bool) if !self.is_flag(x) => self.other("Cast", p),
                    (true, ty) if !is_real(ty) && !self.is_whole(x) => {
                        Some(self.intern(Atom::Truncated(x.clone())))
                    }
                    _ => Some(x.clone()),
                };
            }
            Elementwise::Nearest => {
                let (x, Input::Constant(levels)) = (p.first()?, inputs.get(1)?) else { return None };
                return Some(self.intern(Atom::Nearest(x.clone(), *levels)));
            }
            Elementwise::Shift { .. } => return self.other("BitShift", p),
            Elementwise::Named(name) => name,
        };
        match (name, p) {
            ("Add", [a, b]) => a.plus(b),
            ("Sub", [a, b]) => a.minus(b),
            ("Neg", [a]) => a.scaled(&Coef::scalar(-1.0)),
            ("Mul", [a, b]) => {
                let product = self.times(a, b)?;
                Some(self.idioms(product))
            }
            ("Div", [a, b]) if is_real(ty) => match b.as_constant() {
                Some(b) if b.all(|v| v != 0.0) => a.scaled(&b.map(|v| 1.0 / v)),
                _ => self.other("Div", p),
            },
            ("Greater", [a, b]) => self.above(true, a.minus(b)?),
            ("GreaterOrEqual", [a, b]) => self.above(false, a.minus(b)?),
            ("Less", [a, b]) => self.above(true, b.minus(a)?),
            ("LessOrEqual", [a, b]) => self.above(false, b.minus(a)?),
            ("Equal", [a, b]) => {
                // A flag equals zero where it is not set, one where it is.
                let (flag, other) = if b.as_constant().is_some() { (a, b) } else { (b, a) };
                match other.as_constant().and_then(|c| c.uniform()) {
                    Some(0.0) if self.is_flag(flag) => one.minus(flag),
                    Some(1.0) if self.is_flag(flag) => Some(flag.clone()),
                    Some(0.0) => match self.none_counted(flag) {
                        Some(poly) => Some(poly),
                        None => self.other(name, p),
                    },
                    _ => self.other(name, p),
                }
            }
            ("Not", [a]) => one.minus(a),
            ("And", [a, b]) => self.times(a, b),
            ("Or", [a, b]) => a.plus(b)?.minus(&self.times(a, b)?),
            ("Where", [c, a, b]) => self.times(c, a)?.plus(&self.times(&one.minus(c)?, b)?),
            ("Relu", [a]) => Some(self.rectified(a.clone())),
            ("Max", [a, b]) => b.plus(&self.rectified(a.minus(b)?)),
            ("Min", [a, b]) => a.minus(&self.rectified(a.minus(b)?)),
            ("Abs", [a]) => Some(self.intern(Atom::Magnitude(a.clone()))),
            ("Sign", [a]) => Some(self.intern(Atom::Signum(a.clone()))),
            ("Floor", [a]) => Some(self.intern(Atom::Floored(a.clone()))),
            ("Round", [a]) => Some(self.intern(Atom::Rounded(a.clone()))),
            ("Pow", [a, b]) if b.as_constant().and_then(|c| c.uniform()) == Some(1.0) => Some(a.clone()),
            _ => self.other(name, p),
        }
    }

    fn other(&mut self, name: &'static str, p: &[Poly]) -> Option<Poly> {
        Some(self.intern(Atom::Other(name, p.to_vec())))
    }

    fn above(&mut self, strict: bool, of: Poly) -> Option<Poly> {
        // The comparison of a flag with a constant between 0 and 1 is the flag, or its opposite.
        if of.terms.len() <= 2
            && let Some((flag, factor)) = of.minus(&Poly::constant(of.offset()))?.single()
            && self.is_binary(flag)
            && let (Some(zero), Some(factor)) = (of.offset().uniform(), factor.uniform())
        {
            let holds = |v: f64| if strict { v > 0.0 } else { v >= 0.0 };
            let (off, on) = (f64::from(u8::from(holds(zero))), f64::from(u8::from(holds(zero + factor))));
            let flag = Poly::atom(flag).scaled(&Coef::scalar(on - off))?;
            return Poly::constant(Coef::scalar(off)).plus(&flag);
        }
        // What compares the step before is the comparison of that step, where there is one.
        if let Some(advanced) = self.advanced(&of) {
            let same = (0..self.atoms.len()).map(AtomId).find(|id| match self.atom(*id) {
                Atom::Above { strict: s, of } => *s == strict && of.is_close(&advanced),
                _ => false,
            });
            if let Some(home) = same.and_then(|id| self.home(id)) {
                return Some(self.intern(Atom::Value(Ref { node: home, lag: 1 })));
            }
        }
        Some(self.intern(Atom::Above { strict, of }))
    }

    /// What a polynomial over values of the step before is one step later; `None` where it reads anything
    /// else.
    pub(super) fn advanced(&self, poly: &Poly) -> Option<Poly> {
        let mut out = Poly::constant(poly.offset());
        for (atoms, coef) in &poly.terms {
            match atoms[..] {
                [] => {}
                [atom] => match self.atom(atom) {
                    Atom::Value(Ref { node, lag: 1 }) => out = out.plus(&self.poly(*node)?.scaled(coef)?)?,
                    _ => return None,
                },
                _ => return None,
            }
        }
        (poly.terms.len() > usize::from(poly.terms.contains_key(&Vec::new()))).then_some(out)
    }

    /// `max(0, p)`; of what is rectified already, itself.
    fn rectified(&mut self, p: Poly) -> Poly {
        if let Some((atom, factor)) = p.single()
            && factor.all(|v| v >= 0.0)
            && matches!(
                self.atom(atom),
                Atom::Rectified(_) | Atom::Above { .. } | Atom::Counted(_) | Atom::Magnitude(_)
            )
        {
            return p;
        }
        self.intern(Atom::Rectified(p))
    }

    /// Whether a polynomial is 0 or 1.
    fn is_flag(&self, p: &Poly) -> bool {
        let (on, off) = (Coef::scalar(1.0), Coef::scalar(-1.0));
        let product = |atoms: &[AtomId]| !atoms.is_empty() && atoms.iter().all(|a| self.is_binary(*a));
        match p.terms.len() {
            0 => true,
            1 => p.terms.iter().all(|(atoms, c)| *c == on && (atoms.is_empty() || product(atoms))),
            2 => {
                p.offset() == on
                    && p.terms.iter().all(|(atoms, c)| atoms.is_empty() || (*c == off && product(atoms)))
            }
            _ => false,
        }
    }

    /// Whether a polynomial is an integer everywhere.
    fn is_whole(&self, p: &Poly) -> bool {
        p.terms.iter().all(|(atoms, c)| {
            c.all(|v| v.fract() == 0.0)
                && atoms.iter().all(|a| {
                    matches!(
                        self.atom(*a),
                        Atom::Above { .. }
                            | Atom::Truncated(_)
                            | Atom::Floored(_)
                            | Atom::Rounded(_)
                            | Atom::Counted(_)
                            | Atom::Signum(_)
                    )
                })
        })
    }

    /// `count == 0`: the counted value is below 1.
    fn none_counted(&mut self, p: &Poly) -> Option<Poly> {
        let (atom, factor) = p.single()?;
        let Atom::Counted(of) = self.atom(atom) else { return None };
        let reached = of.minus(&Poly::constant(Coef::scalar(1.0)))?;
        if factor.uniform() != Some(1.0) {
            return None;
        }
        let reached = self.above(false, reached)?;
        Poly::constant(Coef::scalar(1.0)).minus(&reached)
    }

    /// Products that stand for one function: sign and magnitude, truncation, count.
    fn idioms(&mut self, p: Poly) -> Poly {
        let mut out = Poly::default();
        for (atoms, coef) in p.terms {
            let term = self.idiom(&atoms).and_then(|new| new.scaled(&coef));
            let term = term.unwrap_or(Poly { terms: [(atoms, coef)].into() });
            match out.plus(&term) {
                Some(sum) => out = sum,
                None => return out,
            }
        }
        out
    }

    fn idiom(&mut self, atoms: &[AtomId]) -> Option<Poly> {
        for (k, a) in atoms.iter().enumerate() {
            for (l, b) in atoms.iter().enumerate().filter(|(l, _)| *l != k) {
                let new = match (self.atom(*a).clone(), self.atom(*b).clone()) {
                    (Atom::Signum(p), Atom::Magnitude(q)) if p.ratio(&q).is_some_and(above_zero) => q,
                    (Atom::Signum(p), Atom::Floored(q)) => {
                        let (inner, factor) = q.single()?;
                        let Atom::Magnitude(of) = self.atom(inner).clone() else { continue };
                        let of = of.scaled(&factor)?;
                        if !p.ratio(&of).is_some_and(above_zero) || !factor.all(|v| v > 0.0) {
                            continue;
                        }
                        self.intern(Atom::Truncated(of))
                    }
                    (Atom::Above { of: p, .. }, Atom::Truncated(q))
                        if p.ratio(&q).is_some_and(above_zero) =>
                    {
                        self.intern(Atom::Counted(q))
                    }
                    _ => continue,
                };
                let rest: Vec<AtomId> =
                    atoms.iter().enumerate().filter(|(m, _)| *m != k && *m != l).map(|(_, a)| *a).collect();
                let product = self.times(&Poly { terms: [(rest, Coef::scalar(1.0))].into() }, &new)?;
                return Some(self.idioms(product));
            }
        }
        None
    }
}

fn above_zero(factor: Coef) -> bool {
    factor.all(|v| v > 0.0)
}
