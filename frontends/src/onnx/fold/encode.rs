//! Constants as tensors of a file.

use crate::onnx::constant::Constant;
use crate::onnx::proto::TensorProto;
use crate::onnx::proto::tensor_proto::DataType;
use crate::onnx::refusal::{Refusal, refuse};
use crate::onnx::tensor::bits;
use half::{bf16, f16};
use snnc_ir::diag::Code;

/// The tensor of a constant, without a name. Integers with a scale become reals.
pub(crate) fn encode(constant: &Constant) -> Result<TensorProto, Refusal> {
    let ty = constant.ty;
    let raw: Vec<u8> = match ty {
        DataType::Float => bytes_of(&constant.reals()?, |v| v.to_le_bytes()),
        DataType::Double => bytes_of(&constant.reals()?, |v| f64::from(v).to_le_bytes()),
        DataType::Float16 => bytes_of(&constant.reals()?, |v| f16::from_f32(v).to_le_bytes()),
        DataType::Bfloat16 => bytes_of(&constant.reals()?, |v| bf16::from_f32(v).to_le_bytes()),
        _ => {
            let unknown = || refuse(Code::UnsupportedType, format!("no tensors of {}", ty.as_str_name()));
            let (bits, values) = (bits(ty).ok_or_else(unknown)?, constant.integers()?);
            match bits {
                64 => bytes_of(&values, i64::to_le_bytes),
                32 => bytes_of(&values, |v| (v as i32).to_le_bytes()),
                16 => bytes_of(&values, |v| (v as i16).to_le_bytes()),
                8 => bytes_of(&values, |v| [v as u8]),
                _ => values.chunks(8 / bits).map(|elements| packed(elements, bits)).collect(),
            }
        }
    };
    let dims = constant.dims.iter().map(|dim| *dim as i64).collect();
    Ok(TensorProto { data_type: ty as i32, dims, raw_data: raw.into(), ..TensorProto::default() })
}

fn bytes_of<T: Copy, const N: usize>(values: &[T], word: impl Fn(T) -> [u8; N]) -> Vec<u8> {
    values.iter().flat_map(|v| word(*v)).collect()
}

/// A byte of elements, the first in the lowest bits.
fn packed(elements: &[i64], bits: usize) -> u8 {
    let mask = (1u8 << bits) - 1;
    elements.iter().rev().fold(0, |byte, v| (byte << bits) | (*v as u8 & mask))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::onnx::file::ExternalData;
    use crate::onnx::fold::testing::whole;
    use crate::onnx::tensor;

    #[test]
    fn what_is_encoded_is_decoded() {
        for (ty, raw) in [
            (DataType::Uint4, &[0xF7, 0x18][..]),
            (DataType::Int4, &[0xF7, 0x18]),
            (DataType::Bool, &[0, 1, 1, 0]),
            (DataType::Uint8, &[0, 1, 128, 255]),
            (DataType::Int16, &[0, 1, 128, 255, 0, 128, 7, 7]),
            (DataType::Bfloat16, &[0, 0, 128, 63, 128, 191, 0, 64]),
            (DataType::Float16, &[0, 0, 0, 60, 0, 188, 0, 64]),
        ] {
            let raw_data = raw.to_vec().into();
            let t =
                TensorProto { data_type: ty as i32, dims: vec![2, 2], raw_data, ..TensorProto::default() };
            let back = encode(&tensor::decode(&t, &ExternalData::default()).unwrap()).unwrap();
            assert_eq!(back, t, "{}", ty.as_str_name());
        }
    }

    #[test]
    fn four_elements_of_two_bits_a_byte() {
        let t = encode(&whole(DataType::Int2, &[5], &[0, 1, -2, -1, -1])).unwrap();
        assert_eq!(&t.raw_data[..], [0b11_10_01_00, 0b11]);
    }
}
