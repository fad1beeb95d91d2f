//! Copies of a step, laid beside each other: which values of all copies are one value of the step.
//!
//! A class is one value of the step; its members are the values of the copies. The outputs are the first
//! classes, and the k-th inputs of a class's members are the members of another class: the same step, an
//! earlier one (a state), or a constant. The first copy may be simpler than the others, because its
//! states are constants that an exporter folded; [`super::probe`] compares it later.

use super::super::arena::{Arena, Id, Op};
use super::graph::{Input, Kind, Ref, StepNode};
use std::collections::{HashMap, VecDeque};

/// Why copies are not copies of one step.
#[derive(Clone, Debug)]
pub(super) struct Mismatch {
    pub why: String,
    /// A value where it shows.
    pub at: Option<Id>,
    /// Whether the first step starts from what an earlier run left.
    pub leaked: bool,
}

type Sequence = Vec<Option<Id>>;

struct Class {
    members: Sequence,
    kind: Kind,
    inputs: Vec<Input>,
}

/// The classes found so far.
pub(super) struct Aligner<'a, 'm> {
    arena: &'a Arena<'m>,
    steps: usize,
    classes: Vec<Class>,
    /// A class that is another one some steps ago.
    late: HashMap<usize, Ref>,
    members: HashMap<Id, Vec<(usize, usize)>>,
    invariant: HashMap<Id, usize>,
    queue: VecDeque<usize>,
}

/// Greatest number of class members.
const MAX_MEMBERS: usize = 4_000_000;

impl<'a, 'm> Aligner<'a, 'm> {
    pub(super) fn new(arena: &'a Arena<'m>, steps: usize) -> Self {
        Self {
            arena,
            steps,
            classes: Vec::new(),
            late: HashMap::new(),
            members: HashMap::new(),
            invariant: HashMap::new(),
            queue: VecDeque::new(),
        }
    }

    /// The class of the values of an output, with everything that they depend on.
    pub(super) fn root(&mut self, values: &[Id]) -> Result<Input, Mismatch> {
        let root = self.visit(values.iter().copied().map(Some).collect())?;
        while let Some(class) = self.queue.pop_front() {
            self.expand(class)?;
            if self.classes.len().saturating_mul(self.steps) > MAX_MEMBERS {
                return Err(Mismatch {
                    why: "the steps are too many to compare".into(),
                    at: None,
                    leaked: false,
                });
            }
        }
        Ok(root)
    }

    /// The step that the classes are, with the classes of inputs resolved.
    pub(super) fn finish(self) -> Vec<StepNode> {
        let resolve = |mut r: Ref| {
            while let Some(next) = self.late.get(&r.node) {
                r = Ref { node: next.node, lag: r.lag + next.lag };
            }
            r
        };
        let mut nodes: Vec<StepNode> = self
            .classes
            .iter()
            .map(|class| {
                let example = class.members.last().copied().flatten().unwrap_or(Id(0));
                let node = self.arena.node(example);
                let alike = |id: &&Id| {
                    std::mem::discriminant(&self.arena.node(**id).op) == std::mem::discriminant(&node.op)
                };
                let first = class.members.iter().flatten().find(alike).copied().unwrap_or(example);
                let inputs = class.inputs.iter().map(|i| match i {
                    Input::Value(r) => Input::Value(resolve(*r)),
                    constant => *constant,
                });
                StepNode {
                    kind: class.kind.clone(),
                    inputs: inputs.collect(),
                    dims: node.dims.clone(),
                    ty: node.ty,
                    example,
                    first,
                    members: class.members.clone(),
                    initial: None,
                }
            })
            .collect();
        // What was a late class stays as an alias, for outputs that read it.
        for (class, node) in nodes.iter_mut().enumerate() {
            if let Some(target) = self.late.get(&class) {
                node.kind = Kind::Op(Op::Reshape);
                node.inputs = vec![Input::Value(resolve(*target))];
            }
        }
        nodes
    }

    fn visit(&mut self, sequence: Sequence) -> Result<Input, Mismatch> {
        let Some(last) = sequence.last().copied().flatten() else {
            return Err(Mismatch {
                why: "a value is missing in the last step".into(),
                at: None,
                leaked: false,
            });
        };
        let mut known = sequence.iter().flatten();
        let equal = known.all(|id| *id == last);
        if self.arena.is_constant(last) {
            return match equal {
                true => Ok(Input::Constant(last)),
                false => Err(Mismatch {
                    why: "a constant differs from step to step (a quantiser that sees each step on its own gives \
                          each its own scale)"
                        .into(),
                    at: None,
                    leaked: false,
                }),
            };
        }
        let several = sequence.iter().flatten().count() > 1;
        if equal && (several || self.steps == 1) {
            if let Some(class) = self.invariant.get(&last) {
                return Ok(Input::Value(Ref { node: *class, lag: 0 }));
            }
            let class = self.push(vec![Some(last); self.steps]);
            self.invariant.insert(last, class);
            return Ok(Input::Value(Ref { node: class, lag: 0 }));
        }
        if let Some(found) = self.find(&sequence) {
            return Ok(Input::Value(found));
        }
        let leads = self.leads(&sequence);
        let class = self.push(sequence);
        for (late, lag) in leads {
            self.late.insert(late, Ref { node: class, lag });
        }
        Ok(Input::Value(Ref { node: class, lag: 0 }))
    }

