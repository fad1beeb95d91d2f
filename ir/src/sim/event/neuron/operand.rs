//! Parameters made ready: a slice for every block of neurons.

use super::super::super::arith::Element;
use super::super::layout;
use super::BLOCK;
use crate::graph::param::Param;
use crate::graph::shape::Shape;
use crate::neuron::Model;

/// A parameter in the order inside.
#[derive(Debug)]
pub(super) struct Operand<E> {
    /// One value per neuron, or a block of the one value.
    values: Vec<E>,
    each: bool,
}

impl<E: Element> Operand<E> {
    fn new(param: &Param<E>, shape: Shape) -> Self {
        match param {
            Param::Scalar(v) => Self { values: vec![*v; BLOCK.min(shape.len())], each: false },
            _ => {
                let at = |p| param.at(layout::outside(shape, p), shape.plane());
                Self { values: (0..shape.len()).map(at).collect(), each: true }
            }
        }
    }

    /// The values of `len` neurons from `at` on; at most a block.
    #[inline(always)]
    pub(super) fn block(&self, at: usize, len: usize) -> &[E] {
        if self.each { &self.values[at..at + len] } else { &self.values[..len] }
    }

    pub(super) fn values(&self) -> &[E] {
        &self.values
    }
}

/// The parameters of a layer, by their names in the text form.
#[derive(Debug)]
pub(super) struct Operands<E> {
    pub(super) decay: Option<Operand<E>>,
    pub(super) current_decay: Option<Operand<E>>,
    pub(super) gain: Option<Operand<E>>,
    pub(super) bias: Option<Operand<E>>,
    pub(super) rest: Option<Operand<E>>,
    pub(super) threshold: Option<Operand<E>>,
    pub(super) reset_value: Option<Operand<E>>,
    pub(super) max_count: Option<Operand<E>>,
    pub(super) spike_value: Option<Operand<E>>,
    pub(super) v_min: Option<Operand<E>>,
    pub(super) initial: Option<Operand<E>>,
    pub(super) current_initial: Option<Operand<E>>,
}

impl<E: Element> Operands<E> {
    pub(super) fn new(model: &Model<E>, shape: Shape) -> Self {
        let params = model.params();
        let get = |name: &str| {
            let (_, param) = params.iter().find(|(n, _)| *n == name)?;
            Some(Operand::new(param, shape))
        };
        Self {
            decay: get("decay"),
            current_decay: get("current_decay"),
            gain: get("gain"),
            bias: get("bias"),
            rest: get("rest"),
            threshold: get("threshold"),
            reset_value: get("reset_value"),
            max_count: get("max_count"),
            spike_value: get("spike_value"),
            v_min: get("v_min"),
            initial: get("initial"),
            current_initial: get("current_initial"),
        }
    }
}
