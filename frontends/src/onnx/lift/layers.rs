//! Operators that are kept as they are: their shapes, and along which axes they work place by place.

use super::super::attribute::Attributes;
use super::super::dims;
use super::super::proto::NodeProto;
use super::super::refusal::{Refusal, refuse};
use super::arena::{Arena, Id, Node, Op, Template};
use super::elementwise::broadcast;
use snnc_ir::diag::Code;

/// Operators with weights or windows, and quantisation. Everything else is taken apart or refused.
const KEPT: &[&str] = &[
    "AveragePool",
    "BatchNormalization",
    "Conv",
    "DequantizeLinear",
    "Gemm",
    "GlobalAveragePool",
    "GlobalMaxPool",
    "LogSoftmax",
    "LpPool",
    "MatMul",
    "MaxPool",
    "Pad",
    "QuantizeLinear",
    "ReduceMax",
    "ReduceMean",
    "ReduceSum",
    "Softmax",
];

/// Whether an operator is kept.
pub(super) fn is_kept(domain: &str, op_type: &str) -> bool {
    match domain {
        "ai.onnx" => KEPT.contains(&op_type),
        "com.microsoft" => matches!(op_type, "DequantizeLinear" | "QuantizeLinear"),
        _ => false,
    }
}

/// Dimensions of the result of a kept operator.
pub(super) fn dims_of(arena: &Arena<'_>, node: &NodeProto, inputs: &[Id]) -> Result<Vec<usize>, Refusal> {
    let bad = |what: String| refuse(Code::BadShape, format!("{}: {what}", node.op_type));
    let x = inputs.first().map(|i| arena.dims(*i)).ok_or_else(|| bad("it has no input".into()))?;
    let second = inputs.get(1).map(|i| arena.dims(*i));
    let attributes = Attributes::new(node);
    match node.op_type.as_str() {
        "Conv" => {
            let w = second.filter(|w| w.len() == x.len() && w.len() > 2);
            let w =
                w.ok_or_else(|| bad(format!("weights of shape {second:?} on an input of shape {x:?}")))?;
            let mut out = vec![x[0], w[0]];
            out.extend(windows(&attributes, &x[2..], Some(&w[2..]))?);
            Ok(out)
        }
        "AveragePool" | "MaxPool" | "LpPool" if x.len() > 2 => {
            let mut out = x[..2].to_vec();
            out.extend(windows(&attributes, &x[2..], None)?);
            Ok(out)
        }
        "GlobalAveragePool" | "GlobalMaxPool" if x.len() > 2 => {
            let mut out = x[..2].to_vec();
            out.extend(vec![1; x.len() - 2]);
            Ok(out)
        }
        "Gemm" => {
            let (Some(b), [..]) = (second, x) else { return Err(bad("it has no weights".into())) };
            let (ta, tb) = (attributes.int("transA", 0)? != 0, attributes.int("transB", 0)? != 0);
            let ([m, k], [k2, n]) = (x, b) else { return Err(bad(format!("{x:?} times {b:?}"))) };
            let (m, k) = if ta { (*k, *m) } else { (*m, *k) };
            let (k2, n) = if tb { (*n, *k2) } else { (*k2, *n) };
            if k != k2 {
                return Err(bad(format!("{x:?} times {b:?}")));
            }
            Ok(vec![m, n])
        }
        "MatMul" => {
            let b = second.ok_or_else(|| bad("it has no second input".into()))?;
            match (x, b) {
                ([.., m, k], [.., k2, n]) if k == k2 => {
                    let outer = broadcast(&x[..x.len() - 2], &b[..b.len() - 2]);
                    let mut out = outer.ok_or_else(|| bad(format!("{x:?} times {b:?}")))?;
                    out.extend([*m, *n]);
                    Ok(out)
                }
                ([k], [.., k2, n]) if k == k2 => Ok([&b[..b.len() - 2], &[*n]].concat()),
                ([.., m, k], [k2]) if k == k2 => Ok([&x[..x.len() - 2], &[*m]].concat()),
                _ => Err(bad(format!("{x:?} times {b:?}"))),
            }
        }
        "Pad" => padded(arena, &attributes, inputs, x),
        "ReduceMean" | "ReduceSum" | "ReduceMax" => {
            let axes = reduced(arena, &attributes, inputs, x.len())?;
            let keep = attributes.int("keepdims", 1)? != 0;
            let kept = x.iter().enumerate().filter_map(|(k, d)| match axes.contains(&k) {
                true => keep.then_some(1),
                false => Some(*d),
            });
            Ok(kept.collect())
        }
        _ => Ok(x.to_vec()),
    }
}

