//! Bytes to a protobuf message, with a diagnosis of files that are something else.

use super::super::proto::ModelProto;
use super::scan::{Verdict, scan};
use bytes::Bytes;
use prost::Message;
use snnc_ir::diag::{Code, Diagnostic};

const EXPORT_AGAIN: &str = "export or download the model again";

pub(super) fn decode(bytes: Bytes) -> Result<ModelProto, Diagnostic> {
    if bytes.is_empty() {
        return Err(Diagnostic::new(Code::EmptyFile, "the model file is empty").remedy(EXPORT_AGAIN));
    }
    match scan(&bytes) {
        Verdict::Complete => {}
        Verdict::Cut { field, at, needs } => return Err(cut(field, at, needs, bytes.len())),
        Verdict::Foreign => return Err(foreign(&bytes)),
    }
    let model = ModelProto::decode(bytes.clone()).map_err(|e| undecodable(&e.to_string()))?;
    if model.ir_version <= 0 {
        return Err(foreign(&bytes));
    }
    if model.graph.is_none() {
        return Err(
            Diagnostic::new(Code::TruncatedFile, "the file ends before its graph").remedy(EXPORT_AGAIN)
        );
    }
    // Written after the graph: a file that was cut there decodes without complaint.
    if model.opset_import.is_empty() {
        let message = "the file ends after its graph, before the operator sets it uses (opset_import)";
        return Err(Diagnostic::new(Code::TruncatedFile, message).remedy(EXPORT_AGAIN));
    }
    Ok(model)
}

fn cut(field: &str, at: usize, needs: Option<u64>, len: usize) -> Diagnostic {
    let message = match needs {
        Some(needs) => format!(
            "the file was cut: '{field}' needs {needs} bytes from byte {at}, the file has {}",
            len.saturating_sub(at)
        ),
        None => format!("the file was cut at byte {len}, in the length of '{field}'"),
    };
    Diagnostic::new(Code::TruncatedFile, message).remedy(EXPORT_AGAIN)
}

fn foreign(bytes: &[u8]) -> Diagnostic {
    let kinds: [(&[u8], &str); 5] = [
        (b"PK", "a zip archive (a PyTorch checkpoint or .npz?)"),
        (b"\x89HDF", "an HDF5 file (NIR or .net?)"),
        (b"\x80\x02", "a Python pickle"),
        (b"version https://git-lfs", "a Git LFS pointer: the model itself was not downloaded"),
        (b"{", "JSON"),
    ];
    let kind = kinds.iter().find(|(magic, _)| bytes.starts_with(magic)).map(|(_, kind)| *kind);
    let text = bytes.iter().take(256).all(|b| b.is_ascii_graphic() || b.is_ascii_whitespace());
    let found = match (kind, text) {
        (Some(kind), _) => format!("; it looks like {kind}"),
        (None, true) => "; it looks like text".into(),
        (None, false) => String::new(),
    };
    Diagnostic::new(Code::NotOnnx, format!("the file is not an ONNX model{found}"))
        .remedy("give the binary .onnx file, e.g. from torch.onnx.export")
}

fn undecodable(error: &str) -> Diagnostic {
    // The text names every field on the way down, outermost first: keep the cause.
    let cause = error.strip_prefix("failed to decode Protobuf message: ").unwrap_or(error);
    let cause = cause.rsplit(": ").next().unwrap_or(cause);
    if cause.contains("recursion limit") {
        let message = "the file is nested deeper than 100 messages";
        return Diagnostic::new(Code::BudgetExceeded, message)
            .remedy("flatten If, Loop and Scan bodies that contain each other");
    }
    if cause.contains("underflow") || cause.contains("EOF") {
        return Diagnostic::new(Code::TruncatedFile, format!("the file ends too early: {cause}"))
            .remedy(EXPORT_AGAIN);
    }
    Diagnostic::new(Code::NotOnnx, format!("the file is not an ONNX model: {cause}"))
        .remedy("give the binary .onnx file, e.g. from torch.onnx.export")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(bytes: &[u8]) -> Code {
        decode(Bytes::copy_from_slice(bytes)).unwrap_err().code
    }

    #[test]
    fn each_kind_of_bad_file_has_its_code() {
        assert_eq!(code(b""), Code::EmptyFile);
        assert_eq!(code(b"hello, I am text"), Code::NotOnnx);
        assert_eq!(code(b"PK\x03\x04"), Code::NotOnnx);
        assert_eq!(code(&[0x08, 10]), Code::TruncatedFile);
        assert_eq!(code(&[0x08, 10, 0x3a, 0]), Code::TruncatedFile);
        assert_eq!(code(&[0x08, 10, 0x3a, 9]), Code::TruncatedFile);
    }

    #[test]
    fn a_model_with_graph_and_opset_decodes() {
        assert!(decode(Bytes::from_static(&[0x08, 10, 0x3a, 0, 0x42, 2, 0x10, 20])).is_ok());
    }
}
