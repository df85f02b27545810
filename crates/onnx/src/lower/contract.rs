//! Contractions: matrix products, and every other einsum of two tensors.

use super::prelude::*;
use crate::array::Array;
use crate::quantise::builder::Builder;
use crate::quantise::linear::Linear;
use program::operator::Contract;
use relation::interval::Wide;
use std::collections::BTreeMap;

/// Bits of the length that an open axis may have which is summed over, as that of a sequence in attention.
pub const OPEN: u32 = 12;

/// An einsum of two operands; labels beyond the rank are summed over.
pub fn einsum(
    q: &mut Quantiser<'_>,
    operands: [&Lazy; 2],
    labels: [&[usize]; 2],
    shape: &[Dim],
) -> Result<Value, Refusal> {
    match super::shares::weighted(q, operands, labels, shape)? {
        Some(mean) => Ok(mean),
        None => contraction(q, operands, labels, shape),
    }
}

/// [`einsum`], whatever its operands are.
pub fn contraction(
    q: &mut Quantiser<'_>,
    operands: [&Lazy; 2],
    labels: [&[usize]; 2],
    shape: &[Dim],
) -> Result<Value, Refusal> {
    let rank = shape.len();
    let mut exact = Vec::new();
    for (operand, other) in [(operands[0], operands[1]), (operands[1], operands[0])] {
        exact.push(factor(q, operand, other)?);
    }
    let sizes = |at: usize| {
        let dims = exact[at].shape.iter().zip(labels[at]);
        dims.map(|(dim, &label)| (label, dim.clone()))
            .collect::<BTreeMap<usize, Dim>>()
    };
    let sizes = [sizes(0), sizes(1)];
    let mut views = Vec::new();
    for at in 0..2 {
        let (mut steps, mut kept, mut dims) = (Vec::new(), Vec::new(), Vec::new());
        for (axis, dim) in exact[at].shape.iter().enumerate() {
            let label = labels[at][axis];
            let other = sizes[1 - at].get(&label);
            let place = axis - steps.len();
            // An axis of size one meets any other; one that is summed in one operand is summed first.
            let repeated = is_one(dim) && other.is_some_and(|other| !is_one(other) || at == 1);
            if repeated {
                steps.push(Step::RemoveAxis(place));
            } else if label >= rank && other.is_none_or(is_one) && !(is_one(dim) && other.is_some())
            {
                steps.push(Step::Sum(place));
            } else if label >= rank && is_one(dim) {
                steps.push(Step::RemoveAxis(place));
            } else {
                kept.push(label);
                dims.push(dim.clone());
            }
        }
        views.push((q.builder.view(&exact[at], steps, dims)?, kept));
    }
    let [(a, a_labels), (mut b, mut b_labels)] =
        <[_; 2]>::try_from(views).map_err(|_| "two operands")?;
    // An axis of size one that neither has goes to the second.
    for label in 0..rank {
        if !a_labels.contains(&label) && !b_labels.contains(&label) {
            let mut dims = b.shape.clone();
            dims.push(Dim::Known(1));
            b = q
                .builder
                .view(&b, vec![Step::InsertAxis(b_labels.len())], dims)?;
            b_labels.push(label);
        }
    }
    let operator = Contract {
        rank,
        a_labels,
        b_labels,
    };
    let [first, second] = operands;
    let real = [constant(first), constant(second)];
    q.contract(operator, [&a, &b], real, shape)
}

/// A factor, rounded. Beside weights, which are narrow, it is not cut off where it has no more bits than it needs: there
/// is room for a wide one, and [`Quantiser::fitted`] sees to it that there is.
pub fn factor(q: &mut Quantiser<'_>, operand: &Lazy, other: &Lazy) -> Result<Value, Refusal> {
    let value = q.value(operand)?;
    if constant(other).is_some() && value.exact && value.bits <= q.bits_of(&value) + 1 {
        return Ok(value);
    }
    q.narrow(&value)
}

fn constant(lazy: &Lazy) -> Option<&Constant> {
    match lazy {
        Lazy::Constant(constant) => Some(constant),
        Lazy::Pointwise(_) => None,
    }
}

