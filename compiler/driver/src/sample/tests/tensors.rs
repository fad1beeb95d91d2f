//! Arrays that have steps.

use super::*;

#[test]
fn every_type_of_number_gives_the_same_values() {
    let graph = network("real", "real", "1x1x2", 1);
    let numbers = [1.0f64, 0.0, 3.0, 2.0];
    fn all<const N: usize>(convert: impl Fn(f64) -> [u8; N]) -> Vec<u8> {
        [1.0f64, 0.0, 3.0, 2.0].iter().flat_map(|v| convert(*v)).collect()
    }
    for (descr, data) in [
        ("|u1", all(|v| [v as u8])),
        ("|i1", all(|v| [v as u8])),
        ("<u2", all(|v| (v as u16).to_le_bytes())),
        (">i2", all(|v| (v as i16).to_be_bytes())),
        ("<u4", all(|v| (v as u32).to_le_bytes())),
        (">u8", all(|v| (v as u64).to_be_bytes())),
        ("<i8", all(|v| (v as i64).to_le_bytes())),
        ("<f2", all(|v| half::f16::from_f64(v).to_le_bytes())),
        (">f4", all(|v| (v as f32).to_be_bytes())),
        ("<f8", all(f64::to_le_bytes)),
    ] {
        for scratch in [
            Scratch::new(&npy(descr, &[2, 1, 1, 2], &data)),
            stored(&[("in", npy(descr, &[1, 2, 1, 1, 2], &data))]),
            deflated(&[("whatever", npy(descr, &[2, 1, 1, 2], &data))]),
        ] {
            let samples = scratch.load(&graph, &Options::default()).unwrap();
            assert_eq!((samples.count, samples.steps), (1, 2), "{descr}");
            assert_eq!(steps(&samples, &graph, 0).concat(), numbers, "{descr}");
        }
    }
    let truths = Scratch::new(&npy("|b1", &[1, 1, 1, 2], &[1, 0])).load(&graph, &Options::default()).unwrap();
    assert_eq!(steps(&truths, &graph, 0), [[1.0, 0.0]]);
}

#[test]
fn what_does_not_fit_is_told_with_what_would() {
    let graph = network("integer", "binary", "2x3x3", 1);
    let refused = |array: Vec<u8>| stored(&[("x", array)]).refused(&graph, &Options::default());
    let wrong = refused(bytes(&[4, 2, 3, 4], &[0; 96]));
    assert!(wrong.contains("E0701") && wrong.contains("[N, T, 2, 3, 3] or [T, 2, 3, 3]"), "{wrong}");
    assert!(wrong.contains("[4, 2, 3, 4]"), "{wrong}");
    let image = refused(bytes(&[2, 3, 3], &[0; 18]));
    assert!(image.contains("E0704") && image.contains("--encode direct or --encode rate"), "{image}");
    let none = refused(bytes(&[0, 2, 3, 3], &[]));
    assert!(none.contains("no steps"), "{none}");
    let text = refused(npy("<U2", &[1, 2, 3, 3], &[0; 144]));
    assert!(text.contains("'<U2'") && text.contains("astype"), "{text}");
    let mut fortran = bytes(&[1, 2, 3, 3], &[0; 18]);
    let at = fortran.windows(5).position(|w| w == b"False").unwrap();
    fortran[at..at + 5].copy_from_slice(b"True ");
    assert!(refused(fortran).contains("ascontiguousarray"));
    let other = stored(&[("a", bytes(&[1], &[0])), ("b", bytes(&[1], &[0]))]);
    let other = other.refused(&graph, &Options::default());
    assert!(other.contains("no array 'in'") && other.contains("a, b"), "{other}");
}

#[test]
fn a_value_that_an_input_does_not_take_is_told_with_its_place() {
    let mut data = [0u8; 36];
    data[18 + 9 + 5] = 2;
    let scratch = stored(&[("x", bytes(&[2, 1, 2, 3, 3], &data))]);
    let told = scratch.refused(&network("integer", "binary", "2x3x3", 1), &Options::default());
    assert!(told.contains("an integer from 0 to 1"), "{told}");
    assert!(told.contains("2 in array 'x' at sample 1, step 0, channel 1, row 1, column 2"), "{told}");
    let real = |v: f32| stored(&[("x", floats(&[1, 1, 1, 1], &[v]))]);
    let graph = network("real", "real", "1x1x1", 1);
    for v in [f32::NAN, f32::INFINITY] {
        let told = real(v).refused(&graph, &Options::default());
        assert!(told.contains("finite") && told.contains("sample 0, step 0"), "{told}");
    }
    let signed = network("integer", "-2..=2", "1x1x1", 1);
    assert!(real(-2.0).load(&signed, &Options::default()).is_ok());
    for (v, shown) in [(-3.0, "-3"), (0.5, "0.5"), (3e10, "30000001024")] {
        let told = real(v).refused(&signed, &Options::default());
        assert!(told.contains("from -2 to 2") && told.contains(shown), "{told}");
    }
    assert!(real(-0.0).load(&signed, &Options::default()).is_ok());
}

#[test]
fn labels_belong_to_samples() {
    let graph = network("integer", "binary", "1x2x2", 1);
    let x = |shape: &[usize]| bytes(shape, &vec![1; shape.iter().product()]);
    let both = stored(&[("x", x(&[3, 2, 1, 2, 2])), ("y", longs(&[7, 8, 9]))]);
    let two = Options { limit: Some(2), ..Options::default() };
    let samples = both.load(&graph, &two).unwrap();
    assert_eq!((samples.count, samples.labels), (2, Some(vec![7, 8])));
    let few = stored(&[("x", x(&[3, 2, 1, 2, 2])), ("labels", longs(&[7, 8]))]);
    let told = few.refused(&graph, &Options::default());
    assert!(told.contains("one label per sample") && told.contains("3 | 2"), "{told}");
    // [N, C, H, W] that was taken for steps.
    let images = stored(&[("x", x(&[3, 1, 2, 2])), ("y", longs(&[7, 8, 9]))]);
    let told = images.refused(&graph, &Options::default());
    assert!(told.contains("add --encode direct or --encode rate"), "{told}");
    let direct = Options { encode: Some(Encode::Direct), ..Options::default() };
    assert_eq!(images.load(&graph, &direct).unwrap().count, 3);
}

#[test]
fn inputs_have_the_same_samples_and_steps() {
    let graph = snnc_ir::text::parse(
        "network \"n\" steps 1 integer {\n  %0 = input \"a\" : 1x1x2 {values binary}\n  \
         %1 = input \"b\" : 1x1x3 {values 0..=7}\n  %2 = output \"o\" (%0) : 1x1x2\n  %3 = output \"p\" (%1) : 1x1x3\n}\n",
    )
    .unwrap();
    let b = ("b", bytes(&[2, 1, 1, 3], &[1, 2, 3, 4, 5, 6]));
    let good = stored(&[b.clone(), ("a", bytes(&[2, 1, 1, 2], &[0, 1, 1, 0]))]);
    let samples = good.load(&graph, &Options::default()).unwrap();
    let expected = [Values::Integer(vec![1, 0]), Values::Integer(vec![4, 5, 6])];
    assert_eq!(samples.step(&graph, 0, 1), expected);
    let short = stored(&[b, ("a", bytes(&[1, 1, 1, 2], &[0, 1]))]);
    let told = short.refused(&graph, &Options::default());
    assert!(
        told.contains("different numbers") && told.contains("[1, 1]") && told.contains("[1, 2]"),
        "{told}"
    );
}
