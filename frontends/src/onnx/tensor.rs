//! Elements of tensors as they are stored in a file: `raw_data`, the typed fields, external data.

use super::constant::{Constant, Data};
use super::dims;
use super::file::{ExternalData, is_external};
use super::proto::{TensorProto, tensor_proto::DataType};
use super::refusal::{Refusal, refuse, refuse_with};
use bytes::Bytes;
use half::{bf16, f16};
use snnc_ir::diag::Code;
use std::sync::Arc;

/// The type of a code, by name where it is not one we read.
pub(crate) fn data_type(code: i32) -> Result<DataType, Refusal> {
    DataType::try_from(code)
        .map_err(|_| refuse(Code::UnsupportedType, format!("tensor type {code} is not known")))
}

/// Bits per element of the types we read.
pub(crate) fn bits(ty: DataType) -> Option<usize> {
    Some(match ty {
        DataType::Int2 | DataType::Uint2 => 2,
        DataType::Int4 | DataType::Uint4 => 4,
        DataType::Int8 | DataType::Uint8 | DataType::Bool => 8,
        DataType::Int16 | DataType::Uint16 | DataType::Float16 | DataType::Bfloat16 => 16,
        DataType::Int32 | DataType::Uint32 | DataType::Float => 32,
        DataType::Int64 | DataType::Uint64 | DataType::Double => 64,
        _ => return None,
    })
}

/// Number of elements that a shape declares.
pub(crate) fn count(name: &str, dims: &[i64]) -> Result<(Vec<usize>, usize), Refusal> {
    let mut out = Vec::with_capacity(dims.len());
    let impossible =
        || refuse(Code::BadShape, format!("the shape {dims:?} of tensor '{name}' is not possible"));
    for &dim in dims {
        out.push(usize::try_from(dim).map_err(|_| impossible())?);
    }
    let total = dims::elements(&out).ok_or_else(impossible)?;
    Ok((out, total))
}

/// Decodes a tensor; never allocates more than the bytes that are there ask for.
pub(crate) fn decode(tensor: &TensorProto, external: &ExternalData) -> Result<Constant, Refusal> {
    decode_as(tensor, external, Order::Stored)
}

/// Decodes a matrix with rows and columns exchanged.
pub(crate) fn decode_flipped(tensor: &TensorProto, external: &ExternalData) -> Result<Constant, Refusal> {
    let raw = is_external(tensor) || !tensor.raw_data.is_empty();
    let packed = is_packed(data_type(tensor.data_type)?);
    match tensor.dims[..] {
        [rows, columns] if raw && !packed && rows > 0 && columns > 0 => {
            let mut constant = decode_as(tensor, external, Order::Flipped { rows: rows as usize })?;
            constant.dims.reverse();
            Ok(constant)
        }
        _ => decode(tensor, external)?.transposed(&[1, 0]),
    }
}

/// In which order the elements of a tensor are decoded.
#[derive(Clone, Copy)]
enum Order {
    Stored,
    /// Of a matrix, column by column.
    Flipped {
        rows: usize,
    },
}

fn decode_as(tensor: &TensorProto, external: &ExternalData, order: Order) -> Result<Constant, Refusal> {
    let ty = data_type(tensor.data_type)?;
    let name = &tensor.name;
    let Some(bits) = bits(ty) else {
        return Err(refuse_with(
            Code::UnsupportedType,
            format!("tensors of type {} are not supported", ty.as_str_name()),
            "store the values as FLOAT or as an integer type of 2 to 64 bits",
        ));
    };
    let (dims, count) = count(name, &tensor.dims)?;
    let raw = match () {
        () if is_external(tensor) => {
            Some(tensor_bytes(external, tensor).map_err(|m| refuse(Code::ExternalData, m))?)
        }
        () if !tensor.raw_data.is_empty() => Some(tensor.raw_data.clone()),
        () => None,
    };
    let data = match raw {
        Some(raw) => {
            let expected = count.checked_mul(bits).map(|b| b.div_ceil(8));
            if expected != Some(raw.len()) {
                return Err(wrong_size(name, &tensor.dims, &format!("{} bytes", raw.len())));
            }
            let data = from_raw(ty, count, &Raw { bytes: &raw, order, files: external });
            external.release(&raw);
            data
        }
        None => from_fields(ty, tensor, count)
            .ok_or_else(|| wrong_size(name, &tensor.dims, "another number of elements"))?,
    };
    let data = data
        .ok_or_else(|| refuse(Code::UnsupportedType, format!("tensor '{name}' has values beyond 63 bits")))?;
    Ok(Constant { dims, ty, data, quant: None })
}

fn tensor_bytes(external: &ExternalData, tensor: &TensorProto) -> Result<Bytes, String> {
    external.get(tensor).map_err(|e| format!("the data of '{}' cannot be read: {e}", tensor.name))
}

fn wrong_size(name: &str, dims: &[i64], found: &str) -> Refusal {
    refuse_with(
        Code::BadGraph,
        format!("tensor '{name}' of shape {dims:?} holds {found}"),
        "export the model again; the file may have been cut or edited",
    )
}

