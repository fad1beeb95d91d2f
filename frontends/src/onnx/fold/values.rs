//! Elements to calculate with, and constants made of results.

use super::args::Args;
use super::{element, limit};
use crate::onnx::constant::{Constant, Data};
use crate::onnx::proto::tensor_proto::DataType;
use crate::onnx::refusal::{Refusal, refuse};
use snnc_ir::diag::Code;

/// The elements of a constant without a scale.
#[derive(Debug)]
pub(super) enum Values {
    Reals(Vec<f32>),
    Integers(Vec<i64>),
}

impl Values {
    pub(super) fn of(constant: &Constant) -> Result<Self, Refusal> {
        Ok(match &constant.data {
            Data::F32(_) => Self::Reals(constant.reals()?),
            _ => Self::Integers(constant.integers()?),
        })
    }

    /// Whether a constant holds reals.
    pub(super) fn is_real(constant: &Constant) -> bool {
        matches!(constant.data, Data::F32(_))
    }

    /// The elements as `f64`; integers above 2^53 are rounded.
    pub(super) fn wide(self) -> Vec<f64> {
        match self {
            Self::Reals(v) => v.into_iter().map(f64::from).collect(),
            Self::Integers(v) => v.into_iter().map(|v| v as f64).collect(),
        }
    }
}

impl Args<'_> {
    /// The reals of an operand of an operator that has no other type.
    pub(super) fn reals(&self, constant: &Constant) -> Result<Vec<f32>, Refusal> {
        match &constant.data {
            Data::F32(_) => constant.reals(),
            _ => Err(self.no_type(constant.ty)),
        }
    }

    /// The integers of an operand of an operator that has no other type.
    pub(super) fn integers(&self, constant: &Constant) -> Result<Vec<i64>, Refusal> {
        match &constant.data {
            Data::F32(_) => Err(self.no_type(constant.ty)),
            _ => constant.integers(),
        }
    }

    /// The truth values of an operand.
    pub(super) fn bools(&self, constant: &Constant) -> Result<Vec<bool>, Refusal> {
        if constant.ty != DataType::Bool {
            return Err(self.no_type(constant.ty));
        }
        Ok(constant.integers()?.iter().map(|v| *v != 0).collect())
    }
}

/// A constant of reals, each rounded to the type.
pub(super) fn reals(dims: Vec<usize>, ty: DataType, values: impl Iterator<Item = f32>) -> Constant {
    let data = Data::F32(values.map(|v| element::round(ty, v)).collect());
    Constant { dims, ty, data, quant: None }
}

/// A constant of integers, each wrapped around into the type.
pub(super) fn integers(
    dims: Vec<usize>,
    ty: DataType,
    values: impl Iterator<Item = i64>,
) -> Result<Constant, Refusal> {
    let wrapped = values.map(|v| element::wrap(ty, v)).collect::<Option<Vec<i64>>>().ok_or_else(|| {
        refuse(Code::UnsupportedType, format!("a value of {} needs more than 63 bits", ty.as_str_name()))
    })?;
    Ok(Constant { dims, ty, data: element::pack(ty, &wrapped), quant: None })
}

/// A constant of truth values.
pub(super) fn bools(dims: Vec<usize>, values: impl Iterator<Item = bool>) -> Constant {
    let data = Data::I8(values.map(i8::from).collect());
    Constant { dims, ty: DataType::Bool, data, quant: None }
}

/// One integer, or a list of them, as ONNX gives shapes and counts.
pub(super) fn int64(dims: Vec<usize>, values: &[i64]) -> Constant {
    Constant { dims, ty: DataType::Int64, data: Data::I64(values.into()), quant: None }
}

/// A constant of the elements at `positions` of the sources, which are counted one after another; it
/// has the type of the first.
pub(super) fn arranged(
    dims: Vec<usize>,
    sources: &[&Constant],
    positions: impl Iterator<Item = usize>,
) -> Result<Constant, Refusal> {
    let count = limit::elements(&dims)?;
    let wrong = || refuse(Code::BadGraph, "an operator has no input, or inputs of unlike types");
    let first = sources.first().ok_or_else(wrong)?;
    let data = match sources {
        [one] => one.data.gather(positions),
        _ => joined(sources, first.ty)?.gather(positions),
    };
    if data.len() != count {
        return Err(wrong());
    }
    Ok(Constant { dims, ty: first.ty, data, quant: None })
}

/// The elements of several constants one after another, all integers or all reals.
fn joined(sources: &[&Constant], ty: DataType) -> Result<Data, Refusal> {
    if sources.iter().all(|source| Values::is_real(source)) {
        let parts = sources.iter().map(|source| source.reals()).collect::<Result<Vec<_>, _>>()?;
        return Ok(Data::F32(parts.concat().into()));
    }
    let parts = sources.iter().map(|source| source.integers()).collect::<Result<Vec<_>, _>>()?;
    Ok(element::pack(ty, &parts.concat()))
}