    /// The class that a sequence is, now or some steps ago.
    fn find(&mut self, sequence: &Sequence) -> Option<Ref> {
        let last = sequence.last().copied().flatten()?;
        let candidates = self.members.get(&last)?.clone();
        for (class, step) in candidates {
            let lag = (self.steps - 1) - step;
            let members = &self.classes.get(class)?.members;
            let agrees = sequence.iter().enumerate().all(|(t, id)| {
                let member = t.checked_sub(lag).and_then(|t| members.get(t)).copied().flatten();
                id.is_none() || t < lag || member.is_none() || member == *id
            });
            if agrees {
                self.learn(class, lag, sequence);
                return Some(Ref { node: class, lag });
            }
        }
        None
    }

    /// Adds members that a class did not know.
    fn learn(&mut self, class: usize, lag: usize, sequence: &Sequence) {
        for (t, id) in sequence.iter().enumerate().skip(lag) {
            let Some(id) = *id else { continue };
            let Some(member) = self.classes.get_mut(class).and_then(|c| c.members.get_mut(t - lag)) else {
                continue;
            };
            if member.is_none() {
                *member = Some(id);
                self.members.entry(id).or_default().push((class, t - lag));
            }
        }
    }

    /// Classes that are this sequence some steps ago.
    fn leads(&self, sequence: &Sequence) -> Vec<(usize, usize)> {
        let mut out = Vec::new();
        for lag in 1..self.steps.saturating_sub(1).min(64) {
            let Some(earlier) = sequence.get(self.steps - 1 - lag).copied().flatten() else { continue };
            for (class, step) in self.members.get(&earlier).into_iter().flatten() {
                let Some(found) = self.classes.get(*class) else { continue };
                let agrees = *step == self.steps - 1
                    && !self.late.contains_key(class)
                    && found.members.iter().enumerate().skip(lag).all(|(t, m)| {
                        let own = sequence.get(t - lag).copied().flatten();
                        m.is_none() || own.is_none() || *m == own
                    });
                if agrees {
                    out.push((*class, lag));
                }
            }
        }
        out
    }

    fn push(&mut self, members: Sequence) -> usize {
        let class = self.classes.len();
        for (t, id) in members.iter().enumerate() {
            if let Some(id) = id {
                self.members.entry(*id).or_default().push((class, t));
            }
        }
        self.classes.push(Class { members, kind: Kind::Op(Op::Reshape), inputs: Vec::new() });
        self.queue.push_back(class);
        class
    }

    /// Finds the classes that a class reads.
    fn expand(&mut self, class: usize) -> Result<(), Mismatch> {
        let Some(members) = self.classes.get(class).map(|c| c.members.clone()) else { return Ok(()) };
        let Some(last) = members.last().copied().flatten() else { return Ok(()) };
        let node = self.arena.node(last);
        if let Op::Input(input) = node.op {
            let kind = Kind::Input { input: input as usize, time: None };
            self.classes[class].kind = kind;
            return Ok(());
        }
        if let Some((input, axis)) = self.timed(&members) {
            self.classes[class].kind = Kind::Input { input, time: Some(axis) };
            return Ok(());
        }
        let like = |id: &Option<Id>| {
            id.is_some_and(|id| {
                let other = self.arena.node(id);
                other.op == node.op && other.inputs.len() == node.inputs.len() && other.dims == node.dims
            })
        };
        let regular = members.iter().rev().take_while(|m| like(m)).count();
        let first = members.len() - regular;
        if let Some(other) = members.iter().take(first).flatten().next_back()
            && (regular < 2 || first > self.steps / 2)
            && self.steps > 1
        {
            let why = format!(
                "step {} ends in '{}' ({}) where step {} has '{}' ({})",
                self.steps - 1,
                self.arena.origin_of(last),
                self.arena.operator(last),
                first.saturating_sub(1),
                self.arena.origin_of(*other),
                self.arena.operator(*other),
            );
            return Err(Mismatch { why, at: Some(last), leaked: false });
        }
        let mut inputs = Vec::with_capacity(node.inputs.len());
        for k in 0..node.inputs.len() {
            let sequence = members.iter().enumerate().map(|(t, member)| {
                let member = (t >= first).then_some(*member).flatten()?;
                self.arena.node(member).inputs.get(k).copied()
            });
            let sequence: Sequence = sequence.collect();
            inputs.push(self.visit(sequence).map_err(|m| Mismatch { at: m.at.or(Some(last)), ..m })?);
        }
        self.classes[class].kind = Kind::Op(node.op.clone());
        self.classes[class].inputs = inputs;
        Ok(())
    }

    /// The input whose places along an axis the members are, one after the other.
    fn timed(&self, members: &Sequence) -> Option<(usize, usize)> {
        let mut found = None;
        for (t, member) in members.iter().enumerate() {
            let Some(member) = *member else { continue };
            let node = self.arena.node(member);
            let Op::Slice { axis, start } = node.op else { return None };
            let source = self.arena.node(*node.inputs.first()?);
            let Op::Input(input) = source.op else { return None };
            let len = node.dims.get(axis).copied()?;
            // Every place once: the axis is time and nothing else.
            if start != t * len || source.dims.get(axis) != Some(&(len * self.steps)) {
                return None;
            }
            if found.is_some_and(|f| f != (input as usize, axis)) {
                return None;
            }
            found = Some((input as usize, axis));
        }
        found
    }
}