/// The bytes of a tensor and how to read them.
struct Raw<'a> {
    bytes: &'a [u8],
    order: Order,
    files: &'a ExternalData,
}

/// Bytes of a large tensor that are in memory at a time.
const PART: usize = 1 << 20;

/// Rows that are read together when rows and columns are exchanged.
const BAND: usize = 32;

impl Raw<'_> {
    /// Elements of `N` bytes. What was read of a large tensor is released on the way, so that it is not in
    /// memory twice.
    fn words<const N: usize, T: Copy + Default>(&self, f: impl Fn([u8; N]) -> T) -> Arc<[T]> {
        let one = |chunk: &[u8]| {
            let mut word = [0; N];
            word.copy_from_slice(chunk);
            f(word)
        };
        let Order::Flipped { rows } = self.order else {
            if self.bytes.len() <= PART {
                return self.bytes.chunks_exact(N).map(one).collect();
            }
            return filled(self.bytes.len() / N, |out| {
                for (to, from) in out.chunks_mut(PART / N).zip(self.bytes.chunks(PART / N * N)) {
                    to.iter_mut().zip(from.chunks_exact(N)).for_each(|(to, chunk)| *to = one(chunk));
                    self.files.release(from);
                }
            });
        };
        let row = self.bytes.len() / rows.max(1);
        filled(self.bytes.len() / N, |out| {
            for (k, band) in self.bytes.chunks((row * BAND).max(1)).enumerate() {
                for (column, to) in out.chunks_mut(rows.max(1)).enumerate() {
                    let to = to.get_mut(k * BAND..).unwrap_or_default();
                    let from = band.get(column * N..).unwrap_or_default().chunks(row.max(1));
                    for (to, chunk) in to.iter_mut().zip(from) {
                        *to = chunk.get(..N).map(one).unwrap_or_default();
                    }
                }
                self.files.release(band);
            }
        })
    }
}

/// That many elements, made in place.
fn filled<T: Copy + Default>(count: usize, fill: impl FnOnce(&mut [T])) -> Arc<[T]> {
    let mut out: Arc<[T]> = std::iter::repeat_n(T::default(), count).collect();
    // Nobody else has it yet.
    fill(Arc::get_mut(&mut out).unwrap_or_default());
    out
}

/// Whether several elements share a byte.
fn is_packed(ty: DataType) -> bool {
    matches!(ty, DataType::Int4 | DataType::Uint4 | DataType::Int2 | DataType::Uint2)
}

/// Two elements of 4 bits or four of 2 bits a byte, the first in the lowest bits.
fn unpacked(ty: DataType, bytes: impl Iterator<Item = u8>, count: usize) -> Data {
    let bits = if matches!(ty, DataType::Int4 | DataType::Uint4) { 4 } else { 2 };
    let signed = matches!(ty, DataType::Int4 | DataType::Int2);
    let element = move |byte: u8, at: u32| {
        let high = byte << (8 - bits - at);
        if signed { (high as i8) >> (8 - bits) } else { (high >> (8 - bits)) as i8 }
    };
    let elements = bytes.flat_map(|b| (0..8).step_by(bits as usize).map(move |at| element(b, at)));
    Data::I8(elements.take(count).collect())
}

/// Little-endian elements; `None` when a value does not fit.
fn from_raw(ty: DataType, count: usize, raw: &Raw<'_>) -> Option<Data> {
    Some(match ty {
        DataType::Float => Data::F32(raw.words(f32::from_le_bytes)),
        DataType::Double => Data::F32(raw.words(|w| f64::from_le_bytes(w) as f32)),
        DataType::Float16 => Data::F32(raw.words(|w| f16::from_le_bytes(w).to_f32())),
        DataType::Bfloat16 => Data::F32(raw.words(|w| bf16::from_le_bytes(w).to_f32())),
        DataType::Int8 => Data::I8(raw.words(i8::from_le_bytes)),
        DataType::Bool => Data::I8(raw.words(|[b]: [u8; 1]| i8::from(b != 0))),
        DataType::Uint8 => Data::I32(raw.words(|[b]: [u8; 1]| i32::from(b))),
        DataType::Int16 => Data::I32(raw.words(|w| i32::from(i16::from_le_bytes(w)))),
        DataType::Uint16 => Data::I32(raw.words(|w| i32::from(u16::from_le_bytes(w)))),
        DataType::Int32 => Data::I32(raw.words(i32::from_le_bytes)),
        DataType::Uint32 => Data::I64(raw.words(|w| i64::from(u32::from_le_bytes(w)))),
        DataType::Int64 => Data::I64(raw.words(i64::from_le_bytes)),
        DataType::Uint64 => Data::I64(unsigned(&raw.words(u64::from_le_bytes))?),
        _ if is_packed(ty) => unpacked(ty, raw.bytes.iter().copied(), count),
        _ => return None,
    })
}

fn unsigned(values: &[u64]) -> Option<Arc<[i64]>> {
    values.iter().map(|v| i64::try_from(*v).ok()).collect()
}

