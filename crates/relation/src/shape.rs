//! Shapes: row-major lists of sizes, at most [`MAX_RANK`] of them, none zero.

use alloc::vec::Vec;

/// The most axes a tensor may have.
pub const MAX_RANK: usize = 16;

/// The most elements a tensor may have.
pub const MAX_LEN: u64 = 1 << 40;

/// Number of elements of a shape; a shape of no axes is a scalar and has one.
///
/// `None` if an axis is empty, if there are more than [`MAX_RANK`] axes, or if there are more than
/// [`MAX_LEN`] elements (or more than this machine can index).
pub fn len(shape: &[usize]) -> Option<usize> {
    if shape.len() > MAX_RANK {
        return None;
    }
    let len = shape
        .iter()
        .try_fold(1usize, |product, &size| product.checked_mul(size))?;
    (len > 0 && u64::try_from(len).is_ok_and(|len| len <= MAX_LEN)).then_some(len)
}

/// Row-major strides of a shape: the distance in elements between neighbours along each axis.
///
/// Products wrap, so that the function is total; they do not for shapes that [`len`] accepts.
pub fn strides(shape: &[usize]) -> Vec<usize> {
    let mut stride = 1usize;
    let mut strides: Vec<usize> = shape
        .iter()
        .rev()
        .map(|&size| {
            let this = stride;
            stride = stride.wrapping_mul(size);
            this
        })
        .collect();
    strides.reverse();
    strides
}

/// The multi-index of the row-major index `index` in a shape without empty axes.
pub fn unravel(shape: &[usize], mut index: usize) -> Vec<usize> {
    let mut multi: Vec<usize> = shape
        .iter()
        .rev()
        .map(|&size| {
            let size = size.max(1);
            let digit = index % size;
            index /= size;
            digit
        })
        .collect();
    multi.reverse();
    multi
}
