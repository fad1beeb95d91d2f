//! Nodes that make no sense: each is refused or gives constants that hold together, without a panic.

use super::testing::{list, node, real, whole};
use super::{TABLE, element, fold};
use crate::onnx::constant::{Constant, Data, Quant};
use crate::onnx::dims;
use crate::onnx::proto::NodeProto;
use crate::onnx::proto::tensor_proto::DataType;
use snnc_ir::graph::weights::Scale;

/// Nodes of each operator.
const NODES: u64 = 1500;

/// Numbers that are the same in every run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.0 >> 33
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    fn one<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len() as u64) as usize]
    }

    fn integer(&mut self) -> i64 {
        match self.below(16) {
            0 => self.one(&[i64::MIN, i64::MAX, i64::MIN + 1, (1 << 24) + 1, -(1 << 40), 1 << 31]),
            _ => self.below(7) as i64 - 3,
        }
    }

    fn real(&mut self) -> f32 {
        match self.below(8) {
            0 => self.one(&[f32::NAN, f32::INFINITY, f32::NEG_INFINITY, f32::MAX, -0.0, 1e-40]),
            _ => self.below(9) as f32 / 2.0 - 2.0,
        }
    }

    fn integers(&mut self) -> Vec<i64> {
        (0..self.one(&[0, 1, 1, 2, 2, 3, 4])).map(|_| self.integer()).collect()
    }

    fn dims(&mut self) -> Vec<usize> {
        match self.below(12) {
            0 => vec![0, self.one(&[1 << 20, 1 << 62])],
            1 => vec![1; self.one(&[63, 64])],
            _ => (0..self.below(4)).map(|_| self.one(&[1, 2, 3, 0, 2, 1])).collect(),
        }
    }

    fn constant(&mut self) -> Constant {
        use DataType::{Bfloat16, Bool, Double, Float, Float16, Int4, Int8, Int32, Int64, Uint8, Uint64};
        if self.below(4) == 0 {
            return list(&self.integers());
        }
        let dims = self.dims();
        let count = dims::product(&dims);
        let ty = self
            .one(&[Float, Float, Int64, Int64, Double, Float16, Bfloat16, Bool, Int4, Int8, Int32, Uint8]);
        if !element::is_real(ty) {
            let values: Vec<i64> = (0..count).map(|_| self.integer()).collect();
            return whole(ty, &dims, &values);
        }
        if self.below(8) == 0 && !dims.is_empty() {
            let axis = self.below(dims.len() as u64) as usize;
            let scale = Scale::PerChannel((0..dims[axis].min(3)).map(|_| self.real()).collect());
            let data = Data::I8((0..count).map(|_| self.below(256) as i8).collect());
            return Constant { dims, ty: Float, data, quant: Some(Quant { scale, axis }) };
        }
        if self.below(16) == 0 {
            return whole(Uint64, &dims, &vec![i64::MAX; count]);
        }
        let values: Vec<f32> = (0..count).map(|_| element::round(ty, self.real())).collect();
        Constant { ty, ..real(&dims, &values) }
    }

    fn node(&mut self, op_type: &str) -> NodeProto {
        let mut out = node(op_type).outputs(self.one(&[1, 1, 1, 1, 1, 1, 1, 1, 2, 0]));
        let ints = [
            "axis",
            "keepdims",
            "to",
            "start",
            "end",
            "fmod",
            "exclusive",
            "reverse",
            "transA",
            "block_size",
        ];
        for name in
            ints.into_iter().chain(["output_dtype", "num_outputs", "allowzero", "noop_with_empty_axes"])
        {
            if self.below(40) == 0 {
                out = out.int(name, self.integer());
            }
        }
        for name in ["axes", "split", "starts", "ends", "perm", "pads", "value_ints"] {
            if self.below(40) == 0 {
                out = out.ints(name, &self.integers());
            }
        }
        for name in ["min", "max", "alpha", "value"] {
            if self.below(40) == 0 {
                out = out.float(name, self.real());
            }
        }
        if op_type == "Cast" {
            out = out.int("to", self.below(30) as i64);
        }
        if op_type == "Concat" {
            out = out.int("axis", self.below(5) as i64 - 2);
        }
        if op_type == "BitShift" {
            out = out.string("direction", self.one(&["LEFT", "RIGHT"]));
        }
        out
    }
}

/// What a constant has to be so that all others can rely on it.
fn check(constant: &Constant, node: &NodeProto) {
    assert_eq!(dims::elements(&constant.dims), Some(constant.len()), "{node:?}");
    if constant.quant.is_some() {
        return;
    }
    match (&constant.data, element::range(constant.ty)) {
        (Data::F32(v), None) => {
            let fits = |v: &f32| v.is_nan() || element::round(constant.ty, *v) == *v;
            assert!(v.iter().all(fits), "{node:?}");
        }
        (_, Some((lo, hi))) => {
            assert!(constant.integers().unwrap().iter().all(|v| (lo..=hi).contains(v)), "{node:?}");
        }
        _ => panic!("{node:?} gives {constant:?}"),
    }
}

#[test]
fn whatever_a_node_is_it_does_not_panic() {
    let mut random = Random(1);
    let mut results = 0;
    for (op_type, _) in TABLE {
        for _ in 0..NODES {
            let node = random.node(op_type);
            let mut inputs: Vec<Constant> =
                (0..random.one(&[1, 2, 2, 3, 3, 4, 5])).map(|_| random.constant()).collect();
            if random.below(3) == 0
                && let [first, rest @ ..] = &mut inputs[..]
            {
                // Operands that fit each other.
                rest.iter_mut().take(2).for_each(|other| *other = first.clone());
            }
            let left_out = random.below(24) as usize;
            let given = inputs.iter().enumerate().map(|(k, c)| (k != left_out).then_some(c));
            let version = 7 + random.below(22) as i64;
            if let Ok(all) = fold(&node, version, &given.collect::<Vec<_>>()).unwrap() {
                all.iter().for_each(|constant| check(constant, &node));
                results += 1;
            }
        }
    }
    // Many of them do make sense.
    assert!(results > 10_000, "{results}");
}
