//! Kernels made of kernels: products, sums, restrictions. All exact, or not made.

mod product;
mod rows;

pub(crate) use product::conv_of_conv;
pub(crate) use rows::{product, restrict_inputs, restrict_outputs, rows, scaled_down, sum};

use snnc_ir::graph::weights::Storage;

/// Greatest number of weights that one connection may have when structure is given up for it.
pub(crate) const MAX_EVALUATED: usize = 1 << 24;

/// Integers in the smallest storage that holds them; `None` when they do not fit 32 bits.
pub(crate) fn pack(values: &[i64]) -> Option<Storage> {
    if let Ok(small) = values.iter().map(|v| i8::try_from(*v)).collect::<Result<Vec<i8>, _>>() {
        return Some(Storage::I8(small.into()));
    }
    let wide = values.iter().map(|v| i32::try_from(*v)).collect::<Result<Vec<i32>, _>>().ok()?;
    Some(Storage::I32(wide.into()))
}