/// Axes that a reduction takes together.
pub(super) fn reduced(
    arena: &Arena<'_>,
    attributes: &Attributes<'_>,
    inputs: &[Id],
    rank: usize,
) -> Result<Vec<usize>, Refusal> {
    let given = match inputs.get(1) {
        Some(axes) => arena.integers(*axes)?,
        None => attributes.ints("axes")?.map(<[i64]>::to_vec),
    };
    match given.filter(|axes| !axes.is_empty()) {
        Some(axes) => axes.iter().map(|a| dims::axis(*a, rank)).collect(),
        None => Ok((0..rank).collect()),
    }
}

fn padded(
    arena: &Arena<'_>,
    attributes: &Attributes<'_>,
    inputs: &[Id],
    x: &[usize],
) -> Result<Vec<usize>, Refusal> {
    let bad = || refuse(Code::BadShape, "Pad: the padding is not one pair of sizes for each axis");
    let pads = match inputs.get(1) {
        Some(pads) => arena.integers(*pads)?.ok_or_else(bad)?,
        None => attributes.ints("pads")?.map(<[i64]>::to_vec).ok_or_else(bad)?,
    };
    if pads.len() != 2 * x.len() {
        return Err(bad());
    }
    let sized = x.iter().enumerate().map(|(k, d)| {
        let grown = (*d as i64).checked_add(pads[k])?.checked_add(pads[k + x.len()])?;
        usize::try_from(grown).ok()
    });
    sized.collect::<Option<Vec<_>>>().ok_or_else(bad)
}

/// Numbers of positions of a window over axes of those sizes.
fn windows(
    attributes: &Attributes<'_>,
    sizes: &[usize],
    kernel: Option<&[usize]>,
) -> Result<Vec<usize>, Refusal> {
    let w = Windows::read(attributes, sizes.len(), kernel)?;
    (0..sizes.len())
        .map(|k| {
            let reach = (w.kernel[k].saturating_sub(1)).saturating_mul(w.dilation[k]).saturating_add(1);
            if w.same {
                return Ok(sizes[k].div_ceil(w.stride[k]));
            }
            let padded = sizes[k].saturating_add(w.pads[k]).saturating_add(w.pads[k + sizes.len()]);
            let rest = padded.checked_sub(reach).ok_or_else(|| {
                refuse(Code::BadShape, format!("a window of {reach} does not fit into {padded}"))
            })?;
            let mut count = rest / w.stride[k] + 1;
            // A window that would start in the padding behind is none.
            if w.ceil && rest % w.stride[k] != 0 && count * w.stride[k] < sizes[k] + w.pads[k] {
                count += 1;
            }
            Ok(count)
        })
        .collect()
}

struct Windows {
    kernel: Vec<usize>,
    stride: Vec<usize>,
    dilation: Vec<usize>,
    pads: Vec<usize>,
    same: bool,
    ceil: bool,
}

impl Windows {
    fn read(attributes: &Attributes<'_>, rank: usize, kernel: Option<&[usize]>) -> Result<Self, Refusal> {
        let list = |name: &str, len: usize, default: usize| -> Result<Vec<usize>, Refusal> {
            let Some(given) = attributes.ints(name)? else { return Ok(vec![default; len]) };
            let sizes: Option<Vec<usize>> = given.iter().map(|v| usize::try_from(*v).ok()).collect();
            sizes.filter(|s| s.len() == len && (default == 0 || !s.contains(&0))).ok_or_else(|| {
                refuse(Code::BadShape, format!("{name} {given:?} do not fit {rank} spatial axes"))
            })
        };
        let auto = attributes.string("auto_pad")?.unwrap_or("NOTSET");
        Ok(Self {
            kernel: match kernel {
                Some(kernel) => kernel.to_vec(),
                None => list("kernel_shape", rank, 1)?,
            },
            stride: list("strides", rank, 1)?,
            dilation: list("dilations", rank, 1)?,
            pads: if auto == "NOTSET" { list("pads", 2 * rank, 0)? } else { vec![0; 2 * rank] },
            same: auto.starts_with("SAME"),
            ceil: attributes.int("ceil_mode", 0)? != 0,
        })
    }

