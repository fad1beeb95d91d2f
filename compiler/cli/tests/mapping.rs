//! Mappings from the command line: remedies that name a tile are followed, a bundle is replayed and kept to, and
//! the schema is printed.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::{Value, json};

fn model() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/models/snn/wide.snn")
}

fn snnc(folder: &Path, arguments: &str) -> Output {
    let arguments = arguments.split_whitespace();
    Command::new(env!("CARGO_BIN_EXE_snnc")).args(arguments).current_dir(folder).output().unwrap()
}

/// Standard output of a run that must go well.
fn passes(folder: &Path, arguments: &str) -> String {
    let done = snnc(folder, arguments);
    assert!(done.status.success(), "{arguments}: {}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).unwrap()
}

/// The diagnostics of a run that must not go well.
fn fails(folder: &Path, arguments: &str) -> Vec<Value> {
    let done = snnc(folder, &format!("{arguments} --format json"));
    assert_eq!(done.status.code(), Some(1), "{arguments}");
    let text = String::from_utf8(done.stderr).unwrap();
    text.lines().filter(|l| l.starts_with('{')).map(|l| serde_json::from_str(l).unwrap()).collect()
}

/// A folder with the model, and a bundle of it in `first`.
fn with_bundle() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::copy(model(), folder.path().join("m.snn")).unwrap();
    passes(folder.path(), "compile m.snn -t loihi2 --activity 0.1 -o first -q");
    folder
}

fn read(folder: &Path, file: &str) -> Value {
    serde_json::from_slice(&std::fs::read(folder.join(file)).unwrap()).unwrap()
}

fn write(folder: &Path, layers: Value) {
    let file = json!({"schema": "snnc-mapping/1", "layers": layers});
    std::fs::write(folder.join("map.json"), file.to_string()).unwrap();
}

const GIVEN: &str = "compile m.snn -t loihi2 --activity 0.1 --mapping map.json";

#[test]
fn the_tile_that_a_remedy_names_fits_and_no_smaller_one_does() {
    let folder = with_bundle();
    let folder = folder.path();
    let manifest = read(folder, "first/manifest.json");
    let mut followed = 0;
    for layer in manifest["layers"].as_array().unwrap().iter().filter(|l| l["op"] != "input") {
        write(folder, json!([{"layer": layer["name"], "tile": "c1"}]));
        let one = snnc(folder, &format!("{GIVEN} --format json"));
        if one.status.success() {
            continue;
        }
        let found = fails(folder, GIVEN);
        let remedy = found.iter().find(|d| d["code"] == "E0734").unwrap()["remedy"].as_str().unwrap();
        let after =
            |word: &str| remedy.split(word).nth(1).unwrap().split([' ', ':']).next().unwrap().to_owned();
        let (tile, fewest) = (after("the tile "), after("fit are "));
        write(folder, json!([{"layer": layer["name"], "tile": tile, "encoding": after("the encoding ")}]));
        let done: Value = serde_json::from_str(&passes(folder, &format!("{GIVEN} --format json"))).unwrap();
        let own = done["layers"].as_array().unwrap().iter().find(|l| l["name"] == layer["name"]).unwrap();
        assert_eq!(own["tile"], tile.as_str());
        let of_layer =
            |c: &&Value| c["parts"].as_array().unwrap().iter().any(|p| p["layer"] == layer["name"]);
        let cores = done["cores"].as_array().unwrap().iter().filter(of_layer).count();
        assert_eq!(cores.to_string(), fewest);
        followed += 1;
    }
    assert!(followed > 0, "every layer fits one core");
}

