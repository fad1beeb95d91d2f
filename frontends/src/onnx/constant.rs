//! Constants: tensors whose values are known, with their integers kept when they were dequantised.

use super::proto::tensor_proto::DataType;
use super::refusal::{Refusal, refuse, refuse_with};
use snnc_ir::diag::Code;
use snnc_ir::graph::weights::Scale;
use std::sync::Arc;

/// Single precision holds every whole number up to this.
pub(crate) const WHOLE: i32 = 1 << 24;

/// Elements in row-major order.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Data {
    F32(Arc<[f32]>),
    I8(Arc<[i8]>),
    I32(Arc<[i32]>),
    I64(Arc<[i64]>),
}

/// How integers stand for real values.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Quant {
    /// Real value = integer × scale.
    pub scale: Scale,
    /// The axis along which a scale per channel varies.
    pub axis: usize,
}

/// A tensor with known values.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Constant {
    pub dims: Vec<usize>,
    /// The ONNX type; `Float` for dequantised integers.
    pub ty: DataType,
    pub data: Data,
    /// Present when the data are integers that stand for real values.
    pub quant: Option<Quant>,
}

impl Data {
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::F32(v) => v.len(),
            Self::I8(v) => v.len(),
            Self::I32(v) => v.len(),
            Self::I64(v) => v.len(),
        }
    }

    /// The narrowest storage of 8 or 32 bits that holds every value; `None` when a value needs more.
    pub(crate) fn pack(values: &[i64]) -> Option<Self> {
        if let Some(narrow) = values.iter().map(|v| i8::try_from(*v).ok()).collect::<Option<Arc<[i8]>>>() {
            return Some(Self::I8(narrow));
        }
        values.iter().map(|v| i32::try_from(*v).ok()).collect::<Option<Arc<[i32]>>>().map(Self::I32)
    }

    /// The elements at `positions`, in that order; a position that does not exist is left out.
    pub(crate) fn gather(&self, positions: impl Iterator<Item = usize>) -> Self {
        fn pick<T: Copy>(v: &[T], positions: impl Iterator<Item = usize>) -> Arc<[T]> {
            positions.filter_map(|p| v.get(p).copied()).collect()
        }
        match self {
            Self::F32(v) => Self::F32(pick(v, positions)),
            Self::I8(v) => Self::I8(pick(v, positions)),
            Self::I32(v) => Self::I32(pick(v, positions)),
            Self::I64(v) => Self::I64(pick(v, positions)),
        }
    }

    /// A matrix of `rows` rows with rows and columns exchanged.
    fn flipped(&self, rows: usize) -> Self {
        /// In squares that fit a cache: one of the two is not walked in its order.
        fn flip<T: Copy + Default>(v: &[T], rows: usize) -> Arc<[T]> {
            const SIDE: usize = 32;
            let columns = v.len() / rows.max(1);
            let mut out: Arc<[T]> = std::iter::repeat_n(T::default(), v.len()).collect();
            // Nobody else has it yet.
            let flipped = Arc::get_mut(&mut out).unwrap_or_default();
            for (band, to) in flipped.chunks_mut(rows.max(1).saturating_mul(SIDE)).enumerate() {
                let first = band * SIDE;
                for start in (0..rows).step_by(SIDE) {
                    for (column, to) in (first..columns).zip(to.chunks_mut(rows.max(1))) {
                        let to = to.get_mut(start..rows.min(start + SIDE)).unwrap_or_default();
                        let from = v.get(start * columns + column..).unwrap_or_default();
                        to.iter_mut().zip(from.iter().step_by(columns.max(1))).for_each(|(t, f)| *t = *f);
                    }
                }
            }
            out
        }
        match self {
            Self::F32(v) => Self::F32(flip(v, rows)),
            Self::I8(v) => Self::I8(flip(v, rows)),
            Self::I32(v) => Self::I32(flip(v, rows)),
            Self::I64(v) => Self::I64(flip(v, rows)),
        }
    }

    fn integers(&self) -> Option<Vec<i64>> {
        Some(match self {
            Self::F32(_) => return None,
            Self::I8(v) => v.iter().map(|v| i64::from(*v)).collect(),
            Self::I32(v) => v.iter().map(|v| i64::from(*v)).collect(),
            Self::I64(v) => v.to_vec(),
        })
    }
}

impl Constant {
    pub(crate) fn len(&self) -> usize {
        self.data.len()
    }

