//! Rules on values: exact on integers whose sums stay within 32 bits, whatever the chip.

mod add_split;
mod add_zero;
mod compose;
mod concat_place;
mod constant_fold;
mod dead_channels;
mod dead_input;
mod delay_chain;
mod evaluate;
mod flatten_add;
mod identity;
mod linear_form;
mod merge_parallel;
mod pool_activation;
mod pool_weights;
mod reshape_weights;
mod scale_fold;
mod slice_channels;

use super::Rule;

/// Every rule on values but [`EVALUATE`], in the order of the files.
pub const ALL: &[Rule] = &[
    add_split::RULE,
    add_zero::RULE,
    compose::RULE,
    concat_place::RULE,
    constant_fold::RULE,
    dead_channels::RULE,
    dead_input::RULE,
    delay_chain::RULE,
    flatten_add::RULE,
    identity::RULE,
    linear_form::RULE,
    merge_parallel::RULE,
    pool_activation::OUT,
    pool_activation::IN,
    pool_weights::RULE,
    reshape_weights::IN,
    reshape_weights::OUT,
    scale_fold::RULE,
    slice_channels::RULE,
];

pub use evaluate::RULE as EVALUATE;
