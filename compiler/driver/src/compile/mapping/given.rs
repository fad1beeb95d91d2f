//! The file of `--mapping`: a mapping, or a manifest whose cores are taken.

use std::collections::BTreeMap;
use std::path::Path;

use snnc_ir::diag::{Code, Diagnostic};
use snnc_machine::manifest;
use snnc_machine::mapping::{LayerMapping, MappingFile, PartMapping, SCHEMA};
use snnc_place::keep::Seat;
use snnc_place::mesh::Site;

use super::recorded::{MAX_PARTS, RecordedManifest, manifest_of, schema_of, text_of};

/// A mapping that was read, and not yet checked against a network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GivenMapping {
    /// In the order of the file.
    pub(super) layers: Vec<LayerMapping>,
    /// Of a manifest: where its cores are, by number.
    pub(super) seats: Option<BTreeMap<u32, Seat>>,
    /// blake3 of the file, in hex.
    pub blake3: String,
}

impl GivenMapping {
    /// Reads a file.
    ///
    /// # Errors
    /// [`Code::FileUnreadable`], or [`Code::BadMappingFile`] when it is neither a mapping nor a manifest.
    pub fn read(path: &Path) -> Result<Self, Diagnostic> {
        let text = text_of(path, "--mapping", Code::BadMappingFile)?;
        Self::parse(&path.file_name().unwrap_or_default().to_string_lossy(), &text)
    }

    /// Reads a text; the name is told in diagnostics.
    ///
    /// # Errors
    /// [`Code::BadMappingFile`].
    pub fn parse(name: &str, text: &str) -> Result<Self, Diagnostic> {
        let bad = |what: String| {
            let what = super::shortened(&what, 240);
            Diagnostic::new(Code::BadMappingFile, format!("'{}' cannot be read as a mapping: {what}", super::shown(name)))
                .remedy(
                    "write it as docs/mapping.md shows, `snnc schema mapping` prints its JSON schema; or start from the \
                     manifest.json that `snnc compile -o` writes",
                )
        };
        let blake3 = blake3::hash(text.as_bytes()).to_hex().to_string();
        let schema = schema_of(text).map_err(bad)?;
        let (layers, seats) = if schema == SCHEMA {
            let file: MappingFile = serde_json::from_str(text).map_err(|e| bad(e.to_string()))?;
            (file.layers, None)
        } else if schema == manifest::SCHEMA {
            let (layers, seats) = of_manifest(manifest_of(text).map_err(bad)?).map_err(bad)?;
            (layers, Some(seats))
        } else {
            let shown = super::shown(&schema);
            return Err(bad(format!("its schema is '{shown}', not '{SCHEMA}' or '{}'", manifest::SCHEMA)));
        };
        let parts: usize = layers.iter().map(|l| l.parts.as_ref().map_or(1, Vec::len)).sum();
        if parts > MAX_PARTS {
            return Err(bad("it has too many parts".into()).rule("parts", MAX_PARTS, parts));
        }
        Ok(Self { layers, seats, blake3 })
    }
}