    /// The integers of a constant of an integer type.
    pub(crate) fn integers(&self) -> Result<Vec<i64>, Refusal> {
        let plain = if self.quant.is_none() { self.data.integers() } else { None };
        plain.ok_or_else(|| {
            refuse(Code::UnsupportedType, "a constant of real numbers stands where integers are needed")
        })
    }

    /// Integers, also from real numbers that are whole; for the weights of an integer network.
    pub(crate) fn whole(&self, name: &str) -> Result<Vec<i64>, Refusal> {
        if self.quant.is_none() && !matches!(self.data, Data::F32(_)) {
            return self.integers();
        }
        let values = self.reals()?;
        match values.iter().position(|v| v.fract() != 0.0 || v.abs() >= WHOLE as f32) {
            None => Ok(values.iter().map(|v| *v as i64).collect()),
            Some(at) => {
                let found = values.get(at).copied().unwrap_or_default();
                let message = format!(
                    "'{name}' is no whole number below 2^24, as an integer network needs it: element {at} of shape \
                     {:?} is {found}",
                    self.dims
                );
                let remedy =
                    "scale weights, biases and the parameters of the CUBAInt neurons so that all are whole";
                Err(refuse_with(Code::UnsupportedType, message, remedy))
            }
        }
    }

    /// The real values: as stored, or integer × scale, each rounded once.
    pub(crate) fn reals(&self) -> Result<Vec<f32>, Refusal> {
        if let Data::F32(values) = &self.data {
            return Ok(values.to_vec());
        }
        let Some(quant) = &self.quant else {
            let message =
                format!("a constant of type {} stands where FLOAT is needed", self.ty.as_str_name());
            return Err(refuse(Code::UnsupportedType, message));
        };
        let inner: usize = self.dims.iter().skip(quant.axis + 1).product();
        let outer = self.dims.get(quant.axis).copied().unwrap_or(1).max(1);
        let scale = |position: usize| match &quant.scale {
            Scale::PerTensor(s) => *s,
            Scale::PerChannel(s) => s.get(position / inner.max(1) % outer).copied().unwrap_or(0.0),
        };
        let integers = self.data.integers().unwrap_or_default();
        Ok(integers.iter().enumerate().map(|(p, v)| *v as f32 * scale(p)).collect())
    }

    /// Refuses weights that are no numbers, or that single precision does not hold.
    pub(crate) fn check_finite(&self, name: &str) -> Result<(), Refusal> {
        if let Data::F32(values) = &self.data {
            return finite(name, &self.dims, values);
        }
        let scales = match self.quant.as_ref().map(|q| &q.scale) {
            None => &[][..],
            Some(Scale::PerTensor(scale)) => std::slice::from_ref(scale),
            Some(Scale::PerChannel(scales)) => scales,
        };
        let found = scales.iter().find(|s| !s.is_finite());
        found.map_or(Ok(()), |s| Err(not_finite(name, "its scale", *s)))
    }

    /// The one value of a constant with one element.
    pub(crate) fn single<T: Copy>(values: &[T], what: &str) -> Result<T, Refusal> {
        match values {
            [value] => Ok(*value),
            _ => Err(refuse(Code::BadShape, format!("{what} must be one value, not {}", values.len()))),
        }
    }

    /// The same elements with other dimensions.
    pub(crate) fn reshaped(mut self, dims: Vec<usize>) -> Result<Self, Refusal> {
        if super::dims::elements(&dims) != Some(self.len()) {
            let message = format!("a constant of shape {:?} cannot have the shape {dims:?}", self.dims);
            return Err(refuse(Code::BadShape, message));
        }
        if let Some(Quant { scale: Scale::PerChannel(_), axis }) = &self.quant {
            let same_before = self.dims.get(..*axis).map(|d| d.iter().product::<usize>());
            let moved = (0..dims.len()).find(|a| {
                dims.get(*a) == self.dims.get(*axis)
                    && dims.get(..*a).map(|d| d.iter().product::<usize>()) == same_before
            });
            match (moved, &mut self.quant) {
                (Some(axis), Some(quant)) => quant.axis = axis,
                _ => {
                    self.data = Data::F32(self.reals()?.into());
                    self.quant = None;
                }
            }
        }
        self.dims = dims;
        Ok(self)
    }

