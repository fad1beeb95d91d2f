//! Constant evaluation: what a node gives when all its inputs are known.
//!
//! [`fold`] looks the operator up in one table; each family of operators is one file. Reals are
//! calculated as `f32`, or as `f64` and rounded once where sums or functions are involved, and then
//! rounded to the type of the result; DOUBLE is held as `f32`. Integers wrap around in their type.
//! UINT64 is held in 63 bits: what needs the last one is refused. No result is larger than `limit` says.

mod arg;
mod args;
mod arithmetic;
mod batch_normalization;
mod bitwise;
mod cast;
mod clip;
mod compare;
mod concat;
mod constants;
mod cumsum;
mod element;
mod encode;
mod evaluate;
mod expand;
mod gather;
#[cfg(test)]
mod hostile;
mod limit;
mod logic;
mod matmul;
mod one_hot;
mod pad;
mod pow;
mod quantize;
mod range;
mod reduce;
mod scatter;
mod shape;
mod slice;
mod split;
#[cfg(test)]
mod testing;
mod unary;
mod values;
mod walk;

pub use evaluate::evaluate;

pub(crate) use encode::encode;

use self::Fold::{Many, One};
use super::constant::Constant;
use super::importer;
use super::proto::NodeProto;
use super::refusal::{Refusal, refuse};
use args::Args;
use snnc_ir::diag::Code;

