//! Any bytes as an ONNX model: a network or diagnostics.
#![no_main]

use libfuzzer_sys::fuzz_target;
use snnc_frontends::onnx::{Options, decode, import};
use snnc_ir::diag::Code;

fuzz_target!(|bytes: &[u8]| {
    let Ok(model) = decode(bytes::Bytes::copy_from_slice(bytes), None) else { return };
    let options = Options { steps: Some(2), ..Options::default() };
    if let Err(refusals) = import(&model, &options) {
        assert!(!refusals.is_empty(), "refused without a reason");
        assert!(refusals.iter().all(|r| r.code != Code::Unverified), "{refusals:?}");
    }
});
