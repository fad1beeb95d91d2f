//! Mappings that are given, bundles, and making models smaller.

use super::*;

pub(super) const CASES: &[Case] = &[
    case(Code::FileUnreadable, good, "compile m.onnx -t loihi2 --mapping none.json", &["none.json"]),
    case(Code::FileUnreadable, good, "compile m.onnx -t loihi2 --like none", &["none"]),
    case(
        Code::BadText,
        |f| {
            good(f);
            put(f, "manifest.json", "{}");
        },
        "compile m.onnx -t loihi2 --like .",
        &["earlier bundle", "`schema`"],
    ),
    case(
        Code::BadMappingFile,
        |f| mapping(f, r#"{"layer": "a", "tiles": "c8"}"#),
        GIVEN,
        &["map.json", "unknown field `tiles`", "line 1"],
    )
    .mended(|f| mapping(f, r#"{"layer": "a", "tile": "c8"}"#)),
    case(Code::BadMappingFile, |f| mapping(f, &"[".repeat(100_000)), GIVEN, &["line 1"]),
    case(
        Code::BadMappingFile,
        |f| mapping(f, r#"{"layer": "a", "parts": [{"core": 1e40}]}"#),
        GIVEN,
        &["line 1"],
    ),
    case(Code::MappingLayer, |f| mapping(f, r#"{"layer": "c", "tile": "c8"}"#), GIVEN, &["no layer 'c'"])
        .mended(|f| mapping(f, r#"{"layer": "a", "tile": "c8"}"#)),
    case(Code::MappingLayer, |f| mapping(f, r#"{"layer": "x", "tile": "c2"}"#), GIVEN, &["'x' is an input"])
        .mended(|f| mapping(f, "")),
    case(
        Code::MappingParts,
        |f| mapping(f, r#"{"layer": "b", "parts": [{"rows": [0, 16]}, {"rows": [8, 32]}]}"#),
        GIVEN,
        &["parts 0 and 1 of layer 'b' meet", "rows [8, 16]"],
    )
    .mended(|f| mapping(f, r#"{"layer": "b", "parts": [{"rows": [0, 16]}, {"rows": [16, 32]}]}"#)),
    case(
        Code::MappingParts,
        |f| {
            mapping(f, r#"{"layer": "b", "parts": [{"rows": [0, 16]}, {"rows": [16, 32], "cols": [0, 30]}]}"#)
        },
        GIVEN,
        &["neurons in no part", "channels [0, 4], rows [16, 32], cols [30, 32]"],
    ),
    case(
        Code::MappingParts,
        |f| mapping(f, r#"{"layer": "b", "parts": [{"fan_in": [0, 8]}, {"fan_in": [8, 16]}]}"#),
        GIVEN,
        &["share of the fan-in", "[0, 16]"],
    ),
    case(
        Code::MappingTile,
        |f| mapping(f, r#"{"layer": "b", "tile": "c8y2"}"#),
        GIVEN,
        &["more parts than channels", "4", "8"],
    )
    .mended(|f| mapping(f, r#"{"layer": "b", "tile": "c4y2"}"#)),
    case(
        Code::MappingTile,
        |f| mapping(f, r#"{"layer": "b", "encoding": "wobble"}"#),
        GIVEN,
        &["'wobble'", "offers conv"],
    )
    .mended(|f| mapping(f, r#"{"layer": "b", "encoding": "conv"}"#)),
    case(
        Code::MappingMemory,
        |f| mapping(f, r#"{"layer": "a", "tile": "c1"}"#),
        GIVEN,
        &["'a', cut as c1y1x1", "Neurons per core", "16384"],
    )
    .mended(|f| mapping(f, r#"{"layer": "a", "tile": "c8"}"#)),
    case(
        Code::MappingMemory,
        |f| mapping(f, r#"{"layer": "a", "parts": [{"rows": [0, 4]}, {"rows": [4, 32]}]}"#),
        GIVEN,
        &["rows [4, 32]", "14336"],
    ),
    case(
        Code::MappingCores,
        |f| {
            mapping(
                f,
                r#"{"layer": "b", "parts": [{"core": 120, "rows": [0, 16]}, {"core": 3, "rows": [16, 32]}]}"#,
            )
        },
        GIVEN,
        &["no core 120", "119"],
    )
    .command("compile m.snn -t loihi2 --activity 0.1 --mapping map.json --chips 2"),
    case(
        Code::MappingCores,
        |f| {
            mapping(
                f,
                r#"{"layer": "b", "parts": [{"core": 3, "rows": [0, 16]}, {"core": 3, "rows": [16, 32]}]}"#,
            )
        },
        GIVEN,
        &["on one core", "'b'"],
    )
    .mended(|f| mapping(f, r#"{"layer": "b", "parts": [{"core": 3, "rows": [0, 16]}, {"rows": [16, 32]}]}"#)),
    case(
        Code::MappingCores,
        |f| mapping(f, r#"{"layer": "b", "tile": "c4y8"}"#),
        "compile m.snn -t loihi2 --activity 0.1 --mapping map.json --max-cores 20",
        &["more cores than there are", "37"],
    )
    .command("compile m.snn -t loihi2 --activity 0.1 --mapping map.json --max-cores 37"),
    case(
        Code::MappingShare,
        |f| both(f, [0, 1]),
        GIVEN,
        &["'a' and 'b' cannot share a core", "core 0", "shares a core"],
    )
    .mended(|f| both(f, [8, 9])),
    case(
        Code::PinsTooTight,
        |f| mapping(f, r#"{"layer": "b", "tile": "c4y2"}"#),
        "compile m.snn -t loihi2 --activity 0.1 --mapping map.json --max-cores 10",
        &["leaves no mapping of the rest", "'a'", "10"],
    )
    .mended(|f| mapping(f, r#"{"layer": "b", "tile": "c2"}"#)),
    case(
        Code::OtherBundle,
        bundle,
        "compile m.snn -t loihi1 --activity 0.1 --like out",
        &["another target", "loihi1", "loihi2"],
    )
    .command("compile m.snn -t loihi2 --activity 0.1 --like out"),
    case(
        Code::NothingKept,
        |f| {
            bundle(f);
            let text = std::fs::read_to_string(f.join("m.snn")).unwrap();
            put(f, "m.snn", text.replace("if \"n\"", "if \"other\""));
        },
        "compile m.snn -t loihi2 --activity 0.1 --like out",
        &["no part", "other: 1 part(s)", "no such layer"],
    ),
    case(Code::NoSuchLayer, bundle, "explain out --layer none", &["'none'"]).command("explain out"),
    case(Code::NoSuchLayer, shared_node, "explain out --layer pool", &["'pool'", "2 layers"]),
    case(Code::BadManifest, broken_manifest, "explain out", &["manifest.json", "missing field"])
        .mended(bundle),
    case(
        Code::BadManifest,
        |f| {
            bundle(f);
            put(f, "out/manifest.json", [0xff, 0xfe]);
        },
        "compile m.snn -t loihi2 --activity 0.1 -o new --against out",
        &["manifest.json"],
    )
    .mended(bundle),
    case(
        Code::UnlikeMapping,
        |f| {
            bundle(f);
            edited(f, |manifest| manifest["inputs"]["target"] = "loihi1".into());
        },
        "compile m.snn -t loihi2 --activity 0.1 -o new --against out",
        &["loihi2", "loihi1"],
    )
    .mended(bundle),
    case(Code::PropertyNotFound, good, "reduce m.onnx --until E0503", &["E0503", "no diagnostic"]),
    case(Code::PropertyNotFound, good, "reduce m.onnx --until panic", &["panic"]),
    case(Code::PropertyNotFound, good, "reduce m.onnx --until diff -t loihi2", &["differ"]),
    case(Code::NotReducible, |f| snn(f, "network \"n\" {\n"), "reduce m.snn --until E0301", &["text"]),
    case(Code::NotReducible, |f| put(f, "m.onnx", ""), "reduce m.onnx --until E0002", &["empty"]),
];
