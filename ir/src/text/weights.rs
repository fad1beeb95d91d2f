//! `@0 = weights i8 [8, 1, 3, 3] scale 0.5 [1, -2, …]`

use super::blob::Lists;
use super::cursor::Cursor;
use super::error::TextError;
use super::lexer::Kind;
use super::scalar::Scalar;
use crate::graph::weights::{Scale, Seeded, Storage, Weights};
use std::fmt::Write;
use std::sync::Arc;

/// One statement, without its indent.
pub(super) fn print(index: usize, weights: &Weights, lists: &mut Lists) -> String {
    let kind = match &weights.storage {
        Storage::F32(_) => "f32",
        Storage::I8(_) => "i8",
        Storage::I32(_) => "i32",
        Storage::Sparse { .. } => "sparse",
        Storage::Seeded(_) => "seeded",
    };
    let mut out = format!("@{index} = weights {kind} {:?} ", weights.shape);
    match &weights.scale {
        None => {}
        Some(Scale::PerTensor(scale)) => {
            // Writing into a string cannot fail.
            let _ = write!(out, "scale {scale:?} ");
        }
        Some(Scale::PerChannel(scales)) => {
            out.push_str("scale channel ");
            lists.write(&mut out, scales);
            out.push(' ');
        }
    }
    match &weights.storage {
        Storage::F32(values) => lists.write(&mut out, values),
        Storage::I8(values) => lists.write(&mut out, values),
        Storage::I32(values) => lists.write(&mut out, values),
        Storage::Sparse { positions, values } => {
            out.push_str("at ");
            lists.write(&mut out, positions);
            out.push_str(" values ");
            lists.write(&mut out, values);
        }
        Storage::Seeded(Seeded { seed, lo, hi, density_ppm }) => {
            let _ = write!(out, "seed {seed} range {lo}..={hi} density_ppm {density_ppm}");
        }
    }
    out
}

/// Reads what follows `@0 =`.
pub(super) fn parse(cursor: &mut Cursor<'_>) -> Result<Weights, TextError> {
    cursor.word("weights")?;
    let (kind, kind_at) = cursor.atom("one of f32, i8, i32, sparse, seeded")?;
    let shape: [usize; 4] = cursor.array()?;
    let scale = match cursor.accept_word("scale")? {
        false => None,
        true if cursor.accept_word("channel")? => Some(Scale::PerChannel(cursor.list()?)),
        true => Some(Scale::PerTensor(cursor.number()?)),
    };
    let storage = match kind {
        "f32" => Storage::F32(dense(cursor, shape)?),
        "i8" => Storage::I8(dense(cursor, shape)?),
        "i32" => Storage::I32(dense(cursor, shape)?),
        "sparse" => sparse(cursor)?,
        "seeded" => seeded(cursor)?,
        _ => {
            let kind = super::cursor::clip(kind);
            return Err(cursor.error(kind_at, format!("'{kind}' is none of f32, i8, i32, sparse, seeded")));
        }
    };
    Ok(Weights { shape, storage, scale })
}

/// As many values as the shape says.
fn dense<S: Scalar>(cursor: &mut Cursor<'_>, shape: [usize; 4]) -> Result<Arc<[S]>, TextError> {
    let at = cursor.here();
    let values: Vec<S> = cursor.list()?;
    let needed = shape.iter().try_fold(1usize, |n, d| n.checked_mul(*d));
    if needed != Some(values.len()) {
        let problem = format!("weights of shape {shape:?} do not have {} values", values.len());
        return Err(cursor.error(at, problem));
    }
    Ok(values.into())
}

fn sparse(cursor: &mut Cursor<'_>) -> Result<Storage, TextError> {
    cursor.word("at")?;
    let positions: Vec<u64> = cursor.list()?;
    cursor.word("values")?;
    let at = cursor.here();
    let values: Vec<i32> = cursor.list()?;
    if positions.len() != values.len() {
        let problem = format!("{} positions have {} values", positions.len(), values.len());
        return Err(cursor.error(at, problem));
    }
    Ok(Storage::Sparse { positions: positions.into(), values: values.into() })
}

fn seeded(cursor: &mut Cursor<'_>) -> Result<Storage, TextError> {
    cursor.word("seed")?;
    let seed = cursor.number()?;
    cursor.word("range")?;
    let (lo, hi) = cursor.closed_range()?;
    cursor.word("density_ppm")?;
    Ok(Storage::Seeded(Seeded { seed, lo, hi, density_ppm: cursor.number()? }))
}

/// The index after `@`.
pub(super) fn index(cursor: &mut Cursor<'_>) -> Result<Option<u32>, TextError> {
    if cursor.accept(Kind::Mark('@'))? { cursor.number().map(Some) } else { Ok(None) }
}
