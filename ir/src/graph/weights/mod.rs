//! Weight handles: dense, sparse or seeded storage behind one statistics API, so that nothing
//! downstream needs to hold or enumerate the values.

mod seeded;
mod stats;

pub use seeded::Seeded;
pub use stats::Statistics;

use std::sync::Arc;

/// Index into the weight arena of a graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WeightId(pub u32);

/// Where the values are and how they are kept.
#[derive(Clone, Debug, PartialEq)]
pub enum Storage {
    /// Real values in `[out, in, kh, kw]` order.
    F32(Arc<[f32]>),
    /// Integers of 8 bits in `[out, in, kh, kw]` order.
    I8(Arc<[i8]>),
    /// Wider integers in `[out, in, kh, kw]` order.
    I32(Arc<[i32]>),
    /// Integer non-zeros: ascending flat positions and their values.
    Sparse {
        /// Flat positions, strictly ascending.
        positions: Arc<[u64]>,
        /// One value per position, none of them zero.
        values: Arc<[i32]>,
    },
    /// Pseudo-random integers, computed when asked for.
    Seeded(Seeded),
}

/// Factor between stored integers and real values.
#[derive(Clone, Debug, PartialEq)]
pub enum Scale {
    /// One factor.
    PerTensor(f32),
    /// One factor per output channel.
    PerChannel(Vec<f32>),
}

impl Scale {
    /// The factor of output channel `out`.
    pub fn at(&self, out: usize) -> f32 {
        match self {
            Self::PerTensor(s) => *s,
            Self::PerChannel(s) => s[out],
        }
    }
}

/// Weights of a connection, `[out, in, kh, kw]` (`kh = kw = 1` for a linear layer).
#[derive(Clone, Debug, PartialEq)]
pub struct Weights {
    /// `[out, in / groups, kh, kw]`.
    pub shape: [usize; 4],
    /// The values.
    pub storage: Storage,
    /// Present when a real graph keeps its weights as integers: real value = integer × scale.
    pub scale: Option<Scale>,
}

impl Weights {
    /// Number of values, zeros included.
    pub fn len(&self) -> usize {
        self.shape.iter().fold(1usize, |n, d| n.saturating_mul(*d))
    }

    /// Whether there is no value.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Values per output channel.
    pub fn row(&self) -> usize {
        self.shape[1] * self.shape[2] * self.shape[3]
    }

    /// Whether the stored values are integers.
    pub fn is_integer(&self) -> bool {
        !matches!(self.storage, Storage::F32(_))
    }

    /// Whether the storage has as many values as the shape says and is in order.
    pub fn is_consistent(&self) -> bool {
        let len = self.len();
        let stored = match &self.storage {
            Storage::F32(v) => v.len() == len,
            Storage::I8(v) => v.len() == len,
            Storage::I32(v) => v.len() == len,
            Storage::Sparse { positions, values } => {
                positions.len() == values.len()
                    && positions.windows(2).all(|p| p[0] < p[1])
                    && positions.last().is_none_or(|p| *p < len as u64)
                    && values.iter().all(|v| *v != 0)
            }
            Storage::Seeded(s) => s.lo <= s.hi && s.density_ppm <= 1_000_000,
        };
        let scaled = match &self.scale {
            Some(Scale::PerChannel(s)) => s.len() == self.shape[0],
            _ => true,
        };
        stored && scaled
    }

    /// The stored integer at a flat position; `None` for real storage.
    pub fn integer(&self, position: usize) -> Option<i32> {
        match &self.storage {
            Storage::F32(_) => None,
            Storage::I8(v) => Some(i32::from(v[position])),
            Storage::I32(v) => Some(v[position]),
            Storage::Sparse { positions, values } => {
                Some(positions.binary_search(&(position as u64)).map_or(0, |k| values[k]))
            }
            Storage::Seeded(s) => Some(s.value(position as u64)),
        }
    }

    /// The real value at a flat position: as stored, or integer × scale, in f32.
    pub fn real(&self, position: usize) -> f32 {
        let raw = match &self.storage {
            Storage::F32(v) => v[position],
            _ => self.integer(position).unwrap_or(0) as f32,
        };
        match &self.scale {
            Some(scale) => raw * scale.at(position / self.row().max(1)),
            None => raw,
        }
    }

    /// All real values in order.
    pub fn to_real(&self) -> Vec<f32> {
        (0..self.len()).map(|p| self.real(p)).collect()
    }

    /// All stored integers in order; `None` for real storage.
    pub fn to_integer(&self) -> Option<Vec<i32>> {
        match &self.storage {
            Storage::F32(_) => None,
            Storage::I8(v) => Some(v.iter().map(|v| i32::from(*v)).collect()),
            Storage::I32(v) => Some(v.to_vec()),
            Storage::Sparse { positions, values } => {
                let mut out = vec![0; self.len()];
                for (p, v) in positions.iter().zip(values.iter()) {
                    out[*p as usize] = *v;
                }
                Some(out)
            }
            Storage::Seeded(s) => Some((0..self.len() as u64).map(|p| s.value(p)).collect()),
        }
    }

    /// Counts and range of the values.
    pub fn statistics(&self) -> Statistics {
        stats::of(self)
    }
}
