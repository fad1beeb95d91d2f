//! Where a rounding is written out.

use super::super::values::{Values, is_plain, zip};
use crate::onnx::file::ExternalData;
use crate::onnx::proto::{GraphProto, NodeProto};

/// A node and which of its inputs is the value.
pub(super) type Step = (usize, usize);

/// One rounding, from the value that is scaled to the integers.
pub(super) struct Rounding {
    /// Before the factors, and before what is moved behind them.
    pub source: String,
    /// Div and Mul by constants.
    pub factors: Vec<Step>,
    /// The Add of a half.
    pub add: Step,
    /// MaxPool and Relu, moved behind the Add.
    pub later: Vec<usize>,
    pub floor: usize,
    pub clip: usize,
    /// Casts of the result to integers.
    pub casts: Vec<usize>,
    /// Whether something else reads the result.
    pub others: bool,
    /// Name of the result.
    pub output: String,
    pub lo: i32,
    pub hi: i32,
    /// What decides ties, with its dimensions.
    pub nudge: Vec<f32>,
    pub dims: Vec<i64>,
}

/// Every rounding of whole numbers.
pub(super) fn all(graph: &GraphProto, external: &ExternalData) -> Vec<Rounding> {
    let mut values = Values::new(graph, external);
    let floors = graph.node.iter().enumerate().filter(|(_, n)| n.op_type == "Floor");
    floors.filter_map(|(k, node)| rounding(&mut values, k, node)).collect()
}

/// A DequantizeLinear of a whole number that was only cast to integers.
pub(super) struct Product {
    pub node: usize,
    /// The number before the cast.
    pub source: String,
    /// Name of the scale.
    pub name: String,
    /// The scale with dimensions that broadcast, where its own do not.
    pub scale: Option<(Vec<i64>, Vec<f32>)>,
}

/// Every product of that kind behind a linear layer or a convolution.
pub(super) fn products(graph: &GraphProto, external: &ExternalData) -> Vec<Product> {
    let mut values = Values::new(graph, external);
    let all = graph.node.iter().enumerate().filter(|(_, n)| n.op_type == "DequantizeLinear");
    all.filter_map(|(k, node)| product(&mut values, k, node)).collect()
}

fn product(values: &mut Values<'_>, node: usize, dequantize: &NodeProto) -> Option<Product> {
    let [x, name] = dequantize.input.as_slice() else { return None };
    let (_, cast) = values.producer(x).filter(|(_, n)| n.op_type == "Cast")?;
    if !integer(cast, i32::MIN, i32::MAX) || dequantize.attribute.iter().any(|a| a.name == "axis" && a.i != 1)
    {
        return None;
    }
    let source = cast.input.first()?.clone();
    let (_, scale) = values.constant(name)?;
    let scale = match values.producer(&source)?.1.op_type.as_str() {
        "Gemm" | "MatMul" => None,
        "Conv" if scale.len() > 1 => {
            Some((vec![scale.len() as i64, 1, 1], scale.iter().map(|v| *v as f32).collect()))
        }
        "Conv" => None,
        _ => return None,
    };
    values.is_whole(&source).then(|| Product { node, source, name: name.clone(), scale })
}

