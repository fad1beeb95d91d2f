//! Moves that leave out entries of every other list: functions, metadata, outputs, initialisers, attributes.

use snnc_frontends::onnx::proto::{ModelProto, NodeProto};

use super::File;
use super::body::{Body, changed, each};
use crate::reduce::search::{Move, chunks};

/// A list of a model, as its length and how to cut a range out of it.
struct List<M: ?Sized> {
    len: fn(&M) -> usize,
    cut: fn(&mut M, std::ops::Range<usize>),
}

macro_rules! list {
    ($m:ty, $m_name:ident => $($path:tt)+) => {
        List::<$m> {
            len: |$m_name| $($path)+.len(),
            cut: |$m_name, range| {
                $($path)+.drain(range);
            },
        }
    };
}

/// The lists of a model itself.
const OF_MODEL: &[List<ModelProto>] = &[
    list!(ModelProto, m => m.functions),
    list!(ModelProto, m => m.metadata_props),
    list!(ModelProto, m => m.training_info),
    list!(ModelProto, m => m.configuration),
    list!(ModelProto, m => m.opset_import),
];

/// The lists of a node.
const OF_NODE: &[List<NodeProto>] = &[
    list!(NodeProto, n => n.attribute),
    list!(NodeProto, n => n.metadata_props),
    list!(NodeProto, n => n.device_configurations),
];

/// The lists of a graph, by number.
const OF_GRAPH: usize = 4;

fn of_graph(body: &mut Body<'_>, which: usize, range: Option<std::ops::Range<usize>>) -> Option<usize> {
    fn list<T>(list: &mut Vec<T>, range: Option<std::ops::Range<usize>>) -> usize {
        if let Some(range) = range {
            list.drain(range);
        }
        list.len()
    }
    let graph = body.graph.as_mut()?;
    Some(match which {
        0 => list(graph.outputs, range),
        1 => list(graph.info, range),
        2 => list(graph.initializers, range),
        _ => list(graph.inputs, range),
    })
}

/// Every entry that can be left out, many at once first.
pub(super) fn moves(file: &File) -> Vec<Move<File>> {
    let mut out: Vec<Move<File>> = Vec::new();
    for list in OF_MODEL {
        for range in chunks((list.len)(&file.0)) {
            out.push(Box::new(move |file| {
                let mut model = file.0.clone();
                (list.cut)(&mut model, range.clone());
                Some(File(model))
            }));
        }
    }
    let mut k = 0;
    each(&mut file.0.clone(), &mut |mut body| {
        for which in 0..OF_GRAPH {
            for range in chunks(of_graph(&mut body, which, None).unwrap_or(0)) {
                let cut = move |body: &mut Body<'_>| of_graph(body, which, Some(range.clone())).map(|_| ());
                out.push(Box::new(move |file| changed(&file.0, k, &cut).map(File)));
            }
        }
        for (at, node) in body.nodes.iter().enumerate() {
            of_node(&mut out, k, at, node);
        }
        k += 1;
    });
    out
}

fn of_node(out: &mut Vec<Move<File>>, k: usize, at: usize, node: &NodeProto) {
    for list in OF_NODE {
        for range in chunks((list.len)(node)) {
            let cut = move |body: &mut Body<'_>| {
                (list.cut)(body.nodes.get_mut(at)?, range.clone());
                Some(())
            };
            out.push(Box::new(move |file| changed(&file.0, k, &cut).map(File)));
        }
    }
    let pop = move |body: &mut Body<'_>| body.nodes.get_mut(at)?.output.pop().map(|_| ());
    out.push(Box::new(move |file| changed(&file.0, k, &pop).map(File)));
    match operands(node) {
        Operands::All => {}
        Operands::From(first) => {
            for operand in (first..node.input.len()).rev() {
                let leave_out = move |body: &mut Body<'_>| {
                    let inputs = &mut body.nodes.get_mut(at)?.input;
                    inputs.get_mut(operand)?.clear();
                    while inputs.last().is_some_and(String::is_empty) {
                        inputs.pop();
                    }
                    Some(())
                };
                out.push(Box::new(move |file| changed(&file.0, k, &leave_out).map(File)));
            }
        }
        Operands::AnyNumber => {
            for range in chunks(node.input.len()).into_iter().filter(|r| r.len() < node.input.len()) {
                let cut = move |body: &mut Body<'_>| {
                    body.nodes.get_mut(at)?.input.drain(range.clone());
                    Some(())
                };
                out.push(Box::new(move |file| changed(&file.0, k, &cut).map(File)));
            }
        }
    }
}

/// Which operands a node must have.
enum Operands {
    All,
    /// Those from here on are optional.
    From(usize),
    /// At least one.
    AnyNumber,
}

fn operands(node: &NodeProto) -> Operands {
    if !matches!(node.domain.as_str(), "" | "ai.onnx") {
        return Operands::All;
    }
    match node.op_type.as_str() {
        "Concat" | "Max" | "Mean" | "Min" | "Sum" => Operands::AnyNumber,
        "Clip" | "Dropout" | "Squeeze" => Operands::From(1),
        op if op.starts_with("Reduce") => Operands::From(1),
        "Conv" | "ConvInteger" | "ConvTranspose" | "DequantizeLinear" | "Gemm" | "MatMulInteger" | "Pad"
        | "QuantizeLinear" => Operands::From(2),
        "Slice" => Operands::From(3),
        "QLinearConv" => Operands::From(8),
        _ => Operands::All,
    }
}