/// How an operator is evaluated.
#[derive(Clone, Copy)]
enum Fold {
    /// One result.
    One(fn(&Args<'_>) -> Result<Constant, Refusal>),
    /// A result for each output of the node.
    Many(fn(&Args<'_>) -> Result<Vec<Constant>, Refusal>),
}

/// Every operator of ONNX that is folded, by name.
const TABLE: &[(&str, Fold)] = &[
    ("Abs", One(unary::abs)),
    ("Add", One(arithmetic::add)),
    ("And", One(logic::and)),
    ("ArgMax", One(arg::arg_max)),
    ("ArgMin", One(arg::arg_min)),
    ("BatchNormalization", One(batch_normalization::batch_normalization)),
    ("BitShift", One(bitwise::shift)),
    ("BitwiseAnd", One(bitwise::and)),
    ("BitwiseNot", One(bitwise::not)),
    ("BitwiseOr", One(bitwise::or)),
    ("BitwiseXor", One(bitwise::xor)),
    ("Cast", One(cast::cast)),
    ("CastLike", One(cast::cast_like)),
    ("Ceil", One(unary::ceil)),
    ("Clip", One(clip::clip)),
    ("Concat", One(concat::concat)),
    ("Constant", One(constants::constant)),
    ("ConstantOfShape", One(constants::constant_of_shape)),
    ("CumSum", One(cumsum::cumsum)),
    ("DequantizeLinear", One(quantize::dequantize)),
    ("Div", One(arithmetic::div)),
    ("Equal", One(compare::equal)),
    ("Exp", One(unary::exp)),
    ("Expand", One(expand::expand)),
    ("Flatten", One(shape::flatten)),
    ("Floor", One(unary::floor)),
    ("Gather", One(gather::gather)),
    ("GatherElements", One(gather::gather_elements)),
    ("Gemm", One(matmul::gemm)),
    ("Greater", One(compare::greater)),
    ("GreaterOrEqual", One(compare::greater_or_equal)),
    ("Identity", One(constants::identity)),
    ("Less", One(compare::less)),
    ("LessOrEqual", One(compare::less_or_equal)),
    ("Log", One(unary::log)),
    ("MatMul", One(matmul::matmul)),
    ("Max", One(arithmetic::max)),
    ("Min", One(arithmetic::min)),
    ("Mod", One(arithmetic::modulo)),
    ("Mul", One(arithmetic::mul)),
    ("Neg", One(unary::neg)),
    ("Not", One(logic::not)),
    ("OneHot", One(one_hot::one_hot)),
    ("Or", One(logic::or)),
    ("Pad", One(pad::pad)),
    ("Pow", One(pow::pow)),
    ("QuantizeLinear", One(quantize::quantize)),
    ("Range", One(range::range)),
    ("Reciprocal", One(unary::reciprocal)),
    ("ReduceMax", One(reduce::max)),
    ("ReduceMean", One(reduce::mean)),
    ("ReduceMin", One(reduce::min)),
    ("ReduceProd", One(reduce::prod)),
    ("ReduceSum", One(reduce::sum)),
    ("Relu", One(unary::relu)),
    ("Reshape", One(shape::reshape)),
    ("Round", One(unary::round)),
    ("ScatterElements", One(scatter::scatter_elements)),
    ("ScatterND", One(scatter::scatter_nd)),
    ("Shape", One(constants::shape)),
    ("Sigmoid", One(unary::sigmoid)),
    ("Sign", One(unary::sign)),
    ("Size", One(constants::size)),
    ("Slice", One(slice::slice)),
    ("Split", Many(split::split)),
    ("Sqrt", One(unary::sqrt)),
    ("Squeeze", One(shape::squeeze)),
    ("Sub", One(arithmetic::sub)),
    ("Tanh", One(unary::tanh)),
    ("Tile", One(expand::tile)),
    ("Transpose", One(shape::transpose)),
    ("Unsqueeze", One(shape::unsqueeze)),
    ("Where", One(logic::select)),
    ("Xor", One(logic::xor)),
];

/// Operators that keep integers with their scale, by name; for all others they become reals first.
const KEEP_SCALE: &[&str] =
    &["Flatten", "Identity", "Reshape", "Shape", "Size", "Squeeze", "Transpose", "Unsqueeze"];

/// ONNX Runtime's own forms of these two mean what ONNX's do since opset 21.
const MICROSOFT: (&str, i64, &[&str]) = ("com.microsoft", 21, &["DequantizeLinear", "QuantizeLinear"]);

/// Where an operator stands in the table, and the opset version to read it by.
fn find(domain: &str, op_type: &str, version: i64) -> Option<(Fold, i64)> {
    let (microsoft, since, theirs) = MICROSOFT;
    let version = match importer::domain(domain) {
        "ai.onnx" => version,
        other if other == microsoft && theirs.contains(&op_type) => since,
        _ => return None,
    };
    let at = TABLE.binary_search_by(|(name, _)| (*name).cmp(op_type)).ok()?;
    TABLE.get(at).map(|(_, fold)| (*fold, version))
}

/// Whether a node of that operator is evaluated when its inputs are constants.
pub(crate) fn is_folded(domain: &str, op_type: &str) -> bool {
    find(domain, op_type, 0).is_some()
}

/// Evaluates a node whose inputs are all constants; an input that is left out is `None`.
///
/// `version` is the opset version of the node's domain. Gives one result per node output; `None` when
/// the operator is not one that is folded.
pub(crate) fn fold(
    node: &NodeProto,
    version: i64,
    inputs: &[Option<&Constant>],
) -> Option<Result<Vec<Constant>, Refusal>> {
    let (fold, version) = find(&node.domain, &node.op_type, version)?;
    Some(run(fold, node, version, inputs))
}

fn run(
    fold: Fold,
    node: &NodeProto,
    version: i64,
    inputs: &[Option<&Constant>],
) -> Result<Vec<Constant>, Refusal> {
    let args = Args::new(node, version, inputs, KEEP_SCALE.contains(&node.op_type.as_str()))?;
    let results = match fold {
        One(fold) => vec![fold(&args)?],
        Many(fold) => fold(&args)?,
    };
    args.attributes.all_read()?;
    if results.len() != node.output.len() {
        let message = format!("{} gives {} results, not {}", node.op_type, results.len(), node.output.len());
        return Err(refuse(Code::BadGraph, message));
    }
    Ok(results)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_are_in_order() {
        assert!(TABLE.windows(2).all(|p| p[0].0 < p[1].0));
        assert!(KEEP_SCALE.is_sorted());
    }

    #[test]
    fn only_operators_of_the_table_are_folded() {
        assert!(is_folded("", "Add") && is_folded("ai.onnx", "Add") && !is_folded("ai.other", "Add"));
        assert!(is_folded("com.microsoft", "QuantizeLinear") && !is_folded("com.microsoft", "Add"));
        assert!(!is_folded("", "Conv"));
    }
}