fn rounding(values: &mut Values<'_>, floor: usize, node: &NodeProto) -> Option<Rounding> {
    // Behind the Floor.
    let [clip] = *values.readers(node.output.first()?) else { return None };
    let clipped = values.node(clip).filter(|n| n.op_type == "Clip")?;
    let mut bound = |k: usize| -> Option<i32> {
        let (_, value) = values.constant(clipped.input.get(k)?)?;
        let [value] = value[..] else { return None };
        (value.fract() == 0.0 && value.abs() < 70_000.0).then_some(value as i32)
    };
    let (lo, hi) = (bound(1)?, bound(2)?);
    let fits = lo < hi && ((lo >= -32768 && hi <= 32767) || (lo >= 0 && hi <= 65535));
    let output = clipped.output.first().filter(|_| fits)?.clone();
    let is_cast = |k: &usize| values.node(*k).is_some_and(|n| n.op_type == "Cast" && integer(n, lo, hi));
    let casts: Vec<usize> = values.readers(&output).iter().copied().filter(is_cast).collect();
    let others = casts.len() < values.readers(&output).len();
    // Before the Floor.
    let (add, half) = step(values, node.input.first()?, &["Add"])?;
    if half.1.iter().any(|v| *v != 0.5) {
        return None;
    }
    let mut source = input(values, add)?;
    let mut factors = Vec::new();
    let (mut divisor, mut factor) = ((vec![], vec![1.0]), (vec![], vec![1.0]));
    while let Some((found, constant)) = step(values, &source, &["Div", "Mul"]) {
        let div = values.node(found.0)?.op_type == "Div";
        let of = if div { &mut divisor } else { &mut factor };
        *of = zip(of, &constant)?;
        source = input(values, found)?;
        factors.push(found);
    }
    factors.reverse();
    let power = |v: &f64| *v > 0.0 && v.is_finite() && v.log2().fract() == 0.0;
    let natural = |v: &f64| *v >= 1.0 && v.fract() == 0.0;
    if !divisor.1.iter().all(power) || !factor.1.iter().all(natural) || !is_plain(&divisor.0) {
        return None;
    }
    let mut later = Vec::new();
    for op in ["Relu", "MaxPool"] {
        if let Some((k, node)) = alone(values, &source).filter(|(_, n)| n.op_type == op) {
            source.clone_from(node.input.first()?);
            later.push(k);
        }
    }
    later.reverse();
    if !values.is_whole(&source) {
        return None;
    }
    // Half a step of the grid, and less than a half in any case.
    let nudge = divisor.1.iter().map(|s| (0.5 / s).min(0.25) as f32).collect();
    let dims = divisor.0;
    Some(Rounding { source, factors, add, later, floor, clip, casts, others, output, lo, hi, nudge, dims })
}

/// The producer of a value that nobody else reads.
fn alone<'g>(values: &Values<'g>, name: &str) -> Option<(usize, &'g NodeProto)> {
    values.producer(name).filter(|_| values.readers(name).len() == 1)
}

/// The producer of a value, one of those operators with a constant, and the constant.
#[allow(clippy::type_complexity)]
fn step(values: &mut Values<'_>, name: &str, ops: &[&str]) -> Option<(Step, (Vec<i64>, Vec<f64>))> {
    let (k, node) = alone(values, name).filter(|(_, n)| ops.contains(&n.op_type.as_str()))?;
    let [a, b] = node.input.as_slice() else { return None };
    if let Some(constant) = values.constant(b) {
        return Some(((k, 0), constant));
    }
    let constant = values.constant(a).filter(|_| node.op_type != "Div")?;
    Some(((k, 1), constant))
}

fn input(values: &Values<'_>, (k, input): Step) -> Option<String> {
    values.node(k)?.input.get(input).cloned()
}

/// Whether a Cast is to an integer type that holds the levels.
fn integer(cast: &NodeProto, lo: i32, hi: i32) -> bool {
    use crate::onnx::proto::tensor_proto::DataType;
    let to = cast.attribute.iter().find(|a| a.name == "to").map_or(0, |a| a.i);
    let range = match i32::try_from(to).ok().and_then(|t| DataType::try_from(t).ok()) {
        Some(DataType::Int8) => (-128, 127),
        Some(DataType::Uint8) => (0, 255),
        Some(DataType::Int16) => (-32768, 32767),
        Some(DataType::Uint16) => (0, 65535),
        Some(DataType::Int32 | DataType::Int64) => (i32::MIN, i32::MAX),
        _ => return false,
    };
    range.0 <= lo && hi <= range.1
}
