//! Where the events of a population go.

/// A connection of a part, as a place where messages arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Destination {
    /// Index of the part.
    pub(super) part: u32,
    /// Index of the part's projection.
    pub(super) projection: u32,
}

/// The destinations of every neuron of a population. Neurons with the same destinations are a class.
#[derive(Debug)]
pub(super) struct Routes {
    class: Vec<u32>,
    classes: Vec<Class>,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Class {
    pub(super) destinations: Vec<Destination>,
    /// The cores of these parts, each once, ascending.
    pub(super) cores: Vec<u32>,
    size: usize,
}

impl Routes {
    /// A population whose events go nowhere.
    pub(super) fn new(neurons: usize) -> Self {
        let all = Class { size: neurons, ..Class::default() };
        Self { class: vec![0; neurons], classes: vec![all] }
    }

    /// Sends the neurons for which `reads` holds to one more destination.
    pub(super) fn add(&mut self, to: Destination, core: u32, reads: impl Fn(usize) -> bool) {
        let mut hits = vec![0usize; self.classes.len()];
        for (neuron, class) in self.class.iter().enumerate() {
            hits[*class as usize] += usize::from(reads(neuron));
        }
        // A class of which only some neurons are meant is split.
        let mut becomes: Vec<u32> = (0..self.classes.len() as u32).collect();
        for (old, hits) in hits.into_iter().enumerate() {
            if hits == 0 {
                continue;
            }
            let mut at = old;
            if hits < self.classes[old].size {
                self.classes[old].size -= hits;
                at = self.classes.len();
                self.classes.push(Class { size: hits, ..self.classes[old].clone() });
                becomes[old] = at as u32;
            }
            let class = &mut self.classes[at];
            class.destinations.push(to);
            if let Err(place) = class.cores.binary_search(&core) {
                class.cores.insert(place, core);
            }
        }
        for (neuron, class) in self.class.iter_mut().enumerate() {
            if becomes[*class as usize] != *class && reads(neuron) {
                *class = becomes[*class as usize];
            }
        }
    }

    /// Where an event of a neuron goes.
    pub(super) fn of(&self, neuron: usize) -> &Class {
        &self.classes[self.class[neuron] as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neurons_with_the_same_destinations_are_one_class() {
        let mut routes = Routes::new(6);
        let to = |part| Destination { part, projection: 0 };
        routes.add(to(0), 4, |_| true);
        routes.add(to(1), 2, |k| k < 3);
        routes.add(to(2), 2, |k| k % 2 == 0);
        let parts = |k| routes.of(k).destinations.iter().map(|d| d.part).collect::<Vec<_>>();
        let cores = |k: usize| routes.of(k).cores.clone();
        assert_eq!(
            [parts(0), parts(1), parts(4), parts(5)],
            [vec![0, 1, 2], vec![0, 1], vec![0, 2], vec![0]]
        );
        assert_eq!([cores(0), cores(1), cores(4), cores(5)], [vec![2, 4], vec![2, 4], vec![2, 4], vec![4]]);
        assert_eq!(routes.classes.len(), 4);
    }
}
