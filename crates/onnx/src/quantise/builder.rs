//! A program in the making, and what is known about its values.

use super::position::Position;
use program::operator::{Concatenate, Contract, Operate, Step, Sum, View};
use program::{
    Dim, Encoding, Fact, Interval, Operator, Parameter, Program, ProgramError, Tensor, ValueId,
    Visibility,
};
use relation::interval::Wide;
use std::collections::BTreeMap;

/// Why a node has no integer program.
pub type Refusal = String;

/// A value of the program.
#[derive(Clone, Debug)]
pub struct Value {
    /// Where it is.
    pub id: ValueId,
    /// Size of each axis.
    pub shape: Vec<Dim>,
    /// Real value = integer / 2^bits.
    pub bits: i32,
    /// Whether it is free of products that were not rounded.
    pub exact: bool,
    /// Where the integers lie for the real parameters; at most what the program can tell.
    pub known: Wide,
    /// Whether `known` holds for all values of the symbols.
    pub fixed: bool,
    /// Where the reals lay in calibration.
    pub range: (f64, f64),
    /// What it is as a function of the index alone, if it depends on nothing else.
    pub position: Option<Position>,
    /// Whether the graph computes integers or truth values here: none of its bits may be rounded away.
    pub integers: bool,
}

impl Value {
    /// Whether it is 0 or 1, for the real parameters and all values of the symbols.
    pub fn is_truth(&self) -> bool {
        self.fixed && self.bits == 0 && self.known.lo >= 0 && self.known.hi <= 1
    }
}

/// `2^exponent`.
pub fn power(exponent: i32) -> f64 {
    libm::ldexp(1.0, exponent)
}

/// The least `n` with `|value| <= 2^n`, for the larger of two magnitudes; low for zeros.
pub fn log2_of(range: (f64, f64)) -> i32 {
    let most = range.0.abs().max(range.1.abs());
    if most > 0.0 && most.is_finite() {
        let (mantissa, exponent) = libm::frexp(most);
        return exponent - i32::from(mantissa == 0.5);
    }
    -20
}

/// The integer nearest to a real.
#[expect(
    clippy::cast_possible_truncation,
    reason = "the conversion saturates, and what saturates is refused as too large"
)]
pub fn nearest(value: f64) -> i64 {
    libm::round(value) as i64
}

/// The real nearest to an integer.
#[expect(clippy::cast_precision_loss, reason = "bounds of magnitudes only")]
pub fn real(value: i128) -> f64 {
    value as f64
}

/// A program in the making.
#[derive(Debug)]
pub struct Builder {
    /// The program, with its symbols open.
    pub program: Program<Dim>,
    /// The values of its parameters.
    pub parameters: Vec<Tensor>,
    /// The node at hand.
    pub name: String,
    bound: Program<usize>,
    facts: Vec<Vec<Fact>>,
    reference: Vec<usize>,
    pub(super) rescaled: BTreeMap<(ValueId, u32), Value>,
    pub(super) clamped: BTreeMap<(ValueId, u32, i64, i64), Value>,
}

impl Builder {
    /// An empty program over symbols; `reference` are their values in calibration.
    pub fn new(symbols: Vec<String>, reference: Vec<usize>) -> Self {
        let empty = Program {
            symbols: symbols.clone(),
            inputs: Vec::new(),
            parameters: Vec::new(),
            nodes: Vec::new(),
            outputs: Vec::new(),
        };
        Self {
            bound: Program {
                symbols,
                inputs: Vec::new(),
                parameters: Vec::new(),
                nodes: Vec::new(),
                outputs: Vec::new(),
            },
            program: empty,
            parameters: Vec::new(),
            name: String::new(),
            facts: Vec::new(),
            reference,
            rescaled: BTreeMap::new(),
            clamped: BTreeMap::new(),
        }
    }

    /// Adds a node; says where it is.
    pub fn push(
        &mut self,
        operator: Operator<Dim>,
        inputs: Vec<ValueId>,
    ) -> Result<usize, Refusal> {
        let at = self.program.nodes.len();
        let name = format!("{}.{at}", self.name);
        let bound = operator
            .bind(&self.reference)
            .map_err(|error| error.to_string())?;
        let node = program::Node {
            name: name.clone(),
            operator: bound,
            inputs: inputs.clone(),
        };
        let found = self.bound.infer_node(&node, &self.facts);
        let facts = found.map_err(|error| match error {
            ProgramError::Operator { reason, .. } => reason.to_string(),
            other => other.to_string(),
        })?;
        self.bound.nodes.push(node);
        self.facts.push(facts);
        self.program.nodes.push(program::Node {
            name,
            operator,
            inputs,
        });
        Ok(at)
    }

    /// The values of the symbols in calibration.
    pub fn reference(&self) -> &[usize] {
        &self.reference
    }

