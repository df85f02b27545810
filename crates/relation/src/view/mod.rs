//! Views: linear index maps from a source tensor to an output tensor.
//!
//! A view is a set of *digits* (loop variables, each from zero to its size) and of affine
//! forms in them. It is the sum over all digit values for which every axis is in range:
//!
//! ```text
//! V[x] = sum of source[y]   over the digits d with   output_a(d) = x_a,  source_b(d) = y_b,
//!                                                    0 <= every form < its extent
//! ```
//!
//! *Guards* are forms that are neither output nor source and only restrict the digits. The form is
//! closed under every builder: what leaves the range of an axis is dropped, and a builder that would
//! let it come back (padding, say) leaves a guard behind; splitting and windows introduce digits and
//! eliminate others by substitution. [`View::components`] finds what remains separable.

mod axis;
mod build;
mod component;
mod error;
mod factor;
mod normal;
mod reads;
mod reshape;
mod walk;

#[cfg(test)]
mod tests;

use crate::shape;
use alloc::sync::Arc;
use alloc::vec::Vec;
use axis::Axis;
pub use component::Component;
use core::ops::Deref;
pub use error::ViewError;
pub use factor::Factor;
pub use reads::Reads;
use serde::{Deserialize, Serialize, Serializer};
use walk::Walk;

/// Which column of a system: its position in [`crate::System::columns`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ColumnId(pub usize);

/// Which public tensor of a system: its position in [`crate::System::publics`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct PublicId(pub usize);

/// What a view reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Source {
    /// The constant 1, a scalar.
    One,
    /// A committed column.
    Column(ColumnId),
    /// A public tensor.
    Public(PublicId),
}

/// A linear index map from a source to an output tensor.
///
/// Built by [`View::identity`] and the builders that follow it; each builder maps the output tensor
/// so far to a new one, as the operation of the same name does in array libraries.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(try_from = "Raw")]
pub struct View {
    source: Source,
    arrangement: Arc<Arrangement>,
}

/// All of a view but its source. Copies of a view share it, and so do the views of columns of one shape: systems have
/// thousands of views and few arrangements.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Arrangement {
    /// Size of each digit; a view with a digit of size zero is zero everywhere.
    digits: Vec<usize>,
    output: Vec<Axis>,
    source_axes: Vec<Axis>,
    guards: Vec<Axis>,
}

impl Deref for View {
    type Target = Arrangement;

    fn deref(&self) -> &Arrangement {
        &self.arrangement
    }
}

/// A view as it stands in a file; read, before validation.
#[derive(Serialize, Deserialize)]
struct Raw<L = Vec<usize>, A = Vec<Axis>> {
    source: Source,
    digits: L,
    output: A,
    source_axes: A,
    guards: A,
}

impl Serialize for View {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let raw = Raw {
            source: self.source,
            digits: &self.digits,
            output: &self.output,
            source_axes: &self.source_axes,
            guards: &self.guards,
        };
        raw.serialize(serializer)
    }
}

impl TryFrom<Raw> for View {
    type Error = ViewError;

    fn try_from(raw: Raw) -> Result<Self, ViewError> {
        let arrangement = Arrangement {
            digits: raw.digits,
            output: raw.output,
            source_axes: raw.source_axes,
            guards: raw.guards,
        };
        let view = Self {
            source: raw.source,
            arrangement: Arc::new(arrangement),
        };
        view.validate()?;
        Ok(view)
    }
}

impl View {
    /// The tensor itself.
    ///
    /// Errors: [`ViewError::Limit`] if [`shape::len`] refuses the shape or if [`Source::One`] is not
    /// given the shape of a scalar.
    pub fn identity(source: Source, shape: &[usize]) -> Result<Self, ViewError> {
        let axis = |(digit, &extent)| Axis {
            extent,
            offset: 0,
            terms: alloc::vec![(digit, 1)],
        };
        let axes: Vec<Axis> = shape.iter().enumerate().map(axis).collect();
        let arrangement = Arrangement {
            digits: shape.to_vec(),
            output: axes.clone(),
            source_axes: axes,
            guards: Vec::new(),
        };
        Self::of(source, Arc::new(arrangement)).normalised()
    }

    /// The tensor that is 1 everywhere.
    ///
    /// Errors: [`ViewError::Zero`], or [`ViewError::Limit`] if [`shape::len`] refuses the shape.
    pub fn ones(shape: &[usize]) -> Result<Self, ViewError> {
        let axis = |(digit, &extent)| {
            build::nonzero(extent, "the size of a broadcast axis")?;
            let terms = alloc::vec![(digit, 1)];
            Ok(Axis {
                extent,
                terms,
                ..Axis::unit()
            })
        };
        let output: Result<_, ViewError> = shape.iter().enumerate().map(axis).collect();
        let arrangement = Arrangement {
            digits: shape.to_vec(),
            output: output?,
            source_axes: Vec::new(),
            guards: Vec::new(),
        };
        Self::of(Source::One, Arc::new(arrangement)).normalised()
    }

