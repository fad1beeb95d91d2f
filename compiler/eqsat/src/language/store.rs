//! What terms name by numbers.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use snnc_ir::graph::op::{Conv2d, Linear, Op};
use snnc_ir::graph::param::Param;
use snnc_ir::graph::shape::Shape;
use snnc_ir::graph::weights::{Storage, WeightId, Weights};
use snnc_ir::neuron::Neuron;

use super::Form;

macro_rules! ids {
    ($($name:ident $what:literal;)*) => {
        $(
            #[doc = $what]
            #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
            pub struct $name(pub u32);
        )*
    };
}

ids! {
    KernelId "Number of a [`Kernel`].";
    ConstantId "Number of a constant.";
    NeuronId "Number of a layer of neurons.";
    FormId "Number of a [`Form`].";
}

/// Weights with their geometry: a linear map from a shape to a shape.
#[derive(Clone, Debug, PartialEq)]
pub struct Kernel {
    /// [`Op::Conv2d`] or [`Op::Linear`]; without bias, its weight id means nothing.
    pub op: Op,
    /// Integers without scale.
    pub weights: Weights,
    /// Shape of what it reads.
    pub source: Shape,
    /// Shape of what it gives; of a linear layer any shape with as many elements as it has outputs.
    pub shape: Shape,
}

impl Kernel {
    /// A convolution over a value of shape `source`; `None` when it does not fit.
    pub fn conv(conv: &Conv2d, weights: Weights, source: Shape) -> Option<Self> {
        let shape = conv.output_shape(source).ok()?;
        let mut conv = Conv2d { weights: WeightId(0), bias: None, ..conv.clone() };
        // What says nothing is the same in all: the step of a window that does not move, the distance within a point.
        for (axis, (size, read)) in [(shape.h, source.h), (shape.w, source.w)].into_iter().enumerate() {
            if conv.kernel[2 + axis] == 1 {
                conv.dilation[axis] = 1;
            }
            if size == 1 {
                // It has no more padding behind it than it covers.
                let reach = (conv.kernel[2 + axis] - 1) * conv.dilation[axis] + 1;
                let behind = reach.saturating_sub(read + conv.pad[axis]);
                let mut still = conv.clone();
                (still.stride[axis], still.pad[2 + axis]) = (1, behind);
                // Where elements are left over behind it, the step is what keeps the window from them.
                if still.output_shape(source).is_ok_and(|s| [s.h, s.w][axis] == 1) {
                    conv = still;
                }
            }
        }
        (conv.output_shape(source).ok()? == shape).then_some(Self {
            op: Op::Conv2d(conv),
            weights,
            source,
            shape,
        })
    }

    /// A linear layer from a value of shape `source` to one of shape `shape`.
    pub fn linear(weights: Weights, source: Shape, shape: Shape) -> Self {
        let op = Linear { weights: WeightId(0), bias: None, inputs: source.len(), outputs: shape.len() };
        Self { op: Op::Linear(op), weights, source, shape }
    }

    /// The convolution, when it is one.
    pub fn as_conv(&self) -> Option<&Conv2d> {
        match &self.op {
            Op::Conv2d(conv) => Some(conv),
            _ => None,
        }
    }

    /// The weight at a flat position.
    pub fn at(&self, position: usize) -> i64 {
        self.weights.integer(position).unwrap_or(0).into()
    }

    fn fingerprint(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        (self.source, self.shape, self.weights.shape).hash(&mut hasher);
        match &self.weights.storage {
            Storage::I8(v) => v.hash(&mut hasher),
            Storage::I32(v) => v.hash(&mut hasher),
            Storage::Sparse { positions, values } => (positions, values).hash(&mut hasher),
            Storage::F32(_) | Storage::Seeded(_) => {}
        }
        hasher.finish()
    }
}

/// The values that terms name.
#[derive(Debug, Default)]
pub struct Store {
    kernels: Vec<Kernel>,
    kernel_ids: BTreeMap<u64, Vec<KernelId>>,
    constants: Vec<(Param<i32>, Shape)>,
    neurons: Vec<Neuron>,
    forms: Vec<Form>,
    form_ids: BTreeMap<Form, FormId>,
    /// What was computed for kernels, by the name of the computation: no rule computes the same twice.
    computed: BTreeMap<(&'static str, Vec<u32>), Option<Vec<KernelId>>>,
}

impl Store {
    /// The number of a kernel.
    pub fn kernel(&mut self, kernel: Kernel) -> KernelId {
        let alike = self.kernel_ids.entry(kernel.fingerprint()).or_default();
        if let Some(known) = alike.iter().find(|k| self.kernels[k.0 as usize] == kernel) {
            return *known;
        }
        let id = KernelId(self.kernels.len() as u32);
        alike.push(id);
        self.kernels.push(kernel);
        id
    }

    /// A kernel.
    pub fn get(&self, id: KernelId) -> &Kernel {
        &self.kernels[id.0 as usize]
    }

    /// The number of a constant.
    pub fn constant(&mut self, value: Param<i32>, shape: Shape) -> ConstantId {
        let known = self.constants.iter().position(|(v, s)| *s == shape && *v == value);
        let at = known.unwrap_or_else(|| {
            self.constants.push((value, shape));
            self.constants.len() - 1
        });
        ConstantId(at as u32)
    }

    /// A constant with its shape.
    pub fn constant_of(&self, id: ConstantId) -> &(Param<i32>, Shape) {
        &self.constants[id.0 as usize]
    }

    /// The number of a layer of neurons.
    pub fn neuron(&mut self, neuron: &Neuron) -> NeuronId {
        let at = self.neurons.iter().position(|n| n == neuron).unwrap_or_else(|| {
            self.neurons.push(neuron.clone());
            self.neurons.len() - 1
        });
        NeuronId(at as u32)
    }

    /// A layer of neurons.
    pub fn neuron_of(&self, id: NeuronId) -> &Neuron {
        &self.neurons[id.0 as usize]
    }

    /// The number of a form.
    pub fn form(&mut self, form: Form) -> FormId {
        if let Some(known) = self.form_ids.get(&form) {
            return *known;
        }
        let id = FormId(self.forms.len() as u32);
        self.form_ids.insert(form.clone(), id);
        self.forms.push(form);
        id
    }

    /// A form.
    pub fn form_of(&self, id: FormId) -> &Form {
        &self.forms[id.0 as usize]
    }

    /// What `compute` makes of these kernels, computed once; `None` where it makes nothing.
    pub fn once(
        &mut self,
        what: &'static str,
        of: Vec<u32>,
        compute: impl FnOnce(&Self) -> Option<Vec<Kernel>>,
    ) -> Option<Vec<KernelId>> {
        let key = (what, of);
        if let Some(known) = self.computed.get(&key) {
            return known.clone();
        }
        let made = compute(self).map(|made| made.into_iter().map(|k| self.kernel(k)).collect());
        self.computed.insert(key, Option::clone(&made));
        made
    }
}