    /// Shape and interval of a value for the reference symbols.
    pub fn fact(&self, id: ValueId) -> &Fact {
        &self.facts[id.node][id.output]
    }

    /// What a view, the node at some place, would say of another input, for the reference symbols.
    pub(super) fn viewed(&self, node: usize, input: &Fact) -> Option<Fact> {
        let Operator::View(view) = &self.bound.nodes.get(node)?.operator else {
            return None;
        };
        view.infer(&[input]).ok()?.pop()
    }

    /// A size for the reference symbols.
    pub fn size(&self, dim: &Dim) -> Result<usize, Refusal> {
        dim.bind(&self.reference).map_err(|error| error.to_string())
    }

    /// Bits of the largest magnitude that the program can tell.
    pub fn magnitude_bits(&self, value: &Value) -> u32 {
        let interval = self.fact(value.id).interval;
        let most = interval.lo.unsigned_abs().max(interval.hi.unsigned_abs());
        64 - most.leading_zeros()
    }

    /// The value of a node's result.
    pub fn value(&self, id: ValueId, shape: Vec<Dim>, bits: i32, exact: bool) -> Value {
        let known = self.fact(id).wide();
        let scale = power(-bits);
        Value {
            id,
            shape,
            bits,
            exact,
            known,
            fixed: true,
            range: (real(known.lo) * scale, real(known.hi) * scale),
            position: None,
            integers: false,
        }
    }

    /// Declares an input.
    pub fn input(&mut self, input: program::Input<Dim>) -> Result<Value, Refusal> {
        let at = self.program.inputs.len();
        let shape: Result<Vec<usize>, Refusal> =
            input.shape.iter().map(|dim| self.size(dim)).collect();
        self.bound.inputs.push(program::Input {
            name: input.name.clone(),
            shape: shape?,
            interval: input.interval,
            encoding: input.encoding,
            visibility: input.visibility,
        });
        let dims = input.shape.clone();
        // Levels are integers until something asks for the reals.
        let bits = input.encoding.fraction_bits().unwrap_or(0);
        self.program.inputs.push(input);
        let node = self.push(Operator::Input(at), Vec::new())?;
        Ok(self.value(ValueId { node, output: 0 }, dims, bits, true))
    }

    /// Declares a parameter.
    pub fn parameter(&mut self, name: &str, tensor: Tensor, bits: i32) -> Result<Value, Refusal> {
        let found = tensor.interval();
        let interval = program::fact::standard(found).map_err(|error| error.to_string())?;
        let at = self.program.parameters.len();
        let parameter = Parameter {
            name: name.to_owned(),
            shape: tensor.shape.clone(),
            interval,
            visibility: Visibility::Private,
            value: None,
        };
        self.program.parameters.push(parameter.clone());
        self.bound.parameters.push(parameter);
        let shape = tensor.shape.iter().map(|&size| Dim::from(size)).collect();
        self.parameters.push(tensor);
        let node = self.push(Operator::Parameter(at), Vec::new())?;
        let mut value = self.value(ValueId { node, output: 0 }, shape, bits, true);
        value.known = found.into();
        Ok(value)
    }

    /// `sum c_i x_i + constant` of values with one number of fraction bits; the result has `bits`.
    pub fn sum(
        &mut self,
        terms: &[(i64, &Value)],
        constant: i64,
        bits: i32,
    ) -> Result<Value, Refusal> {
        let [(_, first), ..] = terms else {
            return Err("a sum of nothing".into());
        };
        let shape = first.shape.clone();
        if let [(1, only)] = terms
            && constant == 0
            && only.bits == bits
        {
            return Ok((*only).clone());
        }
        let operator = Sum {
            coefficients: terms.iter().map(|(coefficient, _)| *coefficient).collect(),
            constant,
        };
        let inputs = terms.iter().map(|(_, value)| value.id).collect();
        let node = self.push(operator.into(), inputs)?;
        let exact = terms.iter().all(|(_, value)| value.exact);
        let mut value = self.value(ValueId { node, output: 0 }, shape, bits, exact);
        let start = Wide::from(Interval::new(constant, constant));
        let known = { terms.iter() }.try_fold(start, |sum, (coefficient, term)| {
            sum.plus(term.known.scale((*coefficient).into())?)
        });
        value.known = known.unwrap_or(value.known);
        value.fixed = terms.iter().all(|(_, value)| value.fixed);
        value.position = sum_of_positions(terms, constant, bits);
        value.integers = terms.iter().all(|(_, value)| value.integers);
        Ok(value)
    }