/// Elements of the typed fields. The outer `None`: not as many as declared; the inner one: a value does
/// not fit its type.
fn from_fields(ty: DataType, t: &TensorProto, count: usize) -> Option<Option<Data>> {
    let stored = match ty {
        DataType::Float => t.float_data.len(),
        DataType::Double => t.double_data.len(),
        DataType::Int64 => t.int64_data.len(),
        DataType::Uint32 | DataType::Uint64 => t.uint64_data.len(),
        _ => t.int32_data.len(),
    };
    let a_byte = 8 / bits(ty).filter(|_| is_packed(ty)).unwrap_or(8);
    if stored != count.div_ceil(a_byte) {
        return None;
    }
    let ints = &t.int32_data;
    let narrow = |lo: i32, hi: i32| ints.iter().all(|v| (lo..=hi).contains(v));
    Some(match ty {
        DataType::Float => Some(Data::F32(t.float_data.as_slice().into())),
        DataType::Double => Some(Data::F32(t.double_data.iter().map(|v| *v as f32).collect())),
        DataType::Float16 => {
            Some(Data::F32(ints.iter().map(|v| f16::from_bits(*v as u16).to_f32()).collect()))
        }
        DataType::Bfloat16 => {
            Some(Data::F32(ints.iter().map(|v| bf16::from_bits(*v as u16).to_f32()).collect()))
        }
        DataType::Int8 => narrow(-128, 127).then(|| Data::I8(ints.iter().map(|v| *v as i8).collect())),
        DataType::Bool => Some(Data::I8(ints.iter().map(|v| i8::from(*v != 0)).collect())),
        DataType::Uint8 => narrow(0, 255).then(|| Data::I32(ints.as_slice().into())),
        DataType::Int16 => narrow(-32768, 32767).then(|| Data::I32(ints.as_slice().into())),
        DataType::Uint16 => narrow(0, 65535).then(|| Data::I32(ints.as_slice().into())),
        DataType::Int32 => Some(Data::I32(ints.as_slice().into())),
        DataType::Int64 => Some(Data::I64(t.int64_data.as_slice().into())),
        DataType::Uint32 | DataType::Uint64 => unsigned(&t.uint64_data).map(Data::I64),
        _ if is_packed(ty) => Some(unpacked(ty, ints.iter().map(|v| *v as u8), count)),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tensor(ty: DataType, dims: &[i64], raw: &[u8]) -> TensorProto {
        TensorProto {
            data_type: ty as i32,
            dims: dims.to_vec(),
            raw_data: Bytes::copy_from_slice(raw),
            ..TensorProto::default()
        }
    }

    fn ints(t: &TensorProto) -> Vec<i64> {
        decode(t, &ExternalData::default()).unwrap().integers().unwrap()
    }

    #[test]
    fn packed_four_bit_elements() {
        assert_eq!(ints(&tensor(DataType::Int4, &[3], &[0xF7, 0x08])), [7, -1, -8]);
        assert_eq!(ints(&tensor(DataType::Uint4, &[3], &[0xF7, 0x08])), [7, 15, 8]);
    }

    #[test]
    fn a_matrix_is_read_with_rows_and_columns_exchanged() {
        for (rows, columns) in [(70, 33), (1, 5), (5, 1), (600, 700), (0, 4)] {
            let raw: Vec<u8> = (0..rows * columns).flat_map(|k: i32| k.to_le_bytes()).collect();
            let t = tensor(DataType::Int32, &[i64::from(rows), i64::from(columns)], &raw);
            let flipped = decode_flipped(&t, &ExternalData::default()).unwrap();
            let want = decode(&t, &ExternalData::default()).unwrap().transposed(&[1, 0]).unwrap();
            assert_eq!(flipped, want, "{rows} rows, {columns} columns");
        }
    }

    #[test]
    fn packed_two_bit_elements() {
        assert_eq!(ints(&tensor(DataType::Int2, &[5], &[0b11_10_01_00, 0b11])), [0, 1, -2, -1, -1]);
        assert_eq!(ints(&tensor(DataType::Uint2, &[4], &[0b11_10_01_00])), [0, 1, 2, 3]);
        let short = tensor(DataType::Int2, &[5], &[0]);
        assert_eq!(decode(&short, &ExternalData::default()).unwrap_err().code, Code::BadGraph);
    }

    #[test]
    fn a_shape_that_is_not_there_is_refused_before_anything_is_allocated() {
        let huge = tensor(DataType::Float, &[i64::MAX, 4], &[0; 4]);
        assert_eq!(decode(&huge, &ExternalData::default()).unwrap_err().code, Code::BadShape);
        let large = tensor(DataType::Float, &[1 << 40], &[0; 4]);
        assert_eq!(decode(&large, &ExternalData::default()).unwrap_err().code, Code::BadGraph);
        let fp8 = tensor(DataType::Float8e4m3fn, &[1], &[0]);
        assert!(decode(&fp8, &ExternalData::default()).unwrap_err().message.contains("FLOAT8E4M3FN"));
    }
}
