//! What a model is known by.

use super::Model;
use super::external::is_external;

/// BLAKE3, in hexadecimal, over the bytes of the model file and then the bytes of every tensor that lies
/// outside it, in the order of the tensors' names (of equal names, in one fixed order).
///
/// Two models with the same fingerprint have the same bytes, external data included; where the external
/// files lie and what else is in them does not count.
pub fn fingerprint(model: &Model) -> String {
    let mut hasher = blake3::Hasher::new();
    let mut update = |bytes: &[u8]| {
        for part in bytes.chunks(PART) {
            hasher.update(part);
            model.external.release(part);
        }
    };
    update(model.external.model());
    let mut tensors: Vec<_> = super::tensors(&model.proto).into_iter().filter(|t| is_external(t)).collect();
    tensors.sort_by(|a, b| a.name.cmp(&b.name));
    for tensor in tensors {
        // Every range was checked when the model was read.
        if let Ok(bytes) = model.external.get(tensor) {
            update(&bytes);
        }
    }
    hasher.finalize().to_hex().to_string()
}

/// Bytes that are in memory at a time.
const PART: usize = 1 << 20;
