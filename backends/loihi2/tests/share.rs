//! Which parts can share a core.

mod layers;

use snnc_loihi2::{CHIP, LOIHI1, Loihi};
use snnc_machine::network::Block;
use snnc_machine::target::{Memory, Part, Target};

/// A whole small layer as a part.
fn part(chip: &Loihi, seed: u64) -> Part {
    let (network, index) = layers::network(seed);
    let profile = layers::profile(&network, seed);
    let layer = &network.layers[index];
    let how = chip.implementations(&network, index).expect("a layer that can run")[0];
    let whole = Block::whole(layer.shape, layer.fan_in());
    chip.part(&network, index, how, &whole, &profile).expect("it fits")
}

fn used(memory: &[Memory], resource: &str) -> u64 {
    memory.iter().find(|m| m.resource == resource).expect("a resource of the chip").used
}

#[test]
fn resources_of_parts_on_a_core_add_up() {
    let chip = layers::chip(CHIP, 1);
    assert!(chip.shares_cores());
    let parts: Vec<Part> = (0..8).map(|seed| part(&chip, seed)).collect();
    let shared = chip.share(&parts.iter().collect::<Vec<_>>()).unwrap();
    for resource in ["AxonIn", "AxonMap", "NeuronGr", "Neurons", "Synapses", "Total"] {
        let sum: u64 = parts.iter().map(|p| used(&p.memory, resource)).sum();
        assert_eq!(used(&shared, resource), sum, "{resource}");
    }
    assert_eq!(used(&shared, "NeuronGr"), 8);
}

#[test]
fn a_core_has_no_more_groups_than_the_chip_file_says() {
    let chip = layers::chip(CHIP, 1);
    let parts: Vec<Part> = (0..9).map(|seed| part(&chip, seed)).collect();
    let refused = chip.share(&parts.iter().collect::<Vec<_>>()).unwrap_err();
    assert_eq!((refused.rule.as_str(), refused.limit, refused.found), ("NeuronGr per core", 8, 9));
}

#[test]
fn parts_that_do_not_fit_together_are_refused() {
    let chip = layers::chip(CHIP, 1);
    let one = part(&chip, 1);
    let words = used(&one.memory, "Synapses");
    let big = Part {
        memory: one
            .memory
            .iter()
            .map(|m| Memory {
                used: if m.resource == "Synapses" { m.cap + 1 - words } else { m.used },
                ..m.clone()
            })
            .collect(),
        ..one.clone()
    };
    assert!(chip.share(&[&big]).is_ok());
    let refused = chip.share(&[&one, &big]).unwrap_err();
    assert_eq!((refused.rule.as_str(), refused.found), ("Synapses per core", refused.limit + 1));
}

#[test]
fn cores_without_groups_of_neurons_are_not_shared() {
    let chip = layers::chip(LOIHI1, 1);
    assert!(!chip.shares_cores());
    let one = part(&chip, 1);
    assert_eq!(chip.share(&[&one]).unwrap(), one.memory);
    assert_eq!(chip.share(&[&one, &one]).unwrap_err().rule, "layers per core");
}
