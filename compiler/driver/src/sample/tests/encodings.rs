//! Images and frames.

use super::*;

fn encode(how: Encode, max: Option<f64>, steps: u32) -> Options {
    Options { encode: Some(how), max, steps: Some(steps), ..Options::default() }
}

#[test]
fn rates_fire_as_another_program_draws_them() {
    // Drawn by a Python program from the rule in docs/simulate.md.
    let expected = [
        [[0, 0, 1, 1, 1, 1], [0, 1, 0, 1, 1, 1], [0, 0, 1, 0, 1, 1]],
        [[0, 1, 1, 0, 1, 1], [0, 0, 0, 1, 1, 1], [0, 0, 1, 1, 1, 1]],
    ];
    let graph = network("integer", "binary", "1x2x3", 1);
    let images = stored(&[("x", bytes(&[2, 1, 2, 3], &[[0, 51, 102, 153, 204, 255]; 2].concat()))]);
    let samples = images.load(&graph, &encode(Encode::Rate { seed: 7 }, Some(255.0), 3)).unwrap();
    for (sample, expected) in expected.iter().enumerate() {
        let expected: Vec<Vec<f64>> = expected.iter().map(|s| s.map(f64::from).to_vec()).collect();
        assert_eq!(steps(&samples, &graph, sample), expected);
    }
    let other = images.load(&graph, &encode(Encode::Rate { seed: 8 }, Some(255.0), 3)).unwrap();
    assert_ne!(steps(&other, &graph, 0), steps(&samples, &graph, 0));
}

#[test]
fn over_many_steps_the_rate_is_the_number() {
    let graph = network("real", "binary", "1x1x3", 1);
    let image = stored(&[("x", floats(&[1, 1, 3], &[0.0, 0.3, 1.0]))]);
    let samples = image.load(&graph, &encode(Encode::Rate { seed: 0 }, None, 10_000)).unwrap();
    let sums = (0..3).map(|k| steps(&samples, &graph, 0).iter().map(|s| s[k]).sum::<f64>());
    let [none, some, all] = sums.collect::<Vec<_>>()[..] else { panic!() };
    assert_eq!((none, all), (0.0, 10_000.0));
    // Five standard deviations of a binomial distribution.
    assert!((some - 3000.0).abs() < 5.0 * (10_000.0 * 0.3 * 0.7f64).sqrt(), "{some}");
}

#[test]
fn rates_are_probabilities() {
    let graph = network("integer", "binary", "1x1x2", 4);
    for (image, shown) in [([0.5, 1.5], "1.5"), ([-0.1, 0.0], "-0.1"), ([f32::NAN, 0.0], "NaN")] {
        let options = Options { encode: Some(Encode::Rate { seed: 0 }), ..Options::default() };
        let told = stored(&[("x", floats(&[1, 1, 2], &image))]).refused(&graph, &options);
        assert!(told.contains("E0704") && told.contains("--max") && told.contains(shown), "{told}");
    }
}

#[test]
fn a_direct_image_is_the_same_in_each_step_of_the_network() {
    let graph = network("real", "real", "1x1x2", 3);
    let options = Options { encode: Some(Encode::Direct), max: Some(2.0), ..Options::default() };
    let samples =
        stored(&[("x", floats(&[2, 1, 1, 2], &[1.0, 2.0, -3.0, 4.0]))]).load(&graph, &options).unwrap();
    assert_eq!((samples.count, samples.steps), (2, 3));
    assert_eq!(steps(&samples, &graph, 1), [[-1.5, 2.0]; 3]);
    let sequence = stored(&[("x", floats(&[1, 2, 1, 1, 2], &[0.0; 4]))]);
    let told = sequence.refused(&graph, &options);
    assert!(told.contains("[N, 1, 1, 2] or [1, 1, 2]") && told.contains("leave out --encode"), "{told}");
    // What is no integer cannot go into an input of integers as it is.
    let binary = network("integer", "binary", "1x1x2", 3);
    let half = stored(&[("x", floats(&[1, 1, 2], &[0.5, 1.0]))]);
    let told = half.refused(&binary, &Options { max: None, ..options });
    assert!(told.contains("--encode rate"), "{told}");
}

#[test]
fn changes_become_signed_or_split_events() {
    let frames = [0.5, 0.25, 0.0, 0.75, 0.25, 0.25, 0.25, 1.0];
    let options = encode(Encode::Delta { threshold: 0.25 }, None, 1);
    let expected = [[1.0, 1.0], [-1.0, 1.0], [1.0, -1.0], [0.0, 1.0]];
    let scratch = stored(&[("x", floats(&[4, 1, 1, 2], &frames))]);
    let signed = network("integer", "-1..=1", "1x1x2", 1);
    let samples = scratch.load(&signed, &options).unwrap();
    assert_eq!((samples.count, samples.steps), (1, 4));
    assert_eq!(steps(&samples, &signed, 0), expected);
    // An input of nothing below zero takes the increases.
    let binary = network("integer", "binary", "1x1x2", 1);
    let on = steps(&scratch.load(&binary, &options).unwrap(), &binary, 0);
    assert_eq!(on, expected.map(|s| s.map(|v: f64| v.max(0.0))));
    // Twice the channels: decreases, then increases.
    let split = network("integer", "binary", "2x1x2", 1);
    let both = steps(&scratch.load(&split, &options).unwrap(), &split, 0);
    assert_eq!(both, [[0., 0., 1., 1.], [1., 0., 0., 1.], [0., 1., 1., 0.], [0., 0., 0., 1.]]);
    // Every sample starts from zero.
    let two = stored(&[("x", floats(&[2, 2, 1, 1, 2], &frames))]);
    let samples = two.load(&signed, &options).unwrap();
    assert_eq!(steps(&samples, &signed, 1), [[1.0, 1.0], [0.0, 1.0]]);
}