    /// Whether an axis is looked at place by place.
    fn pointwise(&self, k: usize) -> bool {
        let rank = self.kernel.len();
        self.kernel[k] == 1 && self.stride[k] == 1 && self.pads[k] == 0 && self.pads[k + rank] == 0
    }
}

/// Whether a kept operator works place by place along an axis of its result, which is then the same
/// axis of its first input.
pub(super) fn is_parallel(arena: &Arena<'_>, template: &Template, node: &Node, axis: usize) -> bool {
    let proto = NodeProto {
        op_type: template.op_type.clone(),
        attribute: template.attributes.clone(),
        ..NodeProto::default()
    };
    let attributes = Attributes::new(&proto);
    let x = node.inputs.first().map(|i| arena.dims(*i)).unwrap_or_default();
    let second = node.inputs.get(1).map(|i| arena.dims(*i)).unwrap_or_default();
    let spatial = |kernel: Option<&[usize]>| {
        axis >= 2
            && Windows::read(&attributes, x.len().saturating_sub(2), kernel)
                .is_ok_and(|w| w.pointwise(axis - 2))
    };
    match template.op_type.as_str() {
        "Conv" => axis == 0 || spatial(second.get(2..)),
        "AveragePool" | "MaxPool" | "LpPool" => axis <= 1 || spatial(None),
        "GlobalAveragePool" | "GlobalMaxPool" => axis <= 1,
        "Gemm" => axis == 0 && attributes.int("transA", 0).is_ok_and(|t| t == 0),
        "MatMul" => second.len() == 2 && axis + 1 < node.dims.len() && x.len() == node.dims.len(),
        "BatchNormalization" => axis != 1,
        "QuantizeLinear" | "DequantizeLinear" => {
            let channel = attributes.int("axis", 1).ok().and_then(|a| dims::axis(a, x.len().max(1)).ok());
            second.iter().product::<usize>() == 1 || channel != Some(axis)
        }
        "Softmax" | "LogSoftmax" => axis + 1 < x.len(),
        "Pad" => {
            let pads = match node.inputs.get(1) {
                Some(pads) => arena.integers(*pads).ok().flatten(),
                None => attributes.ints("pads").ok().flatten().map(<[i64]>::to_vec),
            };
            pads.is_some_and(|p| p.get(axis) == Some(&0) && p.get(axis + x.len()) == Some(&0))
        }
        "ReduceMean" | "ReduceSum" | "ReduceMax" => {
            let axes = reduced(arena, &attributes, &node.inputs, x.len()).unwrap_or_default();
            // Only where the axis is the same one of the input.
            x.len() == node.dims.len() && !axes.contains(&axis) || axes.iter().all(|a| *a > axis)
        }
        _ => false,
    }
}

impl Arena<'_> {
    /// A kept operator.
    pub(super) fn layer(&mut self, node: &NodeProto, domain: &str, inputs: &[Id]) -> Result<Id, Refusal> {
        let to = dims_of(self, node, inputs)?;
        let ty = inputs.first().map(|i| self.node(*i).ty).unwrap_or_default();
        let ty = match node.op_type.as_str() {
            "DequantizeLinear" => inputs.get(1).map_or(ty, |i| self.node(*i).ty),
            "QuantizeLinear" => {
                inputs.get(2).map_or(super::super::proto::tensor_proto::DataType::Uint8, |i| self.node(*i).ty)
            }
            _ => ty,
        };
        let template = self.template(domain, &node.op_type, node.attribute.clone());
        self.intern(Op::Layer(template), inputs.to_vec(), to, ty)
    }
}
