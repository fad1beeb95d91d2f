//! Moves that make tensors and shapes smaller.

use std::collections::BTreeSet;

use snnc_frontends::onnx::proto::tensor_proto::{DataLocation, DataType};
use snnc_frontends::onnx::proto::tensor_shape_proto::dimension::Value as Dim;
use snnc_frontends::onnx::proto::{TensorProto, ValueInfoProto, type_proto};

use super::File;
use super::body::{Body, changed, each};
use crate::reduce::search::{Move, smaller};

/// Largest tensor that is cut element by element.
const MOST: i64 = 1 << 28;

/// One size for another wherever it stands: in initialisers and in what is known of values.
pub(super) fn everywhere(file: &File) -> Vec<Move<File>> {
    let mut sizes = BTreeSet::new();
    each(&mut file.0.clone(), &mut |body| {
        if let Some(graph) = body.graph {
            sizes.extend(graph.initializers.iter().flat_map(|t| t.dims.iter().copied()));
            graph.inputs.iter_mut().flat_map(dims).for_each(|d| sizes.extend(number(d)));
        }
    });
    let mut out: Vec<Move<File>> = Vec::new();
    for size in sizes.into_iter().rev().filter(|s| *s > 1) {
        for to in smaller(usize::try_from(size).unwrap_or(1)) {
            out.push(Box::new(move |file| {
                let mut model = file.0.clone();
                let mut whole = Some(());
                each(&mut model, &mut |body| {
                    let Some(graph) = body.graph else { return };
                    for tensor in graph.initializers.iter_mut() {
                        for axis in 0..tensor.dims.len() {
                            if tensor.dims[axis] == size {
                                whole = whole.and_then(|()| cut(tensor, axis, to));
                            }
                        }
                    }
                    for info in [graph.inputs, graph.outputs, graph.info] {
                        let equal = info.iter_mut().flat_map(dims).filter(|d| number(d) == Some(size));
                        equal.for_each(|d| *d = Some(Dim::DimValue(to as i64)));
                    }
                });
                whole.map(|()| File(model))
            }));
        }
    }
    out
}

/// Every axis of every initialiser, and of every input, by itself.
pub(super) fn single(file: &File) -> Vec<Move<File>> {
    let mut out: Vec<Move<File>> = Vec::new();
    let mut k = 0;
    each(&mut file.0.clone(), &mut |body| {
        if let Some(graph) = body.graph {
            for (at, tensor) in graph.initializers.iter().enumerate() {
                for (axis, size) in tensor.dims.iter().enumerate() {
                    for to in smaller(usize::try_from(*size).unwrap_or(0)) {
                        let cut = move |body: &mut Body<'_>| {
                            cut(body.graph.as_mut()?.initializers.get_mut(at)?, axis, to)
                        };
                        out.push(Box::new(move |file| changed(&file.0, k, &cut).map(File)));
                    }
                }
            }
            for (at, info) in graph.inputs.iter_mut().enumerate() {
                for (axis, dim) in dims(info).into_iter().enumerate() {
                    let size = number(dim).and_then(|s| usize::try_from(s).ok());
                    for to in size.map_or(vec![1], smaller) {
                        let set = move |body: &mut Body<'_>| {
                            let info = body.graph.as_mut()?.inputs.get_mut(at)?;
                            **dims(info).get_mut(axis)? = Some(Dim::DimValue(to as i64));
                            Some(())
                        };
                        out.push(Box::new(move |file| changed(&file.0, k, &set).map(File)));
                    }
                }
            }
        }
        k += 1;
    });
    out
}

fn dims(info: &mut ValueInfoProto) -> Vec<&mut Option<Dim>> {
    match info.r#type.as_mut().and_then(|t| t.value.as_mut()) {
        Some(type_proto::Value::TensorType(type_proto::Tensor { shape: Some(shape), .. })) => {
            shape.dim.iter_mut().map(|d| &mut d.value).collect()
        }
        _ => Vec::new(),
    }
}

fn number(dim: &Option<Dim>) -> Option<i64> {
    match dim {
        Some(Dim::DimValue(size)) => Some(*size),
        _ => None,
    }
}

/// Keeps the first elements along an axis; `None` where the elements are not at hand as the shape says.
fn cut(tensor: &mut TensorProto, axis: usize, to: usize) -> Option<()> {
    let all = tensor.dims.iter().try_fold(1i64, |n, d| n.checked_mul(*d))?;
    if tensor.data_location == DataLocation::External as i32 || !(1..=MOST).contains(&all) {
        return None;
    }
    let inner = usize::try_from(tensor.dims[axis + 1..].iter().product::<i64>()).ok()?;
    let size = usize::try_from(tensor.dims[axis]).ok()?;
    let all = all as usize;
    let runs: Vec<std::ops::Range<usize>> =
        (0..all / (inner * size)).map(|k| k * inner * size..(k * size + to) * inner).collect();
    fn keep<T: Clone>(list: &mut Vec<T>, all: usize, runs: &[std::ops::Range<usize>]) -> bool {
        if list.len() != all {
            return list.is_empty();
        }
        *list = runs.iter().flat_map(|r| list[r.clone()].iter().cloned()).collect();
        true
    }
    if !tensor.raw_data.is_empty() {
        let width = bytes(tensor.data_type)?;
        if tensor.raw_data.len() != all * width {
            return None;
        }
        let raw = &tensor.raw_data;
        let kept: Vec<u8> =
            runs.iter().flat_map(|r| raw[r.start * width..r.end * width].iter().copied()).collect();
        tensor.raw_data = kept.into();
    }
    let fits = keep(&mut tensor.float_data, all, &runs)
        && keep(&mut tensor.int32_data, all, &runs)
        && keep(&mut tensor.int64_data, all, &runs)
        && keep(&mut tensor.double_data, all, &runs)
        && keep(&mut tensor.uint64_data, all, &runs)
        && keep(&mut tensor.string_data, all, &runs);
    tensor.dims[axis] = to as i64;
    fits.then_some(())
}

/// Bytes of an element; `None` where elements share a byte.
fn bytes(ty: i32) -> Option<usize> {
    Some(match DataType::try_from(ty).ok()? {
        DataType::Uint8
        | DataType::Int8
        | DataType::Bool
        | DataType::Float8e4m3fn
        | DataType::Float8e4m3fnuz
        | DataType::Float8e5m2
        | DataType::Float8e5m2fnuz
        | DataType::Float8e8m0 => 1,
        DataType::Uint16 | DataType::Int16 | DataType::Float16 | DataType::Bfloat16 => 2,
        DataType::Float | DataType::Int32 | DataType::Uint32 => 4,
        DataType::Int64 | DataType::Uint64 | DataType::Double | DataType::Complex64 => 8,
        DataType::Complex128 => 16,
        _ => return None,
    })
}
