//! Chips, activity and samples.

use super::*;

pub(super) const CASES: &[Case] = &[
    case(
        Code::NotQuantisable,
        |f| real(f, "1.0, 2.0", "decay 1.5, threshold 1.0, compare gt, reset subtract next"),
        MAP_TEXT,
        &["decay factor", "1.5"],
    )
    .mended(|f| real(f, "1.0, 2.0", "decay 1.0, threshold 1.0, compare gt, reset subtract next")),
    case(Code::AllWeightsZero, |f| real(f, "0.0, 0.0", EXACT), MAP_TEXT, &["'fc'"])
        .mended(|f| real(f, "0.0, 1.0", EXACT)),
    case(
        Code::LossyQuantisation,
        |f| real(f, "0.3, 0.7", "decay 0.3, threshold 1.0, compare gt, reset subtract next"),
        MAP_TEXT,
        &["'n' was rounded", "weight", "decay"],
    )
    .mended(|f| real(f, "1.0, 127.0", EXACT)),
    case(
        Code::UnsupportedLayer,
        |f| {
            snn(
                f,
                "network \"n\" steps 4 integer {\n  %0 = input \"x\" : 1x4x4 {values 0..=3}\n  \
                 %1 = max_pool \"p\" (%0) : 1x2x2 {kernel [2, 2], stride [2, 2]}\n  \
                 %2 = if \"n\" (%1) : 1x2x2 {threshold 2, compare ge, reset subtract same}\n  %3 = output \"o\" (%2) : 1x2x2\n}\n",
            );
        },
        MAP_TEXT,
        &["max pooling"],
    ),
    case(Code::LayerTooLarge, |f| many_inputs(f, 20_000), MAP_TEXT, &["axons", "20000"])
        .mended(|f| many_inputs(f, 2_000)),
    case(Code::ChipFull, large, MAP_TEXT, &["273", "'wide'", "120"])
        .command("compile m.snn -t loihi2 --chips 3"),
    case(Code::ChipFull, large, "compile m.snn -t loihi2 --chips 2", &["273", "240"])
        .command("compile m.snn -t loihi2 --chips 3"),
    case(Code::ChipFull, large, "compile m.snn -t loihi2 --chips 3 --max-cores 200", &["273", "200"])
        .command("compile m.snn -t loihi2 --chips 3 --max-cores 273"),
    case(Code::DelayTooLong, |f| delayed(f, 100), MAP_TEXT, &["'x'", "100", "62"]).mended(|f| delayed(f, 60)),
    case(Code::TargetNotReady, good, "compile m.onnx -t speck", &["'speck'"]).command(MAP),
    case(Code::TargetNotReady, good, "compile m.onnx -t akd1000", &["'akd1000'"]).command(MAP),
    case(Code::TargetNotReady, good, "simulate m.onnx -t akd1000 --input s.npz", &["'akd1000'"]),
    case(
        Code::BadChipFile,
        |f| {
            good(f);
            put(f, "c.toml", "name = \"x\"");
        },
        "compile m.onnx -t loihi2 --chip c.toml",
        &["`title`"],
    ),
    case(
        Code::BadChipFile,
        |f| {
            good(f);
            put(f, "c.toml", "name = ");
        },
        "compile m.onnx -t loihi2 --chip c.toml",
        &["line 1"],
    ),
    case(
        Code::UnsourcedObjective,
        good,
        "compile m.onnx -t loihi2 --objective energy",
        &["energy", "'loihi2'"],
    )
    .command("compile m.onnx -t loihi2 --objective cores"),
    case(Code::NoActivity, good, MAP, &["silent to all-firing"])
        .command("compile m.onnx -t loihi2 --activity 0.1"),
    case(Code::NoActivity, good, "compile m.onnx -t loihi2 --activity x=0.1", &["for /s1, /s2"]),
    case(
        Code::BadSample,
        |f| {
            good(f);
            put(f, "s.npz", "no archive");
        },
        "simulate m.onnx --input s.npz",
        &["'s.npz'"],
    ),
    case(
        Code::BadSample,
        |f| {
            good(f);
            npy(f, "s.npy", &[4, 2, 5, 5], 1);
        },
        "simulate m.onnx --input s.npy",
        &["'x'", "2, 4, 4", "4, 2, 5, 5"],
    )
    .mended(|f| {
        good(f);
        npy(f, "s.npy", &[4, 2, 4, 4], 1);
    }),
    case(
        Code::BadSample,
        |f| {
            delayed(f, 1);
            npy(f, "s.npy", &[4, 2], 2);
        },
        "simulate m.snn --input s.npy",
        &["'x' takes integers", "from 0 to 1", "2"],
    )
    .mended(|f| {
        delayed(f, 1);
        npy(f, "s.npy", &[4, 2], 1);
    }),
    case(
        Code::BadSample,
        |f| {
            good(f);
            npy(f, "s.npy", &[4, 2, 4, 4], 1);
            let bytes = std::fs::read(f.join("s.npy")).unwrap();
            put(f, "s.npy", &bytes[..bytes.len() - 1]);
        },
        "simulate m.onnx --input s.npy",
        &["'s.npy'"],
    ),
    case(Code::BadActivity, good, "compile m.onnx -t loihi2 --activity 1.5", &["'1.5'", "0 to 1"])
        .command("compile m.onnx -t loihi2 --activity 0.1"),
    case(Code::BadActivity, good, "compile m.onnx -t loihi2 --activity often", &["'often'"]),
    case(Code::BadActivity, good, "compile m.onnx -t loihi2 --activity 0.1,0.2", &["'0.2'", "second"]),
    case(Code::BadActivity, good, "compile m.onnx -t loihi2 --activity 0.1,conv9=0.2", &["'conv9'"])
        .command("compile m.onnx -t loihi2 --activity 0.1,/s1=0.2"),
    case(
        Code::BadEvents,
        |f| {
            good(f);
            events(f, &[0, 1], &[0, 4], &[0, 1]);
        },
        "simulate m.onnx --input s.npz",
        &["outside the input 'x'", "0 to 3", "4 in event 1"],
    )
    .mended(|f| {
        good(f);
        events(f, &[0, 1], &[0, 3], &[0, 1]);
    }),
    case(
        Code::BadEvents,
        |f| {
            good(f);
            npy(f, "s.npy", &[4, 2, 4, 4], 1);
        },
        "simulate m.onnx --input s.npy --bin 1us",
        &["no event list"],
    )
    .command("simulate m.onnx --input s.npy"),
    case(
        Code::BadEncoding,
        |f| {
            good(f);
            npy(f, "s.npy", &[2, 4, 4], 1);
        },
        "simulate m.onnx --input s.npy",
        &["'x'", "[N, T, 2, 4, 4]", "[2, 4, 4]"],
    )
    .command("simulate m.onnx --input s.npy --encode rate"),
    case(
        Code::BadEncoding,
        |f| {
            good(f);
            npy(f, "s.npy", &[2, 4, 4], 100);
        },
        "simulate m.onnx --input s.npy --encode rate",
        &["no probability", "0 to 1", "100 in array 'x' at sample 0, step 0"],
    )
    .command("simulate m.onnx --input s.npy --encode rate --max 255"),
    case(
        Code::EventsLeftOut,
        |f| {
            good(f);
            events(f, &[0, 9, 5], &[0, 3, 0], &[0, 1, 1]);
        },
        "simulate m.onnx --input s.npz --bin 1us --steps 6",
        &["1 event(s)", "behind the last step"],
    )
    .command("simulate m.onnx --input s.npz --bin 1us --steps 10"),
    case(Code::BadProfile, good_and_sample, "compile m.onnx -t loihi2 --profile s.npy", &["'profile'"])
        .command("compile m.onnx -t loihi2 --input s.npy"),
    case(
        Code::BadProfile,
        |f| {
            delayed(f, 1);
            profiled(f);
            good(f);
        },
        "compile m.onnx -t loihi2 --profile p.npz",
        &["'x'", "2x4x4", "2x1x1"],
    )
    .mended(|f| {
        good(f);
        npy(f, "s.npy", &[4, 2, 4, 4], 1);
        profile(f, "m.onnx");
    }),
    case(
        Code::OtherProfile,
        |f| {
            delayed(f, 1);
            profiled(f);
            delayed(f, 2);
        },
        "compile m.snn -t loihi2 --profile p.npz",
        &["'m.snn'"],
    )
    .mended(|f| {
        delayed(f, 2);
        profiled(f);
    }),
    case(
        Code::OtherSteps,
        |f| {
            delayed(f, 1);
            npy(f, "s.npy", &[3, 2], 1);
        },
        "compile m.snn -t loihi2 --input s.npy",
        &["3 steps", "4"],
    )
    .command("compile m.snn -t loihi2 --input s.npy --steps 3"),
    case(Code::BadMapping, lost_neuron, "simulate out --input s.npy", &["1 of 2", "'n'"]).mended(bundle),
    case(
        Code::NotReached,
        |f| never_fires(f, 1 << 20),
        "compile m.snn -t loihi2 --activity 0.1 --verify",
        &["'deaf'"],
    )
    .mended(|f| never_fires(f, 64)),
];
