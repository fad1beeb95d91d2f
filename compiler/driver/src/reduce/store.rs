//! Candidates as files.

use std::fs;
use std::path::{Path, PathBuf};

use prost::Message;
use snnc_frontends::onnx::proto::ModelProto;
use snnc_ir::diag::{Code, Diagnostic};
use snnc_ir::graph::Graph;
use snnc_ir::text;

use super::{graph, onnx};

/// Longest text that holds its weights itself; a longer one has them in a file beside it.
const WHOLE: usize = 16 << 20;

/// What is reduced.
#[derive(Clone, Debug)]
pub enum Candidate {
    /// A network, in the text form.
    Network(Graph),
    /// An ONNX file.
    File(Box<ModelProto>),
}

/// How large something is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Extent {
    /// Nodes; in a file those of subgraphs and functions too.
    pub nodes: u64,
    /// Neurons; not known of a file that is not read as a network.
    pub neurons: Option<u64>,
    /// Values of weights, or of initialisers.
    pub weights: u64,
    /// Bytes as a file, weights with it.
    pub bytes: u64,
}

impl Candidate {
    /// How large it is.
    pub fn extent(&self) -> Extent {
        match self {
            Self::Network(network) => {
                let (text, weights) = text::print_with_blob(network);
                Extent {
                    nodes: network.nodes.len() as u64,
                    neurons: Some(graph::neurons(network)),
                    weights: network.weights.iter().map(|w| w.len() as u64).sum(),
                    bytes: (text.len() + weights.len()) as u64,
                }
            }
            Self::File(model) => Extent {
                nodes: onnx::nodes(model) as u64,
                neurons: None,
                weights: onnx::weights(model),
                bytes: model.encoded_len() as u64,
            },
        }
    }

    /// To look at: the text of a network, a line for each node of a file.
    pub fn text(&self) -> String {
        match self {
            Self::Network(network) => text::print(network),
            Self::File(model) => onnx::listing(model),
        }
    }

    /// Writes it beside `stem`, with the extension of its form; long lists go to `weights.bin` in the same
    /// folder. Gives the file's path.
    ///
    /// # Errors
    /// [`Code::FileUnwritable`].
    pub(super) fn write(&self, stem: &Path) -> Result<PathBuf, Diagnostic> {
        match self {
            Self::Network(network) => {
                let (text, weights) = text::print_with_blob(network);
                put(&stem.with_file_name(text::BLOB_FILE), &weights)?;
                put_as(stem, "snn", text.as_bytes())
            }
            Self::File(model) => put_as(stem, "onnx", &model.encode_to_vec()),
        }
    }

    /// As [`write`](Self::write), but in one file as long as it is not very large.
    ///
    /// # Errors
    /// [`Code::FileUnwritable`]; also when there is another `weights.bin` where one is needed.
    pub(super) fn write_whole(&self, stem: &Path) -> Result<PathBuf, Diagnostic> {
        let Self::Network(network) = self else { return self.write(stem) };
        let text = text::print(network);
        if text.len() <= WHOLE {
            return put_as(stem, "snn", text.as_bytes());
        }
        let beside = stem.with_file_name(text::BLOB_FILE);
        if beside.exists() {
            let message =
                format!("the weights are long and go to '{}', which is there already", beside.display());
            return Err(Diagnostic::new(Code::FileUnwritable, message)
                .remedy("name a file in another folder with -o"));
        }
        self.write(stem)
    }
}

fn put_as(stem: &Path, extension: &str, bytes: &[u8]) -> Result<PathBuf, Diagnostic> {
    let path = match stem.extension() {
        Some(e) if e == "snn" || e == "onnx" => stem.with_extension(extension),
        // A dot elsewhere in the name begins no extension.
        _ => {
            let mut name = stem.as_os_str().to_owned();
            name.push(".");
            name.push(extension);
            name.into()
        }
    };
    put(&path, bytes).map(|()| path)
}

fn put(path: &Path, bytes: &[u8]) -> Result<(), Diagnostic> {
    fs::write(path, bytes).map_err(|e| {
        Diagnostic::new(Code::FileUnwritable, format!("cannot write '{}': {e}", path.display()))
            .remedy("name a file in a folder that can be written with -o")
    })
}