    /// The axes in another order.
    pub(crate) fn transposed(&self, perm: &[usize]) -> Result<Self, Refusal> {
        let mut sorted = perm.to_vec();
        sorted.sort_unstable();
        if sorted.len() != self.dims.len() || sorted.iter().enumerate().any(|(k, p)| k != *p) {
            let message = format!("{perm:?} is no order of the axes of a constant of shape {:?}", self.dims);
            return Err(refuse(Code::BadShape, message));
        }
        if let ([1, 0], [rows, columns]) = (perm, &self.dims[..]) {
            let quant = self.quant.clone().map(|q| Quant { axis: 1 - q.axis.min(1), scale: q.scale });
            return Ok(Self {
                data: self.data.flipped(*rows),
                dims: vec![*columns, *rows],
                ty: self.ty,
                quant,
            });
        }
        let mut strides = vec![1usize; perm.len()];
        for k in (1..perm.len()).rev() {
            let next = strides.get(k).copied().unwrap_or(1) * self.dims.get(k).copied().unwrap_or(1);
            if let Some(stride) = strides.get_mut(k - 1) {
                *stride = next;
            }
        }
        let pick = |v: &[usize]| perm.iter().filter_map(|p| v.get(*p).copied()).collect::<Vec<_>>();
        let (dims, strides) = (pick(&self.dims), pick(&strides));
        let positions = (0..self.len()).map(|flat| {
            let mut rest = flat;
            let mut at = 0;
            for (dim, stride) in dims.iter().zip(&strides).rev() {
                at += rest % dim * stride;
                rest /= dim;
            }
            at
        });
        let quant = self
            .quant
            .clone()
            .map(|q| Quant { axis: perm.iter().position(|p| *p == q.axis).unwrap_or(0), scale: q.scale });
        Ok(Self { data: self.data.gather(positions), dims, ty: self.ty, quant })
    }
}

/// Refuses values of a shape that are no numbers, or that single precision does not hold.
pub(crate) fn finite(name: &str, dims: &[usize], values: &[f32]) -> Result<(), Refusal> {
    match values.iter().enumerate().find(|(_, v)| !v.is_finite()) {
        None => Ok(()),
        Some((at, found)) => Err(not_finite(name, &format!("element {at} of shape {dims:?}"), *found)),
    }
}

fn not_finite(name: &str, what: &str, found: f32) -> Refusal {
    let remedy = "look for the layer in the trained network: a training that diverged, a division by zero, or a \
                  number beyond single precision";
    refuse_with(Code::BadGraph, format!("'{name}' is not finite: {what} is {found}"), remedy)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matrix() -> Constant {
        Constant {
            dims: vec![2, 3],
            ty: DataType::Float,
            data: Data::I8([1, 2, 3, 4, 5, 6].into()),
            quant: Some(Quant { scale: Scale::PerChannel(vec![1.0, 10.0]), axis: 0 }),
        }
    }

    #[test]
    fn a_transpose_moves_the_scale() {
        let t = matrix().transposed(&[1, 0]).unwrap();
        assert_eq!(t.dims, [3, 2]);
        assert_eq!(t.reals().unwrap(), [1.0, 40.0, 2.0, 50.0, 3.0, 60.0]);
    }

    #[test]
    fn large_and_empty_matrices_are_transposed() {
        for (rows, columns) in [(70, 33), (1, 100), (100, 1), (64, 64), (0, 5), (5, 0)] {
            let data = Data::I32((0..rows * columns).map(|k| k as i32).collect());
            let matrix = Constant { dims: vec![rows, columns], ty: DataType::Int32, data, quant: None };
            let t = matrix.transposed(&[1, 0]).unwrap();
            assert_eq!(t.dims, [columns, rows]);
            let want: Vec<i64> =
                (0..columns).flat_map(|c| (0..rows).map(move |r| (r * columns + c) as i64)).collect();
            assert_eq!(t.integers().unwrap(), want, "{rows} rows, {columns} columns");
        }
    }

    #[test]
    fn a_reshape_keeps_the_values() {
        let kept = matrix().reshaped(vec![2, 3, 1, 1]).unwrap();
        assert!(kept.quant.is_some());
        let mixed = matrix().reshaped(vec![3, 2]).unwrap();
        assert!(mixed.quant.is_none());
        assert_eq!(mixed.reals().unwrap(), [1.0, 2.0, 3.0, 40.0, 50.0, 60.0]);
    }
}
