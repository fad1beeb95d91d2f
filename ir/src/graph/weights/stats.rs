//! Counts and range of weights.

use super::{Storage, Weights};

/// What a mapper needs to know of weights without holding them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statistics {
    /// Number of values, zeros included.
    pub count: u64,
    /// Number of values that are not zero.
    pub nonzero: u64,
    /// Non-zeros of each output channel.
    pub nonzero_per_output: Vec<u64>,
    /// Least stored integer; `None` for real weights.
    pub min: Option<i32>,
    /// Greatest stored integer; `None` for real weights.
    pub max: Option<i32>,
}

impl Statistics {
    /// Bits of a two's-complement word that holds every stored integer, at least 1; `None` for real
    /// weights.
    pub fn bits(&self) -> Option<u32> {
        let need = |v: i32| if v < 0 { 33 - (!v).leading_zeros() } else { 33 - v.leading_zeros() };
        Some(need(self.min?).max(need(self.max?)).max(1))
    }
}

pub(super) fn of(weights: &Weights) -> Statistics {
    let row = weights.row().max(1);
    let mut out = Statistics {
        count: weights.len() as u64,
        nonzero: 0,
        nonzero_per_output: vec![0; weights.shape[0]],
        min: None,
        max: None,
    };
    if let Storage::F32(values) = &weights.storage {
        for (k, v) in values.iter().enumerate() {
            if *v != 0.0 {
                out.nonzero_per_output[k / row] += 1;
            }
        }
    } else {
        let mut range: Option<(i32, i32)> = None;
        let mut see = |k: usize, v: i32| {
            let (lo, hi) = range.unwrap_or((v, v));
            range = Some((lo.min(v), hi.max(v)));
            if v != 0 {
                out.nonzero_per_output[k / row] += 1;
            }
        };
        if let Storage::Sparse { positions, values } = &weights.storage {
            if positions.len() < weights.len() {
                see(0, 0);
            }
            for (p, v) in positions.iter().zip(values.iter()) {
                see(*p as usize, *v);
            }
        } else {
            for k in 0..weights.len() {
                see(k, weights.integer(k).unwrap_or(0));
            }
        }
        (out.min, out.max) = range.unzip();
    }
    out.nonzero = out.nonzero_per_output.iter().sum();
    out
}

#[cfg(test)]
mod tests {
    use super::super::*;

    #[test]
    fn bits_are_those_of_twos_complement() {
        for (values, bits) in [
            (vec![0], 1),
            (vec![-1], 1),
            (vec![1], 2),
            (vec![-8, 7], 4),
            (vec![-9], 5),
            (vec![127], 8),
            (vec![-128], 8),
        ] {
            let w =
                Weights { shape: [values.len(), 1, 1, 1], storage: Storage::I32(values.into()), scale: None };
            assert_eq!(w.statistics().bits(), Some(bits), "{w:?}");
        }
    }

    #[test]
    fn sparse_and_dense_agree() {
        let dense =
            Weights { shape: [2, 3, 1, 1], storage: Storage::I8([0, 2, 0, -5, 0, 1].into()), scale: None };
        let sparse = Weights {
            shape: [2, 3, 1, 1],
            storage: Storage::Sparse { positions: [1, 3, 5].into(), values: [2, -5, 1].into() },
            scale: None,
        };
        assert_eq!(dense.statistics(), sparse.statistics());
        assert_eq!(dense.to_integer(), sparse.to_integer());
    }
}