    /// The elements in another arrangement, of the shape that is given.
    pub fn view(
        &mut self,
        x: &Value,
        steps: Vec<Step<Dim>>,
        shape: Vec<Dim>,
    ) -> Result<Value, Refusal> {
        if steps.is_empty() {
            return Ok(x.clone());
        }
        let (zeros, sums): (bool, bool) = steps.iter().fold((false, false), |found, step| {
            let zero = matches!(step, Step::Pad { .. } | Step::Dilate { .. });
            (found.0 || zero, found.1 || matches!(step, Step::Sum(_)))
        });
        let start = x.position.clone();
        let position = { steps.iter() }.fold(start, |position, step| position?.step(step));
        // No axis of symbolic size was summed if there are as many as before, and none was made.
        let symbolic = |dims: &[Dim]| dims.iter().filter(|dim| dim.known().is_none()).count();
        let makes = { steps.iter() }.any(|step| match step {
            Step::Broadcast { size, .. } => size.known().is_none(),
            Step::Pad { before, after, .. } => before.known().and(after.known()).is_none(),
            Step::Reshape(sizes) => symbolic(sizes) > 0,
            _ => false,
        });
        let keeps = !makes && symbolic(&x.shape) == symbolic(&shape);
        let node = self.push(Operator::View(View { steps }), vec![x.id])?;
        let mut value = self.value(ValueId { node, output: 0 }, shape, x.bits, true);
        value.range = x.range;
        value.integers = x.integers;
        if sums {
            // The program multiplies by the number of terms; the same holds for what is known.
            let known = { self.terms(x, node) }.and_then(|terms| x.known.scale(terms));
            value.fixed = x.fixed && keeps;
            value.known = known.map_or(value.known, |known| {
                Self::result(known, value.known, value.fixed)
            });
        } else {
            value.known = x.known;
            value.fixed = x.fixed;
        }
        if zeros {
            value.known = value.known.hull(Wide::ZERO);
        }
        value.position = position;
        Ok(value)
    }

    /// An einsum. Where it lies is known for the reference symbols alone if an axis of symbolic size is summed.
    pub fn contract(
        &mut self,
        operator: Contract,
        a: &Value,
        b: &Value,
        shape: Vec<Dim>,
    ) -> Result<Value, Refusal> {
        let sums = |x: &Value, labels: &[usize]| {
            let mut axes = labels.iter().zip(&x.shape);
            axes.any(|(label, dim)| *label >= operator.rank && dim.known().is_none())
        };
        let fixed =
            a.fixed && b.fixed && !sums(a, &operator.a_labels) && !sums(b, &operator.b_labels);
        let node = self.push(operator.into(), vec![a.id, b.id])?;
        let bits = a.bits + b.bits;
        let mut value = self.value(ValueId { node, output: 0 }, shape, bits, false);
        value.fixed = fixed;
        Ok(value)
    }

    /// Tensors one after the other, with one number of fraction bits.
    pub fn concatenate(
        &mut self,
        axis: usize,
        parts: &[Value],
        shape: Vec<Dim>,
    ) -> Result<Value, Refusal> {
        let inputs = parts.iter().map(|part| part.id).collect();
        let node = self.push(Concatenate { axis }.into(), inputs)?;
        let bits = parts.first().map_or(0, |part| part.bits);
        let mut value = self.value(ValueId { node, output: 0 }, shape, bits, true);
        let known = parts.iter().map(|part| part.known);
        value.known = known.reduce(Wide::hull).unwrap_or(value.known);
        value.fixed = parts.iter().all(|part| part.fixed);
        value.integers = parts.iter().all(|part| part.integers);
        Ok(value)
    }

    /// The value with exactly `bits` fraction bits, which are not fewer than it has.
    pub fn raise(&mut self, x: &Value, bits: i32) -> Result<Value, Refusal> {
        let by =
            u32::try_from(bits - x.bits).map_err(|_| "fraction bits cannot be dropped here")?;
        if by == 0 {
            return Ok(x.clone());
        }
        if by > 50 {
            return Err(format!("values differ by {by} fraction bits"));
        }
        let range = x.range;
        let mut value = self.sum(&[(1 << by, x)], 0, bits)?;
        value.range = range;
        Ok(value)
    }

    /// Declares an output.
    pub fn output(
        &mut self,
        name: &str,
        value: &Value,
        encoding: Encoding,
        visibility: Visibility,
    ) {
        self.program.outputs.push(program::Output {
            name: name.to_owned(),
            value: value.id,
            encoding,
            visibility,
        });
    }
}

/// What a sum of integers is as a function of the index.
fn sum_of_positions(terms: &[(i64, &Value)], constant: i64, bits: i32) -> Option<Position> {
    let rank = terms.first()?.1.shape.len();
    let start = (bits == 0).then(|| Position::number(Dim::Known(constant), rank));
    terms.iter().fold(start, |sum, (coefficient, term)| {
        sum?.plus(*coefficient, term.position.as_ref()?)
    })
}

/// What lies in both; the first if that is nothing.
pub fn meet(a: Wide, b: Wide) -> Wide {
    let (lo, hi) = (a.lo.max(b.lo), a.hi.min(b.hi));
    if lo <= hi { Wide { lo, hi } } else { a }
}
