//! The checked-in ONNX message types are what the vendored `.proto` gives.
//!
//! `SNNC_BLESS=1 cargo test -p snnc-tests --test proto_fresh` writes them anew.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::path::Path;

#[test]
fn generated_types_are_fresh() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("workspace root").join("frontends");
    let set = protox::compile(["onnx-ml.proto3"], [root.join("proto")]).expect("the .proto compiles");
    let out = tempfile::tempdir().expect("temporary folder");
    prost_build::Config::new()
        .out_dir(out.path())
        .bytes([".onnx.TensorProto.raw_data"])
        .disable_comments(["."])
        .compile_fds(set)
        .expect("code is generated");
    let fresh = std::fs::read_to_string(out.path().join("onnx.rs")).expect("generated file");
    let committed = root.join("src/onnx/proto.rs");
    if std::env::var_os("SNNC_BLESS").is_some() {
        std::fs::write(&committed, &fresh).expect("written");
    }
    let stored = std::fs::read_to_string(&committed).expect("committed file");
    // A checkout may have turned line ends into CR LF.
    assert!(
        stored.replace("\r\n", "\n") == fresh,
        "frontends/src/onnx/proto.rs is stale: run `SNNC_BLESS=1 cargo test -p snnc-tests --test proto_fresh`"
    );
}
