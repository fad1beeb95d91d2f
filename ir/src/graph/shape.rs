//! Shapes of values: channels, rows, columns. Batch and time are not part of a shape.

use std::fmt;

/// Channels, rows (height) and columns (width). A flat vector of n is `[n, 1, 1]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Shape {
    /// Channels.
    pub c: usize,
    /// Rows.
    pub h: usize,
    /// Columns.
    pub w: usize,
}

impl Shape {
    /// A map of `c` channels, `h` rows, `w` columns.
    pub const fn new(c: usize, h: usize, w: usize) -> Self {
        Self { c, h, w }
    }

    /// A flat vector of `n` elements.
    pub const fn flat(n: usize) -> Self {
        Self { c: n, h: 1, w: 1 }
    }

    /// Number of elements; saturates instead of overflowing.
    pub const fn len(self) -> usize {
        self.c.saturating_mul(self.h).saturating_mul(self.w)
    }

    /// Whether there is no element.
    pub const fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// Rows times columns.
    pub const fn plane(self) -> usize {
        self.h.saturating_mul(self.w)
    }

    /// Position of an element in C, H, W order.
    pub const fn index(self, c: usize, y: usize, x: usize) -> usize {
        (c * self.h + y) * self.w + x
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{}x{}", self.c, self.h, self.w)
    }
}
