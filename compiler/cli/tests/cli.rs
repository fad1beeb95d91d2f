//! Transcripts of the command line. `TRYCMD=overwrite` writes what the commands print into them.

#[test]
fn transcripts() {
    // The transcripts name files from the root of the workspace, and write below its `target`.
    std::fs::create_dir_all("../../target").expect("the workspace can be written to");
    trycmd::TestCases::new()
        .case("tests/cli/*.trycmd")
        .register_bin("snnc", trycmd::cargo::cargo_bin!("snnc"));
}
