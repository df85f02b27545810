//! Where an operator that arranges elements takes each of them from.

use super::prelude::*;
use crate::array::Array;
use crate::read::guard;
use tract_onnx::prelude::{IntoTValue, TValue, Tensor};

/// Where each element of a result comes from.
pub struct Places {
    /// Sizes of the sources.
    pub sources: Vec<Vec<usize>>,
    /// Sizes of the result.
    pub shape: Vec<usize>,
    /// For each element of the result the number of an element of the sources, counted through all of
    /// them from one; zero for a zero.
    pub numbers: Vec<usize>,
    /// Axes of open size: an operator does the same at each of their indices.
    pub open: Vec<usize>,
}

/// Runs the operator on the numbers of its elements.
pub fn places(q: &Quantiser<'_>, node: &Node<'_>, sources: &[usize]) -> Result<Places, Refusal> {
    let dims = node.shape();
    let open: Vec<usize> = (0..dims.len())
        .filter(|&axis| dims[axis].known().is_none())
        .collect();
    let mut next = 1i64;
    let mut tensors = Vec::new();
    let mut shapes = Vec::new();
    for (at, input) in node.inputs.iter().enumerate() {
        if !sources.contains(&at) {
            let Lazy::Constant(constant) = input else {
                return Err(format!("input {at} must be a constant"));
            };
            tensors.push(constant.tensor.clone().into_tvalue());
            continue;
        }
        let own = node.input_shape(at);
        let symbolic = own.iter().enumerate();
        let symbolic = symbolic.filter(|(_, dim)| dim.known().is_none());
        let same = |(axis, dim): (usize, &Dim)| dims.get(axis) == Some(dim);
        if !symbolic.clone().all(same) || symbolic.count() != open.len() {
            return Err("elements move along an axis of symbolic size; fix its size".into());
        }
        let shape: Result<Vec<usize>, Refusal> = own.iter().map(|dim| length(q, dim)).collect();
        let shape = shape?;
        let len: usize = shape.iter().product();
        let after = next + i64::try_from(len).map_err(|_| "too many elements")?;
        let numbers: Vec<i64> = (next..after).collect();
        next = after;
        let tensor = Tensor::from_shape(&shape, &numbers).map_err(|error| error.to_string())?;
        // The types agree where an operator asks for that; numbers below 2^24 are exact in all of them.
        let kind = node
            .input_types
            .get(at)
            .copied()
            .filter(|kind| kind.is_float());
        let tensor = match kind {
            Some(kind) if next < 1 << 24 => tensor.cast_to_dt(kind).map(|cast| cast.into_owned()),
            _ => Ok(tensor),
        };
        tensors.push(tensor.map_err(|error| error.to_string())?.into_tvalue());
        shapes.push(shape);
    }
    let result = run(node, tensors)?;
    let number = |&value: &f64| {
        let whole = libm::trunc(value) == value;
        usize::try_from(nearest(value)).ok().filter(|_| whole)
    };
    let numbers: Option<Vec<usize>> = result.data.iter().map(number).collect();
    let places = Places {
        sources: shapes,
        shape: result.shape,
        numbers: numbers.ok_or("the operator computes more than an arrangement")?,
        open,
    };
    if !places.is_uniform() {
        return Err("what it does depends on an axis of symbolic size; fix its size".into());
    }
    Ok(places)
}

/// How long an axis is when the operator runs. One element of an open axis would not show whether the operator does the
/// same to all.
fn length(q: &Quantiser<'_>, dim: &Dim) -> Result<usize, Refusal> {
    let size = q.size(dim)?;
    Ok(if dim.known().is_none() {
        size.max(2)
    } else {
        size
    })
}

/// The first result of an operator on some tensors.
pub fn run(node: &Node<'_>, tensors: Vec<TValue>) -> Result<Array, Refusal> {
    let inputs = tensors.into_iter().collect();
    let results = guard(|| node.op.eval_out_of_plan(inputs))?;
    let results = results.map_err(|error| error.to_string())?;
    let results = results.ok_or("the operator keeps a state")?;
    let first = results.first().ok_or("the operator has no result")?;
    Array::from_tensor(first)
}

/// The index on each axis of the element of some number.
fn unravel(mut number: usize, shape: &[usize]) -> Vec<usize> {
    let mut index = vec![0; shape.len()];
    for (place, &size) in index.iter_mut().zip(shape).rev() {
        *place = number % size.max(1);
        number /= size.max(1);
    }
    index
}