    /// What another view is, of another source of the same shape.
    pub(crate) fn with_source(&self, source: Source) -> Self {
        Self::of(source, Arc::clone(&self.arrangement))
    }

    /// The arrangement to be changed, which no other view shares any more.
    fn own(&mut self) -> &mut Arrangement {
        Arc::make_mut(&mut self.arrangement)
    }

    const fn of(source: Source, arrangement: Arc<Arrangement>) -> Self {
        Self {
            source,
            arrangement,
        }
    }

    /// What the view reads.
    pub const fn source(&self) -> Source {
        self.source
    }

    /// Whether another view is the same map of another source, or of the same.
    pub fn is_arranged_like(&self, other: &Self) -> bool {
        // Equality of what is shared is seen at once.
        self.arrangement == other.arrangement
    }

    /// Whether another view shares this one's arrangement: then it has the same, which need not be looked at.
    pub(crate) fn shares(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.arrangement, &other.arrangement)
    }

    /// Shape of the output tensor.
    pub fn shape(&self) -> Vec<usize> {
        self.output.iter().map(|axis| axis.extent).collect()
    }

    /// Shape of the source tensor.
    pub fn source_shape(&self) -> Vec<usize> {
        self.source_axes.iter().map(|axis| axis.extent).collect()
    }

    /// Whether the view is the identity of its source.
    pub fn is_identity(&self) -> bool {
        Self::identity(self.source, &self.source_shape()).is_ok_and(|view| view == *self)
    }

    /// One element of the output: the reference semantics.
    ///
    /// Shapes: `x` has one index per output axis; `read` is given one index per source axis.
    /// Cost: one visit per digit value that is in range; nothing is enumerated that does not count.
    /// Zero if `x` is out of range.
    pub fn get(&self, x: &[usize], read: impl Fn(&[usize]) -> i64) -> i128 {
        let source_shape = self.source_shape();
        let mut sum = 0i128;
        self.at(x).for_each_run(|run| {
            for (_, y) in run.entries() {
                sum = sum.wrapping_add(read(&shape::unravel(&source_shape, y)).into());
            }
        });
        sum
    }

    /// Walks the digits that contribute to one output element.
    fn at(&self, x: &[usize]) -> Walk {
        let mut pinned = self.clone();
        let mut known = pinned.output.len() == x.len();
        for (axis, &x) in pinned.own().output.iter_mut().zip(x) {
            known &= x < axis.extent;
            axis.extent = 1;
            axis.offset = axis
                .offset
                .wrapping_sub(i64::try_from(x).unwrap_or(i64::MAX / 2));
        }
        if !known {
            pinned.own().digits.push(0);
        }
        pinned.walk()
    }

    /// Walks all the view at once; the output index and the source index are row-major.
    pub(crate) fn walk(&self) -> Walk {
        let output: Vec<usize> = (0..self.output.len()).collect();
        let source: Vec<usize> = (0..self.source_axes.len()).collect();
        let digits: Vec<usize> = (0..self.digits.len()).collect();
        let guards: Vec<usize> = (0..self.guards.len()).collect();
        self.walk_part(&digits, &output, &source, &guards)
    }

    /// Calls `run` for each arithmetic progression of entries of the whole view.
    ///
    /// The indices are row-major in the output and the source; a pair that occurs several times
    /// counts as often. Cost: about one visit per entry; never use it where [`View::components`] do.
    pub fn for_each_run(&self, run: impl FnMut(Run)) {
        self.walk().for_each_run(run);
    }
}

/// An arithmetic progression of entries of an index map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// Output index of the first entry.
    pub output: usize,
    /// Source index of the first entry.
    pub source: usize,
    /// Number of entries.
    pub len: usize,
    /// Distance between the output indices of neighbours.
    pub output_step: isize,
    /// Distance between the source indices of neighbours.
    pub source_step: isize,
}

impl Run {
    /// The entries, as pairs of an output index and a source index.
    pub fn entries(self) -> impl Iterator<Item = (usize, usize)> {
        let (mut output, mut source) = (self.output, self.source);
        (0..self.len).map(move |_| {
            let entry = (output, source);
            output = output.wrapping_add_signed(self.output_step);
            source = source.wrapping_add_signed(self.source_step);
            entry
        })
    }
}