impl Quantiser<'_> {
    /// Two operands whose product has at most `room` bits: cut off where it could have more.
    pub fn fitted(&mut self, [mut a, mut b]: [Value; 2], room: u32) -> Result<[Value; 2], Refusal> {
        let (wide_a, wide_b) = (
            self.builder.magnitude_bits(&a),
            self.builder.magnitude_bits(&b),
        );
        if wide_a + wide_b > room {
            // What a narrow operand leaves, or half of the room for each.
            let (half, least) = (room / 2, wide_a.min(wide_b));
            let most = room - least.min(half);
            for (wide, x) in [(wide_a, &mut a), (wide_b, &mut b)] {
                if wide > half {
                    *x = self.builder.fit(x, x.bits, most)?;
                }
            }
        }
        Ok([a, b])
    }

    /// A contraction, and where it lies for the real parameters.
    pub fn contract(
        &mut self,
        operator: Contract,
        [a, b]: [&Value; 2],
        real: [Option<&Constant>; 2],
        shape: &[Dim],
    ) -> Result<Value, Refusal> {
        let (mut a, mut b) = (a.clone(), b.clone());
        let terms = terms(self, &operator, [&a, &b])?;
        // Products must stay clear of half the modulus.
        let room = 58
            - terms
                .map_or(OPEN, |terms| 64 - terms.leading_zeros())
                .min(40);
        [a, b] = self.fitted([a, b], room)?;
        let known = match real {
            [None, Some(constant)] if constant_len(&b) => {
                norms(constant, &b, &operator.b_labels, operator.rank, a.known)
            }
            [Some(constant), None] if constant_len(&a) => {
                norms(constant, &a, &operator.a_labels, operator.rank, b.known)
            }
            _ => terms.and_then(|terms| a.known.multiply(b.known)?.scale(terms.into())),
        };
        let fixed = a.fixed && b.fixed && terms.is_some();
        let mut value = self
            .builder
            .contract(operator.clone(), &a, &b, shape.to_vec())?;
        if let Some(known) = known {
            value.known = Builder::result(known, value.known, fixed);
        }
        value.fixed = fixed;
        let constant = match real {
            [None, Some(kernel)] => Some((kernel, &a, &b, true)),
            [Some(kernel), None] => Some((kernel, &b, &a, false)),
            _ => None,
        };
        if let Some((kernel, x, weights, second)) = constant {
            let shape_of: Vec<usize> = weights.shape.iter().filter_map(Dim::known).collect();
            if shape_of.iter().product::<usize>() == kernel.array.data.len() {
                let linear = Linear {
                    operator,
                    x: x.clone(),
                    kernel: kernel.reshaped(shape_of),
                    second,
                    shape: shape.to_vec(),
                    product: value.clone(),
                    bias: None,
                };
                self.linears.insert(value.id, linear);
            }
        }
        Ok(value)
    }
}

fn constant_len(value: &Value) -> bool {
    value.shape.iter().all(|dim| dim.known().is_some())
}

/// How many products are added up; nothing if that depends on symbols.
fn terms(
    q: &Quantiser<'_>,
    operator: &Contract,
    [a, _]: [&Value; 2],
) -> Result<Option<u64>, Refusal> {
    let mut all = Some(1u64);
    for (label, dim) in operator.a_labels.iter().zip(&a.shape) {
        if *label >= operator.rank {
            let size = u64::try_from(q.size(dim)?).unwrap_or(u64::MAX);
            let known = dim.known().is_some();
            all = all.filter(|_| known).and_then(|all| all.checked_mul(size));
        }
    }
    Ok(all)
}

/// Where sums of products with real parameters lie: by the sums of the positive and of the negative
/// ones behind each result.
fn norms(
    constant: &Constant,
    value: &Value,
    labels: &[usize],
    rank: usize,
    x: Wide,
) -> Option<Wide> {
    let array: &Array = &constant.array;
    let shape: Vec<usize> = value.shape.iter().filter_map(Dim::known).collect();
    let fits = shape.iter().product::<usize>() == array.data.len() && shape.len() == labels.len();
    if !fits || shape.is_empty() {
        return None;
    }
    let scale = power(value.bits);
    let free = |axis: &usize| labels.get(*axis).is_some_and(|label| *label < rank);
    let count = (0..shape.len())
        .filter(free)
        .map(|axis| shape[axis])
        .product();
    let mut sums = vec![(0i64, 0i64); count];
    let last = shape.len() - 1;
    let mut index = vec![0usize; shape.len()];
    // A row of the last axis at a time: its results are neighbours, or one.
    for row in array.data.chunks(shape[last].max(1)) {
        let outer = (0..last).filter(free);
        let start = outer.fold(0, |key, axis| key * shape[axis] + index[axis]);
        let (start, step) = if free(&last) {
            (start * shape[last], 1)
        } else {
            (start, 0)
        };
        for (at, weight) in row.iter().enumerate() {
            let weight = nearest(weight * scale);
            let entry = &mut sums[start + at * step];
            entry.0 += weight.max(0);
            entry.1 += weight.min(0);
        }
        for axis in (0..last).rev() {
            index[axis] += 1;
            if index[axis] < shape[axis] {
                break;
            }
            index[axis] = 0;
        }
    }
    let mut known: Option<Wide> = None;
    for (positive, negative) in sums {
        let (positive, negative) = (i128::from(positive), i128::from(negative));
        let up = Wide {
            lo: positive,
            hi: positive,
        }
        .multiply(x)?;
        let down = Wide {
            lo: negative,
            hi: negative,
        }
        .multiply(x)?;
        let sum = up.plus(down)?;
        known = Some(known.map_or(sum, |known| known.hull(sum)));
    }
    known
}