#[test]
fn all_refusals_of_a_mapping_are_told_at_once() {
    let folder = with_bundle();
    let manifest = read(folder.path(), "first/manifest.json");
    let names: Vec<&Value> = manifest["layers"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|l| l["op"] != "input")
        .map(|l| &l["name"])
        .collect();
    let wrong = format!("{}x", names[0].as_str().unwrap());
    write(
        folder.path(),
        json!([{"layer": wrong, "tile": "c1"}, {"layer": names[0], "tile": "c1"}, {"layer": names[1], "encoding": "no"}]),
    );
    let found = fails(folder.path(), GIVEN);
    let codes: Vec<&str> = found.iter().filter_map(|d| d["code"].as_str()).collect();
    assert_eq!(codes, ["E0731", "E0734", "E0733"]);
    // The closest name is offered.
    assert!(found[0]["remedy"].as_str().unwrap().contains(&format!("'{}'", names[0].as_str().unwrap())));
}

#[test]
fn a_bundle_is_replayed_and_runs() {
    let folder = with_bundle();
    let folder = folder.path();
    passes(
        folder,
        "compile m.snn -t loihi2 --activity 0.1 --mapping first/manifest.json --verify -o again -q",
    );
    let (first, again) = (read(folder, "first/manifest.json"), read(folder, "again/manifest.json"));
    assert_eq!(first["cores"], again["cores"]);
    for field in ["period_ps", "nominal", "state", "links"] {
        assert_eq!(first["bounds"][field], again["bounds"][field]);
    }
    assert_eq!(again["inputs"]["options"]["mapping_blake3"].as_str().unwrap().len(), 64);
    // An edited one is taken as it is: two cores change places.
    let mut edited = again;
    let site = |core: &Value| ["x", "y"].map(|k| core[k].clone());
    let (a, b) = (site(&edited["cores"][0]), site(&edited["cores"][5]));
    for (core, [x, y]) in [(0, b.clone()), (5, a.clone())] {
        (edited["cores"][core]["x"], edited["cores"][core]["y"]) = (x, y);
    }
    std::fs::write(folder.join("map.json"), edited.to_string()).unwrap();
    let swapped: Value = serde_json::from_str(&passes(folder, &format!("{GIVEN} --format json"))).unwrap();
    assert_eq!([site(&swapped["cores"][0]), site(&swapped["cores"][5])], [b, a]);
    // Places that the chip has not, and more cores at one than there are.
    for (core, field, value) in [(0, "chip", 1), (0, "x", 99), (0, "y", 4_000_000_000_u32)] {
        let mut wrong = swapped.clone();
        wrong["cores"][core][field] = value.into();
        std::fs::write(folder.join("map.json"), wrong.to_string()).unwrap();
        assert_eq!(fails(folder, GIVEN)[0]["code"], "E0735", "{field}");
    }
    let mut crowded = swapped;
    for core in crowded["cores"].as_array_mut().unwrap() {
        (core["x"], core["y"]) = (0.into(), 0.into());
    }
    std::fs::write(folder.join("map.json"), crowded.to_string()).unwrap();
    assert!(fails(folder, GIVEN).iter().all(|d| d["code"] == "E0735"));
}

#[test]
fn an_earlier_bundle_is_kept_to_and_that_is_told() {
    let folder = with_bundle();
    let folder = folder.path();
    let done = snnc(folder, "compile m.snn -t loihi2 --activity 0.1 --like first -o later -vv");
    assert!(done.status.success());
    let parts = read(folder, "first/manifest.json")["cores"].as_array().unwrap().len();
    let log = String::from_utf8(done.stderr).unwrap();
    assert!(log.contains(&format!("{parts} of {parts} parts stayed on their cores")), "{log}");
    let (mut later, first) = (read(folder, "later/manifest.json"), read(folder, "first/manifest.json"));
    later["inputs"]["options"].as_object_mut().unwrap().remove("like_blake3").unwrap();
    assert_eq!(later, first);
}

#[test]
fn the_schema_of_a_mapping_is_printed() {
    let here = std::env::temp_dir();
    let text = passes(&here, "schema mapping");
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../schemas/mapping-1.json");
    assert_eq!(text, std::fs::read_to_string(kept).unwrap());
    assert_eq!(passes(&here, "schema"), passes(&here, "schema manifest"));
    assert_ne!(text, passes(&here, "schema"));
}
