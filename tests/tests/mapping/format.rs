//! The file: its schema, the example of the documents, and what is no mapping.

use snnc_driver::Silent;
use snnc_driver::compile::{GivenMapping, Options, compile};
use snnc_driver::model::{Model, ModelOptions};
use snnc_ir::diag::Code;
use snnc_machine::mapping::{LayerMapping, MappingFile, PartMapping};
use snnc_tests::golden::{compare, root};

use crate::{file, given, layers, manifest};

#[test]
fn the_schema_is_fresh_and_reads_the_example() {
    let path = root().join("schemas/mapping-1.json");
    compare(&path, &MappingFile::schema().unwrap()).unwrap();
    let schema: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let page = std::fs::read_to_string(root().join("docs/mapping.md")).unwrap();
    let example = page.split("```json").nth(1).unwrap().split("```").next().unwrap();
    let value: serde_json::Value = serde_json::from_str(example).unwrap();
    assert!(validator.is_valid(&value));
    assert!(GivenMapping::parse("example", example).is_ok());
    let wrong = example.replace("\"tile\"", "\"tiles\"");
    assert!(!validator.is_valid(&serde_json::from_str(&wrong).unwrap()));
    assert!(GivenMapping::parse("example", &wrong).is_err());
}

/// Every mapping that may come: a diagnostic in bounded time, never a panic.
#[test]
fn hostile_mappings_are_refused() {
    let model = Model::read(&root().join("tests/models/snn/wide.snn"), &ModelOptions::default()).unwrap();
    let ours = manifest(compile(&model, &Options::new("loihi2"), &mut Silent).unwrap());
    let name = layers(&ours).next().unwrap().name.clone();
    let tile =
        |tile: &str| LayerMapping { layer: name.clone(), tile: Some(tile.into()), ..LayerMapping::default() };
    let parts = |parts: Vec<PartMapping>| LayerMapping {
        layer: name.clone(),
        parts: Some(parts),
        ..LayerMapping::default()
    };
    let wide = PartMapping { rows: Some([0, u64::MAX]), cols: Some([u64::MAX, 0]), ..PartMapping::default() };
    let unknown = (0..20_000)
        .map(|k| LayerMapping { layer: format!("{}{k}", "x".repeat(100)), ..LayerMapping::default() });
    let cases = [
        (vec![tile("c4294967295y4294967295x4294967295")], Code::MappingTile),
        (vec![tile("c1k2")], Code::MappingTile),
        (vec![tile(&"c".repeat(100_000))], Code::MappingTile),
        (vec![parts(Vec::new())], Code::MappingParts),
        (vec![parts(vec![wide; 100])], Code::MappingParts),
        (vec![parts(vec![PartMapping::default(); 100])], Code::MappingParts),
        (vec![parts(vec![PartMapping::default(); 32_768])], Code::MappingCores),
        (vec![LayerMapping { layer: name.clone(), ..LayerMapping::default() }], Code::MappingTile),
        (vec![tile("y4x4"), tile("y4x4")], Code::MappingLayer),
        (unknown.collect(), Code::MappingLayer),
    ];
    for (layers, code) in cases {
        let options = Options { mapping: Some(given(&file(layers))), ..Options::new("loihi2") };
        let list = compile(&model, &options, &mut Silent).unwrap_err();
        assert!(list.iter().all(|d| d.code == code && d.remedy.is_some()), "{list:?}");
        assert!(list.len() <= 32 && list.iter().all(|d| d.message.len() < 400), "{}", list.len());
    }
}
