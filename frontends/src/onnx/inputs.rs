//! Graph inputs: their shapes, and which of their axes are batch and time.

use super::feedback::{self, Earlier};
use super::importer::Importer;
use super::proto::tensor_proto::DataType;
use super::proto::tensor_shape_proto::dimension::Value as Dim;
use super::proto::{ValueInfoProto, type_proto};
use super::refusal::{Refusal, refuse, refuse_with};
use super::steps;
use super::tensor;
use super::value::{Layer, Value};
use super::{constant, dims};
use snnc_ir::diag::{Code, Location};
use snnc_ir::graph::op::{Input, Op, Values};
use snnc_ir::graph::{Node, Number};
use std::collections::BTreeSet;

/// Makes an input layer of every graph input that is neither a constant nor a state.
pub(crate) fn import(im: &mut Importer<'_>) {
    for output in &im.source.output {
        im.names.reserve(&output.name);
    }
    let mut seen = BTreeSet::new();
    for info in &im.source.input {
        let result = if !seen.insert(info.name.as_str()) {
            Err(refuse(Code::BadGraph, format!("the graph has two inputs '{}'", info.name)))
        } else if let Some(source) = im.states.fed_back(&info.name) {
            earlier(im, info, source)
        } else if im.is_constant(&info.name) {
            Ok(())
        } else if im.states.is_input(&info.name) {
            im.define(Some(&info.name), Value::StateIn);
            Ok(())
        } else {
            input(im, info)
        };
        if let Err(refusal) = result {
            im.refusals.node(refusal, Location::node(&info.name));
            im.define(Some(&info.name), Value::Refused);
        }
    }
    for name in im.options.shapes.keys() {
        if !seen.contains(name.as_str()) {
            let names: Vec<&str> = seen.iter().copied().collect();
            let message = format!("--shape names '{name}', which is no input of the model");
            let remedy = format!("the inputs are: {}", names.join(", "));
            im.refusals.model(refuse_with(Code::BadShape, message, remedy));
        }
    }
}

/// A state input that no neuron has: the value of the step before, zero in the first.
fn earlier<'m>(im: &mut Importer<'m>, info: &'m ValueInfoProto, source: &'m str) -> Result<(), Refusal> {
    if im.steps.sequence {
        let message = format!("the state '{}' of a model in sequence form belongs to no neuron", info.name);
        return Err(refuse_with(Code::StateNotPaired, message, "export feedback in step form"));
    }
    if im.is_constant(&info.name) && im.constant(&info.name)?.reals()?.iter().any(|v| *v != 0.0) {
        let message = format!("'{}', a value of the step before, does not start at zero", info.name);
        return Err(refuse(Code::UnsupportedAttribute, message));
    }
    let (ty, sizes) = declared(im, info)?;
    values(&info.name, ty, im.graph.number)?;
    let mut dims = Vec::with_capacity(sizes.len());
    let lead = dims::lead(sizes.len(), false)?;
    for (axis, size) in sizes.iter().enumerate() {
        // A symbolic batch is one sample.
        let size = if axis < lead { Some(size.unwrap_or(1)) } else { *size };
        let size = size.and_then(|s| usize::try_from(s).ok()).ok_or_else(|| symbolic(&info.name, &sizes))?;
        dims.push(size);
    }
    feedback::open(im, Some(&info.name), Earlier { name: info.name.clone(), source, steps: 1, dims, ty })
}

/// Element type and sizes of a graph input.
fn declared(im: &Importer<'_>, info: &ValueInfoProto) -> Result<(DataType, Vec<Option<u64>>), Refusal> {
    let Some(type_proto::Value::TensorType(tensor)) = info.r#type.as_ref().and_then(|t| t.value.as_ref())
    else {
        return Err(refuse(Code::UnsupportedType, format!("input '{}' is not a tensor", info.name)));
    };
    let ty = tensor::data_type(tensor.elem_type)?;
    let declared = tensor.shape.as_ref().map(|s| {
        let size = |d: &super::proto::tensor_shape_proto::Dimension| match d.value {
            // Some exporters write a size that is not known as 0 or -1.
            Some(Dim::DimValue(v)) if v > 0 => Some(v as u64),
            _ => None,
        };
        s.dim.iter().map(size).collect::<Vec<_>>()
    });
    Ok((ty, known(im, &info.name, declared)?))
}

fn input<'m>(im: &mut Importer<'m>, info: &'m ValueInfoProto) -> Result<(), Refusal> {
    let (ty, sizes) = declared(im, info)?;
    let values = values(&info.name, ty, im.graph.number)?;
    let lead = dims::lead(sizes.len(), im.steps.sequence)?;
    let (outer, inner) = sizes.split_at_checked(lead).unwrap_or_default();
    let mut dims = leading(im, &info.name, outer)?;
    for size in inner {
        let size = size.and_then(|s| usize::try_from(s).ok()).ok_or_else(|| symbolic(&info.name, &sizes))?;
        dims.push(size);
    }
    let shape = dims::shape(dims.get(lead..).unwrap_or_default())?;
    let name = im.names.unique(&info.name);
    let op = Op::Input(Input { values });
    let origin = vec![info.name.clone()];
    let node = im.graph.push(Node { name, op, inputs: Vec::new(), shape, origin });
    im.define(Some(&info.name), Value::Layer(Layer { node, dims, lead, ty }));
    Ok(())
}

