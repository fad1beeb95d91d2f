//! What the element types can hold.

use crate::onnx::constant::Data;
use crate::onnx::proto::tensor_proto::DataType;
use crate::onnx::tensor::bits;
use half::{bf16, f16};
use std::sync::Arc;

/// Whether elements of the type are reals that can be held.
pub(super) fn is_real(ty: DataType) -> bool {
    matches!(ty, DataType::Float | DataType::Double | DataType::Float16 | DataType::Bfloat16)
}

/// Whether elements of the type are integers that can be held; BOOL counts as one.
pub(super) fn is_integer(ty: DataType) -> bool {
    bits(ty).is_some() && !is_real(ty)
}

/// Whether an integer type has negative values.
fn is_signed(ty: DataType) -> bool {
    use DataType::{Int2, Int4, Int8, Int16, Int32, Int64};
    matches!(ty, Int2 | Int4 | Int8 | Int16 | Int32 | Int64)
}

/// Least and greatest value of an integer type, as far as 64 signed bits reach.
pub(super) fn range(ty: DataType) -> Option<(i64, i64)> {
    let bits = bits(ty).filter(|_| is_integer(ty))? as u32;
    Some(match ty {
        DataType::Bool => (0, 1),
        DataType::Uint64 => (0, i64::MAX),
        _ if is_signed(ty) => (i64::MIN >> (64 - bits), i64::MAX >> (64 - bits)),
        _ => (0, (1 << bits) - 1),
    })
}

/// An integer wrapped around into its type; `None` for one of UINT64 that needs the last bit, and for
/// a type of reals.
pub(super) fn wrap(ty: DataType, value: i64) -> Option<i64> {
    let unused = 64 - bits(ty).filter(|_| is_integer(ty))? as u32;
    match ty {
        DataType::Bool => Some(i64::from(value != 0)),
        DataType::Uint64 => (value >= 0).then_some(value),
        _ if is_signed(ty) => Some((value << unused) >> unused),
        _ => Some((((value as u64) << unused) >> unused) as i64),
    }
}

/// A real rounded to its type.
pub(super) fn round(ty: DataType, value: f32) -> f32 {
    match ty {
        DataType::Float16 => f16::from_f32(value).to_f32(),
        DataType::Bfloat16 => bf16::from_f32(value).to_f32(),
        _ => value,
    }
}

/// Integers in the storage that a decoded tensor of the type has; each is in the range of the type.
pub(super) fn pack(ty: DataType, values: &[i64]) -> Data {
    match bits(ty) {
        Some(..=8) if ty != DataType::Uint8 => Data::I8(values.iter().map(|v| *v as i8).collect()),
        Some(..=32) if ty != DataType::Uint32 => Data::I32(values.iter().map(|v| *v as i32).collect()),
        _ => Data::I64(Arc::from(values)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges() {
        assert_eq!(range(DataType::Int4), Some((-8, 7)));
        assert_eq!(range(DataType::Uint2), Some((0, 3)));
        assert_eq!(range(DataType::Uint32), Some((0, i64::from(u32::MAX))));
        assert_eq!(range(DataType::Int64), Some((i64::MIN, i64::MAX)));
        assert_eq!(range(DataType::Float), None);
    }

    #[test]
    fn integers_wrap_around() {
        assert_eq!(wrap(DataType::Int8, 128), Some(-128));
        assert_eq!(wrap(DataType::Uint8, -1), Some(255));
        assert_eq!(wrap(DataType::Int4, 9), Some(-7));
        assert_eq!(wrap(DataType::Uint64, -1), None);
        assert_eq!(wrap(DataType::Bool, 256), Some(1));
    }
}
