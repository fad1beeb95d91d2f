//! The step that a network repeats.

use super::super::super::proto::tensor_proto::DataType;
use super::super::arena::{Id, Op};

/// A value of a step, now or some steps ago.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(in super::super) struct Ref {
    pub node: usize,
    /// 0: in this step; 1: in the step before.
    pub lag: usize,
}

/// What a node of a step reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in super::super) enum Input {
    /// A constant of the arena.
    Constant(Id),
    /// A value.
    Value(Ref),
}

/// How a value of a step comes about.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(in super::super) enum Kind {
    /// What a graph input holds for the step: the whole input when it has no time axis.
    Input { input: usize, time: Option<usize> },
    /// An operator of the arena.
    Op(Op),
}

/// A value of a step.
#[derive(Clone, Debug)]
pub(in super::super) struct StepNode {
    pub kind: Kind,
    pub inputs: Vec<Input>,
    pub dims: Vec<usize>,
    pub ty: DataType,
    /// A value of the arena that it stands for, in a step that is like all others.
    pub example: Id,
    /// The value of the first copy, where it is the same operator: the one with the plainest name.
    pub first: Id,
    /// Values of the arena by step, where they are known. One step in step form.
    pub members: Vec<Option<Id>>,
    /// The value before the first step, where later steps read it: a constant, else zero.
    pub initial: Option<Id>,
}

/// How a graph output reads the steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readout {
    /// Every step.
    Each,
    /// The last step.
    Last,
    /// The sum over all steps.
    Sum,
    /// The mean over all steps.
    Mean,
}

/// A graph output.
#[derive(Clone, Debug)]
pub(in super::super) struct Output<'m> {
    pub name: &'m str,
    pub value: Ref,
    pub readout: Readout,
}

/// A graph input and output that hold one state.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Pair<'m> {
    pub input: &'m str,
    pub output: &'m str,
    /// The value whose lag the input is.
    pub value: Ref,
}

/// The step of a network.
#[derive(Clone, Debug, Default)]
pub(in super::super) struct StepGraph<'m> {
    pub nodes: Vec<StepNode>,
    pub outputs: Vec<Output<'m>>,
    /// Outputs of the graph that are no value of a step: what is left after the last.
    pub unread: Vec<&'m str>,
    /// Step form: the states that the graph takes and gives.
    pub pairs: Vec<Pair<'m>>,
    /// Number of copies that the step was found in; `None` in step form.
    pub steps: Option<usize>,
}