fn values(name: &str, ty: DataType, number: Number) -> Result<Values, Refusal> {
    let integer = |lo: i32, hi: i32| Ok(Values::Integer { lo, hi });
    match ty {
        DataType::Float if number == Number::Real => Ok(Values::Real),
        // What a cast to INT32 in front of integer neurons leaves as it is.
        DataType::Float => integer(-constant::WHOLE, constant::WHOLE),
        DataType::Bool => Ok(Values::Binary),
        DataType::Int8 => integer(-128, 127),
        DataType::Uint8 => integer(0, 255),
        DataType::Int16 => integer(-32768, 32767),
        DataType::Uint16 => integer(0, 65535),
        DataType::Int32 => integer(i32::MIN, i32::MAX),
        _ => {
            let wanted = if number == Number::Real { "FLOAT" } else { "INT32" };
            let message = format!("input '{name}' is of type {}", ty.as_str_name());
            Err(refuse_with(Code::UnsupportedType, message, format!("export the model with {wanted} inputs")))
        }
    }
}

/// The sizes that the file and the user give; `None` where neither does.
fn known(
    im: &Importer<'_>,
    name: &str,
    declared: Option<Vec<Option<u64>>>,
) -> Result<Vec<Option<u64>>, Refusal> {
    match (declared, im.options.shapes.get(name)) {
        (Some(sizes), None) => Ok(sizes),
        (None, Some(given)) => Ok(given.iter().map(|d| Some(*d)).collect()),
        (None, None) => Err(refuse_with(
            Code::BadShape,
            format!("input '{name}' has no shape"),
            format!("give it, for example --shape {name}=1,2,34,34"),
        )),
        (Some(sizes), Some(given)) => match disagreement(&sizes, given) {
            None => Ok(given.iter().map(|d| Some(*d)).collect()),
            Some(problem) => {
                let given: Vec<String> = given.iter().map(u64::to_string).collect();
                let message = format!("--shape {name}={} does not fit the model: {problem}", given.join(","));
                let remedy = format!("the model has {}; only what stands as ? can be given", printed(&sizes));
                Err(refuse_with(Code::BadShape, message, remedy))
            }
        },
    }
}

/// What the user's shape says against the file's.
fn disagreement(sizes: &[Option<u64>], given: &[u64]) -> Option<String> {
    if sizes.len() != given.len() {
        return Some(format!("the input has {} dimensions, not {}", sizes.len(), given.len()));
    }
    let mut pairs = sizes.iter().zip(given).enumerate();
    pairs.find_map(|(axis, (size, given))| match size {
        Some(size) if size != given => Some(format!("dimension {axis} is {size}, not {given}")),
        _ => None,
    })
}

fn printed(sizes: &[Option<u64>]) -> String {
    let one = |s: &Option<u64>| s.map_or("?".to_owned(), |s| s.to_string());
    format!("[{}]", sizes.iter().map(one).collect::<Vec<_>>().join(", "))
}

fn symbolic(name: &str, sizes: &[Option<u64>]) -> Refusal {
    let example: Vec<String> = sizes.iter().map(|s| s.map_or("N".into(), |s| s.to_string())).collect();
    refuse_with(
        Code::BadShape,
        format!("input '{name}' of shape {} has a dimension that is not known", printed(sizes)),
        format!("give numbers for all of them: --shape {name}={}", example.join(",")),
    )
}

/// Sizes of the batch and time axes.
fn leading(im: &mut Importer<'_>, name: &str, outer: &[Option<u64>]) -> Result<Vec<usize>, Refusal> {
    let batch = |sizes: &[Option<u64>]| {
        refuse_with(
            Code::BadShape,
            format!("input '{name}' has a batch of more than one: {}", printed(sizes)),
            "export with batch size 1 or a symbolic batch",
        )
    };
    if !im.steps.sequence {
        return match outer.iter().all(|s| s.is_none_or(|s| s == 1)) {
            true => Ok(vec![1; outer.len()]),
            false => Err(batch(outer)),
        };
    }
    let stated = im.steps.length.or(im.steps.declared.map(|t| t as usize));
    let fixed = outer.iter().flatten().fold(1u64, |n, s| n.saturating_mul(*s));
    let mut waiting = fixed == 1;
    let mut sizes = Vec::with_capacity(outer.len());
    for size in outer {
        sizes.push(match size {
            Some(size) => usize::try_from(*size).map_err(|_| batch(outer))?,
            // The first axis without a size is time, unless a size says which one is.
            None if waiting => {
                waiting = false;
                stated.ok_or_else(steps::missing)?
            }
            None => 1,
        });
    }
    let length = dims::product(&sizes);
    let batched = sizes.iter().filter(|s| **s > 1).count() > 1;
    match im.steps.length {
        _ if length == 0 || batched => Err(batch(outer)),
        Some(known) if known != length => {
            let message = format!("input '{name}' has {length} time steps where the model has {known}");
            Err(refuse_with(Code::BadShape, message, "export with batch size 1 and one number of steps"))
        }
        _ => {
            im.steps.length = Some(length);
            Ok(sizes)
        }
    }
}
