//! Moves that leave out what is there for people.

use snnc_frontends::onnx::proto::ModelProto;

use super::File;
use super::body::each;
use crate::reduce::search::Move;

/// Names of the producer, documentation, names and types of nodes' surroundings: all at once, then one by one.
pub(super) fn moves(_: &File) -> Vec<Move<File>> {
    const CLEAR: &[fn(&mut ModelProto)] = &[
        |m| {
            m.producer_name.clear();
            m.producer_version.clear();
            m.domain.clear();
            m.model_version = 0;
        },
        |m| m.doc_string.clear(),
        |m| each(m, &mut |body| body.nodes.iter_mut().for_each(|n| n.doc_string.clear())),
        |m| {
            if let Some(graph) = &mut m.graph {
                graph.doc_string.clear();
                graph.metadata_props.clear();
                graph.quantization_annotation.clear();
            }
        },
        |m| {
            for function in &mut m.functions {
                function.doc_string.clear();
                function.metadata_props.clear();
                function.value_info.clear();
            }
        },
    ];
    let mut out: Vec<Move<File>> = vec![Box::new(|file| {
        let mut model = file.0.clone();
        CLEAR.iter().for_each(|clear| clear(&mut model));
        Some(File(model))
    })];
    for clear in CLEAR {
        out.push(Box::new(|file| {
            let mut model = file.0.clone();
            clear(&mut model);
            Some(File(model))
        }));
    }
    out
}