impl Places {
    /// For each axis where its indices come from, if the axes can be looked at one by one.
    pub fn by_axis(&self) -> Option<Vec<Vec<Option<usize>>>> {
        let [source] = &self.sources[..] else {
            return None;
        };
        if source.len() != self.shape.len() {
            return None;
        }
        let mut maps: Vec<Vec<Option<usize>>> =
            self.shape.iter().map(|&size| vec![None; size]).collect();
        for (at, &number) in self.numbers.iter().enumerate() {
            let Some(number) = number.checked_sub(1) else {
                continue;
            };
            let places = unravel(at, &self.shape).into_iter();
            for ((map, place), from) in maps.iter_mut().zip(places).zip(unravel(number, source)) {
                if *map[place].get_or_insert(from) != from {
                    return None;
                }
            }
        }
        let is_right = |(at, &number): (usize, &usize)| {
            let places = unravel(at, &self.shape);
            let from = maps.iter().zip(places).map(|(map, place)| map[place]);
            let from = from
                .zip(source)
                .try_fold(0, |all, (from, &size)| Some(all * size + from?));
            from.map_or(0, |from| from + 1) == number
        };
        self.numbers
            .iter()
            .enumerate()
            .all(is_right)
            .then_some(maps)
    }

    /// Whether the same is done at each index of an open axis, as far as one size shows.
    fn is_uniform(&self) -> bool {
        let from = |number: usize| {
            let mut rest = number.checked_sub(1)?;
            self.sources.iter().enumerate().find_map(|(at, source)| {
                let len: usize = source.iter().product();
                let found = (rest < len).then(|| (at, unravel(rest, source)));
                rest = rest.saturating_sub(len);
                found
            })
        };
        let strides: Vec<usize> = (0..self.shape.len())
            .map(|axis| self.shape[axis + 1..].iter().product())
            .collect();
        self.numbers.iter().enumerate().all(|(at, &number)| {
            let index = unravel(at, &self.shape);
            let moved = self.open.iter().map(|&axis| index[axis] * strides[axis]);
            let first = from(self.numbers[at - moved.sum::<usize>()]);
            let expected = first.map(|(source, mut place)| {
                for &axis in &self.open {
                    place[axis] = index[axis];
                }
                (source, place)
            });
            from(number) == expected
        })
    }

    /// Whether each element stays at its place or becomes zero.
    pub fn is_mask(&self) -> bool {
        let stays = |(at, &number): (usize, &usize)| number == 0 || number == at + 1;
        self.sources.first() == Some(&self.shape) && self.numbers.iter().enumerate().all(stays)
    }

    /// The sizes of the result without open axes, and the numbers at their first index, each counted
    /// within the sources without open axes.
    pub fn closed(&self) -> Result<(Vec<usize>, Vec<i64>), Refusal> {
        let is_open = |axis: usize| self.open.contains(&axis);
        let shape: Vec<usize> = { self.shape.iter().enumerate() }
            .filter(|(axis, _)| !is_open(*axis))
            .map(|(_, &size)| size)
            .collect();
        let mut numbers = Vec::new();
        for (at, &number) in self.numbers.iter().enumerate() {
            let index = unravel(at, &self.shape);
            if index
                .iter()
                .enumerate()
                .any(|(axis, &at)| is_open(axis) && at > 0)
            {
                continue;
            }
            let (mut number, mut before) = (number, 0);
            let mut found = 0;
            for source in &self.sources {
                let len: usize = source.iter().product();
                let sizes = source.iter().enumerate();
                let closed = |(axis, &size)| if is_open(axis) { 1 } else { size };
                let inner: Vec<usize> = sizes.map(closed).collect();
                if (1..=len).contains(&number) {
                    let from = unravel(number - 1, source).into_iter().zip(&inner);
                    let flat = from.enumerate().fold(0, |all, (axis, (from, &size))| {
                        all * size + if is_open(axis) { 0 } else { from }
                    });
                    found = before + flat + 1;
                    break;
                }
                if number == 0 {
                    break;
                }
                number -= len;
                before += inner.iter().product::<usize>();
            }
            numbers.push(i64::try_from(found).map_err(|_| "too many elements")?);
        }
        Ok((shape, numbers))
    }
}
