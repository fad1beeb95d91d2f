//! Reading models.

use super::*;

pub(super) const CASES: &[Case] = &[
    case(Code::FileUnreadable, nothing, "compile none.onnx -t loihi2", &["none.onnx", "No such file"]),
    case(Code::FileUnreadable, nothing, "inspect none.snn", &["none.snn", "No such file"]),
    case(
        Code::FileUnreadable,
        |f| std::fs::create_dir(f.join("m.onnx")).unwrap(),
        MAP,
        &["'m.onnx' is a folder"],
    ),
    case(Code::FileUnreadable, good, "simulate m.onnx --input none.npz", &["none.npz"]),
    case(Code::FileUnreadable, good, "compile m.onnx -t loihi2 --chip none.toml", &["none.toml"]),
    case(Code::FileUnreadable, |f| npy(f, "s.npy", &[1], 0), "simulate . --input s.npy", &["manifest.json"]),
    case(Code::EmptyFile, |f| put(f, "m.onnx", ""), MAP, &["empty"]).mended(good),
    case(Code::NotOnnx, |f| put(f, "m.onnx", "hello, this is text"), MAP, &["looks like text"]).mended(good),
    case(Code::NotOnnx, |f| put(f, "m.onnx", b"PK\x03\x04 and more of an archive"), MAP, &["looks like"]),
    case(
        Code::NotOnnx,
        |f| put(f, "m.onnx", b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR"),
        MAP,
        &["not an ONNX model"],
    ),
    case(
        Code::TruncatedFile,
        |f| put(f, "m.onnx", &small_spiking().bytes()[..500]),
        MAP,
        &["cut", "'graph'"],
    )
    .mended(good),
    case(Code::ExternalData, |f| external(f, "gone.bin"), MAP, &["'w1'", "'gone.bin'"]),
    case(Code::ExternalData, |f| external(f, "../outside.bin"), MAP, &["'w1'", "outside.bin"]),
    case(
        Code::BudgetExceeded,
        |f| {
            onnx(
                f,
                (0..100_001).fold(small_spiking(), |b, k| b.node("Identity", &["x"], &[&format!("i{k}")])),
            )
        },
        MAP,
        &["more nodes than allowed", "100000"],
    ),
    case(
        Code::FileUnwritable,
        |f| {
            good(f);
            put(f, "taken", "");
        },
        "compile m.onnx -t loihi2 -o taken",
        &["'taken'"],
    )
    .command("compile m.onnx -t loihi2 -o folder"),
    case(
        Code::FileUnwritable,
        |f| {
            good(f);
            std::fs::create_dir_all(f.join("out/network.snn")).unwrap();
        },
        "compile m.onnx -t loihi2 -o out",
        &["network.snn"],
    ),
    case(
        Code::FileUnwritable,
        |f| {
            good(f);
            put(f, "taken", "");
        },
        "compile m.onnx -t loihi2 --dump-phases taken/dumps",
        &["taken"],
    ),
    case(Code::UnknownCode, nothing, "explain E9999", &["'E9999'"]).command("explain E0503"),
    case(
        Code::UnsupportedOperator,
        |f| onnx(f, small_spiking().node("Erf", &["x"], &["e"])),
        MAP,
        &["'Erf'", "/e"],
    ),
    case(
        Code::UnsupportedAttribute,
        |f| {
            onnx(f, small_spiking().node_with("Gemm", &["f", "w2"], &["e"], vec![int("transA", 1)]));
        },
        MAP,
        &["Gemm", "transA=1"],
    ),
    case(
        Code::BadGraph,
        |f| onnx(f, small_spiking().node("Identity", &["b"], &["a"]).node("Identity", &["a"], &["b"])),
        MAP,
        &["cycle", "/a, /b"],
    ),
    case(
        Code::BadShape,
        |f| onnx(f, small_spiking().node("MatMul", &["f", "w2"], &["e"])),
        MAP,
        &["MatMul", "6 inputs", "8 elements"],
    ),
    case(Code::BadShape, good, "compile m.onnx -t loihi2 --shape z=1,2", &["'z'"]),
    case(
        Code::NotConstant,
        |f| onnx(f, small_spiking().node("MatMul", &["f", "g"], &["e"])),
        MAP,
        &["'g'", "constant"],
    ),
    case(
        Code::UnsupportedType,
        |f| {
            let model = small_spiking().raw("f8", DataType::Float8e4m3fn, &[6, 8], &[0; 48]);
            onnx(f, model.node("MatMul", &["f", "f8"], &["e"]));
        },
        MAP,
        &["FLOAT8E4M3FN"],
    ),
    case(
        Code::UnknownNeuron,
        |f| changed(f, |m| first_neuron(m).op_type = "LIF_subtract_next_gt".into()),
        MAP,
        &["'LIF_subtract_next_gt'"],
    )
    .mended(|f| changed(f, |m| first_neuron(m).op_type = "LIF_subtract_next_gt_binary".into())),
    case(
        Code::NeuronMismatch,
        |f| changed(f, |m| first_neuron(m).attribute.push(string("reset", "zero"))),
        MAP,
        &["reset='zero'", "'subtract'", "/s1"],
    )
    .mended(|f| changed(f, |m| first_neuron(m).attribute.push(string("reset", "subtract")))),
    case(
        Code::NoSpikingNeuron,
        |f| {
            onnx(
                f,
                Builder::default()
                    .input("x", &[1, 1, 4, 4])
                    .floats("w", &[2, 1, 3, 3], &[0.5; 18])
                    .node("Conv", &["x", "w"], &["c"])
                    .node("Relu", &["c"], &["y"])
                    .output("y"),
            );
        },
        MAP,
        &["no ai.snnc neuron"],
    ),
    case(
        Code::NoSpikingNeuron,
        |f| {
            snn(
                f,
                "network \"n\" steps 1 real {\n  @0 = weights f32 [1, 1, 1, 1] [1.0]\n  \
                 %0 = input \"x\" : 1x1x1 {values binary}\n  %1 = linear \"fc\" (%0, @0) : 1x1x1\n  \
                 %2 = output \"o\" (%1) : 1x1x1\n}\n",
            );
        },
        MAP_TEXT,
        &["neither a spiking neuron nor a quantised activation"],
    ),
    case(
        Code::StateNotPaired,
        |f| changed(f, |m| set_metadata(m, "snnc.states", Some(r#"[["v1","v2o"],["v2","v1o"]]"#))),
        MAP,
        &["'v1' with 'v2o'", "'v1o'"],
    )
    .mended(good),
    case(
        Code::MissingSteps,
        |f| changed(f, |m| set_metadata(m, "snnc.steps", None)),
        MAP,
        &["how many steps"],
    )
    .command("compile m.onnx -t loihi2 --steps 4"),
    case(
        Code::UnrecognisedNeuron,
        |f| {
            written_out(f, |layer| {
                layer
                    .node("Mul", &["m", "beta"], &["leaked"])
                    .node("Add", &["leaked", "y"], &["n"])
                    .node("Mul", &["n", "m"], &["square"])
                    .node("Greater", &["square", "threshold"], &["over"])
                    .node_with("Cast", &["over"], &["s"], vec![int("to", 1)])
            })
        },
        MAP,
        &["no form of neuron that is known"],
    ),
    case(
        Code::HiddenState,
        |f| {
            written_out(f, |layer| {
                layer
                    .node("Greater", &["y", "threshold"], &["over"])
                    .node_with("Cast", &["over"], &["s"], vec![int("to", 1)])
                    .node("Identity", &["s"], &["n"])
            })
        },
        MAP,
        &["without a state"],
    ),
    case(Code::UnlikeSteps, |f| unrolled(f, [0.5, 0.5, 0.25], false), MAP, &["not alike"])
        .mended(|f| unrolled(f, [0.5; 3], false)),
    case(Code::OutputLeftOut, |f| unrolled(f, [0.5; 3], true), MAP, &["'membranes'", "state of a neuron"])
        .mended(|f| unrolled(f, [0.5; 3], false)),
    case(Code::LoopTooFast, |f| loop_of(f, 1), MAP_TEXT, &["a, b", "at least 2"]).mended(|f| loop_of(f, 2)),
    case(
        Code::BadText,
        |f| snn(f, "network \"n\" steps 1 real {\n  %0 = wobble \"x\" : 1x1x1\n}\n"),
        MAP_TEXT,
        &["m.snn:2:8", "'wobble'"],
    ),
    case(Code::BadText, |f| snn(f, ""), MAP_TEXT, &["m.snn:1:1"]),
    case(
        Code::Unverified,
        |f| snn(f, "network \"n\" steps 1 real {\n  %0 = input \"x\" : 1x1x1 {values binary}\n}\n"),
        MAP_TEXT,
        &["no output"],
    ),
];