/// The layers of a manifest with their parts, and its seats by number.
fn of_manifest(manifest: RecordedManifest) -> Result<(Vec<LayerMapping>, BTreeMap<u32, Seat>), String> {
    let mut seats = BTreeMap::new();
    let mut parts: BTreeMap<String, Vec<PartMapping>> = BTreeMap::new();
    for core in manifest.cores {
        let seat = Seat { id: core.id, site: Site { chip: core.chip, x: core.x, y: core.y } };
        if seats.insert(core.id, seat).is_some() {
            return Err(format!("it has two cores with the number {}", core.id));
        }
        for part in core.parts {
            let slice = part.slice;
            parts.entry(part.layer).or_default().push(PartMapping {
                core: Some(core.id),
                channels: Some(slice.channels),
                rows: Some(slice.rows),
                cols: Some(slice.cols),
                fan_in: Some(slice.fan_in),
            });
        }
    }
    let encoding: BTreeMap<&str, &str> =
        manifest.layers.iter().map(|l| (l.name.as_str(), l.encoding.as_str())).collect();
    // Inputs have no parts; what has parts and is no layer is told as such later.
    let layer = |(layer, parts): (String, Vec<PartMapping>)| LayerMapping {
        encoding: encoding.get(layer.as_str()).filter(|e| !e.is_empty()).map(|e| (*e).to_owned()),
        layer,
        tile: None,
        parts: Some(parts),
    };
    Ok((parts.into_iter().map(layer).collect(), seats))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> String {
        let d = GivenMapping::parse("m.json", text).unwrap_err();
        assert_eq!(d.code, Code::BadMappingFile);
        assert!(d.remedy.is_some());
        d.message
    }

    #[test]
    fn hostile_texts_are_refused() {
        let deep = |n: usize| format!("{}{}", "[".repeat(n), "]".repeat(n));
        let in_layers = |what: &str| format!(r#"{{"schema": "{SCHEMA}", "layers": {what}}}"#);
        for text in [
            String::new(),
            "null".into(),
            "[]".into(),
            "{}".into(),
            deep(1_000_000),
            format!(r#"{{"schema": "{SCHEMA}", "x": {}}}"#, deep(1_000_000)),
            in_layers(&deep(1_000_000)),
            in_layers(r#"[{"layer": "a", "parts": [{"core": 1e99}]}]"#),
            in_layers(r#"[{"layer": "a", "parts": [{"core": -1}]}]"#),
            in_layers(r#"[{"layer": "a", "parts": [{"rows": [0, 99999999999999999999]}]}]"#),
            in_layers(r#"[{"layer": "a", "parts": [{"rows": [0]}]}]"#),
            in_layers(r#"[{"layer": "a", "layer": "b"}]"#),
            in_layers(r#"[{"layer": "a", "tiles": "c1"}]"#),
            in_layers(r#"[{"tile": "c1"}]"#),
            in_layers(&format!(r#"[{{"layer": "a", "parts": [{{}}{}]}}]"#, ", {}".repeat(MAX_PARTS))),
            in_layers(&format!(r#"[{{"layer": "a", "parts": [{{}}{}]}}]"#, ", {}".repeat(2_000_000))),
            r#"{"schema": "snnc-mapping/2", "layers": []}"#.into(),
            r#"{"schema": "snnc-manifest/1", "layers": [], "cores": [], "inputs": {}}"#.into(),
        ] {
            let message = refused(&text);
            assert!(message.len() < 400, "{message}");
        }
    }

    #[test]
    fn the_cores_of_a_manifest_are_taken() {
        let core = |id: u32, x: u32| {
            format!(
                r#"{{"id": {id}, "chip": 0, "x": {x}, "y": 0, "memory": {{}}, "later": [1], "parts": [{{"layer": "a",
                "role": "compute", "slice": {{"channels": [{id}, {}], "rows": [0, 1], "cols": [0, 1], "fan_in": [0, 2]}}}}]}}"#,
                id + 1
            )
        };
        let text = |cores: &str| {
            format!(
                r#"{{"schema": "snnc-manifest/1", "inputs": {{"target": "t"}}, "cores": [{cores}],
                "layers": [{{"name": "a", "encoding": "dense", "tile": "c2y1x1"}}]}}"#
            )
        };
        let given =
            GivenMapping::parse("manifest.json", &text(&format!("{}, {}", core(0, 3), core(1, 0)))).unwrap();
        let [layer] = &given.layers[..] else { panic!("{given:?}") };
        assert_eq!((layer.layer.as_str(), layer.encoding.as_deref()), ("a", Some("dense")));
        let parts = layer.parts.as_ref().unwrap();
        assert_eq!(
            (parts[1].core, parts[1].channels, parts[1].fan_in),
            (Some(1), Some([1, 2]), Some([0, 2]))
        );
        assert_eq!(given.seats.unwrap()[&0].site, Site { chip: 0, x: 3, y: 0 });
        assert!(refused(&text(&format!("{}, {}", core(0, 3), core(0, 0)))).contains("two cores"));
        assert!(refused(&text(&core(0, 3).replace("compute", "partial"))).contains("role"));
    }
}
