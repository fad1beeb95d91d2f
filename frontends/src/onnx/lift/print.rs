//! Values between layers as equations, for messages.

use super::algebra::{Algebra, Atom, AtomId, Poly};
use super::steps::Ref;

/// Longest printed equation.
const LONGEST: usize = 160;

/// The equation of a node.
pub(super) fn value(algebra: &Algebra<'_, '_>, node: usize) -> String {
    let mut text = match algebra.poly(node) {
        Some(poly) => print(algebra, poly, 0),
        None => "a sum of too many terms".to_owned(),
    };
    if let Some((cut, _)) = text.char_indices().nth(LONGEST) {
        text.truncate(cut);
        text.push_str("...");
    }
    text
}

fn print(algebra: &Algebra<'_, '_>, poly: &Poly, depth: usize) -> String {
    if depth > 3 {
        return "...".into();
    }
    let terms = poly.terms.iter().map(|(atoms, coef)| {
        let names: Vec<String> = atoms.iter().map(|a| atom(algebra, *a, depth)).collect();
        let factor = match coef.uniform() {
            Some(v) => format!("{}", v as f32),
            None => "[..]".to_owned(),
        };
        match (&names[..], factor.as_str()) {
            ([], factor) => factor.to_owned(),
            (names, "1") => names.join(" "),
            (names, "-1") => format!("-{}", names.join(" ")),
            (names, factor) => format!("{factor} {}", names.join(" ")),
        }
    });
    let terms: Vec<String> = terms.collect();
    if terms.is_empty() { "0".into() } else { terms.join(" + ") }
}

fn atom(algebra: &Algebra<'_, '_>, id: AtomId, depth: usize) -> String {
    let of = |p: &Poly| print(algebra, p, depth + 1);
    let name = |node: usize| algebra.arena.origin_of(algebra.graph.nodes[node].example).to_owned();
    match algebra.atom(id) {
        Atom::Value(Ref { node, lag: 0 }) => format!("'{}'", name(*node)),
        Atom::Value(Ref { node, lag }) => format!("'{}'[t-{lag}]", name(*node)),
        Atom::Above { strict, of: p } => format!("[{} {} 0]", of(p), if *strict { ">" } else { ">=" }),
        Atom::Rectified(p) => format!("max(0, {})", of(p)),
        Atom::Truncated(p) => format!("trunc({})", of(p)),
        Atom::Floored(p) => format!("floor({})", of(p)),
        Atom::Rounded(p) => format!("round({})", of(p)),
        Atom::Magnitude(p) => format!("|{}|", of(p)),
        Atom::Signum(p) => format!("sign({})", of(p)),
        Atom::Counted(p) => format!("count({})", of(p)),
        Atom::Nearest(p, _) => format!("nearest({})", of(p)),
        Atom::Other(name, ps) => {
            format!("{}({})", name.to_lowercase(), ps.iter().map(of).collect::<Vec<_>>().join(", "))
        }
    }
}

/// Whether a polynomial reads a value of an earlier step.
pub(super) fn reads_states(algebra: &Algebra<'_, '_>, poly: &Poly) -> bool {
    let reads = |p: &Poly| reads_states(algebra, p);
    poly.atoms().iter().any(|a| match algebra.atom(*a) {
        Atom::Value(Ref { lag, .. }) => *lag > 0,
        Atom::Above { of, .. }
        | Atom::Rectified(of)
        | Atom::Nearest(of, _)
        | Atom::Truncated(of)
        | Atom::Floored(of)
        | Atom::Rounded(of)
        | Atom::Magnitude(of)
        | Atom::Signum(of)
        | Atom::Counted(of) => reads(of),
        Atom::Other(_, of) => of.iter().any(reads),
    })
}
