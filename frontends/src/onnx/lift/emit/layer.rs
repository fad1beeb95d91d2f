//! Layers, inputs and operators that are written as they are.

use super::super::super::describe::described;
use super::super::arena::{Id, Op};
use super::super::elementwise::{Elementwise, int};
use super::super::steps::{Input, Kind, Ref};
use super::write::ints;
use super::{Emitter, Stuck, without_time};

impl Emitter<'_, '_> {
    pub(super) fn input(&mut self, k: usize, input: usize, time: Option<usize>) -> String {
        let node = &self.algebra.graph.nodes[k];
        let name = self.inputs.get(input).map_or("x", |(name, _)| name).to_owned();
        let mut dims = node.dims.clone();
        let axis = time.filter(|a| dims.get(*a) == Some(&1) && matches!(dims.len(), 3 | 5));
        if let Some(axis) = axis {
            dims.remove(axis);
        }
        self.graph.input.push(described(&name, node.ty, &dims));
        if axis.is_none() {
            return name;
        }
        let full = self.fresh(k, "step");
        let to = node.dims.clone();
        self.reshape(k, &name, &to, &full);
        full
    }

    pub(super) fn reshape(&mut self, k: usize, from: &str, to: &[usize], name: &str) {
        let to = without_time(to);
        let sizes: Vec<i64> = to.iter().map(|d| *d as i64).collect();
        let shape = self.integers(&sizes);
        self.push(k, "Reshape", "", vec![int("allowzero", 1)], vec![from.to_owned(), shape], name);
    }

    pub(super) fn layer(&mut self, k: usize, op: &Op) -> Result<String, Stuck> {
        let node = &self.algebra.graph.nodes[k];
        let inputs = node.inputs.clone();
        let mut names = Vec::with_capacity(inputs.len());
        for input in &inputs {
            names.push(match input {
                Input::Constant(id) => self.constant(*id, k)?,
                Input::Value(r) => self.value(*r)?,
            });
        }
        let name = self.fresh(k, "value");
        let dims = without_time(&node.dims).to_vec();
        match op {
            Op::Reshape => self.reshape(k, &names.swap_remove(0), &dims, &name),
            Op::Transpose(perm) => {
                let perm: Vec<i64> = perm.iter().map(|p| *p as i64).collect();
                self.push(k, "Transpose", "", vec![ints("perm", &perm)], names, &name);
            }
            Op::Concat(axis) => self.push(k, "Concat", "", vec![int("axis", *axis as i64)], names, &name),
            Op::Expand => {
                let to = self.integers(&dims.iter().map(|d| *d as i64).collect::<Vec<_>>());
                names.push(to);
                self.push(k, "Expand", "", Vec::new(), names, &name);
            }
            Op::Slice { axis, start } => {
                let end = start + dims.get(*axis).copied().unwrap_or(0);
                for value in [*start, end, *axis] {
                    let list = self.integers(&[value as i64]);
                    names.push(list);
                }
                self.push(k, "Slice", "", Vec::new(), names, &name);
            }
            Op::Layer(template) => {
                let template = self.algebra.arena.templates[*template as usize].clone();
                let domain = if template.domain == "ai.onnx" { String::new() } else { template.domain };
                self.push(k, &template.op_type, &domain, template.attributes, names, &name);
            }
            Op::Input(_) | Op::Constant(_) | Op::Elementwise(_) => {}
        }
        Ok(name)
    }

    /// An operator written as it is; a lower and an upper bound as one Clip.
    pub(super) fn as_is(&mut self, k: usize, e: Elementwise) -> Result<String, Stuck> {
        let inputs = self.algebra.graph.nodes[k].inputs.clone();
        if let (Elementwise::Named("Max" | "Min"), [Input::Value(x), Input::Constant(bound)]) =
            (e, &inputs[..])
        {
            return self.clip(k, e, *x, *bound);
        }
        let mut names = Vec::new();
        for input in &inputs {
            names.push(match input {
                Input::Constant(id) => self.constant(*id, k)?,
                Input::Value(r) => self.value(*r)?,
            });
        }
        let name = self.fresh(k, "value");
        let attributes = match e {
            Elementwise::Cast(to) => vec![int("to", i64::from(to))],
            _ => Vec::new(),
        };
        self.push(k, e.name(), "", attributes, names, &name);
        Ok(name)
    }

    pub(super) fn clip(&mut self, k: usize, e: Elementwise, x: Ref, bound: Id) -> Result<String, Stuck> {
        let mut x = x;
        let mut bounds = [None, None];
        bounds[usize::from(e == Elementwise::Named("Min"))] = Some(bound);
        let inner = &self.algebra.graph.nodes[x.node];
        if let (Kind::Op(Op::Elementwise(Elementwise::Named("Max"))), [Input::Value(r), Input::Constant(low)]) =
            (&inner.kind, &inner.inputs[..])
            && e == Elementwise::Named("Min")
            && x.lag == 0
        {
            bounds[0] = Some(*low);
            x = *r;
        }
        let mut names = vec![self.value(x)?];
        for bound in bounds {
            names.push(match bound {
                Some(bound) => self.constant(bound, k)?,
                None => String::new(),
            });
        }
        let name = self.fresh(k, "value");
        self.push(k, "Clip", "", Vec::new(), names, &name);
        Ok(name)
    }
}
